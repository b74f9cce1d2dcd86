use std::collections::HashMap;

use symlog_crypto::{Argon2Params, CryptoError, CryptoProvider, Key, Prk, argon2id};

use super::master::Master;
use super::rows::{Slot, SlotKind};
use super::wrap::{Binding, Wrapped, wrap};
use super::{Id, KeyringError};
use crate::{LoggingKey, WrappedKey};

/// More keys than anyone hands out for one log; a hostile file cannot make opening take longer than this.
pub(super) const MAX_SLOTS: usize = 32;
/// Different passphrase costs tried at most. Slots added later share salt and cost of the first, so one run is
/// the rule.
const MAX_RUNS: usize = 4;
const MAX_LABEL_LEN: usize = 200;
/// What a service describes itself with, and gives out.
const MAX_SERVICE_LEN: usize = 250;
const MAX_WRAPPED_LEN: usize = 4096;

/// What a slot derives from its logging key.
pub(super) struct SlotKey {
    pub(super) kek: Key,
    check: [u8; 16],
}

impl SlotKey {
    fn derive(log: &Id, salt: &[u8; 32], secret: &[u8]) -> Result<Self, CryptoError> {
        let prk = Prk::extract(salt, secret);
        let mut check = [0; 16];
        prk.expand(&[b"symlog keyring v1 check", log], &mut check)?;
        Ok(Self {
            kek: prk.expand_key(&[b"symlog keyring v1 kek", log])?,
            check,
        })
    }
}

/// Derives slot keys from one logging key and remembers each run of Argon2.
pub(super) struct Unlocker<'a> {
    log: &'a Id,
    key: &'a LoggingKey,
    runs: HashMap<([u8; 32], Argon2Params), Key>,
}

impl<'a> Unlocker<'a> {
    pub(super) fn new(log: &'a Id, key: &'a LoggingKey) -> Self {
        Self {
            log,
            key,
            runs: HashMap::new(),
        }
    }

    /// `None` when the slot is of the other kind, so that this key cannot be its key.
    pub(super) fn derive(
        &mut self,
        kind: &SlotKind,
        salt: &[u8; 32],
    ) -> Result<Option<SlotKey>, KeyringError> {
        match (kind, self.key.raw()) {
            (SlotKind::Raw, Some(raw)) => Ok(Some(SlotKey::derive(self.log, salt, raw.expose())?)),
            (SlotKind::Wrapped(wrapped), Some(raw)) if self.key.wrapped() == Some(wrapped) => {
                Ok(Some(SlotKey::derive(self.log, salt, raw.expose())?))
            }
            (SlotKind::Passphrase(params), None) => {
                let stretched = match self.runs.get(&(*salt, *params)) {
                    Some(stretched) => stretched,
                    None if self.runs.len() >= MAX_RUNS => {
                        return Err(KeyringError::Limit {
                            what: "the keyring wants its passphrase stretched in more than 4 ways",
                        });
                    }
                    None => {
                        let stretched = argon2id(self.key.text().expose(), salt, params)?;
                        self.runs.entry((*salt, *params)).or_insert(stretched)
                    }
                };
                Ok(Some(SlotKey::derive(self.log, salt, stretched.expose())?))
            }
            _ => Ok(None),
        }
    }

    /// Whether the key fits; nothing is decrypted to find out.
    pub(super) fn try_slot(&mut self, slot: &Slot) -> Result<Option<SlotKey>, KeyringError> {
        Ok(self
            .derive(&slot.kind, &slot.salt)?
            .filter(|derived| derived.check == slot.check))
    }
}

/// The slot that a logging key opens.
pub(super) struct Fitting {
    pub(super) id: Id,
    pub(super) slot: Slot,
    pub(super) kek: Key,
}

/// The first slot that `key` opens.
pub(super) fn find(
    log: &Id,
    slots: Vec<(Id, Slot)>,
    key: &LoggingKey,
) -> Result<Option<Fitting>, KeyringError> {
    let mut unlocker = Unlocker::new(log, key);
    for (id, slot) in slots {
        if let Some(SlotKey { kek, .. }) = unlocker.try_slot(&slot)? {
            return Ok(Some(Fitting { id, slot, kek }));
        }
    }
    Ok(None)
}

pub(super) fn binding(log: &Id, slot: &Id, master: u32) -> Binding {
    Binding::new(log, "master", &[slot, &master.to_be_bytes()])
}

pub(super) fn kek_binding(log: &Id, slot: &Id, master: u32) -> Binding {
    Binding::new(log, "slot", &[slot, &master.to_be_bytes()])
}

/// A new slot for `key`. `like` is another passphrase slot, whose salt and cost it shares.
pub(super) fn seal(
    provider: &CryptoProvider,
    log: &Id,
    master: &Master,
    key: &LoggingKey,
    label: &str,
    like: Option<&Slot>,
) -> Result<(Id, Slot), KeyringError> {
    if label.len() > MAX_LABEL_LEN {
        return Err(KeyringError::Limit {
            what: "the label of an unlock slot is at most 200 bytes long",
        });
    }
    let mut id = [0; 16];
    provider.random.fill(&mut id)?;
    let mut salt = [0; 32];
    provider.random.fill(&mut salt)?;
    let kind = match (key.raw(), key.wrapped(), like) {
        (Some(_), Some(wrapped), _) => SlotKind::Wrapped(bounded(wrapped)?),
        (Some(_), None, _) => SlotKind::Raw,
        (
            None,
            _,
            Some(Slot {
                kind: SlotKind::Passphrase(params),
                salt: shared,
                ..
            }),
        ) if params.checked_for_writing().is_ok() => {
            salt = *shared;
            SlotKind::Passphrase(*params)
        }
        (None, _, _) => SlotKind::Passphrase(Argon2Params::DEFAULT),
    };
    let SlotKey { kek, check } =
        Unlocker::new(log, key)
            .derive(&kind, &salt)?
            .ok_or(KeyringError::Limit {
                what: "a slot was made for a key of another kind",
            })?;
    let (wrapped_master, wrapped_kek) = seal_for(provider, log, &id, &kek, master)?;
    let slot = Slot {
        kind,
        salt,
        check,
        master: master.version,
        wrapped_master,
        wrapped_kek,
        label: label.to_owned(),
    };
    Ok((id, slot))
}

fn bounded(wrapped: &WrappedKey) -> Result<WrappedKey, KeyringError> {
    if wrapped.bytes.is_empty()
        || wrapped.bytes.len() > MAX_WRAPPED_LEN
        || wrapped.service.len() > MAX_SERVICE_LEN
    {
        return Err(KeyringError::Limit {
            what: "what a service wraps a key to is at most 4096 bytes long, and its description 250",
        });
    }
    Ok(wrapped.clone())
}

/// Master key under slot key, and slot key under master key.
pub(super) fn seal_for(
    provider: &CryptoProvider,
    log: &Id,
    slot: &Id,
    kek: &Key,
    master: &Master,
) -> Result<(Wrapped, Wrapped), KeyringError> {
    let Master { version, key } = master;
    Ok((
        wrap(provider, kek, &binding(log, slot, *version), key)?,
        wrap(provider, key, &kek_binding(log, slot, *version), kek)?,
    ))
}
