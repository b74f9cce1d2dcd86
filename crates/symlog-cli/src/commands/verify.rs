//! `symlog verify`

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use symlog_core::{Check, LogReader, VerifyReport, verify};

use crate::access;
use crate::options::Common;
use crate::output::{Answer, Paint, Results};
use crate::units::{counted, number};

const AFTER_HELP: &str = "\
Examples:
  symlog verify                          needs no key
  symlog verify --keys                   opens every envelope, too
  symlog verify --json --log copy.log | jq .problems

Exit code 0: nothing is wrong in what could be checked, which is printed. 1: says where and what.";

/// Check that nothing in the log was changed, left out, repeated or moved
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Options {
    /// Open every envelope; needs the key
    #[arg(long)]
    keys: bool,
}

pub(crate) fn run(common: &Common, options: &Options) -> Result<Answer> {
    let config = common.configuration()?;
    let log = Path::new(&config.logging.log_file_path);
    let report = if options.keys {
        let reader = LogReader::from_config(&config)?;
        access::reading("verify", &config, &reader)?;
        reader.verify()
    } else {
        verify(log)
    };
    let report = report.with_context(|| format!("cannot verify the log {}", log.display()))?;
    let mut results = Results::open();
    if common.json {
        results.json(&report)?;
    } else {
        show(&mut results, Paint::for_stdout(), log, &report)?;
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
