use ring::aead::{self, Aad, LessSafeKey, UnboundKey};
use ring::rand::SecureRandom as _;
use zeroize::Zeroize;

use crate::{Aead, AeadError, Algorithm, CryptoError, Key, Nonce, SecureRandom};

pub(crate) static AES_256_GCM: RingAead = RingAead {
    algorithm: Algorithm::Aes256Gcm,
};
pub(crate) static CHACHA20_POLY1305: RingAead = RingAead {
    algorithm: Algorithm::ChaCha20Poly1305,
};
pub(crate) static SYSTEM_RANDOM: SystemRandom = SystemRandom;

#[derive(Debug)]
pub(crate) struct RingAead {
    algorithm: Algorithm,
}

impl RingAead {
    /// The expanded key lives on the stack of one call. `LessSafe` is ring's word for choosing nonces oneself,
    /// which a format that derives a key and nonce for each message has to.
    fn expand(&self, key: &Key) -> Result<LessSafeKey, AeadError> {
        let algorithm = match self.algorithm {
            Algorithm::Aes256Gcm => &aead::AES_256_GCM,
            Algorithm::ChaCha20Poly1305 => &aead::CHACHA20_POLY1305,
        };
        UnboundKey::new(algorithm, key.expose())
            .map(LessSafeKey::new)
            .map_err(|_| AeadError)
    }
}

fn nonce_of(nonce: &Nonce) -> aead::Nonce {
    aead::Nonce::assume_unique_for_key(*nonce.as_bytes())
}

impl Aead for RingAead {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn seal(
        &self,
        key: &Key,
        nonce: &Nonce,
        aad: &[u8],
        buf: &mut Vec<u8>,
    ) -> Result<(), AeadError> {
        let sealed = self.expand(key).and_then(|key| {
            key.seal_in_place_separate_tag(nonce_of(nonce), Aad::from(aad), buf)
                .map_err(|_| AeadError)
        });
        match sealed {
            Ok(tag) => {
                buf.extend_from_slice(tag.as_ref());
                Ok(())
            }
            Err(error) => {
                buf.zeroize();
                Err(error)
            }
        }
    }

    fn open(
        &self,
        key: &Key,
        nonce: &Nonce,
        aad: &[u8],
        buf: &mut Vec<u8>,
    ) -> Result<(), AeadError> {
        let opened = self.expand(key).and_then(|key| {
            key.open_in_place(nonce_of(nonce), Aad::from(aad), buf)
                .map(|plaintext| plaintext.len())
                .map_err(|_| AeadError)
        });
        match opened {
            Ok(len) => {
                buf.truncate(len);
                Ok(())
            }
            Err(error) => {
                // ring overwrites the buffer with what it computed before the tag was compared.
                buf.zeroize();
                Err(error)
            }
        }
    }
}

/// `getrandom(2)` or what the platform has instead; no state in the process, so forks and snapshots are safe.
#[derive(Debug)]
pub(crate) struct SystemRandom;

impl SecureRandom for SystemRandom {
    fn fill(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        ring::rand::SystemRandom::new()
            .fill(out)
            .map_err(|_| CryptoError::Random)
    }
}
