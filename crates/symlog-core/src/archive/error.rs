use symlog_crypto::{AeadError, CryptoError};
use symlog_keys::KeyringError;
use symlog_sink::SinkError;

use crate::seal::SecretsError;

/// Why an archive could not be made or read. No variant holds a payload or a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// A line is none of this format, or was changed.
    #[error("line {line} cannot be archived: {why}; run `symlog verify`")]
    Line {
        /// Counted from 1 in its object.
        line: u64,
        /// What is wrong with it.
        why: &'static str,
    },
    /// What was sealed does not open: the files were changed, or belong elsewhere.
    #[error(
        "{what} does not open: the archive was changed or belongs to another log; bring it back from a copy"
    )]
    Sealed {
        /// Which part.
        what: &'static str,
    },
    /// The keys of what was sealed have been destroyed: it was erased or has expired.
    #[error("its keys have been destroyed: it was erased or has expired")]
    Gone,
    /// The keys of a segment cannot be had.
    #[error("the keys of segment {segment} cannot be had: {source}")]
    Keys {
        /// The segment.
        segment: u64,
        /// What the keyring said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The crypto backend refused.
    #[error("the archive could not be sealed: {0}")]
    Crypto(#[from] CryptoError),
    /// An AEAD refused to seal.
    #[error("the archive could not be sealed")]
    Seal(#[from] AeadError),
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] SinkError),
}

impl ArchiveError {
    pub(super) fn keys(segment: u64, error: SecretsError) -> Self {
        match error {
            SecretsError::Keyring(KeyringError::Destroyed { .. })
            | SecretsError::Expired { .. }
            | SecretsError::NoClass { .. } => Self::Gone,
            error => Self::Keys {
                segment,
                source: Box::new(error),
            },
        }
    }
}
