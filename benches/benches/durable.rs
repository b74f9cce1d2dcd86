//! 64 concurrent callers, each waiting until its entry survives a power cut.
//!
//! Beside the less of two limits measured in the same run: the rate at which
//! entries reach the page cache, and what the disk syncs when all 64 waiting entries
//! go into one write and fdatasync.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use symlog_benches::{
    Benchmark, Entry, Percentiles, Row, Scratch, Syncs, entries, interaction, open, percentiles,
    syncs,
};
use symlog_core::Durability;
use symlog_core::logging::ModelLogger;
use symlog_pii::Profile;

const CALLERS: usize = 64;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let mut benchmark = Benchmark::from_args();
    let length = benchmark.length();
    let entries: Arc<[Entry]> = entries().into();

    let buffered = callers(&entries, Durability::Buffered, length).await?;
    let durable = callers(&entries, Durability::Batch, length).await?;
    let batch = durable.entries_a_sync.round().max(1.0);
    let full = disk(durable.bytes * CALLERS as f64, length)?;
    let same = disk(durable.bytes * batch, length)?;

    let bandwidth = full.rate * CALLERS as f64;
    let (against, limit) = if bandwidth < buffered.rate {
        ("fdatasync of 64 entries", bandwidth)
    } else {
        ("ours, buffered", buffered.rate)
    };
    benchmark.row(
        Row::higher("durable/rate", durable.rate, against, limit, "entries/s").ratio_at_least(0.8),
    );
    let of_batch = format!("fdatasync of {batch} entries");
    let acknowledged = durable.latency.p50 / 1_000.0;
    benchmark.row(
        Row::lower(
            "durable/ack-p50",
            acknowledged,
            &of_batch,
            same.latency.p50 / 1_000.0,
            "us",
        )
        .ratio_at_least(0.5),
    );
    benchmark.note(format!(
        "buffered {:.0} entries/s; durable {:.0} entries/s, p99 {:.0} us, {:.1} entries a sync; disk {:.0} entries/s",
        buffered.rate,
        durable.rate,
        durable.latency.p99 / 1_000.0,
        durable.entries_a_sync,
        bandwidth,
    ));
    benchmark.finish()
}

/// What 64 callers saw.
struct Seen {
    rate: f64,
    latency: Percentiles,
    entries_a_sync: f64,
    /// Bytes of the file for one entry.
    bytes: f64,
}

async fn callers(entries: &Arc<[Entry]>, durability: Durability, length: Duration) -> Result<Seen> {
    let scratch = Scratch::new()?;
    let logger = open(&scratch.path("ours.log"), durability, Profile::Default).await?;
    let begin = Instant::now();
    let tasks: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let (logger, entries) = (logger.clone(), Arc::clone(entries));
            tokio::spawn(
                async move { caller_loop(&logger, &entries[caller..], begin, length).await },
            )
        })
        .collect();
    let mut taken = Vec::new();
    for task in tasks {
        taken.extend(task.await.context("a caller panicked")??);
    }
    let elapsed = begin.elapsed().as_secs_f64();
    let stats = logger.stats();
    logger.close().await?;
    let count = taken.len() as f64;
    Ok(Seen {
        rate: count / elapsed,
        latency: percentiles(taken),
        entries_a_sync: count / (stats.syncs as f64).max(1.0),
        bytes: stats.bytes as f64 / count,
    })
}

async fn caller_loop(
    logger: &ModelLogger,
    entries: &[Entry],
    begin: Instant,
    length: Duration,
) -> Result<Vec<Duration>> {
    let mut taken = Vec::new();
    for entry in entries.iter().cycle() {
        if begin.elapsed() >= length {
            break;
        }
        let interaction = interaction(entry);
        let start = Instant::now();
        logger.submit_async(interaction).await?.await?;
        taken.push(start.elapsed());
    }
    Ok(taken)
}

fn disk(bytes: f64, length: Duration) -> Result<Syncs> {
    let scratch = Scratch::new()?;
    syncs(&scratch.path("disk"), bytes as usize, length)
}
