//! `symlog keys check`

use std::io::Write;

use anyhow::Result;
use serde::Serialize;
use symlog_keys::KeyError;

use super::{Passed, asked, passed};
use crate::keys::{Chain, Search};
use crate::options::Common;
use crate::output::{Answer, Paint, Results};

const AFTER_HELP: &str = "\
Examples:
  symlog keys check
  symlog keys check --json --log /var/log/agents/io.log

Nothing is made or changed. Exit code 1: there is no key, or it does not open the log.";

/// Say where the key comes from, why earlier sources were passed over, and whether it opens the log
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Options {}

#[derive(Debug, Serialize)]
struct Report {
    name: String,
    source: Option<String>,
    kind: Option<&'static str>,
    passed_over: Vec<Passed>,
    warnings: Vec<String>,
    log: String,
    /// `null` where there is no log yet.
    opens_the_log: Option<bool>,
    error: Option<String>,
}

pub(super) fn run(common: &Common) -> Result<Answer> {
    let config = common.configuration()?;
    let search = Search::new(&config)?;
    let mut report = Report {
        name: config.logging.encryption_key_name.clone(),
        source: None,
        kind: None,
        passed_over: Vec::new(),
        warnings: Vec::new(),
        log: config.logging.log_file_path.clone(),
        opens_the_log: search.opens.as_ref().map(Result::is_ok),
        error: None,
    };
    match &search.key {
        Ok(found) => {
            report.source = Some(found.source.to_string());
            report.kind = Some(if found.key.is_passphrase() {
                "passphrase"
            } else {
                "raw key"
            });
            report.passed_over = passed(&found.passed_over);
            report.warnings.clone_from(&found.warnings);
        }
        Err(error) => {
            report.passed_over = passed(asked(error));
            report.error = Some(match error {
                // The sources stand above it, each with its reason.
                KeyError::NotFound { why, .. } if search.has_log() => {
                    format!("no key was found, and {why}")
                }
                error => search.why_none(error),
            });
        }
    }
    if let Some(Err(error)) = &search.opens {
        report.error = Some(Chain(error).to_string());
    }
    let mut results = Results::open();
    if common.json {
        results.json(&report)?;
    } else {
        show(&mut results, Paint::for_stdout(), &report)?;
    }
    results.flush()?;
    Ok(Answer::fine_if(report.error.is_none()))
}

fn show(out: &mut impl Write, paint: Paint, report: &Report) -> Result<()> {
    writeln!(out, "key       {}", report.name)?;
    match (&report.source, report.kind) {
        (Some(source), Some(kind)) => writeln!(out, "from      {}, a {kind}", paint.good(source))?,
        _ => writeln!(out, "from      {}", paint.bad("nowhere"))?,
    }
    for passed in &report.passed_over {
        writeln!(out, "not from  {}: {}", passed.source, passed.reason)?;
    }
    for warning in &report.warnings {
        writeln!(out, "{}   {warning}", paint.warn("warning"))?;
    }
    let fits = match report.opens_the_log {
        Some(true) => paint.good("opened by it"),
        Some(false) => paint.bad("not opened by it"),
        None if report.error.is_some() => paint.warn("not tried"),
        None => "does not exist yet".to_owned(),
    };
    writeln!(out, "log       {}: {fits}", report.log)?;
    if let Some(error) = &report.error {
        writeln!(out, "{}     {error}", paint.bad("wrong"))?;
    }
    Ok(())
}
