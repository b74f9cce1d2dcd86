//! `symlog record`

mod summary;
mod target;

use std::collections::VecDeque;
use std::fmt;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use symlog_core::{LoggingError, Receipt};
use symlog_ingest::{ExchangeSummary, Format, InputError, Problem, Session, Unit};

use crate::diagnostics;
use crate::input::{self, Input};
use crate::options::Common;
use crate::output::{Answer, Paint, Results};
use crate::progress::Progress;

use summary::{Summary, Tally};
use target::Target;

const AFTER_HELP: &str = "\
Examples:
  symlog record chats.jsonl                  any format, recognised line by line
  symlog record --format provider-http exchanges.jsonl.gz
  zcat runs.jsonl.gz | symlog record --format agent-run -
  symlog record --dry-run --json new.jsonl   what would be recorded and masked

Every line that cannot be read is named on standard error, the others are recorded, and the exit
code is 1.";

/// Mask, encrypt and append interactions from files or standard input
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Options {
    /// Files, also compressed with gzip; `-` or nothing is standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What the input holds: auto, interaction, provider-http, agent-run or otlp
    #[arg(long, default_value_t = Format::Auto)]
    format: Format,
    /// Read and mask everything, and write nothing
    #[arg(long)]
    dry_run: bool,
}

/// How many entries are on their way at once. The logger bounds their bytes itself; this bounds
/// how far an error is noticed behind its line.
const WINDOW: usize = 4096;

pub(crate) fn run(common: &Common, options: &Options) -> Result<Answer> {
    let config = common.configuration()?;
    let inputs = input::files(&options.files)?;
    let started = Instant::now();
    let total = inputs.iter().map(Input::len).sum::<Option<u64>>();
    let mut run = Run {
        target: Target::open(&config, options.dry_run)?,
        progress: Progress::of_bytes(common, total),
        tally: Tally::default(),
        window: VecDeque::with_capacity(WINDOW),
        inputs: &inputs,
    };
    let outcome = run.read(options.format);
    run.progress.finish();
    let (tally, closed) = run.target.close(run.tally);
    let copies = run.target.copies();
    let summary = Summary {
        tally: &tally,
        took: started.elapsed(),
        log: run.target.path(),
        copies: &copies,
    };
    let mut results = Results::open();
    if common.json {
        summary.json(&mut results)?;
    } else if !common.quiet {
        summary.show(&mut results, Paint::for_stdout())?;
    }
    std::io::Write::flush(&mut results)?;
    outcome?;
    closed?;
    Ok(Answer::fine_if(tally.refused == 0))
}

/// An entry on its way to the disk.
struct Pending {
    place: Place,
    exchange: Option<ExchangeSummary>,
    receipt: Receipt,
}

/// Where an entry was read.
#[derive(Clone, Copy)]
struct Place {
    input: usize,
    line: u64,
}

struct Run<'a> {
    target: Target,
    progress: Progress,
    tally: Tally,
    window: VecDeque<Pending>,
    inputs: &'a [Input],
}

impl Run<'_> {
    /// Reads everything, and waits until everything that was read is where it should be.
    fn read(&mut self, format: Format) -> Result<()> {
        let inputs = self.inputs;
        let mut options = symlog_ingest::Options::default();
        if let Some(directory) = self.target.directory() {
            options.spool_directory = directory;
        }
        let mut session = Session::new(format, options);
        for (input, source) in inputs.iter().enumerate() {
            let counted = self.progress.count(source.open()?);
            for unit in session.read(counted) {
                match unit {
                    Ok(unit) => self.unit(unit)?,
                    Err(InputError {
                        line,
                        problem: problem @ (Problem::Io(_) | Problem::Spool(_)),
                    }) => {
                        self.drain(0)?;
                        let place = Place { input, line };
                        return Err(problem).with_context(|| self.at(place).to_string());
                    }
                    Err(InputError { line, problem }) => {
                        self.refuse(Place { input, line }, &problem)
                    }
                }
            }
        }
        for unit in session.finish() {
            self.unit(unit)?;
        }
        self.drain(0)
    }

    fn unit(&mut self, unit: Unit) -> Result<()> {
        let place = Place {
            input: unit.input,
            line: unit.line,
        };
        self.tally.passed_over(unit.passed_over);
        let mut exchange = unit.provider;
        for interaction in unit.interactions {
            let exchange = exchange.take();
            match self.target.submit(interaction, &mut self.tally) {
                Ok(Some(receipt)) => self.window.push_back(Pending {
                    place,
                    exchange,
                    receipt,
                }),
                Ok(None) => self.tally.recorded(exchange.as_ref()),
                Err(error) => self.failed(place, error)?,
            }
        }
        if self.window.len() >= WINDOW {
            // Half of it, so that there is always work on both sides.
            self.drain(WINDOW / 2)?;
            self.progress.message(format!(
                "{} entries",
                crate::units::number(self.tally.entries)
            ));
        }
        Ok(())
    }

    /// Waits until at most `left` entries are on their way.
    fn drain(&mut self, left: usize) -> Result<()> {
        while self.window.len() > left {
            let Some(Pending {
                place,
                exchange,
                receipt,
            }) = self.window.pop_front()
            else {
                break;
            };
            match receipt.wait() {
                Ok(()) => self.tally.recorded(exchange.as_ref()),
                Err(error) => self.failed(place, error)?,
            }
        }
        Ok(())
    }

    fn failed(&mut self, place: Place, error: LoggingError) -> Result<()> {
        match error {
            LoggingError::TooLarge { .. }
            | LoggingError::QueueFull { .. }
            | LoggingError::UnknownRequest { .. } => {
                self.refuse(place, &error);
                Ok(())
            }
            // The log itself is in trouble: what comes after would fare no better.
            _ => Err(error).with_context(|| {
                format!("{}: not recorded, nor anything after it", self.at(place))
            }),
        }
    }

    fn refuse(&mut self, place: Place, why: &dyn std::error::Error) {
        self.tally.refused += 1;
        let at = self.at(place);
        self.progress.aside(|| match why.source() {
            Some(source) => diagnostics::refuse(format_args!("{at}: {why} ({source})")),
            None => diagnostics::refuse(format_args!("{at}: {why}")),
        });
    }

    fn at(&self, place: Place) -> impl fmt::Display + use<'_> {
        format!("{}:{}", self.inputs[place.input], place.line)
    }
}
