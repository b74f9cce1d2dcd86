use aws_lc_rs::aead::{self, Aad, LessSafeKey, UnboundKey};
use zeroize::Zeroize;

use crate::{Aead, AeadError, Algorithm, Key, Nonce};

pub(crate) static AES_256_GCM: AwsLcAead = AwsLcAead {
    algorithm: Algorithm::Aes256Gcm,
};
pub(crate) static CHACHA20_POLY1305: AwsLcAead = AwsLcAead {
    algorithm: Algorithm::ChaCha20Poly1305,
};

/// The same as with ring, by another library; it has its key schedule on the heap and wipes it.
#[derive(Debug)]
pub(crate) struct AwsLcAead {
    algorithm: Algorithm,
}

impl AwsLcAead {
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

impl Aead for AwsLcAead {
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
                buf.zeroize();
                Err(error)
            }
        }
    }
}
