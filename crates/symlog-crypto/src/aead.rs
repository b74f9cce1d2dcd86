use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{CryptoError, Key, SecureRandom};

/// Bytes a sealed message is longer than its plaintext.
pub const TAG_LEN: usize = 16;

/// Size of a [`Nonce`].
pub const NONCE_LEN: usize = 12;

/// A 96-bit nonce. Used once with a key, or the key is lost: both algorithms give up their authentication key
/// when two messages share key and nonce.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Nonce([u8; NONCE_LEN]);

impl Nonce {
    /// A nonce that the caller knows to be unused under the key at hand.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; NONCE_LEN]) -> Self {
        Self(bytes)
    }

    /// Copies 12 bytes.
    ///
    /// # Errors
    /// [`CryptoError::Length`] for any other number of bytes.
    pub fn try_from_slice(bytes: &[u8]) -> Result<Self, CryptoError> {
        bytes.try_into().map(Self).map_err(|_| CryptoError::Length {
            what: "a nonce",
            expected: NONCE_LEN,
            got: bytes.len(),
        })
    }

    /// A random nonce. For a key that seals fewer than 2^32 messages (NIST SP 800-38D, section 8.3).
    ///
    /// # Errors
    /// [`CryptoError::Random`] when the source fails.
    pub fn generate(rng: &dyn SecureRandom) -> Result<Self, CryptoError> {
        let mut bytes = [0; NONCE_LEN];
        rng.fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// The bytes; a nonce is public.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; NONCE_LEN] {
        &self.0
    }
}

impl AsRef<[u8]> for Nonce {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce(")?;
        for byte in self.0 {
            write!(f, "{byte:02x}")?;
        }
        f.write_str(")")
    }
}

/// The AEAD algorithms a log can be written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Algorithm {
    /// AES-256 in Galois/Counter Mode (NIST SP 800-38D).
    #[default]
    #[serde(rename = "AES-256-GCM")]
    Aes256Gcm,
    /// ChaCha20 and Poly1305 (RFC 8439).
    #[serde(rename = "ChaCha20-Poly1305")]
    ChaCha20Poly1305,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 2] = [Self::Aes256Gcm, Self::ChaCha20Poly1305];

    /// The name written into envelopes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aes256Gcm => "AES-256-GCM",
            Self::ChaCha20Poly1305 => "ChaCha20-Poly1305",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Algorithm {
    type Err = CryptoError;

    fn from_str(name: &str) -> Result<Self, CryptoError> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.as_str() == name)
            .ok_or_else(|| CryptoError::UnknownAlgorithm(name.chars().take(64).collect()))
    }
}

/// Sealing or opening failed. Opaque on purpose: which of key, nonce, associated data or bytes was wrong is
/// what an attacker who sends altered messages wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the message could not be authenticated: wrong key, or altered bytes")]
pub struct AeadError;

/// Authenticated encryption with associated data, in place.
///
/// An implementation must
/// - give the bytes of the standard its [`Algorithm`] names, so that a log can be read through any other one;
/// - authenticate before any plaintext is visible in `buf`;
/// - clear `buf` when [`open`](Aead::open) fails;
/// - keep neither key nor plaintext after the call returns.
///
/// The `conformance` feature has the tests that hold it to this.
pub trait Aead: fmt::Debug + Send + Sync {
    /// What this computes.
    fn algorithm(&self) -> Algorithm;

    /// Encrypts `buf` in place and appends the 16-byte tag. With [`TAG_LEN`] bytes of spare capacity nothing is
    /// reallocated, so that no copy of the plaintext is left behind.
    ///
    /// # Errors
    /// [`AeadError`] for a message longer than the algorithm allows. `buf` is then cleared.
    fn seal(
        &self,
        key: &Key,
        nonce: &Nonce,
        aad: &[u8],
        buf: &mut Vec<u8>,
    ) -> Result<(), AeadError>;

    /// Authenticates and decrypts `buf` in place, and cuts the tag off.
    ///
    /// # Errors
    /// [`AeadError`] when key, nonce, associated data or bytes are not those it was sealed with. `buf` is then
    /// cleared.
    fn open(
        &self,
        key: &Key,
        nonce: &Nonce,
        aad: &[u8],
        buf: &mut Vec<u8>,
    ) -> Result<(), AeadError>;
}
