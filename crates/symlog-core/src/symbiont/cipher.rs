//! Opening and sealing envelopes.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use symlog_crypto::{
    Algorithm, Argon2Params, CryptoError, CryptoProvider, Envelope, Key, Nonce, SecretBytes,
    argon2id,
};

use super::error::EnvelopeProblem;
use super::line::RawEnvelope;
use crate::error::LoggingError;
use crate::read::Payload;

pub(super) const SALT_LEN: usize = 32;

/// Derived keys that are kept. A file of the reference logger has a salt for every envelope, so
/// that nothing is ever found again; a file of ours has one for a whole run, and answers may use
/// the one of a later run.
const CACHED_KEYS: usize = 32;

/// Opens envelopes under one logging key.
pub(super) struct Opener {
    passphrase: SecretBytes,
    provider: CryptoProvider,
    /// The newest last.
    keys: VecDeque<(Argon2Params, [u8; SALT_LEN], Arc<Key>)>,
}

impl Opener {
    pub(super) fn new(passphrase: SecretBytes, provider: CryptoProvider) -> Self {
        Self {
            passphrase,
            provider,
            keys: VecDeque::new(),
        }
    }

    /// The plaintext of an envelope, byte for byte.
    pub(super) fn open(&mut self, envelope: &RawEnvelope<'_>) -> Result<Payload, EnvelopeProblem> {
        let (mut bytes, nonce, key) = self.prepare(envelope)?;
        self.provider
            .aes_256_gcm
            .open(&key, &nonce, &[], &mut bytes)?;
        String::from_utf8(bytes)
            .ok()
            .and_then(Payload::inline)
            .ok_or(EnvelopeProblem::Content)
    }

    /// What can be said about an envelope without any key.
    pub(super) fn check(envelope: &RawEnvelope<'_>) -> Result<(), EnvelopeProblem> {
        decode(envelope).map(drop)
    }

    /// The key of an envelope, once it has opened it.
    pub(super) fn proven_key(
        &mut self,
        envelope: &RawEnvelope<'_>,
    ) -> Result<Arc<Key>, EnvelopeProblem> {
        let (mut bytes, nonce, key) = self.prepare(envelope)?;
        self.provider
            .aes_256_gcm
            .open(&key, &nonce, &[], &mut bytes)?;
        Ok(key)
    }

    fn prepare(
        &mut self,
        envelope: &RawEnvelope<'_>,
    ) -> Result<(Vec<u8>, Nonce, Arc<Key>), EnvelopeProblem> {
        let Decoded {
            ciphertext,
            nonce,
            salt,
            params,
        } = decode(envelope)?;
        Ok((ciphertext, nonce, self.key(params, salt)?))
    }

    fn key(&mut self, params: Argon2Params, salt: [u8; SALT_LEN]) -> Result<Arc<Key>, CryptoError> {
        let found = self
            .keys
            .iter()
            .position(|(p, s, _)| *p == params && *s == salt);
        let entry = match found.and_then(|at| self.keys.remove(at)) {
            Some(entry) => entry,
            None => {
                let key = argon2id(self.passphrase.expose(), &salt, &params)?;
                (params, salt, Arc::new(key))
            }
        };
        if self.keys.len() >= CACHED_KEYS {
            self.keys.pop_front();
        }
        let key = Arc::clone(&entry.2);
        self.keys.push_back(entry);
        Ok(key)
    }
}

struct Decoded {
    ciphertext: Vec<u8>,
    nonce: Nonce,
    salt: [u8; SALT_LEN],
    params: Argon2Params,
}

fn decode(envelope: &RawEnvelope<'_>) -> Result<Decoded, EnvelopeProblem> {
    let Envelope {
        ciphertext,
        nonce,
        salt,
        algorithm,
        kdf,
    } = envelope.decode()?;
    if algorithm != Algorithm::Aes256Gcm {
        return Err(EnvelopeProblem::Algorithm);
    }
    Ok(Decoded {
        ciphertext,
        nonce,
        salt: salt
            .as_slice()
            .try_into()
            .map_err(|_| EnvelopeProblem::Salt(salt.len()))?,
        // The label is whatever the file says, and is judged before anything is computed.
        params: Argon2Params::from_label(&kdf)?.checked_for_reading()?,
    })
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opener")
            .field("cached_keys", &self.keys.len())
            .finish_non_exhaustive()
    }
}

/// Random nonces collide with a probability that counts once 2^32 messages were sealed under one
/// key (NIST SP 800-38D, section 8.3). Half of that, because reaching it costs nothing.
const FIELDS_PER_SALT: u64 = 1 << 31;

/// Seals the fields of a segment under one salt, so that Argon2 runs once and not per field.
pub(super) struct FieldSealer {
    provider: CryptoProvider,
    passphrase: SecretBytes,
    params: Argon2Params,
    label: String,
    salt: [u8; SALT_LEN],
    key: Key,
    left: u64,
}

impl FieldSealer {
    pub(super) fn new(
        provider: CryptoProvider,
        passphrase: SecretBytes,
        params: Argon2Params,
    ) -> Result<Self, CryptoError> {
        let params = params.checked_for_writing()?;
        let (salt, key) = fresh(&provider, &passphrase, params)?;
        Ok(Self {
            label: params.label(),
            provider,
            passphrase,
            params,
            salt,
            key,
            left: FIELDS_PER_SALT,
        })
    }

    pub(super) fn key(&self) -> &Key {
        &self.key
    }

    /// Encrypts in place.
    pub(super) fn seal(&mut self, mut plaintext: Vec<u8>) -> Result<Envelope, LoggingError> {
        if self.left == 0 {
            (self.salt, self.key) = fresh(&self.provider, &self.passphrase, self.params)?;
            self.left = FIELDS_PER_SALT;
        }
        self.left -= 1;
        let nonce = Nonce::generate(self.provider.random)?;
        self.provider
            .aes_256_gcm
            .seal(&self.key, &nonce, &[], &mut plaintext)
            .map_err(LoggingError::encryption)?;
        Ok(Envelope {
            ciphertext: plaintext,
            nonce,
            salt: self.salt.to_vec(),
            algorithm: Algorithm::Aes256Gcm,
            kdf: self.label.clone(),
        })
    }
}

fn fresh(
    provider: &CryptoProvider,
    passphrase: &SecretBytes,
    params: Argon2Params,
) -> Result<([u8; SALT_LEN], Key), CryptoError> {
    let mut salt = [0; SALT_LEN];
    provider.random.fill(&mut salt)?;
    let key = argon2id(passphrase.expose(), &salt, &params)?;
    Ok((salt, key))
}

impl fmt::Debug for FieldSealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FieldSealer")
            .field("params", &self.params)
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use symlog_crypto::default_provider;

    use super::*;

    #[test]
    fn a_salt_serves_a_run_and_is_renewed_before_its_nonces_may_collide() {
        let mut sealer = FieldSealer::new(
            default_provider(),
            SecretBytes::new(b"passphrase".to_vec()),
            Argon2Params::LEGACY,
        )
        .unwrap();
        let first = sealer.seal(b"{}".to_vec()).unwrap();
        let second = sealer.seal(b"{}".to_vec()).unwrap();
        assert_eq!(first.salt, second.salt);
        assert_ne!(first.nonce, second.nonce);
        sealer.left = 1;
        let last = sealer.seal(b"{}".to_vec()).unwrap();
        let next = sealer.seal(b"{}".to_vec()).unwrap();
        assert_eq!(first.salt, last.salt);
        assert_ne!(last.salt, next.salt);
        assert_eq!(sealer.left, FIELDS_PER_SALT - 1);
    }

    #[test]
    fn debug_shows_no_key() {
        let secret = SecretBytes::new(b"hunter2".to_vec());
        let opener = Opener::new(secret, default_provider());
        assert_eq!(format!("{opener:?}"), "Opener { cached_keys: 0, .. }");
    }
}
