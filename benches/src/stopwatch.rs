//! Time by the wall and time on a processor.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// What the process has used on all processors together.
pub fn processor_time() -> Duration {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        used.tv_sec.try_into().unwrap_or(0),
        used.tv_nsec.try_into().unwrap_or(0),
    )
}

/// Started when the work begins.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch {
    wall: Instant,
    processor: Duration,
}

/// What the work took.
#[derive(Debug, Clone, Copy)]
pub struct Elapsed {
    /// By the clock on the wall.
    pub wall: Duration,
    /// On all processors together: on one core of an idle machine the same.
    pub processor: Duration,
}

impl Stopwatch {
    /// Starts.
    pub fn start() -> Self {
        Self {
            wall: Instant::now(),
            processor: processor_time(),
        }
    }

    /// Stops.
    pub fn stop(self) -> Elapsed {
        Elapsed {
            wall: self.wall.elapsed(),
            processor: processor_time().saturating_sub(self.processor),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_takes_processor_time() {
        let stopwatch = Stopwatch::start();
        while stopwatch.stop().processor < Duration::from_millis(2) {}
        assert!(stopwatch.stop().wall > Duration::ZERO);
    }
}
