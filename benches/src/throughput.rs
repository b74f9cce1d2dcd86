//! Processor time per call, by criterion.
//!
//! The routines run on one thread and never wait, so that this is the time that
//! they take on an idle machine; on a shared one it does not count the neighbours.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{Criterion, Throughput as Per};
use serde::Deserialize;

use crate::{Benchmark, Scratch, processor_time};

/// Runs routines under criterion and hands back what it estimates.
pub struct Throughput {
    criterion: Criterion<ProcessorTime>,
    scratch: Scratch,
}

impl Throughput {
    /// As long as the benchmark wants it.
    ///
    /// # Errors
    ///
    /// When there is no room for criterion's files.
    pub fn new(benchmark: &Benchmark) -> Result<Self> {
        let scratch = Scratch::new()?;
        let (warm_up, length) = if benchmark.is_quick() {
            (200, 800)
        } else {
            (2_000, 8_000)
        };
        let criterion = Criterion::default()
            .with_measurement(ProcessorTime)
            .without_plots()
            .output_directory(scratch.folder())
            .sample_size(if benchmark.is_quick() { 10 } else { 50 })
            .warm_up_time(Duration::from_millis(warm_up))
            .measurement_time(Duration::from_millis(length));
        Ok(Self { criterion, scratch })
    }

    /// Nanoseconds of one call that works on `bytes`: the median.
    ///
    /// # Errors
    ///
    /// When criterion left no estimate.
    pub fn nanoseconds<R>(
        &mut self,
        group: &str,
        name: &str,
        bytes: usize,
        mut routine: impl FnMut() -> R,
    ) -> Result<f64> {
        let mut benchmarks = self.criterion.benchmark_group(group);
        benchmarks.throughput(Per::Bytes(bytes as u64));
        benchmarks.bench_function(name, |bencher| bencher.iter(&mut routine));
        benchmarks.finish();
        let path = Path::new(group).join(name).join("new/estimates.json");
        let path = self.scratch.folder().join(path);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let estimates: Estimates = serde_json::from_str(&text)?;
        Ok(estimates.median.point_estimate)
    }

    /// The same as MB/s, a megabyte being 10^6 bytes.
    ///
    /// # Errors
    ///
    /// When criterion left no estimate.
    pub fn megabytes<R>(
        &mut self,
        group: &str,
        name: &str,
        bytes: usize,
        routine: impl FnMut() -> R,
    ) -> Result<f64> {
        let nanoseconds = self.nanoseconds(group, name, bytes, routine)?;
        Ok(bytes as f64 * 1_000.0 / nanoseconds)
    }
}

impl std::fmt::Debug for Throughput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Throughput").finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Estimates {
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    point_estimate: f64,
}

struct ProcessorTime;

impl Measurement for ProcessorTime {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        processor_time()
    }

    fn end(&self, start: Duration) -> Duration {
        processor_time().saturating_sub(start)
    }

    fn add(&self, a: &Duration, b: &Duration) -> Duration {
        *a + *b
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        WallTime.to_f64(value)
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}
