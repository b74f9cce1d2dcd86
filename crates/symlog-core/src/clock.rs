use std::fmt::Debug;
use std::time::SystemTime;

/// Where the logger takes the time from.
///
/// The log's order never depends on it: entries are ordered by sequence number, and a clock that
/// goes back gives timestamps that go back. Months, by which keys and retention go, never do.
pub trait Clock: Debug + Send + Sync {
    /// The present moment.
    fn now(&self) -> SystemTime;
}

/// The clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}
