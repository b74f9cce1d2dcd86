//! What the benchmarks share: the entries they write, the peers they run
//! beside, the processor they are pinned to, and the rows they report.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "printing is what a benchmark is for"
)]

mod corpus;
mod cpu;
mod disk;
mod entries;
mod latency;
mod ours;
mod regexes;
mod report;
mod ring_queue;
mod scratch;
mod seed_logger;
mod stopwatch;
mod throughput;
mod tracing_json;

pub use corpus::sparse;
pub use cpu::{Core, pin};
pub use disk::{Syncs, syncs};
pub use entries::{Entry, entries, machine_line};
pub use latency::{Percentiles, paced, percentiles};
pub use ours::{interaction, open};
pub use regexes::RegexMasker;
pub use report::{Benchmark, Row};
pub use ring_queue::RingQueue;
pub use scratch::Scratch;
pub use seed_logger::{SeedLogger, Steps};
pub use stopwatch::{Elapsed, Stopwatch, processor_time};
pub use throughput::Throughput;
pub use tracing_json::TracingJson;

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}
