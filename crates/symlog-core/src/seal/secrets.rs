//! The secrets of a segment, one pair for each retention class.

use std::sync::Arc;

use symlog_crypto::{AeadError, CryptoError, CryptoProvider, Key, Nonce, Prk};
use symlog_keys::{Keyring, KeyringError};

use super::field::{Field, Place, UnitRef, open_field};
use crate::format::{
    ClassSecretsBody, SecretBody, SegmentBody, UnitBody, WrapBody, base64, decode_base64, fixed,
    zero_digest,
};
use crate::interaction::EntryId;

/// Why the secrets of a segment cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretsError {
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    #[error("the AEAD refused to wrap a segment secret")]
    Wrap(#[from] AeadError),
    #[error("the first line of segment {segment} is malformed in {member:?}")]
    Malformed { segment: u64, member: &'static str },
    #[error(
        "the secret of class {class} in segment {segment} does not open with its key: the line or the keyring was changed"
    )]
    Damaged { segment: u64, class: u16 },
    #[error("the first line of segment {segment} is missing, and its keys with it")]
    NoHeader { segment: u64 },
    #[error(
        "segment {segment} has no class {class}, or the keys of that class have been destroyed"
    )]
    NoClass { segment: u64, class: u16 },
    #[error(
        "no key of this keyring wraps segment {segment}: the keyring belongs to another log, or the wrap needs a newer version"
    )]
    NoWrap { segment: u64 },
}

/// What seals and finds the entries of one retention class in one segment.
#[derive(Debug)]
pub(crate) struct ClassSecrets {
    pub(crate) class: u16,
    secret: Key,
    /// PRK of entries that belong to no erasure unit, and of references to units.
    without_unit: Arc<Prk>,
}

impl ClassSecrets {
    fn new(class: u16, secret: Key) -> Self {
        Self {
            class,
            without_unit: Arc::new(Prk::extract(secret.expose(), b"symlog/v1/none")),
            secret,
        }
    }

    pub(crate) fn without_unit(&self) -> &Prk {
        &self.without_unit
    }

    pub(crate) fn shared_without_unit(&self) -> Arc<Prk> {
        Arc::clone(&self.without_unit)
    }

    /// `HKDF-Extract(salt = S, ikm = "symlog/v1/unit" ‖ U)`.
    pub(crate) fn with_unit(&self, unit: &Key) -> Prk {
        let mut ikm = zeroize::Zeroizing::new([0u8; 14 + 32]);
        ikm[..14].copy_from_slice(b"symlog/v1/unit");
        ikm[14..].copy_from_slice(unit.expose());
        Prk::extract(self.secret.expose(), &*ikm)
    }
}

/// The secrets of one segment.
#[derive(Debug)]
pub(crate) struct SegmentSecrets {
    pub(crate) segment: u64,
    classes: Vec<ClassSecrets>,
}

impl SegmentSecrets {
    /// Fresh secrets, wrapped under the period keys of `period`.
    pub(crate) fn create(
        keyring: &Keyring,
        provider: &CryptoProvider,
        segment: u64,
        period: &str,
        class_names: &[String],
    ) -> Result<(Self, Vec<ClassSecretsBody>), SecretsError> {
        let log = keyring.log_id();
        let mut classes = Vec::with_capacity(class_names.len());
        let mut bodies = Vec::with_capacity(class_names.len());
        for (class, name) in (0u16..).zip(class_names) {
            let (key_id, period_key) = keyring.period_key(class, period)?;
            let wrap = |role: Role| -> Result<(Key, SecretBody), SecretsError> {
                let secret = Key::generate(provider.random)?;
                let context = Context {
                    log,
                    segment,
                    class,
                    role,
                };
                let bytes = context.wrap(provider, &period_key, &secret)?;
                let body = SecretBody {
                    commitment: base64(&context.commitment(&secret)?),
                    wraps: vec![WrapBody {
                        alg: provider.aes_256_gcm.algorithm().as_str().to_owned(),
                        key_id: base64(&key_id),
                        role: "period".to_owned(),
                        bytes: base64(&bytes),
                    }],
                };
                Ok((secret, body))
            };
            let (secret, secret_body) = wrap(Role::Secret)?;
            let (_search, search_body) = wrap(Role::Search)?;
            classes.push(ClassSecrets::new(class, secret));
            bodies.push(ClassSecretsBody {
                class,
                name: name.clone(),
                secret: secret_body,
                search: search_body,
            });
        }
        Ok((Self { segment, classes }, bodies))
    }

    /// The secrets that the first line of a segment wraps. A class whose period key has been
    /// destroyed is left out: its entries have expired.
    pub(crate) fn open(
        keyring: &Keyring,
        provider: &CryptoProvider,
        segment: u64,
        body: &SegmentBody,
    ) -> Result<Self, SecretsError> {
        let log = keyring.log_id();
        let mut classes = Vec::with_capacity(body.classes.len());
        for item in &body.classes {
            let context = Context {
                log,
                segment,
                class: item.class,
                role: Role::Secret,
            };
            match context.open(keyring, provider, &item.secret) {
                Ok(secret) => classes.push(ClassSecrets::new(item.class, secret)),
                Err(SecretsError::Keyring(KeyringError::Destroyed { .. })) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self { segment, classes })
    }

    pub(crate) fn class(&self, class: u16) -> Result<&ClassSecrets, SecretsError> {
        self.classes
            .iter()
            .find(|secrets| secrets.class == class)
            .ok_or(SecretsError::NoClass {
                segment: self.segment,
                class,
            })
    }
}

#[derive(Clone, Copy)]
enum Role {
    Secret = 1,
    Search = 2,
}

/// What a wrapped secret is bound to.
#[derive(Clone, Copy)]
struct Context {
    log: [u8; 16],
    segment: u64,
    class: u16,
    role: Role,
}

impl Context {
    fn bytes(self) -> [u8; 27] {
        let mut bytes = [0; 27];
        bytes[..16].copy_from_slice(&self.log);
        bytes[16..24].copy_from_slice(&self.segment.to_be_bytes());
        bytes[24..26].copy_from_slice(&self.class.to_be_bytes());
        bytes[26] = self.role as u8;
        bytes
    }

    fn associated_data(self) -> [u8; 41] {
        let mut aad = [0; 41];
        aad[..14].copy_from_slice(b"symlog/v1/wrap");
        aad[14..].copy_from_slice(&self.bytes());
        aad
    }

    /// GCM does not commit to its key; this does, so that a wrap opens to one secret only.
    fn commitment(self, secret: &Key) -> Result<[u8; 32], CryptoError> {
        let mut commitment = [0; 32];
        Prk::extract(secret.expose(), b"symlog/v1/commit")
            .expand(&[&self.bytes()], &mut commitment)?;
        Ok(commitment)
    }

    fn wrap(
        self,
        provider: &CryptoProvider,
        key: &Key,
        secret: &Key,
    ) -> Result<Vec<u8>, SecretsError> {
        let nonce = Nonce::generate(provider.random)?;
        let mut bytes = Vec::with_capacity(64);
        bytes.extend_from_slice(secret.expose());
        provider
            .aes_256_gcm
            .seal(key, &nonce, &self.associated_data(), &mut bytes)?;
        let mut wrapped = nonce.as_bytes().to_vec();
        wrapped.append(&mut bytes);
        Ok(wrapped)
    }

    fn open(
        self,
        keyring: &Keyring,
        provider: &CryptoProvider,
        body: &SecretBody,
    ) -> Result<Key, SecretsError> {
        let (segment, class) = (self.segment, self.class);
        let malformed = |member| SecretsError::Malformed { segment, member };
        let damaged = || SecretsError::Damaged { segment, class };
        let commitment: [u8; 32] =
            fixed(&body.commitment).ok_or_else(|| malformed("commitment"))?;
        let wrap = body
            .wraps
            .iter()
            .find(|wrap| {
                wrap.role == "period" && wrap.alg == provider.aes_256_gcm.algorithm().as_str()
            })
            .ok_or(SecretsError::NoWrap { segment })?;
        let key_id: [u8; 16] = fixed(&wrap.key_id).ok_or_else(|| malformed("key_id"))?;
        let bytes = decode_base64(&wrap.bytes).ok_or_else(|| malformed("bytes"))?;
        if bytes.len() != 12 + 32 + 16 {
            return Err(malformed("bytes"));
        }
        let period_key = keyring.wrapping_key(&key_id)?;
        let nonce = Nonce::try_from_slice(&bytes[..12])?;
        let mut secret = bytes[12..].to_vec();
        provider
            .aes_256_gcm
            .open(&period_key, &nonce, &self.associated_data(), &mut secret)
            .map_err(|AeadError| damaged())?;
        let secret_bytes = zeroize::Zeroizing::new(secret);
        let secret = Key::try_from_slice(&secret_bytes)?;
        if self.commitment(&secret)? == commitment {
            Ok(secret)
        } else {
            Err(damaged())
        }
    }
}

/// Opens a `unit` control line: the key id and the digest of the unit's name.
pub(crate) fn open_unit_line(
    secrets: &SegmentSecrets,
    provider: &CryptoProvider,
    log: [u8; 16],
    sequence: u64,
    body: &UnitBody,
) -> Result<(UnitRef, [u8; 32]), SecretsError> {
    let segment = secrets.segment;
    let malformed = |member| SecretsError::Malformed { segment, member };
    let mut bytes = decode_base64(&body.unit).ok_or_else(|| malformed("unit"))?;
    let place = Place {
        log,
        segment,
        sequence,
        field: Field::UnitOpened,
        chunk: 0,
        last: false,
        salt: fixed(&body.salt).ok_or_else(|| malformed("salt"))?,
    };
    open_field(
        provider.aes_256_gcm,
        secrets.class(body.class)?.without_unit(),
        &place,
        &EntryId::from(uuid::Uuid::nil()),
        &zero_digest(),
        None,
        &mut bytes,
    )
    .map_err(|AeadError| SecretsError::Damaged {
        segment,
        class: body.class,
    })?;
    let (key_id, digest) = bytes
        .split_first_chunk::<16>()
        .ok_or_else(|| malformed("unit"))?;
    let digest = digest.try_into().map_err(|_| malformed("unit"))?;
    Ok((UnitRef(*key_id), digest))
}
