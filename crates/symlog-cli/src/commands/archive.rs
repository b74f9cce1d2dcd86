//! `symlog archive`

use std::io::Write;

use anyhow::{Context, Result, bail};
use serde_json::json;
use symlog_archive::{Archiver, Made, Report};
use symlog_core::Maintenance;

use crate::keys::Search;
use crate::options::Common;
use crate::output::{Answer, Results};
use crate::units::{bytes, counted};

const AFTER_HELP: &str = "\
Examples:
  symlog archive            seal the active file, archive all that can be
  symlog archive --json | jq '.archived[] | .payload_bytes / (.parquet_bytes + .frames_bytes)'

Beside a running logger that logger is asked to seal and to say what was archived. An object is removed only when its
archive was read back and gave the same lines, and the log says so. What is archived reads as before; the Parquet files
can be read by any engine, without a key. A file that some [[sink]] does not have yet stays until it is shipped. Files
without entries are left alone.

Exit code 0: all is archived. 1: something stays as it is, which is named with the reason.";

/// Seal the active file and archive everything that can be
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Options {}

pub(crate) fn run(common: &Common) -> Result<Answer> {
    let config = common.configuration()?;
    if !Search::new(&config)?.has_log() {
        bail!(
            "there is no log {} yet, so there is nothing to archive; `symlog init` makes one",
            config.logging.log_file_path
        );
    }
    let log = Maintenance::open(&config)
        .with_context(|| format!("cannot archive the log {}", config.logging.log_file_path))?;
    Archiver::seal(&log).context("the active file cannot be sealed")?;
    let report = Archiver::of(&config)
        .run(&log)
        .context("archiving stopped; what is not archived is as it was")?;
    let mut results = Results::open();
    if common.json {
        results.json(&as_json(&report))?;
    } else {
        show(&mut results, &report)?;
    }
    results.flush()?;
    Ok(Answer::fine_if(report.kept.is_empty()))
}

fn as_json(report: &Report) -> serde_json::Value {
    let made = report.made.iter().map(|made| {
        json!({
            "object": made.object,
            "entries": made.entries,
            "sequences": [made.sequences.0, made.sequences.1],
            "object_bytes": made.object_bytes,
            "payload_bytes": made.payload_bytes,
            "parquet_bytes": made.parquet.0,
            "frames_bytes": made.frames.0,
        })
    });
    let kept = report
        .kept
        .iter()
        .map(|(object, why)| json!({ "object": object, "why": why }));
    json!({
        "archived": made.collect::<Vec<_>>(),
        "kept": kept.collect::<Vec<_>>(),
    })
}

fn show(out: &mut impl Write, report: &Report) -> Result<()> {
    for Made {
        object,
        entries,
        object_bytes,
        payload_bytes,
        parquet,
        frames,
        ..
    } in &report.made
    {
        let archived = parquet.0 + frames.0;
        writeln!(
            out,
            "{object}: {}, {} -> {}{}",
            counted(*entries, "entry", "entries"),
            bytes(*object_bytes),
            bytes(archived),
            // Of a few entries the table's own columns are most of it.
            match *payload_bytes as f64 / archived.max(1) as f64 {
                smaller if smaller >= 1.0 => format!("; payloads {smaller:.1} times smaller"),
                _ => String::new(),
            }
        )?;
    }
    for (object, why) in &report.kept {
        writeln!(out, "{object}: not archived: {why}")?;
    }
    if report.made.is_empty() && report.kept.is_empty() {
        writeln!(out, "nothing to archive")?;
    }
    Ok(())
}
