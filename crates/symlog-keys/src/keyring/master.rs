use std::sync::atomic::Ordering;

use symlog_crypto::{CryptoError, Key, Prk};

use super::rows::{Meta, Slot};
use super::storage::{Read, Space, Write};
use super::wrap::unwrap;
use super::{Inner, KeyringError, epoch, slots, storage};

/// The master key of one version.
pub(super) struct Master {
    pub(super) version: u32,
    pub(super) key: Key,
}

impl Master {
    pub(super) fn duplicate(&self) -> Self {
        Self {
            version: self.version,
            key: self.key.duplicate(),
        }
    }

    /// Authenticates the row of [`Meta`].
    pub(super) fn mac(&self, meta: &Meta) -> Result<[u8; 32], CryptoError> {
        let key = Prk::from_key(&self.key).expand_key(&[b"symlog keyring v1 meta"])?;
        Ok(symlog_crypto::hmac_sha256(&key, &[&meta.authenticated()]))
    }
}

/// The epoch key that was last used.
pub(super) struct Epoch {
    epoch: u64,
    key: Key,
}

impl Inner {
    /// What belongs to the whole keyring, authenticated, with the master key it names. Another process may have
    /// rotated since the last look; the own slot then holds the new master key.
    pub(super) fn meta(&self, view: &(impl Read + ?Sized)) -> Result<(Meta, Master), KeyringError> {
        let meta = view
            .get(Space::Meta, Meta::KEY)?
            .and_then(|row| Meta::decode(&row))
            .ok_or_else(|| self.damaged("its first row cannot be read"))?;
        if meta.log_id != self.log_id {
            return Err(self.damaged("it belongs to another log"));
        }
        let master = self.master(view, meta.master)?;
        if master.mac(&meta)? != meta.mac {
            return Err(self.damaged("its first row was altered"));
        }
        self.generation.fetch_max(meta.generation, Ordering::AcqRel);
        Ok((meta, master))
    }

    fn master(&self, view: &(impl Read + ?Sized), version: u32) -> Result<Master, KeyringError> {
        let mut master = self.master.lock();
        if master.version != version {
            let own = self.slot.lock();
            let slot = view
                .get(Space::Slot, &own.id)?
                .ok_or_else(|| KeyringError::LockedOut {
                    path: self.path.clone(),
                })?;
            let slot = Slot::decode(&slot)
                .filter(|slot| slot.master == version)
                .ok_or_else(|| self.damaged("an unlock slot does not fit the master key"))?;
            let binding = slots::binding(&self.log_id, &own.id, version);
            let key = unwrap(&self.provider, &own.kek, &binding, &slot.wrapped_master)
                .map_err(|_| self.damaged("an unlock slot was altered"))?;
            *master = Master { version, key };
        }
        Ok(master.duplicate())
    }

    /// Writes the row back after a change, one generation later.
    pub(super) fn put_meta(
        &self,
        view: &mut (impl Write + ?Sized),
        mut meta: Meta,
        master: &Master,
    ) -> Result<(), KeyringError> {
        meta.generation += 1;
        meta.mac = master.mac(&meta)?;
        view.put(Space::Meta, Meta::KEY, &meta.encode())
    }

    /// The key above the bucket keys.
    pub(super) fn epoch_key(&self, number: u64, master: &Master) -> Result<Key, KeyringError> {
        let mut cached = self.epoch.lock();
        if let Some(epoch) = cached.as_ref().filter(|epoch| epoch.epoch == number) {
            return Ok(epoch.key.duplicate());
        }
        let key = self
            .epoch_entries()?
            .iter()
            .find(|entry| entry.epoch == number && entry.master == master.version)
            .ok_or_else(|| {
                self.damaged("the epoch key does not fit: one of the two files is older")
            })?
            .open(&self.provider, &self.log_id, &master.key)
            .map_err(|_| self.damaged("the epoch key was altered"))?;
        *cached = Some(Epoch {
            epoch: number,
            key: key.duplicate(),
        });
        Ok(key)
    }

    pub(super) fn forget_epoch(&self) {
        *self.epoch.lock() = None;
    }

    pub(super) fn epoch_entries(&self) -> Result<Vec<epoch::EpochEntry>, KeyringError> {
        let bytes = self
            .epochs
            .load()?
            .ok_or_else(|| self.damaged("its epoch key is missing; the file ends in .epoch"))?;
        epoch::decode(&self.log_id, &bytes)
            .ok_or_else(|| self.damaged("the file with its epoch key is not one of this log"))
    }

    /// Destroys epoch keys that are not in use: the old one after a rotation, the new one of a rotation that was
    /// interrupted. Under the write lock, because the new one of another process is not in use yet either.
    pub(super) fn tidy_epochs(&self) -> Result<(), KeyringError> {
        storage::update(&*self.storage, |view| {
            let (meta, _) = self.meta(view)?;
            let entries = self.epoch_entries()?;
            let used: Vec<_> = entries
                .iter()
                .filter(|entry| entry.epoch == meta.epoch && entry.master == meta.master)
                .cloned()
                .collect();
            if used.is_empty() {
                return Err(
                    self.damaged("the epoch key does not fit: one of the two files is older")
                );
            }
            if used.len() < entries.len() {
                self.epochs.replace(&epoch::encode(&self.log_id, &used))?;
            }
            Ok(())
        })
    }
}
