use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use symlog_crypto::{
    Algorithm, Argon2Params, CryptoProvider, Envelope, Key, Nonce, SecretBytes, TAG_LEN, argon2id,
    default_provider,
};
use zeroize::Zeroizing;

use super::Inner;
use crate::environment::Environment;
use crate::keychain::{self, Keychain};
use crate::private_file;
use crate::store::{EncryptionConfig, KeyProvider, StoreError};

const MAX_KEY_LEN: u64 = 64 << 10;

/// Encrypts the file as the Symbiont runtime does: one JSON object with the five fields of an envelope, the key
/// stretched from the text that the provider gives, whatever it is, and no associated data.
pub(super) struct Sealer {
    provider: CryptoProvider,
    key: KeyProvider,
    environment: Environment,
    keychain: Arc<dyn Keychain>,
    /// The last run of Argon2, by salt and label.
    stretched: Mutex<Option<(Vec<u8>, String, Key)>>,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sealer").field(&self.key).finish()
    }
}

impl Sealer {
    pub(super) fn new(
        config: &EncryptionConfig,
        environment: Environment,
        keychain: Arc<dyn Keychain>,
    ) -> Result<Self, StoreError> {
        let wrong = |what: &str| StoreError::Configuration {
            what: what.to_owned(),
        };
        if config.algorithm != Algorithm::Aes256Gcm.as_str() {
            return Err(wrong("encryption.algorithm must be AES-256-GCM"));
        }
        Ok(Self {
            provider: default_provider(),
            key: config.key.provider().map_err(wrong)?,
            environment,
            keychain,
            stretched: Mutex::new(None),
        })
    }

    pub(super) fn open(
        &self,
        store: &Inner,
        bytes: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let envelope: Envelope = serde_json::from_slice(bytes)
            .map_err(|_| store.damaged("it is not an encrypted secrets file; if it is a plain one, set encryption.enabled = false"))?;
        let Envelope {
            ciphertext,
            nonce,
            salt,
            algorithm,
            kdf,
        } = envelope;
        let key = self.stretch(store, &salt, &kdf)?;
        let mut plain = Zeroizing::new(ciphertext);
        self.provider
            .aead(algorithm)
            .open(&key, &nonce, &[], &mut plain)
            .map_err(|_| StoreError::WrongKey {
                store: store.describe(),
            })?;
        Ok(plain)
    }

    pub(super) fn seal(
        &self,
        store: &Inner,
        plain: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let mut salt = vec![0; 32];
        self.provider.random.fill(&mut salt)?;
        let kdf = Argon2Params::DEFAULT.label();
        let key = self.stretch(store, &salt, &kdf)?;
        let nonce = Nonce::generate(self.provider.random)?;
        let mut ciphertext = Vec::with_capacity(plain.len() + TAG_LEN);
        ciphertext.extend_from_slice(plain);
        self.provider
            .aead(Algorithm::Aes256Gcm)
            .seal(&key, &nonce, &[], &mut ciphertext)
            .map_err(|_| store.damaged("it could not be encrypted"))?;
        let envelope = Envelope {
            ciphertext,
            nonce,
            salt,
            algorithm: Algorithm::Aes256Gcm,
            kdf,
        };
        serde_json::to_vec(&envelope)
            .map(Zeroizing::new)
            .map_err(|_| store.damaged("it could not be written as JSON"))
    }

    fn stretch(&self, store: &Inner, salt: &[u8], kdf: &str) -> Result<Key, StoreError> {
        let mut last = self.stretched.lock();
        if let Some((of, label, key)) = last.as_ref()
            && of == salt
            && label == kdf
        {
            return Ok(key.duplicate());
        }
        let params = Argon2Params::from_label(kdf)?;
        let key = argon2id(self.key_text(store)?.expose(), salt, &params)?;
        *last = Some((salt.to_vec(), kdf.to_owned(), key.duplicate()));
        Ok(key)
    }

    fn key_text(&self, store: &Inner) -> Result<SecretBytes, StoreError> {
        let (found, place) = match &self.key {
            KeyProvider::Environment { variable } => (
                self.environment.get(variable),
                format!("variable {variable} is not set"),
            ),
            KeyProvider::Keychain { service, account } => {
                let (of, named) = (service.clone(), account.clone());
                (
                    keychain::bounded(&self.keychain, move |keychain| keychain.get(&of, &named))?,
                    format!("the OS keychain has no entry {service}/{account}"),
                )
            }
            KeyProvider::File { path } => (
                private_file::read(path, MAX_KEY_LEN)?
                    .map(|bytes| SecretBytes::new(bytes.trim_ascii().to_vec())),
                format!("{} does not exist", path.display()),
            ),
        };
        found
            .filter(|key| !key.is_empty())
            .ok_or_else(|| StoreError::NoKey {
                store: store.describe(),
                what: place,
            })
    }
}
