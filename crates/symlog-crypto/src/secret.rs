use std::fmt;

use ring::hmac;
use zeroize::{Zeroize, Zeroizing};

use crate::{CryptoError, SecureRandom};

/// A 256-bit symmetric key, wiped when dropped.
///
/// The bytes lie on the heap: a value that is moved is copied, and what it leaves behind on the stack is wiped by
/// nobody.
///
/// There is no `Clone` and no `PartialEq`: a copy is made with [`duplicate`](Key::duplicate), so that it can be
/// found by its name, and a comparison with [`ct_eq`](Key::ct_eq), which takes the same time for every input.
pub struct Key(Box<Zeroizing<[u8; 32]>>);

impl Key {
    /// Size in bytes.
    pub const LEN: usize = 32;

    /// Takes the bytes. The caller's copy, if it keeps one, is the caller's to wipe.
    #[must_use]
    pub fn from_bytes(mut bytes: [u8; 32]) -> Self {
        let mut key = Self::empty();
        key.0.copy_from_slice(&bytes);
        bytes.zeroize();
        key
    }

    fn empty() -> Self {
        Self(Box::new(Zeroizing::new([0; 32])))
    }

    /// Copies 32 bytes.
    ///
    /// # Errors
    /// [`CryptoError::Length`] for any other number of bytes.
    pub fn try_from_slice(bytes: &[u8]) -> Result<Self, CryptoError> {
        if bytes.len() != Self::LEN {
            return Err(CryptoError::Length {
                what: "a key",
                expected: Self::LEN,
                got: bytes.len(),
            });
        }
        let mut key = Self::empty();
        key.0.copy_from_slice(bytes);
        Ok(key)
    }

    /// A key of bytes that stay where they are.
    pub(crate) fn copy_of(bytes: &[u8; Self::LEN]) -> Self {
        let mut key = Self::empty();
        key.0.copy_from_slice(bytes);
        key
    }

    /// A fresh random key.
    ///
    /// # Errors
    /// [`CryptoError::Random`] when the source fails.
    pub fn generate(rng: &dyn SecureRandom) -> Result<Self, CryptoError> {
        let mut key = Self::empty();
        rng.fill(key.0.as_mut_slice())?;
        Ok(key)
    }

    /// The bytes, in clear.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// A second copy, wiped on its own.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self::copy_of(&self.0)
    }

    /// Whether both are the same key, in a time that does not depend on where they differ.
    #[must_use]
    pub fn ct_eq(&self, other: &Self) -> bool {
        // ring deprecated its constant-time comparison; its HMAC verification is one, and a keyed
        // digest of both sides is compared instead of the keys.
        let tag_key = hmac::Key::new(hmac::HMAC_SHA256, self.0.as_slice());
        let tag = hmac::sign(&tag_key, b"symlog key comparison");
        let other_key = hmac::Key::new(hmac::HMAC_SHA256, other.0.as_slice());
        hmac::verify(&other_key, b"symlog key comparison", tag.as_ref()).is_ok()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// Secret bytes of any length, a passphrase or a token, wiped when dropped.
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// Takes over the buffer; nothing is copied.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, in clear.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as text, in clear.
    ///
    /// # Errors
    /// When they are not UTF-8. The error says where, not what.
    pub fn expose_str(&self) -> Result<&str, std::str::Utf8Error> {
        std::str::from_utf8(&self.0)
    }

    /// Number of bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A second copy, wiped on its own.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self(self.0.clone())
    }
}

impl From<Vec<u8>> for SecretBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(bytes)
    }
}

impl From<String> for SecretBytes {
    fn from(text: String) -> Self {
        Self::new(text.into_bytes())
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes(..)")
    }
}

impl<'de> serde::Deserialize<'de> for SecretBytes {
    /// From a string.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

/// Overwrites the part of the stack that functions called from here have used.
///
/// The libraries below expand keys into tables on the stack and return without wiping them. This is for the few
/// places where a key lives longer than one message. A best effort, as all of this is from safe Rust; a test of
/// `symlog-keys` reads a process's memory to see that it holds.
#[inline(never)]
pub fn clear_stack() {
    let mut used = [0u8; 16 * 1024];
    std::hint::black_box(&mut used);
}
