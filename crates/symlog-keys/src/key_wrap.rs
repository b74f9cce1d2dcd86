use std::fmt;

use async_trait::async_trait;
use symlog_crypto::{Algorithm, CryptoProvider, Key, Nonce, TAG_LEN};
use zeroize::Zeroizing;

use crate::store::StoreError;

/// Wraps data keys under a key that its callers never see.
///
/// An implementation must bind `context`: a key wrapped with one does not unwrap with another. It must give up
/// within a bound, and tell a wrapped key that was altered ([`StoreError::Damaged`]) from a service that cannot
/// be reached.
#[async_trait]
pub trait KeyWrap: fmt::Debug + Send + Sync {
    /// The key, wrapped: opaque bytes, to be stored anywhere.
    async fn wrap(&self, key: &Key, context: &[u8]) -> Result<Vec<u8>, StoreError>;

    /// The key again.
    async fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<Key, StoreError>;

    /// What and where it is, for people.
    fn describe(&self) -> String;
}

/// Wraps with AES-256-GCM under a key of this process. The nonce comes first.
#[derive(Debug)]
pub struct LocalWrap {
    key: Key,
    provider: CryptoProvider,
}

impl LocalWrap {
    /// Under `key`.
    #[must_use]
    pub fn new(key: Key, provider: &CryptoProvider) -> Self {
        Self {
            key,
            provider: provider.clone(),
        }
    }

    fn damaged(&self) -> StoreError {
        StoreError::Damaged {
            store: self.describe(),
            what: "the wrapped key was altered, or is not one of this key and context",
        }
    }
}

#[async_trait]
impl KeyWrap for LocalWrap {
    async fn wrap(&self, key: &Key, context: &[u8]) -> Result<Vec<u8>, StoreError> {
        let nonce = Nonce::generate(self.provider.random)?;
        let mut sealed = Vec::with_capacity(Key::LEN + TAG_LEN);
        sealed.extend_from_slice(key.expose());
        self.provider
            .aead(Algorithm::Aes256Gcm)
            .seal(&self.key, &nonce, context, &mut sealed)
            .map_err(|_| self.damaged())?;
        Ok([nonce.as_bytes(), sealed.as_slice()].concat())
    }

    async fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<Key, StoreError> {
        let (nonce, sealed) = wrapped.split_first_chunk().ok_or_else(|| self.damaged())?;
        let mut buf = Zeroizing::new(sealed.to_vec());
        self.provider
            .aead(Algorithm::Aes256Gcm)
            .open(&self.key, &Nonce::from_bytes(*nonce), context, &mut buf)
            .map_err(|_| self.damaged())?;
        Key::try_from_slice(&buf).map_err(|_| self.damaged())
    }

    fn describe(&self) -> String {
        "a key of this process".to_owned()
    }
}
