//! `symlog cat`

use std::io::Write;
use std::iter::Peekable;
use std::path::PathBuf;

use anyhow::Result;
use symlog_core::{Entries, Entry, LogReader, ReadError};

use crate::access::{self, Outcome};
use crate::diagnostics;
use crate::filter::Which;
use crate::log;
use crate::options::Common;
use crate::output::{Answer, Results};
use crate::sinks;

const AFTER_HELP: &str = "\
Examples:
  symlog cat                                       everything, one JSON object a line
  symlog cat --since yesterday --model gpt-4o | jq .response_data.content
  symlog cat --type ToolCall --agent support-bot --since 36h
  symlog cat --id 0199aa --fail-empty
  symlog cat --log s3://bucket/logs --keyrings keyrings/    all hosts, by time

Each entry is the interaction as it was recorded, decrypted, its response joined to its request.
An entry that cannot be read is named on standard error, the others follow, and the exit code is 1.";

/// Print decrypted entries as JSON lines, in order
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Options {
    #[command(flatten)]
    which: Which,
    /// Where the keyrings of remote logs are [default: beside the configured log]
    #[arg(long, value_name = "DIR")]
    keyrings: Option<PathBuf>,
    /// Exit with 1 when there is no such entry
    #[arg(long)]
    fail_empty: bool,
}

pub(crate) fn run(common: &Common, options: &Options) -> Result<Answer> {
    if let Some(url) = common.remote_log() {
        return run_remote(common, options, url);
    }
    let config = common.configuration()?;
    let reader = log::reader(&config)?;
    access::reading("cat", &config, &reader)?;
    let mut results = Results::open();
    let mut outcome = Outcome::default();
    let mut entries = reader.entries(options.which.filter())?;
    for entry in &mut entries {
        print(&mut results, entry, &mut outcome)?;
    }
    results.flush()?;
    let answer = options.answer(&outcome);
    outcome.keys = entries.keys_used();
    outcome.record("cat", &config, &reader)?;
    Ok(answer)
}

impl Options {
    fn answer(&self, outcome: &Outcome) -> Answer {
        Answer::fine_if(outcome.unreadable == 0 && !(self.fail_empty && outcome.shown == 0))
    }
}

fn print(out: &mut Results, entry: Result<Entry, ReadError>, outcome: &mut Outcome) -> Result<()> {
    match entry.and_then(|entry| entry.write_json(out)) {
        Ok(()) => {
            out.write_all(b"\n")?;
            outcome.shown += 1;
            Ok(())
        }
        Err(error) => refuse(error, outcome),
    }
}

/// All logs below a place, each recorded in the access log beside its keyring.
fn run_remote(common: &Common, options: &Options, url: &str) -> Result<Answer> {
    let mut results = Results::open();
    let mut outcome = Outcome::default();
    let readers = remote_readers(common, url, options, &mut outcome)?;
    for entry in Merged::of(&readers, options)? {
        print(&mut results, entry, &mut outcome)?;
    }
    results.flush()?;
    Ok(options.answer(&outcome))
}

/// The logs below `url`. One without a keyring is named and passed over.
fn remote_readers(
    common: &Common,
    url: &str,
    options: &Options,
    outcome: &mut Outcome,
) -> Result<Vec<LogReader>> {
    let config = common.configuration_of_reader()?;
    let keyrings = sinks::keyrings(&config, options.keyrings.as_deref());
    let logs = sinks::logs_at(&config, url)?;
    let mut readers = Vec::new();
    for (log, reader) in sinks::readers(&config, logs, &keyrings)? {
        match reader {
            Ok((reader, config)) => {
                access::reading("cat", &config, &reader)?;
                readers.push(reader);
            }
            Err(error) => {
                outcome.unreadable += 1;
                diagnostics::refuse(format_args!("{}: {error:#}", log.address.display()));
            }
        }
    }
    Ok(readers)
}

/// The entries of many logs, by time.
struct Merged<'a> {
    logs: Vec<Peekable<Entries<'a>>>,
}

impl<'a> Merged<'a> {
    fn of(readers: &'a [LogReader], options: &Options) -> Result<Self> {
        let mut logs = Vec::new();
        for reader in readers {
            logs.push(reader.entries(options.which.filter())?.peekable());
        }
        Ok(Self { logs })
    }
}

impl Iterator for Merged<'_> {
    type Item = Result<Entry, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut first: Option<(usize, String)> = None;
        for (at, log) in self.logs.iter_mut().enumerate() {
            match log.peek() {
                None => {}
                // What cannot be read has no time: it comes at once.
                Some(Err(_)) => return log.next(),
                Some(Ok(entry))
                    if first
                        .as_ref()
                        .is_none_or(|(_, time)| entry.timestamp < *time) =>
                {
                    first = Some((at, entry.timestamp.clone()));
                }
                Some(Ok(_)) => {}
            }
        }
        self.logs[first?.0].next()
    }
}

/// Names an entry that cannot be read; fails where there is no use in going on.
pub(super) fn refuse(error: ReadError, outcome: &mut Outcome) -> Result<()> {
    match error {
        ReadError::Damaged { .. } | ReadError::Newer { .. } | ReadError::Key { .. } => {
            diagnostics::refuse(&error);
            outcome.unreadable += 1;
            outcome.why.get_or_insert_with(|| error.to_string());
            Ok(())
        }
        error => Err(error.into()),
    }
}
