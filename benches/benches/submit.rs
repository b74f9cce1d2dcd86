//! What handing over an entry costs its caller, at a steady 10,000 a second.
//!
//! Beside tracing-appender logging the same entry as JSON, and beside the limit:
//! a ring queue whose consumer is never woken. Nanoseconds of one call, the clock
//! included; the entry is made before the time starts and moved in.

use std::time::Duration;

use anyhow::Result;
use symlog_benches::{
    Benchmark, Entry, Percentiles, RingQueue, Row, Scratch, TracingJson, entries, interaction,
    open, paced,
};
use symlog_core::Durability;
use symlog_pii::Profile;

const RATE: u32 = 10_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut benchmark = Benchmark::from_args();
    let length = benchmark.length();
    let entries = entries();

    let ours = ours(&entries, length).await?;
    let peer = tracing_appender(&entries, length)?;
    let limit = ring_queue(&entries, length);

    let peer_name = "tracing-appender";
    benchmark.row(
        Row::lower("submit/p50", ours.p50, peer_name, peer.p50, "ns")
            .at_most(100.0)
            .ratio_at_least(50.0),
    );
    benchmark.row(Row::lower("submit/p99", ours.p99, peer_name, peer.p99, "ns").at_most(1_000.0));
    let limit_name = "ring queue, no wake";
    benchmark.row(Row::lower(
        "submit/p50-limit",
        ours.p50,
        limit_name,
        limit.p50,
        "ns",
    ));
    benchmark.row(Row::lower(
        "submit/p99-limit",
        ours.p99,
        limit_name,
        limit.p99,
        "ns",
    ));
    benchmark.note(format!(
        "slowest of all: ours {:.0} ns, tracing-appender {:.0} ns, ring queue {:.0} ns",
        ours.max, peer.max, limit.max
    ));
    benchmark.finish()
}

async fn ours(entries: &[Entry], length: Duration) -> Result<Percentiles> {
    let scratch = Scratch::new()?;
    let logger = open(
        &scratch.path("ours.log"),
        Durability::Buffered,
        Profile::Default,
    )
    .await?;
    let mut next = entries.iter().cycle();
    let mut refused = 0;
    let taken = paced(
        RATE,
        length,
        || next.next().map(interaction),
        |interaction| {
            let receipt = interaction.map(|interaction| logger.submit(interaction));
            refused += usize::from(matches!(receipt, Some(Err(_))));
            receipt
        },
    );
    logger.close().await?;
    anyhow::ensure!(refused == 0, "{refused} entries were refused");
    Ok(taken)
}

fn tracing_appender(entries: &[Entry], length: Duration) -> Result<Percentiles> {
    let scratch = Scratch::new()?;
    let logger = TracingJson::open(scratch.folder());
    let mut next = entries.iter().cycle();
    let taken = logger.with(|| {
        paced(
            RATE,
            length,
            || next.next().cloned(),
            |entry| {
                if let Some(entry) = &entry {
                    TracingJson::log(entry);
                }
                entry
            },
        )
    });
    logger.close();
    Ok(taken)
}

fn ring_queue(entries: &[Entry], length: Duration) -> Percentiles {
    let queue = RingQueue::start(4_096);
    let mut next = entries.iter().cycle();
    let taken = paced(
        RATE,
        length,
        || next.next().cloned().map(Box::new),
        |entry| assert!(queue.push(entry), "the consumer fell behind"),
    );
    queue.close();
    taken
}
