use parking_lot::Mutex;
use symlog_pii::Counts;

/// What a logger has done since it was opened.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Entry lines appended.
    pub entries: u64,
    /// Bytes appended, control lines included.
    pub bytes: u64,
    /// Entries that could not be logged at the durability asked for.
    pub failed: u64,
    /// Entries that the overflow policy dropped.
    pub dropped: u64,
    /// Number of syncs.
    pub syncs: u64,
    /// What was masked, by type and rule.
    pub masked: Counts,
}

/// The counters behind [`Stats`]; touched once a batch, never on the caller's thread.
#[derive(Debug, Default)]
pub(crate) struct Counters(Mutex<Stats>);

impl Counters {
    pub(crate) fn update(&self, change: impl FnOnce(&mut Stats)) {
        change(&mut self.0.lock());
    }

    /// Bytes appended.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.lock().bytes
    }

    pub(crate) fn snapshot(&self) -> Stats {
        self.0.lock().clone()
    }
}
