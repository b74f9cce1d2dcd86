use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;

use crate::{SinkError, Storage};

/// A place that holds copies of many logs: a bucket, a stream, a topic.
pub trait Remote: Debug + Send + Sync {
    /// The log that goes under `name` there. Nothing is read or created yet.
    ///
    /// # Errors
    ///
    /// [`SinkError::InvalidName`] if [`check_log_name`] does not accept it.
    fn log(&self, name: &str) -> Result<Arc<dyn Storage>, SinkError>;

    /// The names of all logs there are, in order.
    ///
    /// # Errors
    ///
    /// Where the place cannot be listed.
    fn logs(&self) -> Result<Vec<String>, SinkError>;

    /// Tries out what shipping relies on: that the place can be written, gives
    /// back what was written, and refuses to write the same thing twice.
    ///
    /// # Errors
    ///
    /// [`SinkError::Unconditional`] if it does not refuse; anything else where
    /// it cannot be reached, written or read.
    fn probe(&self) -> Result<(), SinkError>;

    /// The address, for messages, without credentials.
    fn address(&self) -> PathBuf;
}

/// Whether `name` may name a log in a [`Remote`]: 1 to 100 bytes of ASCII
/// letters, digits, `-` and `_`.
///
/// # Errors
///
/// [`SinkError::InvalidName`] for any other text.
pub fn check_log_name(name: &str) -> Result<(), SinkError> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'~');
    if (1..=100).contains(&name.len()) && name.bytes().all(is_plain) {
        return Ok(());
    }
    Err(SinkError::InvalidName {
        name: name.to_owned(),
        reason: "the name of a log is 1 to 100 ASCII letters, digits, `-` and `_`",
    })
}
