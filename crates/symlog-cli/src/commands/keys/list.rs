//! `symlog keys list`

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use anyhow::Result;
use serde::Serialize;
use symlog_core::period_keys_in_use;
use symlog_keys::{Access, Id, Inventory, PeriodState};

use super::{Opened, Passed, open, passed};
use crate::keys::{hex, keyring_path};
use crate::options::Common;
use crate::output::{Answer, Paint, Results};
use crate::units::counted;

const AFTER_HELP: &str = "\
Examples:
  symlog keys list
  symlog keys list --json | jq .periods";

/// List the keys that a log uses: which open it, and which are active, retired or destroyed
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Options {}

#[derive(Debug, Serialize)]
struct Report {
    keyring: String,
    source: String,
    passed_over: Vec<Passed>,
    generation: u64,
    master_version: u32,
    master_age_days: u64,
    unit_keys: u64,
    slots: Vec<Slot>,
    periods: Vec<Period>,
}

#[derive(Debug, Serialize)]
struct Slot {
    id: String,
    label: String,
    kind: String,
    in_use: bool,
}

#[derive(Debug, Serialize)]
struct Period {
    id: String,
    class: u16,
    period: String,
    state: &'static str,
    /// Segments of this log that cannot be read without it.
    needed_by_segments: u64,
}

pub(super) fn run(common: &Common) -> Result<Answer> {
    let Opened {
        config,
        keyring,
        found,
    } = open(common, Access::ReadOnly)?;
    let log = Path::new(&config.logging.log_file_path);
    let uses = period_keys_in_use(log, Some(crate::log::archives()))?;
    let report = Report::new(
        keyring_path(log).display().to_string(),
        &found.source.to_string(),
        passed(&found.passed_over),
        keyring.inventory()?,
        &uses,
    );
    let mut results = Results::open();
    if common.json {
        results.json(&report)?;
    } else {
        show(&mut results, Paint::for_stdout(), &report)?;
    }
    results.flush()?;
    Ok(Answer::Fine)
}

impl Report {
    fn new(
        keyring: String,
        source: &str,
        passed_over: Vec<Passed>,
        inventory: Inventory,
        uses: &BTreeMap<Id, u64>,
    ) -> Self {
        let mut periods: Vec<Period> = inventory
            .periods
            .iter()
            .map(|period| Period {
                id: hex(&period.id),
                class: period.class,
                period: period.period.clone(),
                state: match period.state {
                    PeriodState::Active => "active",
                    PeriodState::Retired => "retired",
                    PeriodState::Destroyed => "destroyed",
                },
                needed_by_segments: uses.get(&period.id).copied().unwrap_or(0),
            })
            .collect();
        periods.sort_by(|a, b| (&a.period, a.class, &a.id).cmp(&(&b.period, b.class, &b.id)));
        let slots = inventory
            .slots
            .iter()
            .map(|slot| Slot {
                id: hex(&slot.id),
                label: slot.label.clone(),
                kind: slot.kind.clone(),
                in_use: slot.in_use,
            })
            .collect();
        Self {
            keyring,
            source: source.to_owned(),
            passed_over,
            generation: inventory.generation,
            master_version: inventory.master,
            master_age_days: inventory.master_age.as_secs() / 86_400,
            unit_keys: inventory.units,
            slots,
            periods,
        }
    }
}

fn show(out: &mut impl Write, paint: Paint, report: &Report) -> Result<()> {
    writeln!(
        out,
        "keyring   {} (generation {})",
        report.keyring, report.generation
    )?;
    writeln!(out, "opened    with the key from {}", report.source)?;
    for passed in &report.passed_over {
        writeln!(out, "not from  {}: {}", passed.source, passed.reason)?;
    }
    writeln!(
        out,
        "master    version {}, {} days old",
        report.master_version, report.master_age_days
    )?;
    writeln!(
        out,
        "units     {}",
        counted(report.unit_keys, "key", "keys")
    )?;
    writeln!(
        out,
        "\n{}",
        paint.heading(format_args!(
            "{:<34} {:<28} {:<8} label",
            "opens the log", "kind", "in use"
        ))
    )?;
    for slot in &report.slots {
        let in_use = if slot.in_use { "yes" } else { "no" };
        writeln!(
            out,
            "{:<34} {:<28} {in_use:<8} {}",
            slot.id, slot.kind, slot.label
        )?;
    }
    writeln!(
        out,
        "\n{}",
        paint.heading(format_args!(
            "{:<34} {:<8} {:>5}  {:<10} needed by",
            "period key", "period", "class", "state"
        ))
    )?;
    for period in &report.periods {
        let state = match period.state {
            "active" => paint.good(period.state),
            "destroyed" => paint.bad(period.state),
            other => paint.faint(other),
        };
        writeln!(
            out,
            "{:<34} {:<8} {:>5}  {state}{:width$} {}",
            period.id,
            period.period,
            period.class,
            "",
            needed_by(period.needed_by_segments),
            width = 10usize.saturating_sub(period.state.len()),
        )?;
    }
    Ok(())
}

fn needed_by(segments: u64) -> String {
    match segments {
        0 => "nothing".to_owned(),
        some => counted(some, "segment", "segments"),
    }
}
