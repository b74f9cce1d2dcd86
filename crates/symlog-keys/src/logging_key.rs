use std::fmt;
use std::path::Path;

use symlog_crypto::{Key, SecretBytes, SecureRandom};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::base64;
use crate::key_wrap::KeyWrap;
use crate::private_file::{self, FileError};
use crate::store::StoreError;

const MAX_FILE_LEN: u64 = 64 << 10;
const RAW_PREFIX: &[u8] = b"base64:";

/// The key a log is opened with, as its owner holds it: a passphrase, `base64:` and 32 bytes, or a key that is
/// wrapped by a service such as Vault Transit ([`wrapped_by`](Self::wrapped_by)).
///
/// ```
/// use symlog_keys::LoggingKey;
///
/// let passphrase = LoggingKey::from_text("correct horse battery staple".to_owned().into())?;
/// assert!(passphrase.is_passphrase());
/// assert_eq!(format!("{passphrase:?}"), "LoggingKey(passphrase)");
///
/// let text = "base64:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".to_owned();
/// assert!(!LoggingKey::from_text(text.into())?.is_passphrase());
/// # Ok::<(), symlog_keys::EmptyKey>(())
/// ```
pub struct LoggingKey {
    text: SecretBytes,
    raw: Option<Key>,
    wrapped: Option<WrappedKey>,
}

/// A key as a [`KeyWrap`] gave it out: of no use without the service that wrapped it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKey {
    /// What wrapped it, as it describes itself.
    pub service: String,
    /// The wrapped key.
    pub bytes: Vec<u8>,
}

/// What keys of unlock slots are bound to where they are wrapped.
const WRAP_CONTEXT: &[u8] = b"symlog unlock slot v1";

/// A key without a single character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the key is empty")]
pub struct EmptyKey;

impl LoggingKey {
    /// Reads the text of a key. `base64:` followed by the canonical standard base64 of 32 bytes is a raw key;
    /// anything else, also a `base64:` that is not, is a passphrase.
    ///
    /// # Errors
    /// [`EmptyKey`] when there is no text.
    pub fn from_text(text: SecretBytes) -> Result<Self, EmptyKey> {
        if text.is_empty() {
            return Err(EmptyKey);
        }
        let raw = text
            .expose()
            .strip_prefix(RAW_PREFIX)
            .and_then(base64::decode)
            .and_then(|bytes| Key::try_from_slice(&bytes).ok());
        Ok(Self {
            text,
            raw,
            wrapped: None,
        })
    }

    /// Reads the key from a file that only its owner may read; white space at its end is not part of it. `None`
    /// when there is no such file.
    ///
    /// # Errors
    /// When the file cannot be read, or others may read it.
    pub fn from_file(path: &Path) -> Result<Option<Result<Self, EmptyKey>>, FileError> {
        let bytes = private_file::read(path, MAX_FILE_LEN)?;
        Ok(bytes.map(|bytes| Self::from_text(bytes.trim_ascii_end().to_vec().into())))
    }

    /// A fresh raw key, wrapped by `wrap`: what is to be kept of it is only [`wrapped`](Self::wrapped), which the
    /// keyring does.
    ///
    /// # Errors
    /// Those of the service, and when there is no randomness.
    pub async fn wrapped_by(
        wrap: &dyn KeyWrap,
        random: &dyn SecureRandom,
    ) -> Result<Self, StoreError> {
        let mut key = Self::generate(random)?;
        let bytes = match &key.raw {
            Some(raw) => wrap.wrap(raw, WRAP_CONTEXT).await?,
            None => Vec::new(),
        };
        key.wrapped = Some(WrappedKey {
            service: wrap.describe(),
            bytes,
        });
        Ok(key)
    }

    /// The key again that [`wrapped_by`](Self::wrapped_by) made.
    ///
    /// # Errors
    /// Those of the service.
    pub async fn unwrapped_by(
        wrap: &dyn KeyWrap,
        wrapped: &WrappedKey,
    ) -> Result<Self, StoreError> {
        let raw = wrap.unwrap(&wrapped.bytes, WRAP_CONTEXT).await?;
        Ok(Self {
            wrapped: Some(wrapped.clone()),
            ..Self::from_raw(raw)
        })
    }

    /// A fresh raw key.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn generate(random: &dyn SecureRandom) -> Result<Self, symlog_crypto::CryptoError> {
        Ok(Self::from_raw(Key::generate(random)?))
    }

    /// A raw key that was derived from another one.
    #[must_use]
    pub fn from_raw(raw: Key) -> Self {
        let encoded = Zeroizing::new(base64::encode(raw.expose()));
        let mut text = Vec::with_capacity(RAW_PREFIX.len() + encoded.len());
        text.extend_from_slice(RAW_PREFIX);
        text.extend_from_slice(encoded.as_bytes());
        Self {
            text: SecretBytes::new(text),
            raw: Some(raw),
            wrapped: None,
        }
    }

    /// The text as it was given. Logs in the Symbiont runtime's format derive their keys from it, whatever it is.
    #[must_use]
    pub fn text(&self) -> &SecretBytes {
        &self.text
    }

    /// The raw key, unless it is a passphrase.
    #[must_use]
    pub fn raw(&self) -> Option<&Key> {
        self.raw.as_ref()
    }

    /// How a service wraps it, where one does.
    #[must_use]
    pub fn wrapped(&self) -> Option<&WrappedKey> {
        self.wrapped.as_ref()
    }

    /// Whether it has to be stretched with Argon2id.
    #[must_use]
    pub fn is_passphrase(&self) -> bool {
        self.raw.is_none()
    }

    /// A second copy, wiped on its own.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self {
            text: self.text.duplicate(),
            raw: self.raw.as_ref().map(Key::duplicate),
            wrapped: self.wrapped.clone(),
        }
    }
}

impl fmt::Debug for LoggingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (&self.raw, &self.wrapped) {
            (None, _) => "LoggingKey(passphrase)",
            (Some(_), None) => "LoggingKey(raw)",
            (Some(_), Some(_)) => "LoggingKey(wrapped)",
        })
    }
}
