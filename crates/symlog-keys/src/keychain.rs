//! The keychain of the operating system, always within a second.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use symlog_crypto::SecretBytes;
use thiserror::Error;

use crate::blocking::{self, Stopped};

/// A locked keychain that opens a dialogue nobody sees must not hold a server up.
pub(crate) const LIMIT: Duration = Duration::from_secs(1);

/// Why the OS keychain could not be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KeychainError {
    /// This machine, or this session, has none.
    #[error(
        "there is no OS keychain in this session ({reason}); on Linux it needs a D-Bus session with a Secret Service such as gnome-keyring"
    )]
    Absent {
        /// What the platform said.
        reason: String,
    },
    /// It is there and does not give the secret out.
    #[error("the OS keychain is locked or denies access ({reason}); unlock it and try again")]
    Locked {
        /// What the platform said.
        reason: String,
    },
    /// It did not answer within a second.
    #[error("the OS keychain gave no answer within a second; it may be waiting to be unlocked")]
    TimedOut,
    /// It answered, and the entry cannot be used.
    #[error("the OS keychain's entry for {service}/{account} cannot be used: {reason}")]
    Unusable {
        /// Service.
        service: String,
        /// Account.
        account: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// This build has no support for it.
    #[error("this build has no support for the OS keychain; build with feature `keychain`")]
    NotBuiltIn,
}

impl KeychainError {
    /// Whether there is no keychain at all, as against one that may hold the key and keeps it.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent { .. } | Self::NotBuiltIn)
    }
}

/// A keychain: secrets by service and account. Calls may block; the callers here bound them.
pub trait Keychain: fmt::Debug + Send + Sync {
    /// The secret, `None` when there is none of that name.
    ///
    /// # Errors
    /// When the keychain cannot tell.
    fn get(&self, service: &str, account: &str) -> Result<Option<SecretBytes>, KeychainError>;

    /// Stores a secret, replacing the one of that name.
    ///
    /// # Errors
    /// When it was not stored.
    fn set(&self, service: &str, account: &str, secret: &SecretBytes) -> Result<(), KeychainError>;

    /// Removes a secret; one that is not there is no error.
    ///
    /// # Errors
    /// When it may still be there.
    fn delete(&self, service: &str, account: &str) -> Result<(), KeychainError>;
}

/// The keychain of this machine.
#[must_use]
pub fn system_keychain() -> Arc<dyn Keychain> {
    #[cfg(feature = "keychain")]
    return Arc::new(native::NativeKeychain);
    #[cfg(not(feature = "keychain"))]
    Arc::new(NoKeychain)
}

/// A keychain that is not there: for tests, and for programs that must not touch the user's.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoKeychain;

impl Keychain for NoKeychain {
    fn get(&self, _: &str, _: &str) -> Result<Option<SecretBytes>, KeychainError> {
        Err(KeychainError::NotBuiltIn)
    }

    fn set(&self, _: &str, _: &str, _: &SecretBytes) -> Result<(), KeychainError> {
        Err(KeychainError::NotBuiltIn)
    }

    fn delete(&self, _: &str, _: &str) -> Result<(), KeychainError> {
        Err(KeychainError::NotBuiltIn)
    }
}

/// Runs one call on a thread of its own and waits a second for it.
pub(crate) fn bounded<T: Send + 'static>(
    keychain: &Arc<dyn Keychain>,
    call: impl FnOnce(&dyn Keychain) -> Result<T, KeychainError> + Send + 'static,
) -> Result<T, KeychainError> {
    let keychain = Arc::clone(keychain);
    match blocking::spawn("symlog-keychain", move || call(&*keychain)).wait(LIMIT) {
        Ok(answer) => answer,
        Err(Stopped::TimedOut) => Err(KeychainError::TimedOut),
        Err(Stopped::Failed) => Err(KeychainError::Absent {
            reason: "its client failed".to_owned(),
        }),
    }
}

#[cfg(feature = "keychain")]
mod native {
    use keyring::{Entry, Error};
    use symlog_crypto::SecretBytes;

    use super::{Keychain, KeychainError};

    /// The name of the error with which D-Bus keeps somebody out.
    const DENIED: &str = "org.freedesktop.DBus.Error.AccessDenied";

    /// Secret Service on Linux, Keychain on macOS, Credential Manager on Windows.
    #[derive(Debug)]
    pub(super) struct NativeKeychain;

    fn entry(service: &str, account: &str) -> Result<Entry, KeychainError> {
        if let Err(error) = Entry::store_status() {
            return Err(unavailable(error));
        }
        Entry::new(service, account).map_err(|error| classify(error, service, account))
    }

    /// Why there is no keychain to ask. A bus that does not let this user through is not one without a keychain:
    /// the key may be there.
    fn unavailable(error: &Error) -> KeychainError {
        let (reason, denied) = match error {
            Error::NoStorageAccess(source) => (source.to_string(), true),
            Error::PlatformFailure(source) => {
                let reason = source.to_string();
                let denied = reason.contains(DENIED);
                (reason, denied)
            }
            Error::Invalid(..) => ("this platform has none".to_owned(), false),
            _ => ("it could not be opened".to_owned(), false),
        };
        if denied {
            KeychainError::Locked { reason }
        } else {
            KeychainError::Absent { reason }
        }
    }

    /// By hand, because `Display` and `Debug` of some of these errors print the secret.
    fn classify(error: Error, service: &str, account: &str) -> KeychainError {
        let unusable = |reason| KeychainError::Unusable {
            service: service.to_owned(),
            account: account.to_owned(),
            reason,
        };
        match error {
            Error::PlatformFailure(source) => KeychainError::Absent {
                reason: source.to_string(),
            },
            Error::NoStorageAccess(source) => KeychainError::Locked {
                reason: source.to_string(),
            },
            Error::NoDefaultStore => KeychainError::Absent {
                reason: "no store for this platform".to_owned(),
            },
            Error::BadEncoding(_) => unusable("it is not text"),
            Error::BadDataFormat(..) | Error::BadStoreFormat(_) => {
                unusable("it is not in the platform's format")
            }
            Error::TooLong(..) => unusable("a name is too long for the platform"),
            Error::Invalid(..) => unusable("a name is not valid on the platform"),
            Error::Ambiguous(_) => unusable("there is more than one"),
            _ => unusable("the platform does not support it"),
        }
    }

    impl Keychain for NativeKeychain {
        fn get(&self, service: &str, account: &str) -> Result<Option<SecretBytes>, KeychainError> {
            match entry(service, account)?.get_secret() {
                Ok(secret) => Ok(Some(SecretBytes::new(secret))),
                Err(Error::NoEntry) => Ok(None),
                Err(error) => Err(classify(error, service, account)),
            }
        }

        fn set(
            &self,
            service: &str,
            account: &str,
            secret: &SecretBytes,
        ) -> Result<(), KeychainError> {
            entry(service, account)?
                .set_secret(secret.expose())
                .map_err(|error| classify(error, service, account))
        }

        fn delete(&self, service: &str, account: &str) -> Result<(), KeychainError> {
            match entry(service, account)?.delete_credential() {
                Ok(()) | Err(Error::NoEntry) => Ok(()),
                Err(error) => Err(classify(error, service, account)),
            }
        }
    }
}
