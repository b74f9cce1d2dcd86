//! What handing over an entry costs its caller, at a steady 10,000 a second.
//!
//! Beside tracing-appender logging the same entry as JSON, and beside the limit:
//! a ring queue whose consumer is never woken. Nanoseconds of one call, the clock
//! included; the entry is made before the time starts and moved in.

use std::time::Duration;

use anyhow::Result;
use symlog_benches::{
    Benchmark, Entry, Percentiles, RingQueue, Scratch, TracingJson, entries, paced,
};

const RATE: u32 = 10_000;

fn main() -> Result<()> {
    let benchmark = Benchmark::from_args();
    let length = benchmark.length();
    let entries = entries();

    let peer = tracing_appender(&entries, length)?;
    let limit = ring_queue(&entries, length);
    benchmark.note(format!("tracing-appender {peer:?}"));
    benchmark.note(format!("ring queue {limit:?}"));
    benchmark.finish()
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
