use std::sync::Arc;

use symlog_sink::SinkError;

/// Why something of a log cannot be read. What was read before it stays valid, and reading may go
/// on behind it. Holds nothing of the content.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The log's files cannot be read.
    #[error(transparent)]
    Io(#[from] Arc<SinkError>),
    /// A line is not what was written.
    #[error(
        "{object}, line {line} (byte {offset}) is damaged: {why}; `symlog verify` says what else is, and a backup may hold the line"
    )]
    Damaged {
        /// The file, by its name.
        object: String,
        /// Counted from 1.
        line: u64,
        /// Counted from 0.
        offset: u64,
        /// What does not fit.
        why: String,
    },
    /// The log was written by a newer version.
    #[error("{object}, line {line}: {why}")]
    Newer {
        /// The file, by its name.
        object: String,
        /// Counted from 1.
        line: u64,
        /// Which part is unknown, and what to do.
        why: String,
    },
    /// The keys for an entry cannot be had.
    #[error("{object}, line {line} cannot be decrypted: {source}")]
    Key {
        /// The file, by its name.
        object: String,
        /// Counted from 1.
        line: u64,
        /// What the keyring said.
        #[source]
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// The entry outlived its retention: its key was destroyed.
    #[error("{object}, line {line}: {source}")]
    Expired {
        /// The file, by its name.
        object: String,
        /// Counted from 1.
        line: u64,
        /// Which class and segment.
        #[source]
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// What was read could not be written out.
    #[error("the output cannot be written: {0}")]
    Output(#[source] Arc<std::io::Error>),
}

/// What was read, if it is still there: what expired is passed over as if it had never been.
pub(crate) fn unless_expired<T>(
    read: Result<Option<T>, ReadError>,
) -> Result<Option<T>, ReadError> {
    match read {
        Err(ReadError::Expired { .. }) => Ok(None),
        read => read,
    }
}

impl From<SinkError> for ReadError {
    fn from(source: SinkError) -> Self {
        Self::Io(Arc::new(source))
    }
}

impl From<std::io::Error> for ReadError {
    fn from(source: std::io::Error) -> Self {
        Self::Output(Arc::new(source))
    }
}
