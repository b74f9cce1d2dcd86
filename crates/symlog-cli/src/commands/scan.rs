//! `symlog scan`

mod view;

use std::io::{BufRead, Read, Write};
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use symlog_pii::{Finding, Masker, PiiType};

use crate::diagnostics;
use crate::input::{self, Input};
use crate::masking;
use crate::options::Common;
use crate::output::{Answer, Paint, Results};
use crate::text::{CodePoints, texts};

use super::mask::json_text;

const AFTER_HELP: &str = "\
Examples:
  symlog scan notes.txt                     what is found, for a person to read
  symlog scan --json src/ > findings.jsonl  every text file below a directory, for machines
  symlog scan --jsonl --offsets chars < labelled.jsonl
  symlog scan --min-score 0.8 --fail-empty mail.txt && echo 'found something'

One JSON object a line: {\"start\",\"end\",\"type\",\"score\",\"rule\"}, and \"file\" where there are several.
With --jsonl each input line is {\"text\": …} and each output line {\"findings\": […]}.";

/// Report personal data and secrets in a text: all types, whatever the profile
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Options {
    /// Files or directories; `-` or nothing is standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Take the input as JSON lines, each with a "text"
    #[arg(long)]
    jsonl: bool,
    /// What offsets count
    #[arg(long, value_enum, default_value_t = Offsets::Bytes)]
    offsets: Offsets,
    /// Leave out findings less sure than this, from 0 to 1
    #[arg(long, value_name = "X", default_value_t = 0.0, value_parser = score)]
    min_score: f32,
    /// Exit with 1 when nothing is found
    #[arg(long)]
    fail_empty: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Offsets {
    /// Bytes of the input
    Bytes,
    /// Unicode code points
    Chars,
}

fn score(text: &str) -> Result<f32, String> {
    match text.parse() {
        Ok(score) if (0.0..=1.0).contains(&score) => Ok(score),
        _ => Err("give a number from 0 to 1".to_owned()),
    }
}

/// A finding as it is printed.
#[derive(Debug, Serialize)]
struct Row<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    start: usize,
    end: usize,
    #[serde(rename = "type")]
    kind: PiiType,
    score: f32,
    rule: &'a str,
}

/// A line of the output of `--jsonl`.
#[derive(Debug, Serialize)]
struct Line<'a> {
    findings: Vec<Row<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// A line of the input of `--jsonl`; whatever else it holds is passed over.
#[derive(Debug, Deserialize)]
struct Labelled {
    text: String,
}

struct Scan<'a> {
    options: &'a Options,
    masker: Masker,
    results: Results,
    found: u64,
    refused: u64,
}

pub(crate) fn run(common: &Common, options: &Options) -> Result<Answer> {
    let config = common.configuration()?;
    let mut scan = Scan {
        options,
        masker: masking::masker(&config, None, &[])?,
        results: Results::open(),
        found: 0,
        refused: 0,
    };
    let inputs = input::named(&options.files)?;
    let several = inputs.len() > 1 || options.files.iter().any(|path| path.is_dir());
    let for_people = Results::is_terminal() && !common.json && !options.jsonl;
    let mut table = view::Table::default();
    for input in &inputs {
        let mut reader = input.open()?;
        if options.jsonl {
            scan.lines(input, &mut *reader)?;
            continue;
        }
        let mut bytes = Vec::new();
        reader
            .read_to_end(&mut bytes)
            .with_context(|| format!("cannot read {input}"))?;
        let findings = scan.findings(&bytes);
        scan.found += findings.len() as u64;
        if for_people {
            table.add(&findings);
            view::show(
                &mut scan.results,
                Paint::for_stdout(),
                input,
                &bytes,
                &findings,
            )?;
        } else {
            let name = several.then(|| input.to_string());
            for row in scan.rows(&bytes, &findings, name.as_deref()) {
                scan.results.json(&row)?;
            }
        }
    }
    if for_people {
        table.show(&mut scan.results, Paint::for_stdout())?;
    }
    scan.results.flush()?;
    Ok(Answer::fine_if(
        scan.refused == 0 && !(options.fail_empty && scan.found == 0),
    ))
}

impl Scan<'_> {
    /// Findings with offsets in bytes, sure enough to be reported.
    fn findings(&self, bytes: &[u8]) -> Vec<Finding> {
        let mut all = Vec::new();
        for (at, text) in texts(bytes) {
            all.extend(self.masker.scan(text).into_iter().map(|mut finding| {
                finding.start += at;
                finding.end += at;
                finding
            }));
        }
        all.retain(|finding| finding.score >= self.options.min_score);
        all
    }

    fn rows<'f>(
        &self,
        bytes: &[u8],
        findings: &'f [Finding],
        file: Option<&'f str>,
    ) -> Vec<Row<'f>> {
        let mut points = CodePoints::new(bytes);
        let mut offset = |byte| match self.options.offsets {
            Offsets::Bytes => byte,
            Offsets::Chars => points.at(byte),
        };
        findings
            .iter()
            .map(|finding| Row {
                file,
                start: offset(finding.start),
                end: offset(finding.end),
                kind: finding.kind,
                score: finding.score,
                rule: finding.rule.as_str(),
            })
            .collect()
    }

    fn lines(&mut self, input: &Input, reader: &mut dyn BufRead) -> Result<()> {
        let mut line = Vec::new();
        for number in 1_u64.. {
            if !input::next_line(reader, &mut line)
                .with_context(|| format!("cannot read {input}"))?
            {
                break;
            }
            match labelled(&line) {
                Ok(Labelled { text }) => {
                    let findings = self.findings(text.as_bytes());
                    self.found += findings.len() as u64;
                    let findings = self.rows(text.as_bytes(), &findings, None);
                    self.results.json(&Line {
                        findings,
                        error: None,
                    })?;
                }
                Err(why) => {
                    self.refused += 1;
                    diagnostics::refuse(format_args!("{input}:{number}: {why}"));
                    // One line out for each line in, so that they can be put side by side.
                    let line = Line {
                        findings: Vec::new(),
                        error: Some(why.to_string()),
                    };
                    self.results.json(&line)?;
                }
            }
        }
        Ok(())
    }
}

fn labelled(line: &[u8]) -> Result<Labelled> {
    // The parser's message is not passed on: it may quote the line.
    serde_json::from_str(json_text(line)?).map_err(|_| {
        anyhow::anyhow!("no \"text\"; each line must be an object with a string \"text\"")
    })
}
