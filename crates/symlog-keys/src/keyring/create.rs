use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use parking_lot::Mutex;
use symlog_crypto::{CryptoProvider, Key, Prk};

use super::epoch::{EpochEntry, EpochStore, FileEpoch, MemoryEpoch};
use super::master::Master;
use super::memory::MemoryStorage;
use super::periods::{now, put_key};
use super::pool::Pool;
use super::rows::{KeyKind, KeyRow, KeyState, Meta, Slot};
use super::secret_epoch::{EpochPlace, SecretEpoch};
use super::slots::{self, Fitting, MAX_SLOTS};
use super::sqlite::SqliteStorage;
use super::storage::{Read, Scan, Space, Storage};
use super::wrap::unwrap;
use super::{Access, Id, Inner, Keyring, KeyringError, OwnSlot, epoch, purpose_key, storage};
use crate::private_file::{self, FileError};
use crate::{LoggingKey, audit};

const FIRST_MASTER: u32 = 1;
const FIRST_EPOCH: u64 = 1;
const DIGEST_PURPOSE: &str = "unit-names";

impl Keyring {
    /// A new keyring for a new log. Complete and synced when this returns; after a crash before that there is
    /// none.
    ///
    /// # Errors
    /// [`KeyringError::Exists`] when there is one already.
    pub fn create(
        path: &Path,
        log_id: Id,
        key: &LoggingKey,
        provider: &CryptoProvider,
    ) -> Result<Self, KeyringError> {
        Self::create_with(path, log_id, key, provider, &EpochPlace::Beside)
    }

    /// The same, with the epoch key elsewhere.
    ///
    /// # Errors
    /// As for [`create`](Self::create), and [`KeyringError::Store`].
    pub fn create_with(
        path: &Path,
        log_id: Id,
        key: &LoggingKey,
        provider: &CryptoProvider,
        epochs: &EpochPlace,
    ) -> Result<Self, KeyringError> {
        if path.symlink_metadata().is_ok() {
            return Err(KeyringError::Exists {
                path: path.to_owned(),
            });
        }
        let temporary = private_file::sibling(path, ".new");
        match std::fs::remove_file(&temporary) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(FileError::io(&temporary, "remove a temporary file", error).into());
            }
            _ => {}
        }
        if matches!(epochs, EpochPlace::Beside) {
            FileEpoch::beside(path).set_aside()?;
        }
        let storage = SqliteStorage::create(&temporary)?;
        set_up(&storage, &*epochs.store(path), log_id, key, provider)?;
        drop(storage);
        private_file::publish(&temporary, path)?;
        tracing::debug!(path = %path.display(), "keyring created");
        Self::open_with(path, key, Access::ReadWrite, provider, epochs)
    }

    /// Opens an existing keyring. A passphrase is stretched once.
    ///
    /// # Errors
    /// [`KeyringError::NotFound`]; [`KeyringError::WrongKey`], found out before anything is decrypted;
    /// [`KeyringError::Damaged`], [`KeyringError::Newer`], and those of the file.
    pub fn open(
        path: &Path,
        key: &LoggingKey,
        access: Access,
        provider: &CryptoProvider,
    ) -> Result<Self, KeyringError> {
        Self::open_with(path, key, access, provider, &EpochPlace::Beside)
    }

    /// The same, with the epoch key elsewhere.
    ///
    /// # Errors
    /// As for [`open`](Self::open), and [`KeyringError::Store`].
    pub fn open_with(
        path: &Path,
        key: &LoggingKey,
        access: Access,
        provider: &CryptoProvider,
        epochs: &EpochPlace,
    ) -> Result<Self, KeyringError> {
        let storage = SqliteStorage::open(path, access)?;
        Self::unlock(
            Parts {
                path,
                access,
                storage: Box::new(storage),
                epochs: epochs.store(path),
            },
            key,
            provider,
        )
    }

    /// A keyring that is gone when the last handle is.
    ///
    /// # Errors
    /// When there is no randomness, or memory for Argon2id.
    pub fn in_memory(
        log_id: Id,
        key: &LoggingKey,
        provider: &CryptoProvider,
    ) -> Result<Self, KeyringError> {
        let storage = MemoryStorage::default();
        let epochs = MemoryEpoch::default();
        set_up(&storage, &epochs, log_id, key, provider)?;
        Self::unlock(
            Parts {
                path: Path::new("(memory)"),
                access: Access::ReadWrite,
                storage: Box::new(storage),
                epochs: Box::new(epochs),
            },
            key,
            provider,
        )
    }

    pub(super) fn unlock(
        parts: Parts<'_>,
        key: &LoggingKey,
        provider: &CryptoProvider,
    ) -> Result<Self, KeyringError> {
        let Parts {
            path,
            access,
            storage,
            epochs,
        } = parts;
        let damaged = |what| KeyringError::Damaged {
            path: path.to_owned(),
            what,
            source: None,
        };
        let (meta, slots) = storage::read(&*storage, |view| {
            let meta = view
                .get(Space::Meta, Meta::KEY)?
                .and_then(|row| Meta::decode(&row))
                .ok_or_else(|| damaged("its first row cannot be read"))?;
            Ok((meta, read_slots(view, &damaged)?))
        })?;
        let Some(Fitting { id, slot, kek }) = slots::find(&meta.log_id, slots, key)? else {
            audit::not_unlocked(path);
            return Err(KeyringError::WrongKey {
                path: path.to_owned(),
            });
        };
        let binding = slots::binding(&meta.log_id, &id, slot.master);
        let master = Master {
            version: slot.master,
            key: unwrap(provider, &kek, &binding, &slot.wrapped_master)
                .map_err(|_| damaged("an unlock slot was altered"))?,
        };
        let mut inner = Inner {
            path: path.to_owned(),
            access,
            provider: provider.clone(),
            log_id: meta.log_id,
            storage,
            epochs,
            slot: Mutex::new(OwnSlot { id, kek }),
            master: Mutex::new(master),
            generation: AtomicU64::new(0),
            root: Prk::extract(&[], &[]),
            digest_key: Key::from_bytes([0; 32]),
            epoch: Mutex::new(None),
            pool: Pool::new(),
        };
        let wanted = |row: &KeyRow| row.kind == KeyKind::Root && row.state == KeyState::Active;
        let root = storage::read(&*inner.storage, |view| {
            inner.meta(view)?;
            inner.find_key(view, wanted)
        })?;
        let (_, root) = root.ok_or_else(|| inner.damaged("its root secret is missing"))?;
        inner.root = Prk::from_key(&root);
        inner.digest_key = purpose_key(&inner.root, DIGEST_PURPOSE)?;
        if access == Access::ReadWrite && inner.epoch_entries()?.len() > 1 {
            inner.tidy_epochs()?;
        }
        audit::unlocked(path);
        Ok(Self {
            inner: Arc::new(inner),
            identity: None,
        })
    }
}

impl EpochPlace {
    fn store(&self, keyring: &Path) -> Box<dyn EpochStore> {
        match self {
            Self::Beside => Box::new(FileEpoch::beside(keyring)),
            Self::Store { store, name } => {
                Box::new(SecretEpoch::new(Arc::clone(store), name.clone()))
            }
        }
    }
}

/// What a keyring is made of before it is unlocked.
pub(super) struct Parts<'a> {
    pub(super) path: &'a Path,
    pub(super) access: Access,
    pub(super) storage: Box<dyn Storage>,
    pub(super) epochs: Box<dyn EpochStore>,
}

pub(super) fn read_slots(
    view: &(impl Read + ?Sized),
    damaged: &dyn Fn(&'static str) -> KeyringError,
) -> Result<Vec<(Id, Slot)>, KeyringError> {
    let mut slots = Vec::new();
    view.scan(Space::Slot, &[], &mut |id, row| {
        let id = id
            .try_into()
            .map_err(|_| damaged("the id of an unlock slot is not 16 bytes long"))?;
        let slot = Slot::decode(row).ok_or_else(|| damaged("an unlock slot cannot be read"))?;
        slots.push((id, slot));
        if slots.len() > MAX_SLOTS {
            return Err(damaged("it has more than 32 unlock slots"));
        }
        Ok(Scan::More)
    })?;
    Ok(slots)
}

/// Everything a keyring has from the beginning.
fn set_up(
    storage: &dyn Storage,
    epochs: &dyn EpochStore,
    log: Id,
    key: &LoggingKey,
    provider: &CryptoProvider,
) -> Result<(), KeyringError> {
    let master = Master {
        version: FIRST_MASTER,
        key: Key::generate(provider.random)?,
    };
    let (slot_id, slot) = slots::seal(provider, &log, &master, key, "first", None)?;
    let epoch_key = Key::generate(provider.random)?;
    let entry = EpochEntry::seal(provider, &log, FIRST_EPOCH, &master, &epoch_key)?;
    epochs.replace(&epoch::encode(&log, &[entry]))?;
    storage::update(storage, |view| {
        view.put(Space::Slot, &slot_id, &slot.encode())?;
        for kind in [KeyKind::Root, KeyKind::Signing] {
            let key = Key::generate(provider.random)?;
            let new = KeyRow::lasting(kind, master.version);
            put_key(view, provider, &log, &master.key, new, &key)?;
        }
        let mut meta = Meta {
            log_id: log,
            master: master.version,
            generation: 1,
            epoch: FIRST_EPOCH,
            created: now(),
            mac: [0; 32],
        };
        meta.mac = master.mac(&meta)?;
        view.put(Space::Meta, Meta::KEY, &meta.encode())
    })
}
