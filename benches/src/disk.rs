//! What the disk can do, whoever writes to it.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::{Percentiles, percentiles};

/// Appends followed by one fdatasync each, one after another.
#[derive(Debug, Clone, Copy)]
pub struct Syncs {
    /// How long an append and its sync took.
    pub latency: Percentiles,
    /// How many a second.
    pub rate: f64,
}

/// Appends `bytes` and syncs, again and again for `length`.
///
/// # Errors
///
/// When the file cannot be written.
pub fn syncs(path: &Path, bytes: usize, length: Duration) -> Result<Syncs> {
    let batch = vec![b'x'; bytes];
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    let mut taken = Vec::new();
    let begin = Instant::now();
    while begin.elapsed() < length {
        let start = Instant::now();
        file.write_all(&batch)?;
        file.sync_data()?;
        taken.push(start.elapsed());
    }
    let rate = taken.len() as f64 / begin.elapsed().as_secs_f64();
    Ok(Syncs {
        latency: percentiles(taken),
        rate,
    })
}
