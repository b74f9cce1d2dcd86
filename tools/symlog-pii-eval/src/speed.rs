//! Megabytes a second on one core.

use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use symlog_pii::{Counts, Masker, Profile};

use crate::data;

/// The best of five passes over each corpus, for each profile.
pub(crate) fn print(data: &Path) -> Result<()> {
    println!("\n| corpus | profile | MB/s |\n|---|---|---|");
    for corpus in ["sparse", "clean"] {
        let texts = data::corpus(data, corpus)?;
        let bytes: usize = texts.iter().map(String::len).sum();
        for profile in [Profile::Seed, Profile::Default, Profile::Hipaa] {
            let name = profile.to_string();
            let masker = Masker::builder().profile(profile).build()?;
            let best = (0..5)
                .map(|_| {
                    let begun = Instant::now();
                    let mut counts = Counts::new();
                    let masked: usize = texts
                        .iter()
                        .map(|text| masker.mask(text, &mut counts).len())
                        .sum();
                    std::hint::black_box(masked);
                    begun.elapsed().as_secs_f64()
                })
                .fold(f64::MAX, f64::min);
            println!("| {corpus} | {name} | {:.0} |", bytes as f64 / 1e6 / best);
        }
    }
    Ok(())
}
