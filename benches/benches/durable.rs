//! 64 concurrent callers, each waiting until its entry survives a power cut.

use std::time::Duration;

use anyhow::Result;
use symlog_benches::{Benchmark, Scratch, syncs};

/// Bytes of a line that holds one entry: both payloads in base64, and the rest.
const LINE: usize = 5_200;

fn main() -> Result<()> {
    let benchmark = Benchmark::from_args();
    let scratch = Scratch::new()?;
    let length = Duration::from_secs(1);
    for bytes in [256, LINE, 32 * LINE, 64 * LINE] {
        let syncs = syncs(&scratch.path("disk"), bytes, length)?;
        benchmark.note(format!("{bytes} B: {syncs:?}"));
    }
    benchmark.finish()
}
