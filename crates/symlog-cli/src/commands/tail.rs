//! `symlog tail`

use std::io::Write;

use anyhow::Result;

use super::cat::refuse;
use crate::access::{self, Outcome};
use crate::filter::Which;
use crate::log;
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
    let reader = log::reader(&config)?;
    access::reading("tail", &config, &reader)?;
    let mut results = Results::open();
    let mut newest = reader.follow(options.lines, options.which.filter())?;
    let mut outcome = Outcome::default();
    loop {
        let next = match newest.poll_next() {
            Ok(None) => {
                // Shown before the wait, or a slow log would show nothing for long.
                results.flush()?;
                if !options.follow {
                    let answer = Answer::fine_if(outcome.unreadable == 0);
                    outcome.keys = newest.keys_used();
                    outcome.record("tail", &config, &reader)?;
                    return Ok(answer);
                }
                newest.wait_next()
            }
            Ok(Some(entry)) => Ok(entry),
            Err(error) => Err(error),
        };
        match next.and_then(|entry| entry.write_json(&mut results)) {
            Ok(()) => {
                results.write_all(b"\n")?;
                outcome.shown += 1;
            }
            Err(error) => refuse(error, &mut outcome)?,
        }
    }
}
