use std::path::PathBuf;
use std::sync::Arc;

use symlog_crypto::CryptoError;
use symlog_keys::{KeyError, KeyringError};
use symlog_pii::BuildError;
use symlog_sink::SinkError;

use crate::config::ConfigError;
use crate::seal::{SealError, SecretsError};

/// Why something could not be logged. No variant holds a payload or a secret.
///
/// Cloning is cheap, because one failed batch is the failure of every entry in it.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoggingError {
    /// The key of the log could not be had, or does not fit the log.
    #[error("KeyManagementError: {message}")]
    KeyManagementError {
        /// What was tried, and what to do.
        message: String,
        /// What the store or the keyring said.
        #[source]
        source: Option<Arc<dyn std::error::Error + Send + Sync>>,
    },
    /// The log could not be read or written.
    #[error("IoError: {source}")]
    IoError {
        /// The operation, the path and the operating system's word.
        #[source]
        source: Arc<SinkError>,
    },
    /// The settings do not make sense, or not together.
    #[error("ConfigurationError: {message}")]
    ConfigurationError {
        /// What is wrong and what would be right.
        message: String,
        /// What the part said that refused its settings.
        #[source]
        source: Option<Arc<dyn std::error::Error + Send + Sync>>,
    },
    /// The entry could not be sealed. Nothing of it was written.
    #[error(
        "EncryptionFailed: the entry was not written, since it could not be encrypted: {source}"
    )]
    EncryptionFailed {
        /// What the crypto backend said.
        #[source]
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// The queue is full and the overflow policy is not to wait.
    #[error(
        "the entry was refused, since {queued} bytes are queued and the limit is {limit}: the disk is slower than the traffic; raise `queue_bytes` or set `overflow = \"block\"`"
    )]
    QueueFull {
        /// Bytes in the queue.
        queued: usize,
        /// The limit, `queue_bytes`.
        limit: usize,
    },
    /// The payload is larger than `max_entry_size` and the policy is to refuse it.
    #[error(
        "the entry was refused, since it has {bytes} bytes and `max_entry_size` is {limit}; raise it, or set `oversize = \"chunk\"`"
    )]
    TooLarge {
        /// Bytes of the payload.
        bytes: usize,
        /// The limit, `max_entry_size`.
        limit: usize,
    },
    /// A text that was to be read while the entry is handed over could not be read. What was read
    /// of it may stand in the log, as an entry without an end.
    #[error(
        "the entry was not written to its end, since its text could not be read: {source}; log it again"
    )]
    Source {
        /// What the reader said.
        #[source]
        source: Arc<std::io::Error>,
    },
    /// The logger was closed.
    #[error("the logger of this log is closed; open the log again to write to it")]
    Closed,
    /// The response names a request that this log does not hold.
    #[error(
        "no request {id} is known in this log; `log_response` takes the id that `log_request` returned"
    )]
    UnknownRequest {
        /// The id as given.
        id: String,
    },
    /// The response names a request of an earlier process, and this host may not read what it wrote.
    #[error(
        "the request {id} was logged by an earlier process, and with `recipients` this host cannot read to whom it belongs; name its subject or conversation: `Interaction::response_to(id).conversation(…)`"
    )]
    SealedRequest {
        /// The id as given.
        id: String,
    },
    /// The log holds what this version cannot continue.
    #[error("{}: {message}", path.display())]
    Unreadable {
        /// The log.
        path: PathBuf,
        /// What stands there, and what to do.
        message: String,
    },
    /// A thread of the logger could not be started, or has died.
    #[error("the logger's {thread} thread is not running: {message}")]
    Worker {
        /// Which thread.
        thread: &'static str,
        /// Why.
        message: String,
    },
}

impl LoggingError {
    pub(crate) fn key(
        message: impl Into<String>,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self::KeyManagementError {
            message: message.into(),
            source: Some(Arc::new(source)),
        }
    }

    pub(crate) fn encryption(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::EncryptionFailed {
            source: Arc::new(source),
        }
    }
}

impl From<SinkError> for LoggingError {
    fn from(source: SinkError) -> Self {
        Self::IoError {
            source: Arc::new(source),
        }
    }
}

impl From<CryptoError> for LoggingError {
    fn from(source: CryptoError) -> Self {
        Self::encryption(source)
    }
}

impl From<KeyringError> for LoggingError {
    fn from(source: KeyringError) -> Self {
        Self::key(source.to_string(), source)
    }
}

impl From<KeyError> for LoggingError {
    fn from(source: KeyError) -> Self {
        Self::key(source.to_string(), source)
    }
}

impl From<SealError> for LoggingError {
    fn from(source: SealError) -> Self {
        Self::encryption(source)
    }
}

impl From<SecretsError> for LoggingError {
    fn from(source: SecretsError) -> Self {
        Self::key(source.to_string(), source)
    }
}

impl From<ConfigError> for LoggingError {
    fn from(source: ConfigError) -> Self {
        Self::ConfigurationError {
            message: source.to_string(),
            source: Some(Arc::new(source)),
        }
    }
}

impl From<BuildError> for LoggingError {
    fn from(source: BuildError) -> Self {
        Self::ConfigurationError {
            message: source.to_string(),
            source: Some(Arc::new(source)),
        }
    }
}
