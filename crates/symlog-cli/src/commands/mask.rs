//! `symlog mask`

use std::io::{BufRead, Write};
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::de::IgnoredAny;
use serde_json::Value;
use symlog_pii::{Counts, Document, OperatorContext};

use crate::diagnostics;
use crate::input::{self, Input};
use crate::masking;
use crate::options::Common;
use crate::output::{Answer, Results};
use crate::text::{Decoder, Stretch};

const AFTER_HELP: &str = "\
Examples:
  symlog mask notes.txt                         the text with everything personal masked
  echo 'mail user@example.com' | symlog mask    from standard input
  symlog mask --jsonl < chats.jsonl             strings of JSON lines, as the logger masks them
  symlog mask --profile hipaa --operator label visit.txt
  symlog mask --operator EMAIL=remove --operator CREDIT_CARD=partial orders.csv
  symlog mask --operator pseudonym --tenant acme mail.txt    the same value, the same pseudonym
  symlog mask --operator token mail.txt          what `symlog reveal` gives back
  symlog mask --profile hipaa --operator DATE=date-shift --subject 4711 visit.txt";

/// Mask personal data and secrets in a text
///
/// Everything else passes byte for byte. What is masked is up to the profile; `symlog scan` shows
/// what there is.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Options {
    /// Files or directories; `-` or nothing is standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Take the input as JSON lines and mask their strings
    #[arg(long)]
    jsonl: bool,
    /// What is masked: default, hipaa, gdpr, pci, secrets, off, or a file
    #[arg(long)]
    profile: Option<String>,
    /// What is written instead: mask, remove, label, partial, generalise, or with the keys of the
    /// log pseudonym, token or date-shift; for one TYPE or rule, or for all
    #[arg(long, value_name = "[TYPE=]OP")]
    operator: Vec<String>,
    /// Whose data it is: pseudonyms and tokens of one tenant say nothing about another's
    #[arg(long)]
    tenant: Option<String>,
    /// Whom the text is about: dates of one subject are shifted by the same number of days
    /// [default: one and the same for all that is masked without it]
    #[arg(long)]
    subject: Option<String>,
}

impl Options {
    fn context(&self) -> OperatorContext<'_> {
        OperatorContext {
            tenant: self.tenant.as_deref(),
            subject: self.subject.as_deref().or(Some("")),
        }
    }
}

pub(crate) fn run(common: &Common, options: &Options) -> Result<Answer> {
    let config = common.configuration()?;
    let masker = masking::masker(&config, options.profile.as_deref(), &options.operator)?;
    let document = masker.document(options.context());
    let mut results = Results::open();
    let mut counts = Counts::new();
    let mut refused = 0_u64;
    for input in input::named(&options.files)? {
        let mut reader = input.open()?;
        if options.jsonl {
            refused += mask_lines(document, &input, &mut *reader, &mut counts, &mut results)?;
        } else {
            mask_text(document, &input, &mut *reader, &mut counts, &mut results)?;
        }
    }
    results.flush()?;
    if common.verbose > 0 || (Results::is_terminal() && !common.quiet) {
        diagnostics::say(format_args!("masked: {}", masking::summary(&counts)));
    }
    Ok(Answer::fine_if(refused == 0))
}

fn mask_text(
    document: Document<'_>,
    input: &Input,
    reader: &mut dyn BufRead,
    counts: &mut Counts,
    results: &mut Results,
) -> Result<()> {
    let mut stream = document.stream();
    let mut decoder = Decoder::default();
    loop {
        let chunk = reader
            .fill_buf()
            .with_context(|| format!("cannot read {input}"))?;
        let ended = chunk.is_empty();
        let read = chunk.len();
        for stretch in decoder.push(chunk) {
            match stretch {
                Stretch::Text(text) => results.write_all(stream.push(&text).as_bytes())?,
                Stretch::Bytes(bytes) => {
                    // No rule reaches over bytes that are no text.
                    let (rest, masked) = std::mem::replace(&mut stream, document.stream()).finish();
                    counts.merge(&masked);
                    results.write_all(rest.as_bytes())?;
                    results.write_all(&bytes)?;
                }
            }
        }
        reader.consume(read);
        // Whoever writes into a pipe slowly wants to see what is ready.
        results.flush()?;
        if ended {
            let (rest, masked) = stream.finish();
            counts.merge(&masked);
            results.write_all(rest.as_bytes())?;
            return Ok(());
        }
    }
}

/// Masks line by line and returns how many lines were refused.
fn mask_lines(
    document: Document<'_>,
    input: &Input,
    reader: &mut dyn BufRead,
    counts: &mut Counts,
    results: &mut Results,
) -> Result<u64> {
    let mut line = Vec::new();
    let mut refused = 0;
    for number in 1_u64.. {
        if !input::next_line(reader, &mut line).with_context(|| format!("cannot read {input}"))? {
            break;
        }
        match mask_line(document, &line, counts) {
            Ok(masked) => {
                results.write_all(masked.as_bytes())?;
                results.write_all(b"\n")?;
                if *input == Input::Stdin {
                    results.flush()?;
                }
            }
            Err(why) => {
                refused += 1;
                diagnostics::refuse(format_args!("{input}:{number}: {why}"));
            }
        }
    }
    Ok(refused)
}

fn mask_line(document: Document<'_>, line: &[u8], counts: &mut Counts) -> Result<String> {
    let text = json_text(line)?;
    if text.trim_ascii_start().starts_with(['{', '[']) {
        return Ok(document.mask(text, counts).into_owned());
    }
    let mut value: Value = serde_json::from_str(text)?;
    document.mask_json(&mut value, counts);
    Ok(value.to_string())
}

/// The line as text, if it is one JSON value. The errors hold nothing of the line.
pub(crate) fn json_text(line: &[u8]) -> Result<&str> {
    let text = match str::from_utf8(line) {
        Ok(text) => text,
        Err(error) => anyhow::bail!(
            "not UTF-8 at byte {}; convert the file to UTF-8",
            error.valid_up_to() + 1
        ),
    };
    if text.trim_ascii().is_empty() {
        anyhow::bail!("an empty line; each line must be one JSON value");
    }
    if let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
        let what = match error.classify() {
            serde_json::error::Category::Eof => "half a JSON value: it ends",
            _ => "not JSON",
        };
        anyhow::bail!(
            "{what} at column {}; each line must be one JSON value",
            error.column()
        );
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use symlog_pii::Masker;

    #[track_caller]
    fn check(line: &str, expect: &str) {
        let masker = Masker::default_profile();
        let document = masker.document(OperatorContext::default());
        assert_eq!(
            mask_line(document, line.as_bytes(), &mut Counts::new()).unwrap(),
            expect
        );
    }

    #[test]
    fn strings_of_a_line_are_masked_and_nothing_else() {
        check(
            r#"{ "a" : "user@example.com",  "n": 1.50 }"#,
            r#"{ "a" : "***@***.***",  "n": 1.50 }"#,
        );
        check(r#"["123-45-6789"]"#, r#"["***-**-****"]"#);
        check(r#""a\tuser@example.com""#, r#""a\t***@***.***""#);
        check(" 12", "12");
    }

    #[test]
    fn what_is_no_json_is_refused_without_quoting_it() {
        for (line, expect) in [
            (&b"secret"[..], "not JSON at column 1"),
            (b"{\"secret\": ", "half a JSON value: it ends at column 11"),
            (b"  ", "an empty line"),
            (b"\"secret\xff\"", "not UTF-8 at byte 8"),
        ] {
            let error = json_text(line).unwrap_err().to_string();
            assert!(error.starts_with(expect), "{error}");
            assert!(!error.contains("secret"));
        }
    }

    #[test]
    fn depth_is_no_problem() {
        let deep = format!(
            "{}\"user@example.com\"{}",
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        let masker = Masker::default_profile();
        let masked = mask_line(
            masker.document(OperatorContext::default()),
            deep.as_bytes(),
            &mut Counts::new(),
        )
        .unwrap();
        assert_eq!(masked, deep.replace("user@example.com", "***@***.***"));
    }
}
