//! `symlog retention hold` and `release`

use std::io::Write;

use anyhow::Result;
use symlog_core::{LegalHold, place_hold, release_hold};

use super::Opened;
use crate::options::Common;
use crate::output::{Answer, Results};

const AFTER_HELP: &str = "\
Examples:
  symlog retention hold \"case 7\" --reason \"court order of 3 March\"
  symlog retention hold audit-26 --since 2026-01 --until 2026-06 --class billing --reason audit

A hold wins over every retention class, and stands until it is released. That it was placed stands
in the log, signed.";

/// Keep what is over until it is released
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Options {
    /// What the hold is called, such as the number of the case
    name: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// A retention class; may be given more than once [default: all]
    #[arg(long = "class", value_name = "CLASS")]
    classes: Vec<String>,
    /// The first month, such as 2026-01 [default: the beginning]
    #[arg(long, value_name = "MONTH")]
    since: Option<String>,
    /// The last month [default: no end]
    #[arg(long, value_name = "MONTH")]
    until: Option<String>,
}

/// Release a hold: what is over goes with the next run
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  symlog retention release \"case 7\"")]
pub(super) struct ReleaseOptions {
    /// What the hold is called
    name: String,
}

pub(super) fn run(common: &Common, opened: &Opened, options: &Options) -> Result<Answer> {
    let hold = LegalHold {
        name: options.name.clone(),
        reason: options.reason.clone(),
        classes: options.classes.clone(),
        since: options.since.clone(),
        until: options.until.clone(),
    };
    place_hold(&opened.log, hold.clone())?;
    let mut results = Results::open();
    if common.json {
        results.json(&hold)?;
    } else if !common.quiet {
        writeln!(results, "held by {:?} until it is released", hold.name)?;
    }
    results.flush()?;
    Ok(Answer::Fine)
}

pub(super) fn release(
    common: &Common,
    opened: &Opened,
    options: &ReleaseOptions,
) -> Result<Answer> {
    let released = release_hold(&opened.log, &options.name)?;
    let mut results = Results::open();
    if common.json {
        results.json(&serde_json::json!({"name": options.name, "released": released}))?;
    } else if !common.quiet {
        if released {
            writeln!(results, "released {:?}", options.name)?;
        } else {
            writeln!(
                results,
                "there is no hold {:?}; `symlog retention plan` lists them",
                options.name
            )?;
        }
    }
    results.flush()?;
    Ok(Answer::fine_if(released))
}
