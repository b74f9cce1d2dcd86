use std::error::Error;
use std::time::Duration;

use symlog_crypto::CryptoError;
use thiserror::Error;

use crate::keychain::KeychainError;
use crate::private_file::FileError;

/// What the implementer of a store found out; it must hold no secret.
pub type StoreErrorSource = Box<dyn Error + Send + Sync>;

/// Why a secret store could not be used. "Not found" is no error.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Nobody answers, or not in the expected protocol.
    #[error("{store} cannot be reached; check its address, the network and whether it is running")]
    Unreachable {
        /// The store, as it describes itself.
        store: String,
        /// What was found out.
        #[source]
        source: Option<StoreErrorSource>,
    },
    /// It answers, and says no.
    #[error("{store} denies access; check the credentials and the policy they have")]
    Denied {
        /// The store, as it describes itself.
        store: String,
        /// What was found out.
        #[source]
        source: Option<StoreErrorSource>,
    },
    /// It took too long.
    #[error("{store} gave no answer within {:.1} s", limit.as_secs_f32())]
    TimedOut {
        /// The store, as it describes itself.
        store: String,
        /// The bound.
        limit: Duration,
    },
    /// What it holds cannot be read.
    #[error("{store}: {what}")]
    Damaged {
        /// The store, as it describes itself.
        store: String,
        /// What does not fit.
        what: &'static str,
    },
    /// It is encrypted, and the key given is another one.
    #[error("{store} cannot be decrypted: the key is another one, or the file was altered")]
    WrongKey {
        /// The store, as it describes itself.
        store: String,
    },
    /// The key of an encrypted store is not where its configuration says.
    #[error("the key of {store} was not found: {what}")]
    NoKey {
        /// The store, as it describes itself.
        store: String,
        /// Where it was looked for.
        what: String,
    },
    /// The configuration cannot be used.
    #[error("[security.secrets]: {what}")]
    Configuration {
        /// What has to be changed.
        what: String,
    },
    /// This build has no such store.
    #[error("this build has no support for {what}; build with feature `{feature}`")]
    NotBuiltIn {
        /// What is missing.
        what: &'static str,
        /// The Cargo feature that brings it.
        feature: &'static str,
    },
    /// A file failed, or its permissions are too wide.
    #[error(transparent)]
    File(#[from] FileError),
    /// The OS keychain failed.
    #[error(transparent)]
    Keychain(#[from] KeychainError),
    /// A cryptographic operation failed that does not depend on what is stored.
    #[error("the secret store could not be encrypted")]
    Crypto(#[from] CryptoError),
}
