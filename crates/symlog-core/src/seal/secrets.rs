//! The secrets of a segment, one pair for each retention class.

use std::sync::Arc;

use symlog_crypto::{AeadError, CryptoError, CryptoProvider, Key, Nonce, Prk, Recipient};
use symlog_keys::{Keyring, KeyringError};
use zeroize::Zeroizing;

use super::field::{Field, Place, UnitRef, open_field};
use crate::format::{
    ClassSecretsBody, SecretBody, SegmentBody, UnitBody, WrapBody, base64, decode_base64, fixed,
    zero_digest,
};
use crate::interaction::EntryId;

/// The role of a wrap that the period key opens.
const PERIOD: &str = "period";
/// The role and the algorithm of a wrap that the period key and a private key open together.
const RECIPIENT: &str = "recipient";
const HPKE: &str = "HPKE-X25519-HKDF-SHA256-ChaCha20-Poly1305";
const RECIPIENT_INFO: &[u8] = b"symlog/v1/recipient";

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
        "segment {segment} has no class {class}: the line or the first one of its segment was changed"
    )]
    NoClass { segment: u64, class: u16 },
    #[error(
        "the entries of class {class} in segment {segment} have expired: their key was destroyed"
    )]
    Expired { segment: u64, class: u16 },
    #[error(
        "segment {segment} was written for the owner of another key, on a host that may not read it: its private key is needed; see `identity_name` in [logging.keys]"
    )]
    NoIdentity { segment: u64 },
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
    /// Classes whose period key was destroyed.
    expired: Vec<u16>,
}

impl SegmentSecrets {
    /// Fresh secrets, wrapped under the period keys of `period`.
    pub(crate) fn create(
        keyring: &Keyring,
        provider: &CryptoProvider,
        segment: u64,
        period: &str,
        class_names: &[String],
        recipients: &[Recipient],
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
                let body = SecretBody {
                    commitment: base64(&context.commitment(&secret)?),
                    wraps: context.wraps(provider, (&key_id, &period_key), &secret, recipients)?,
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
        let secrets = Self {
            segment,
            classes,
            expired: Vec::new(),
        };
        Ok((secrets, bodies))
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
        let mut expired = Vec::new();
        for item in &body.classes {
            let context = Context {
                log,
                segment,
                class: item.class,
                role: Role::Secret,
            };
            match context.open(keyring, provider, &item.secret) {
                Ok(secret) => classes.push(ClassSecrets::new(item.class, secret)),
                Err(SecretsError::Keyring(KeyringError::Destroyed { .. })) => {
                    expired.push(item.class);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Self {
            segment,
            classes,
            expired,
        })
    }

    pub(crate) fn class(&self, class: u16) -> Result<&ClassSecrets, SecretsError> {
        self.classes
            .iter()
            .find(|secrets| secrets.class == class)
            .ok_or_else(|| {
                let segment = self.segment;
                if self.expired.contains(&class) {
                    SecretsError::Expired { segment, class }
                } else {
                    SecretsError::NoClass { segment, class }
                }
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

    /// The ways to unwrap a secret: with the period key, or, where the writer may not read, with
    /// the period key and the private key of any of the recipients.
    fn wraps(
        self,
        provider: &CryptoProvider,
        (key_id, period_key): (&[u8; 16], &Key),
        secret: &Key,
        recipients: &[Recipient],
    ) -> Result<Vec<WrapBody>, SecretsError> {
        let wrap = |alg: &str, role: &str, plain: &[u8]| -> Result<WrapBody, SecretsError> {
            Ok(WrapBody {
                alg: alg.to_owned(),
                key_id: base64(key_id),
                role: role.to_owned(),
                bytes: base64(&self.wrap(provider, period_key, plain)?),
            })
        };
        if recipients.is_empty() {
            let alg = provider.aes_256_gcm.algorithm().as_str();
            return Ok(vec![wrap(alg, PERIOD, secret.expose())?]);
        }
        recipients
            .iter()
            .map(|recipient| {
                let mut plain = recipient.id().to_vec();
                plain.extend(recipient.seal(
                    provider.random,
                    RECIPIENT_INFO,
                    &self.bytes(),
                    secret.expose(),
                )?);
                wrap(HPKE, RECIPIENT, &plain)
            })
            .collect()
    }

    fn wrap(
        self,
        provider: &CryptoProvider,
        key: &Key,
        secret: &[u8],
    ) -> Result<Vec<u8>, SecretsError> {
        let nonce = Nonce::generate(provider.random)?;
        let mut bytes = Vec::with_capacity(secret.len() + 32);
        bytes.extend_from_slice(secret);
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
        let aes = provider.aes_256_gcm.algorithm().as_str();
        let with = |role: &'static str, alg: &'static str| {
            let fits = move |wrap: &&WrapBody| wrap.role == role && wrap.alg == alg;
            body.wraps.iter().filter(fits)
        };
        let secret = if let Some(wrap) = with(PERIOD, aes).next() {
            self.unwrap(keyring, provider, wrap)?
        } else {
            let mut found = None;
            let mut is_for_others = false;
            for wrap in with(RECIPIENT, HPKE) {
                let sealed = self.unwrap(keyring, provider, wrap)?;
                let (id, sealed) = sealed
                    .split_first_chunk::<16>()
                    .ok_or_else(|| malformed("bytes"))?;
                let identity = keyring
                    .identity()
                    .filter(|identity| identity.recipient().is_ok_and(|own| own.id() == *id));
                let Some(identity) = identity else {
                    is_for_others = true;
                    continue;
                };
                let opened = identity
                    .open(RECIPIENT_INFO, &self.bytes(), sealed)
                    .map_err(|AeadError| damaged())?;
                found = Some(Zeroizing::new(opened.expose().to_vec()));
                break;
            }
            match found {
                Some(secret) => secret,
                None if is_for_others => return Err(SecretsError::NoIdentity { segment }),
                None => return Err(SecretsError::NoWrap { segment }),
            }
        };
        if secret.len() != Key::LEN {
            return Err(malformed("bytes"));
        }
        let secret = Key::try_from_slice(&secret)?;
        if self.commitment(&secret)? == commitment {
            Ok(secret)
        } else {
            Err(damaged())
        }
    }
}

impl Context {
    /// What a wrap has under its period key.
    fn unwrap(
        self,
        keyring: &Keyring,
        provider: &CryptoProvider,
        wrap: &WrapBody,
    ) -> Result<Zeroizing<Vec<u8>>, SecretsError> {
        let (segment, class) = (self.segment, self.class);
        let malformed = |member| SecretsError::Malformed { segment, member };
        let key_id: [u8; 16] = fixed(&wrap.key_id).ok_or_else(|| malformed("key_id"))?;
        let bytes = decode_base64(&wrap.bytes).ok_or_else(|| malformed("bytes"))?;
        let (nonce, sealed) = bytes
            .split_first_chunk::<12>()
            .ok_or_else(|| malformed("bytes"))?;
        let period_key = keyring.wrapping_key(&key_id)?;
        let mut plain = sealed.to_vec();
        provider
            .aes_256_gcm
            .open(
                &period_key,
                &Nonce::from_bytes(*nonce),
                &self.associated_data(),
                &mut plain,
            )
            .map_err(|AeadError| SecretsError::Damaged { segment, class })?;
        Ok(Zeroizing::new(plain))
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
