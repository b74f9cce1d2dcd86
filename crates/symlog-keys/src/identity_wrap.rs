use std::fmt;

use async_trait::async_trait;
use symlog_crypto::{CryptoProvider, Identity, Key, Recipient};

use crate::key_wrap::KeyWrap;
use crate::store::StoreError;

const INFO: &[u8] = b"symlog unlock slot for a recipient v1";

/// Wraps keys so that only whoever has a private key unwraps them: the unlock slot of those who read a log that is
/// written on a host which may not.
#[derive(Debug)]
pub struct RecipientWrap {
    recipient: Recipient,
    provider: CryptoProvider,
}

impl RecipientWrap {
    /// For the owner of the private key.
    #[must_use]
    pub fn new(recipient: Recipient, provider: &CryptoProvider) -> Self {
        Self {
            recipient,
            provider: provider.clone(),
        }
    }
}

#[async_trait]
impl KeyWrap for RecipientWrap {
    async fn wrap(&self, key: &Key, context: &[u8]) -> Result<Vec<u8>, StoreError> {
        Ok(self
            .recipient
            .seal(self.provider.random, INFO, context, key.expose())?)
    }

    async fn unwrap(&self, _: &[u8], _: &[u8]) -> Result<Key, StoreError> {
        Err(StoreError::Denied {
            store: self.describe(),
            source: None,
        })
    }

    fn describe(&self) -> String {
        describe(&self.recipient)
    }
}

fn describe(recipient: &Recipient) -> String {
    format!("the public key {}", recipient.to_text())
}

/// The other side of [`RecipientWrap`].
pub struct IdentityWrap<'a> {
    identity: &'a Identity,
    recipient: Recipient,
    provider: CryptoProvider,
}

impl<'a> IdentityWrap<'a> {
    /// With the private key.
    ///
    /// # Errors
    /// None in practice.
    pub fn new(identity: &'a Identity, provider: &CryptoProvider) -> Result<Self, StoreError> {
        Ok(Self {
            identity,
            recipient: identity.recipient()?,
            provider: provider.clone(),
        })
    }
}

#[async_trait]
impl KeyWrap for IdentityWrap<'_> {
    async fn wrap(&self, key: &Key, context: &[u8]) -> Result<Vec<u8>, StoreError> {
        Ok(self
            .recipient
            .seal(self.provider.random, INFO, context, key.expose())?)
    }

    async fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<Key, StoreError> {
        let damaged = || StoreError::Damaged {
            store: self.describe(),
            what: "the wrapped key was altered, or is not one of this key",
        };
        let opened = self
            .identity
            .open(INFO, context, wrapped)
            .map_err(|_| damaged())?;
        Key::try_from_slice(opened.expose()).map_err(|_| damaged())
    }

    fn describe(&self) -> String {
        describe(&self.recipient)
    }
}

impl fmt::Debug for IdentityWrap<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdentityWrap({})", self.describe())
    }
}
