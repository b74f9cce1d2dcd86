use std::fmt;
use std::time::SystemTime;

/// How one copy of a log is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ShipStatus {
    /// The sink.
    pub name: String,
    /// The name that the log has there, once it is known.
    pub replica: Option<String>,
    /// What it is at.
    pub state: ShipState,
    /// Bytes that are only in the local log.
    pub waiting_bytes: u64,
    /// Since when there were always some.
    pub behind_since: Option<SystemTime>,
    /// Bytes shipped since the log was opened.
    pub shipped_bytes: u64,
    /// When some were shipped last.
    pub shipped_at: Option<SystemTime>,
    /// Time that it took to ship them, in all.
    pub busy: std::time::Duration,
    /// Attempts that failed since the log was opened.
    pub failures: u64,
    /// The last failure, for people.
    pub error: Option<String>,
}

/// What a shipper is at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ShipState {
    /// Nobody writes the log.
    #[default]
    Stopped,
    /// It finds out how far the copy is.
    Connecting,
    /// It ships what comes.
    Shipping,
    /// It waits before it tries again.
    Retrying,
}

impl fmt::Display for ShipState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stopped => "stopped",
            Self::Connecting => "connecting",
            Self::Shipping => "shipping",
            Self::Retrying => "retrying",
        })
    }
}

impl ShipStatus {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            replica: None,
            state: ShipState::default(),
            waiting_bytes: 0,
            behind_since: None,
            shipped_bytes: 0,
            shipped_at: None,
            busy: std::time::Duration::ZERO,
            failures: 0,
            error: None,
        }
    }
}
