//! `symlog verify`

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use serde::Serialize;
use symlog_core::{Check, VerifyReport, verify_archived, verify_in};

use crate::access;
use crate::log;
use crate::options::Common;
use crate::output::{Answer, Paint, Results};
use crate::sinks::{self, RemoteLog};
use crate::units::{counted, number};

const AFTER_HELP: &str = "\
Examples:
  symlog verify                          needs no key
  symlog verify --keys                   opens every envelope, too
  symlog verify --json --log copy.log | jq .problems
  symlog verify --log s3://bucket/logs   every log below it, each by itself

Exit code 0: nothing is wrong in what could be checked, which is printed. 1: says where and what.";

/// Check that nothing in the log was changed, left out, repeated or moved
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Options {
    /// Open every envelope; needs the key
    #[arg(long)]
    keys: bool,
    /// Where the keyrings of remote logs are [default: beside the configured log]
    #[arg(long, value_name = "DIR", requires = "keys")]
    keyrings: Option<PathBuf>,
}

/// What is told of one of many logs, for machines.
#[derive(Serialize)]
struct OfLog<'a> {
    log: &'a Path,
    #[serde(flatten)]
    report: &'a VerifyReport,
}

/// Every log below a place, each by itself.
fn run_remote(common: &Common, options: &Options, url: &str) -> Result<Answer> {
    let config = common.configuration_of_reader()?;
    let logs = sinks::logs_at(&config, url)?;
    if logs.is_empty() {
        bail!("there are no logs at {url}; check the address, or ship something first");
    }
    let mut results = Results::open();
    let mut is_ok = true;
    let check = |log: &RemoteLog, report: Result<VerifyReport>, results: &mut Results| {
        let address = &log.address;
        let report =
            report.with_context(|| format!("cannot verify the log {}", address.display()))?;
        if common.json {
            let log = address.as_path();
            results.json(&OfLog {
                log,
                report: &report,
            })?;
        } else {
            show(results, Paint::for_stdout(), address, &report)?;
        }
        Ok::<_, anyhow::Error>(report.is_ok())
    };
    if options.keys {
        let keyrings = sinks::keyrings(&config, options.keyrings.as_deref());
        let readers = sinks::readers(&config, logs, &keyrings)?;
        for (log, reader) in readers {
            let report = reader.and_then(|(reader, config)| {
                access::reading("verify", &config, &reader)?;
                Ok(reader.verify()?)
            });
            is_ok &= check(&log, report, &mut results)?;
        }
    } else {
        for log in logs {
            let report = verify_in(Arc::clone(&log.storage), None).map_err(Into::into);
            is_ok &= check(&log, report, &mut results)?;
        }
    }
    results.flush()?;
    Ok(Answer::fine_if(is_ok))
}

pub(crate) fn run(common: &Common, options: &Options) -> Result<Answer> {
    if let Some(url) = common.remote_log() {
        return run_remote(common, options, url);
    }
    let config = common.configuration()?;
    let path = Path::new(&config.logging.log_file_path);
    let report = if options.keys {
        let reader = log::reader(&config)?;
        access::reading("verify", &config, &reader)?;
        reader.verify()
    } else {
        verify_archived(path, Some(log::archives()))
    };
    let report = report.with_context(|| format!("cannot verify the log {}", path.display()))?;
    let mut results = Results::open();
    if common.json {
        results.json(&report)?;
    } else {
        show(&mut results, Paint::for_stdout(), path, &report)?;
    }
    results.flush()?;
    Ok(Answer::fine_if(report.is_ok()))
}

fn show(out: &mut impl Write, paint: Paint, log: &Path, report: &VerifyReport) -> Result<()> {
    let word = |check: Check, without: &str| match check {
        Check::Ok => paint.good("ok"),
        Check::Failed => paint.bad("failed"),
        Check::NotChecked => paint.warn(format_args!("not checked ({without})")),
    };
    writeln!(
        out,
        "{}: {}, {}, {}",
        log.display(),
        counted(report.lines, "line", "lines"),
        counted(report.entries, "entry", "entries"),
        counted(report.segments, "segment", "segments")
    )?;
    writeln!(
        out,
        "order       {}",
        word(report.order, "nothing to check")
    )?;
    writeln!(
        out,
        "leaves      {}",
        word(report.leaves, "nothing to check")
    )?;
    writeln!(
        out,
        "signatures  {}",
        word(report.signatures, "this log has no checkpoints")
    )?;
    writeln!(
        out,
        "envelopes   {}",
        word(report.envelopes, "--keys opens them")
    )?;
    writeln!(
        out,
        "root        {} of {} lines",
        report.root,
        number(report.size)
    )?;
    for note in &report.notes {
        writeln!(out, "{}        {note}", paint.faint("note"))?;
    }
    for problem in &report.problems {
        let sequence = problem
            .sequence
            .map(|n| format!(", sequence {n}"))
            .unwrap_or_default();
        writeln!(
            out,
            "{}       {}, line {} (byte {}{sequence}): {}",
            paint.bad("wrong"),
            problem.object,
            problem.line,
            problem.offset,
            problem.what
        )?;
    }
    let unlisted = report.problem_count - report.problems.len() as u64;
    if unlisted > 0 {
        writeln!(
            out,
            "{}       and {} more",
            paint.bad("wrong"),
            number(unlisted)
        )?;
    }
    let verdict = if report.is_ok() {
        paint.good("nothing is wrong in what could be checked")
    } else {
        paint.bad(format_args!(
            "{} wrong; a backup may hold what was there",
            counted(report.problem_count, "thing is", "things are")
        ))
    };
    writeln!(out, "{verdict}")?;
    Ok(())
}
