//! Megabytes a second on one core.

use std::path::Path;
use std::sync::LazyLock;
use std::time::Instant;

use anyhow::Result;
use symlog_pii::{Counts, Masker, Profile};

use crate::data;

/// How long each run takes at least: the system may count processor time in steps of 4 ms.
const RUN: f64 = 0.2;

/// The median of five runs over each corpus, for each profile.
pub(crate) fn print(data: &Path, only: Option<&str>) -> Result<()> {
    println!("\n| corpus | profile | MB/s |\n|---|---|---|");
    for corpus in ["sparse", "clean"] {
        let texts = data::corpus(data, corpus)?;
        let bytes: usize = texts.iter().map(String::len).sum();
        for profile in [Profile::Seed, Profile::Default, Profile::Hipaa] {
            let name = profile.to_string();
            if only.is_some_and(|only| only != name) {
                continue;
            }
            let masker = Masker::builder().profile(profile).build()?;
            let speed = bytes as f64 / 1e6 / median(&masker, &texts);
            println!("| {corpus} | {name} | {speed:.0} |");
        }
    }
    by_rules(data, only)
}

/// The same over the sparse corpus, for one in so many of the rules.
fn by_rules(data: &Path, only: Option<&str>) -> Result<()> {
    println!("\n| rules | profile | MB/s |\n|---|---|---|");
    let texts = data::corpus(data, "sparse")?;
    let bytes: usize = texts.iter().map(String::len).sum();
    for profile in [Profile::Default, Profile::Hipaa] {
        let name = profile.to_string();
        if only.is_some_and(|only| only != name) {
            continue;
        }
        let (_, all) = Masker::of_some_rules(profile.clone(), 1)?;
        for step in [all / 50, all / 500, 1] {
            let (masker, rules) = Masker::of_some_rules(profile.clone(), step)?;
            let speed = bytes as f64 / 1e6 / median(&masker, &texts);
            println!("| {rules} | {name} | {speed:.0} |");
        }
    }
    Ok(())
}

/// Seconds that one pass takes, the median of five runs.
fn median(masker: &Masker, texts: &[String]) -> f64 {
    let mut passes: Vec<f64> = (0..5).map(|_| seconds_a_pass(masker, texts)).collect();
    passes.sort_by(f64::total_cmp);
    passes[passes.len() / 2]
}

fn seconds_a_pass(masker: &Masker, texts: &[String]) -> f64 {
    let begun = processor_time();
    let mut passes = 0.0;
    loop {
        let mut counts = Counts::new();
        let masked: usize = texts
            .iter()
            .map(|text| masker.mask(text, &mut counts).len())
            .sum();
        std::hint::black_box(masked);
        passes += 1.0;
        let run = processor_time() - begun;
        if run >= RUN {
            return run / passes;
        }
    }
}

/// Seconds that this thread has run, or that have passed where the system does not say.
fn processor_time() -> f64 {
    static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let run = stat.split(' ').next().and_then(|ns| ns.parse::<f64>().ok());
    run.map_or_else(|| BEGUN.elapsed().as_secs_f64(), |ns| ns / 1e9)
}
