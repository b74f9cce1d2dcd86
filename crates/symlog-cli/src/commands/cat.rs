//! `symlog cat`

use std::io::Write;

use anyhow::Result;
use symlog_core::{LogReader, ReadError};

use crate::access::{self, Outcome};
use crate::diagnostics;
use crate::filter::Which;
use crate::options::Common;
use crate::output::{Answer, Results};

const AFTER_HELP: &str = "\
Examples:
  symlog cat                                       everything, one JSON object a line
  symlog cat --since yesterday --model gpt-4o | jq .response_data.content
  symlog cat --type ToolCall --agent support-bot --since 36h
  symlog cat --id 0199aa --fail-empty

Each entry is the interaction as it was recorded, decrypted, its response joined to its request.
An entry that cannot be read is named on standard error, the others follow, and the exit code is 1.";

/// Print decrypted entries as JSON lines, in order
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Options {
    #[command(flatten)]
    which: Which,
    /// Exit with 1 when there is no such entry
    #[arg(long)]
    fail_empty: bool,
}

pub(crate) fn run(common: &Common, options: &Options) -> Result<Answer> {
    let config = common.configuration()?;
    let reader = LogReader::from_config(&config)?;
    access::reading("cat", &config, &reader)?;
    let mut results = Results::open();
    let mut outcome = Outcome::default();
    let mut entries = reader.entries(options.which.filter())?;
    for entry in &mut entries {
        let written = entry.and_then(|entry| entry.write_json(&mut results));
        match written {
            Ok(()) => {
                results.write_all(b"\n")?;
                outcome.shown += 1;
            }
            Err(error) => {
                refuse(error, &mut outcome)?;
            }
        }
    }
    results.flush()?;
    let answer =
        Answer::fine_if(outcome.unreadable == 0 && !(options.fail_empty && outcome.shown == 0));
    outcome.keys = entries.keys_used();
    outcome.record("cat", &config, &reader)?;
    Ok(answer)
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
