use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::Remote;

/// What a writer meets when more than the ceiling waits to be shipped.
///
/// To drop what waits is none of the choices: it is the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AtCeiling {
    /// It waits until there is room.
    #[default]
    Block,
    /// It gets [`SinkError::SpoolFull`](crate::SinkError::SpoolFull).
    Reject,
    /// It goes on as long as there is room on the disk.
    Exceed,
}

/// Where a log is shipped to, and how.
#[derive(Clone, Debug)]
pub struct ShipOptions {
    /// What the sink is called in messages and in the name of its cursor: ASCII
    /// letters, digits and `-`.
    pub name: String,
    /// Where to.
    pub remote: Arc<dyn Remote>,
    /// Where it is noted how far the copy is; `None` where the log has no files.
    pub cursor: Option<PathBuf>,
    /// Bytes that are shipped at once, at most; also what is held in memory.
    pub part_bytes: usize,
    /// How long what was written waits for more to be shipped with it.
    pub interval: Duration,
    /// Bytes that may wait to be shipped; 0 for no limit.
    pub spool_bytes: u64,
    /// What happens when more do.
    pub at_ceiling: AtCeiling,
    /// How long the last writer's end waits for what is left.
    pub drain: Duration,
}

impl ShipOptions {
    /// Ships to `remote`, every ten seconds what was written, without a ceiling.
    pub fn new(name: impl Into<String>, remote: Arc<dyn Remote>) -> Self {
        Self {
            name: name.into(),
            remote,
            cursor: None,
            part_bytes: 8 << 20,
            interval: Duration::from_secs(10),
            spool_bytes: 0,
            at_ceiling: AtCeiling::default(),
            drain: Duration::from_secs(3),
        }
    }
}
