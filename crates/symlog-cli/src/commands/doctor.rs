//! `symlog doctor`

mod clock;
mod disk;
mod files;
mod keys;
mod log;
mod settings;
mod sinks;

use std::io::Write;

use anyhow::Result;
use serde::Serialize;
use symlog_core::Config;

use crate::keys::Search;
use crate::options::Common;
use crate::output::{Answer, Paint, Results};

const AFTER_HELP: &str = "\
Examples:
  symlog doctor             is everything as it should be, and how to mend what is not
  symlog doctor --json | jq '.[] | select(.verdict != \"ok\")'

Nothing is changed. Exit code 1: something must be mended.";

/// Check configuration, permissions, keys, stores, disk, clock and log, and say how to mend each
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Options {}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    Warning,
    Broken,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Check {
    what: &'static str,
    verdict: Verdict,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<String>,
}

impl Check {
    fn ok(what: &'static str, found: impl Into<String>) -> Self {
        Self {
            what,
            verdict: Verdict::Ok,
            found: found.into(),
            mend: None,
        }
    }

    fn warning(what: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            what,
            verdict: Verdict::Warning,
            found: found.into(),
            mend: Some(mend.into()),
        }
    }

    fn broken(what: &'static str, found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            what,
            verdict: Verdict::Broken,
            found: found.into(),
            mend: Some(mend.into()),
        }
    }
}

pub(crate) fn run(common: &Common) -> Result<Answer> {
    let checks = match common.configuration() {
        Ok(config) => all(&config)?,
        Err(error) => vec![Check::broken(
            "configuration",
            format!("{error:#}"),
            "correct the file; nothing else can be checked before",
        )],
    };
    let mut results = Results::open();
    if common.json {
        results.json(&checks)?;
    } else {
        show(&mut results, Paint::for_stdout(), &checks, common.quiet)?;
    }
    results.flush()?;
    Ok(Answer::fine_if(
        checks.iter().all(|check| check.verdict != Verdict::Broken),
    ))
}

fn all(config: &Config) -> Result<Vec<Check>> {
    let search = Search::new(config)?;
    let mut checks = settings::check(config);
    checks.extend(files::check(config));
    checks.extend(keys::check(config, &search));
    checks.push(disk::check(config));
    checks.push(clock::check(config));
    checks.extend(log::check(config));
    checks.extend(sinks::check(config));
    Ok(checks)
}

fn show(out: &mut impl Write, paint: Paint, checks: &[Check], quiet: bool) -> Result<()> {
    for Check {
        what,
        verdict,
        found,
        mend,
    } in checks
    {
        let word = match verdict {
            Verdict::Ok if quiet => continue,
            Verdict::Ok => paint.good("ok     "),
            Verdict::Warning => paint.warn("warning"),
            Verdict::Broken => paint.bad("broken "),
        };
        // Messages of several lines stay under their first one.
        writeln!(
            out,
            "{word}  {what:<14} {}",
            found.replace('\n', "\n                        ")
        )?;
        if let Some(mend) = mend {
            writeln!(
                out,
                "                        {} {mend}",
                paint.heading("to mend:")
            )?;
        }
    }
    Ok(())
}
