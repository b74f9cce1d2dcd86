//! What one call costs its caller, when calls come at a steady pace.

use std::hint;
use std::time::{Duration, Instant};

/// Percentiles of a latency, in nanoseconds, the clock's own cost included.
#[derive(Debug, Clone, Copy)]
pub struct Percentiles {
    /// Half of the calls took no longer.
    pub p50: f64,
    /// 99 of 100 took no longer.
    pub p99: f64,
    /// All took no longer.
    pub max: f64,
}

/// Calls `call` at `rate` a second for `length` and times each. What a call
/// consumes is made by `prepare` in the pause before it, and what it returns is
/// dropped after it, both outside the time.
///
/// The pause is spent spinning: a sleep would wake up late, and on a colder core.
pub fn paced<T, R>(
    rate: u32,
    length: Duration,
    mut prepare: impl FnMut() -> T,
    mut call: impl FnMut(T) -> R,
) -> Percentiles {
    let pace = Duration::from_secs(1) / rate;
    let calls = (length.as_secs_f64() * f64::from(rate)) as usize;
    let warm_up = calls / 10;
    let mut taken = Vec::with_capacity(calls + warm_up);
    let begin = Instant::now();
    let mut due = begin;
    for _ in 0..calls + warm_up {
        let input = prepare();
        due += pace;
        while Instant::now() < due {
            hint::spin_loop();
        }
        let start = Instant::now();
        let result = call(input);
        taken.push(start.elapsed());
        drop(result);
    }
    percentiles(taken.split_off(warm_up))
}

/// Percentiles of what was measured elsewhere; zero when nothing was.
pub fn percentiles(mut taken: Vec<Duration>) -> Percentiles {
    taken.sort_unstable();
    let at = |share: f64| {
        let index = ((taken.len() as f64 * share).ceil() as usize).saturating_sub(1);
        taken.get(index).map_or(0.0, |time| time.as_nanos() as f64)
    };
    Percentiles {
        p50: at(0.50),
        p99: at(0.99),
        max: at(1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_nearest_rank() {
        let taken = (1..=200).rev().map(Duration::from_nanos).collect();
        let Percentiles { p50, p99, max } = percentiles(taken);
        assert_eq!((p50, p99, max), (100.0, 198.0, 200.0));
        assert_eq!(percentiles(Vec::new()).p99, 0.0);
    }
}
