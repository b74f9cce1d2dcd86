//! `symlog tail`

use std::io::Write;

use anyhow::Result;
use symlog_core::LogReader;

use super::cat::refuse;
use crate::filter::Which;
use crate::options::Common;
use crate::output::{Answer, Results};

const AFTER_HELP: &str = "\
Examples:
  symlog tail               the ten newest entries, as JSON lines
  symlog tail -f -n 0       from now on, as they are logged; ends with Ctrl-C
  symlog tail -f --type ToolCall | jq .request_data.tool_name

A request whose response is logged later comes twice: open, and again with its response.";

/// Print the newest entries, and follow the log with -f
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Options {
    /// Go on with what is logged from now on
    #[arg(short, long)]
    follow: bool,
    /// How many of the newest entries
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    lines: usize,
    #[command(flatten)]
    which: Which,
}

pub(crate) fn run(common: &Common, options: &Options) -> Result<Answer> {
    let config = common.configuration()?;
    let reader = LogReader::from_config(&config)?;
    let mut results = Results::open();
    let mut newest = reader.follow(options.lines, options.which.filter())?;
    let mut unreadable = 0_u64;
    loop {
        let next = match newest.poll_next() {
            Ok(None) => {
                // Shown before the wait, or a slow log would show nothing for long.
                results.flush()?;
                if !options.follow {
                    return Ok(Answer::fine_if(unreadable == 0));
                }
                newest.wait_next()
            }
            Ok(Some(entry)) => Ok(entry),
            Err(error) => Err(error),
        };
        match next.and_then(|entry| entry.write_json(&mut results)) {
            Ok(()) => results.write_all(b"\n")?,
            Err(error) => {
                unreadable += 1;
                refuse(error)?;
            }
        }
    }
}
