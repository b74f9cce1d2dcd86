//! `symlog retention plan`

use std::io::Write;

use anyhow::Result;
use symlog_core::{Decision, KeyPlan, RetentionPlan, TimeTrust};

use super::Opened;
use crate::options::Common;
use crate::output::{Answer, Paint, Results};
use crate::units::{bytes, counted};

const AFTER_HELP: &str = "\
Examples:
  symlog retention plan
  symlog retention plan --json | jq '.keys[] | select(.decision == \"destroy\")'";

/// Say what would go now, and why; change nothing
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Options {}

pub(super) fn run(common: &Common, opened: &Opened) -> Result<Answer> {
    let plan = opened.retention.plan(&opened.log)?;
    let mut results = Results::open();
    if common.json {
        results.json(&plan)?;
    } else if !common.quiet {
        show(&mut results, Paint::for_stdout(), &plan)?;
    }
    results.flush()?;
    Ok(Answer::Fine)
}

fn show(out: &mut impl Write, paint: Paint, plan: &RetentionPlan) -> Result<()> {
    writeln!(out, "time      {}, {}", plan.now, trust(paint, plan.trust))?;
    for hold in &plan.holds {
        let months = match (&hold.since, &hold.until) {
            (None, None) => "every month".to_owned(),
            (Some(since), None) => format!("from {since}"),
            (None, Some(until)) => format!("until {until}"),
            (Some(since), Some(until)) => format!("{since} to {until}"),
        };
        let classes = match hold.classes.as_slice() {
            [] => "every class".to_owned(),
            classes => classes.join(", "),
        };
        let name = paint.warn(&hold.name);
        writeln!(
            out,
            "hold      {name}: {months}, {classes}; {}",
            hold.reason
        )?;
    }
    let width = plan.keys.iter().map(|key| name(key).chars().count());
    let width = width.max().unwrap_or(0).max("CLASS".len());
    writeln!(
        out,
        "{}",
        paint.heading(format_args!("{:width$}  MONTH    WHAT", "CLASS"))
    )?;
    for key in &plan.keys {
        let what = decision(paint, &key.decision);
        writeln!(out, "{:width$}  {}  {what}", name(key), key.period)?;
    }
    let mut going = plan
        .objects
        .iter()
        .filter(|object| object.remove)
        .peekable();
    if going.peek().is_none() {
        writeln!(out, "no file goes")?;
    }
    for object in going {
        let (first, last) = object.sequences;
        let what = paint.bad("goes");
        writeln!(
            out,
            "{}, lines {first} to {last}, {}: {what}",
            object.object,
            bytes(object.bytes)
        )?;
    }
    for object in plan.objects.iter().filter(|object| object.waits_for_sinks) {
        writeln!(
            out,
            "{}: goes when every [[sink]] has it; see `symlog ship`",
            object.object
        )?;
    }
    for object in plan.objects.iter().filter(|object| object.partly_over) {
        writeln!(
            out,
            "{}: stays for the sake of other classes; what is over in it {}",
            object.object,
            match object.buried {
                true => "becomes tombstones",
                false => "cannot be read, and becomes tombstones once the file is archived",
            }
        )?;
    }
    if plan.seals_active {
        writeln!(out, "the active file is sealed first, and goes, too")?;
    }
    Ok(())
}

fn name(key: &KeyPlan) -> String {
    if key.names.is_empty() {
        format!("class {}", key.class)
    } else {
        key.names.join(", ")
    }
}

fn decision(paint: Paint, decision: &Decision) -> String {
    match decision {
        Decision::Keep { until } => format!("kept until {until}"),
        Decision::KeepForEver => "kept for ever".to_owned(),
        Decision::UnknownClass => paint.warn(
            "kept: no such class is configured; write a [[retention]] of this name to say for how long",
        ),
        Decision::Held { by } => paint.warn(format_args!("held by {}", by.join(", "))),
        Decision::Destroy { since } => paint.bad(format_args!("goes: over since {since}")),
        Decision::Gone => paint.faint("gone"),
        _ => "kept".to_owned(),
    }
}

fn trust(paint: Paint, trust: TimeTrust) -> String {
    let days = |seconds: u64| counted(seconds / 86_400, "day", "days");
    match trust {
        TimeTrust::Trusted => "by the clock".to_owned(),
        TimeTrust::WentBack { seconds } => paint.warn(format_args!(
            "the clock went back by {} since it was last seen",
            days(seconds)
        )),
        TimeTrust::JumpedAhead { seconds } => paint.warn(format_args!(
            "the clock is {} ahead of when it was last seen; it is believed when it has gone on for a day, or with `apply --trust-clock`",
            days(seconds)
        )),
        _ => String::new(),
    }
}
