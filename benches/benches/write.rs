//! Entries a second through the whole write path, into the page cache.
//!
//! Beside tracing and tracing-appender writing the same entries as plaintext
//! JSON, lossless. Every thread of both is pinned to one core, except in the row
//! that says otherwise. Time runs from the first call until the log is closed.

use std::time::Instant;

use anyhow::Result;
use symlog_benches::{Benchmark, Core, Entry, Scratch, TracingJson, entries, pin};

fn main() -> Result<()> {
    let benchmark = Benchmark::from_args();
    let count = if benchmark.is_quick() {
        30_000
    } else {
        300_000
    };
    let entries = entries();

    let peer = tracing_json(&entries, count, Core::One)?;
    let peer_2 = tracing_json(&entries, count, Core::All)?;
    benchmark.note(format!(
        "tracing + tracing-appender: one core {peer:.0} entries/s, all cores {peer_2:.0}"
    ));
    benchmark.finish()
}

fn tracing_json(entries: &[Entry], count: usize, cores: Core) -> Result<f64> {
    let pinned = pin(cores)?;
    let scratch = Scratch::new()?;
    let start = Instant::now();
    let logger = TracingJson::open(scratch.folder());
    logger.with(|| {
        entries
            .iter()
            .cycle()
            .take(count)
            .for_each(TracingJson::log)
    });
    logger.close();
    let taken = start.elapsed();
    drop(pinned);
    Ok(count as f64 / taken.as_secs_f64())
}
