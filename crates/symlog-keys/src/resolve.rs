//! Which key a log is opened with, and why not another one. See [`resolve`].

mod generated;
mod replace;
mod sources;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use symlog_crypto::{CryptoProvider, default_provider};
use thiserror::Error;

pub use self::replace::replace_key;
use self::sources::Search;
use crate::blocking::{self, Stopped};
use crate::environment::Environment;
use crate::keychain::{Keychain, KeychainError, system_keychain};
use crate::private_file::FileError;
use crate::store::{SecretStore, StoreError};
use crate::{KeyWrap, LoggingKey};

/// All sources together give an answer within this.
const LIMIT: Duration = Duration::from_secs(15);

/// What is asked for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct KeyRequest {
    /// The name of the key in every store: `symbiont/logging/encryption_key`.
    pub name: String,
    /// The environment variable that comes after the secret store.
    pub env: Option<String>,
    /// The secret store, which comes first.
    pub store: Option<Arc<dyn SecretStore>>,
    /// The store could not even be opened, and why: it counts as one that cannot be reached.
    pub store_failed: Option<String>,
    /// What wraps the key of an unlock slot, so that no logging key is needed: asked before anything else.
    pub wrap: Option<Arc<dyn KeyWrap>>,
    /// The keyring, which has what `wrap` wrapped; none where the key of a new log is to be wrapped.
    pub keyring: Option<PathBuf>,
    /// Use the first source that is configured or none.
    pub strict: bool,
    /// There is a log already, so a new key would not fit it.
    pub log_exists: bool,
    /// Where variables are looked up.
    pub environment: Environment,
    /// The keychain to ask.
    pub keychain: Arc<dyn Keychain>,
    /// Where generated keys are kept; `SYMLOG_KEY_DIR` and the user's data directory when absent.
    pub key_dir: Option<PathBuf>,
    /// Where a generated key comes from.
    pub provider: CryptoProvider,
}

impl KeyRequest {
    /// A key by its name, from this machine's environment and keychain, for a log that does not exist yet.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            env: None,
            store: None,
            store_failed: None,
            wrap: None,
            keyring: None,
            strict: false,
            log_exists: false,
            environment: Environment::process(),
            keychain: system_keychain(),
            key_dir: None,
            provider: default_provider(),
        }
    }
}

/// Where a key can come from, in the order they are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeySource {
    /// An unlock slot whose key this service wraps, as it describes itself.
    Wrapped(String),
    /// The secret store, as it describes itself.
    Store(String),
    /// An environment variable.
    Environment(String),
    /// The OS keychain.
    Keychain,
    /// Generated here, now or earlier, and kept in this file.
    GeneratedFile(PathBuf),
    /// Generated here and now, and kept in the OS keychain.
    GeneratedKeychain,
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrapped(description) => write!(f, "unlock slot wrapped by {description}"),
            Self::Store(description) => write!(f, "secret store ({description})"),
            Self::Environment(variable) => write!(f, "environment variable {variable}"),
            Self::Keychain => f.write_str("OS keychain"),
            Self::GeneratedFile(path) => write!(f, "generated key in {}", path.display()),
            Self::GeneratedKeychain => f.write_str("generated key in the OS keychain"),
        }
    }
}

/// A source that was asked and did not give the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedOver {
    /// Which.
    pub source: KeySource,
    /// Why, for people. Holds no secret.
    pub reason: String,
}

impl fmt::Display for PassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.source, self.reason)
    }
}

/// A key and how it was found.
#[derive(Debug)]
pub struct ResolvedKey {
    /// The key.
    pub key: LoggingKey,
    /// Where it comes from.
    pub source: KeySource,
    /// The sources before it, in order.
    pub passed_over: Vec<PassedOver>,
    /// What the user should know: a store that could not be reached, a key that was generated and where it is.
    pub warnings: Vec<String>,
}

/// Why there is no key.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Nobody has it, and a new one must not be made.
    #[error("no key {name:?} was found, and {why}; asked: {}", list(passed_over))]
    NotFound {
        /// The key.
        name: String,
        /// Why none was generated.
        why: &'static str,
        /// Every source that was asked.
        passed_over: Vec<PassedOver>,
    },
    /// Strict, and the one source that counts failed.
    #[error("Failed to retrieve logging encryption key from SecretStore")]
    Store {
        /// The store's answer.
        #[source]
        source: StoreError,
    },
    /// What a source holds is no key.
    #[error("the key in the {from} is empty; store a passphrase there, or base64: and 32 bytes")]
    Empty {
        /// The source.
        from: KeySource,
    },
    /// A key of this source can only be changed by whoever manages the source.
    #[error(
        "the key comes from the {from}, which only you can change; give the new key with --new-key-env or --new-key-file, and change the source yourself"
    )]
    NotOurs {
        /// The source.
        from: KeySource,
    },
    /// A source did not take the new key.
    #[error("the new key could not be stored in the {from}; the old one is still in use")]
    NotReplaced {
        /// The source.
        from: KeySource,
        /// Why.
        #[source]
        source: StoreError,
    },
    /// A generated key could not be kept.
    #[error(
        "a key was generated but could not be stored; set {} to a directory that can be written",
        generated::DIRECTORY_VARIABLE
    )]
    NotStored(#[source] FileError),
    /// `[security.secrets]` cannot be used.
    #[error(transparent)]
    Configuration(#[from] StoreError),
    /// A generated key that is there cannot be read.
    #[error("the generated key cannot be read")]
    NotRead(#[source] FileError),
    /// There is no place for a generated key.
    #[error(
        "a generated key has no place to be kept: set {}, or HOME",
        generated::DIRECTORY_VARIABLE
    )]
    NoPlace,
    /// Strict, and the keychain that counts failed.
    #[error("the key could not be read from the OS keychain")]
    Keychain(#[source] KeychainError),
    /// No randomness for a new key.
    #[error("a key could not be generated")]
    Random(#[from] symlog_crypto::CryptoError),
    /// All sources together took too long.
    #[error("no source of keys answered within {} s", LIMIT.as_secs())]
    TimedOut,
    /// The search itself failed.
    #[error(
        "the search for the key failed; no thread could be started, or a secret store panicked"
    )]
    Failed,
}

fn list(passed_over: &[PassedOver]) -> String {
    let all: Vec<_> = passed_over.iter().map(ToString::to_string).collect();
    all.join("; ")
}

/// Finds the key of a log: secret store, variable, OS keychain, `SYMBIONT_MASTER_KEY`, generated.
///
/// A source that says "not found" is passed over. A secret store that cannot be reached, or denies access, is
/// passed over with a warning, but then no key is generated: the real one may be in there. The same holds for a
/// keychain that is locked. For a log that exists none is generated either, because it would not fit. With
/// `strict` only the first source that is configured counts.
///
/// # Errors
/// [`KeyError`] when there is none, after 15 seconds at the latest.
pub async fn resolve(request: KeyRequest) -> Result<ResolvedKey, KeyError> {
    match blocking::spawn("symlog-key", move || search(&request)).await {
        Ok(result) => result,
        Err(Stopped::TimedOut) => Err(KeyError::TimedOut),
        Err(Stopped::Failed) => Err(KeyError::Failed),
    }
}

/// The same for callers that are not async, inside and outside of any runtime. Blocks this thread.
///
/// # Errors
/// As for [`resolve`].
pub fn resolve_blocking(request: KeyRequest) -> Result<ResolvedKey, KeyError> {
    let task = blocking::spawn("symlog-key", move || search(&request));
    match task.wait(LIMIT + Duration::from_secs(1)) {
        Ok(result) => result,
        Err(Stopped::TimedOut) => Err(KeyError::TimedOut),
        Err(Stopped::Failed) => Err(KeyError::Failed),
    }
}

fn search(request: &KeyRequest) -> Result<ResolvedKey, KeyError> {
    Search::new(request).run()
}
