//! `symlog retention apply`

use std::io::Write;

use anyhow::Result;
use symlog_core::{RetentionReceipt, replicas, trust_clock};

use super::Opened;
use crate::options::Common;
use crate::output::{Answer, Paint, Results};
use crate::sinks;
use crate::units::{bytes, counted};

const AFTER_HELP: &str = "\
Examples:
  symlog retention apply
  symlog retention apply --json >> receipts.jsonl

The keys of what is over are destroyed, then its files are removed, here and at every [[sink]]. Signed
lines in the log say what will go, and that it went. Interrupted, it is finished by the next run.

Exit code 1: files stay until a sink can be reached; their keys are gone.";

/// Let go what is over
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Options {
    /// Go by the clock as it is now, although it jumped
    #[arg(long)]
    trust_clock: bool,
}

pub(super) fn run(common: &Common, opened: &Opened, options: &Options) -> Result<Answer> {
    if options.trust_clock {
        trust_clock(opened.log.keyring(), opened.log.clock().now())?;
    }
    let copies = replicas(&opened.log, &sinks::ships(&opened.config)?)?;
    let receipt = opened.retention.apply(&opened.log, &copies)?;
    let mut results = Results::open();
    if common.json {
        results.json(&receipt)?;
    } else if !common.quiet {
        show(&mut results, Paint::for_stdout(), &receipt)?;
    }
    results.flush()?;
    Ok(Answer::fine_if(receipt.waiting == 0))
}

fn show(out: &mut impl Write, paint: Paint, receipt: &RetentionReceipt) -> Result<()> {
    if let Some(why) = &receipt.unreachable {
        writeln!(
            out,
            "{}  {} until every sink can be reached: {why}",
            paint.warn("waiting  "),
            counted(receipt.waiting as u64, "file stays", "files stay")
        )?;
    }
    if receipt.lines.is_empty() && receipt.waiting == 0 {
        writeln!(
            out,
            "nothing is over; `symlog retention plan` says what is when"
        )?;
        return Ok(());
    }
    let keys = counted(receipt.keys as u64, "key", "keys");
    match &receipt.assurance {
        Some(assurance) => writeln!(out, "destroyed  {}, {assurance}", paint.bad(keys))?,
        None => writeln!(out, "destroyed  no key")?,
    }
    writeln!(
        out,
        "removed    {}, {}",
        counted(receipt.objects as u64, "file", "files"),
        bytes(receipt.bytes)
    )?;
    if receipt.objects > 0 && receipt.copies > 0 {
        writeln!(
            out,
            "           also at {}",
            counted(receipt.copies as u64, "sink", "sinks")
        )?;
    }
    if receipt.objects > 0 && receipt.kept > 0 {
        writeln!(
            out,
            "kept       at {} where nothing can be removed: its payloads cannot be opened; metadata in clear stays until the place's own retention takes it",
            counted(receipt.kept as u64, "sink", "sinks")
        )?;
    }
    if receipt.buried > 0 {
        writeln!(
            out,
            "buried     {} among others in archives; tombstones stand for them",
            counted(receipt.buried, "line", "lines")
        )?;
    }
    let lines: Vec<String> = receipt.lines.iter().map(u64::to_string).collect();
    writeln!(out, "signed     in the log, sequence {}", lines.join(", "))?;
    Ok(())
}
