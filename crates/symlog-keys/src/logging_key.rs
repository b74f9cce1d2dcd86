use std::fmt;

use symlog_crypto::{Key, SecretBytes, SecureRandom};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::base64;

const RAW_PREFIX: &[u8] = b"base64:";

/// The key a log is opened with, as its owner holds it: a passphrase, or `base64:` and 32 bytes.
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
}

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
        Ok(Self { text, raw })
    }

    /// A fresh raw key.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn generate(random: &dyn SecureRandom) -> Result<Self, symlog_crypto::CryptoError> {
        let raw = Key::generate(random)?;
        let encoded = Zeroizing::new(base64::encode(raw.expose()));
        let mut text = Vec::with_capacity(RAW_PREFIX.len() + encoded.len());
        text.extend_from_slice(RAW_PREFIX);
        text.extend_from_slice(encoded.as_bytes());
        Ok(Self {
            text: SecretBytes::new(text),
            raw: Some(raw),
        })
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
        }
    }
}

impl fmt::Debug for LoggingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_passphrase() {
            "LoggingKey(passphrase)"
        } else {
            "LoggingKey(raw)"
        })
    }
}
