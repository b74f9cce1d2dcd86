//! `symlog keys`

mod check;
mod list;

use anyhow::Result;
use serde::Serialize;
use symlog_keys::{KeyError, PassedOver};

use crate::options::Common;
use crate::output::Answer;

const AFTER_HELP: &str = "\
Examples:
  symlog keys check     is there a key, from where, and does it open the log?
  symlog keys list      which keys the log uses";

/// Look after the keys of a log
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Check(check::Options),
    List(list::Options),
}

pub(crate) fn run(common: &Common, options: &Options) -> Result<Answer> {
    match &options.command {
        Command::Check(_) => check::run(common),
        Command::List(_) => list::run(common),
    }
}

/// A source that was asked in vain.
#[derive(Debug, Serialize)]
struct Passed {
    source: String,
    reason: String,
}

fn passed(passed_over: &[PassedOver]) -> Vec<Passed> {
    let row = |passed: &PassedOver| Passed {
        source: passed.source.to_string(),
        reason: passed.reason.clone(),
    };
    passed_over.iter().map(row).collect()
}

/// The sources that a failed search asked.
fn asked(error: &KeyError) -> &[PassedOver] {
    match error {
        KeyError::NotFound { passed_over, .. } => passed_over,
        _ => &[],
    }
}
