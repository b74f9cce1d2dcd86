use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use symlog_crypto::{Key, SecretBytes};
use vaultrs::api::transit::requests::{DecryptDataRequest, EncryptDataRequest};
use vaultrs::transit;
use zeroize::Zeroizing;

use super::fault::Fault;
use super::{Inner, run};
use crate::base64;
use crate::environment::Environment;
use crate::key_wrap::KeyWrap;
use crate::store::{StoreError, VaultConfig};

/// Wraps keys with Vault's Transit engine: the wrapping key never leaves the server, and destroying it there
/// destroys all it wrapped.
///
/// The context is the associated data of an AEAD key (`aes256-gcm96`, the default type).
#[derive(Clone)]
pub struct VaultTransit {
    inner: Arc<Inner>,
    mount: String,
    key: String,
}

impl VaultTransit {
    /// Key `key` of the Transit engine at `mount`; server and login as in `config`.
    ///
    /// # Errors
    /// [`StoreError::Configuration`] for what can never work.
    pub fn new(config: VaultConfig, mount: &str, key: &str) -> Result<Self, StoreError> {
        Ok(Self {
            inner: Arc::new(Inner::new(config, Environment::process())?),
            mount: mount.to_owned(),
            key: key.to_owned(),
        })
    }
}

#[async_trait]
impl KeyWrap for VaultTransit {
    async fn wrap(&self, key: &Key, context: &[u8]) -> Result<Vec<u8>, StoreError> {
        let Self {
            inner,
            mount,
            key: name,
        } = self.clone();
        let plaintext = Arc::new(SecretBytes::from(base64::encode(key.expose())));
        let context = base64::encode(context);
        run(&inner, move |client| {
            let (mount, name) = (mount.clone(), name.clone());
            let (plaintext, context) = (Arc::clone(&plaintext), context.clone());
            Box::pin(async move {
                let mut options = EncryptDataRequest::builder();
                options.associated_data(context);
                let text = plaintext.expose_str().map_err(|_| Fault::Client)?;
                transit::data::encrypt(&*client, &mount, &name, text, Some(&mut options))
                    .await
                    .map(|answer| answer.ciphertext.into_bytes())
                    .map_err(Fault::from)
            })
        })
        .await
    }

    async fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<Key, StoreError> {
        let Self {
            inner,
            mount,
            key: name,
        } = self.clone();
        let damaged = || StoreError::Damaged {
            store: self.describe(),
            what: "the wrapped key was altered, or is not one of this key and context",
        };
        let wrapped = String::from_utf8(wrapped.to_vec()).map_err(|_| damaged())?;
        let context = base64::encode(context);
        let answer = run(&inner, move |client| {
            let (mount, name) = (mount.clone(), name.clone());
            let (wrapped, context) = (wrapped.clone(), context.clone());
            Box::pin(async move {
                let mut options = DecryptDataRequest::builder();
                options.associated_data(context);
                let answer =
                    transit::data::decrypt(&*client, &mount, &name, &wrapped, Some(&mut options))
                        .await;
                match answer.map_err(Fault::from) {
                    Ok(answer) => Ok(Some(Zeroizing::new(answer.plaintext))),
                    // What was altered and what was wrapped elsewhere is a bad request to it.
                    Err(Fault::Refused(400)) => Ok(None),
                    Err(fault) => Err(fault),
                }
            })
        })
        .await?;
        answer
            .and_then(|text| base64::decode(text.as_bytes()))
            .and_then(|bytes| Key::try_from_slice(&bytes).ok())
            .ok_or_else(damaged)
    }

    fn describe(&self) -> String {
        format!("transit key {} at {}", self.key, self.inner.describe())
    }
}

impl fmt::Debug for VaultTransit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VaultTransit({})", self.describe())
    }
}
