use std::time::{SystemTime, UNIX_EPOCH};

use symlog_crypto::{CryptoError, CryptoProvider, Key, Prk, SigningKey};

use super::master::Master;
use super::rows::{KeyKind, KeyRow, KeyState};
use super::storage::{Read, Scan, Space, Write};
use super::wrap::{Binding, WRAPPED_LEN, unwrap, wrap};
use super::{Id, Inner, Keyring, KeyringError, storage};
use crate::audit;

const MAX_PERIOD_LEN: usize = 32;

impl Keyring {
    /// The key that wraps the secrets of segments written in `period` (`2026-11`) under retention class `class`.
    /// Made, and synced, when there is none yet.
    ///
    /// # Errors
    /// [`KeyringError::ReadOnly`] when it would have to be made; those of the file otherwise.
    pub fn period_key(&self, class: u16, period: &str) -> Result<(Id, Key), KeyringError> {
        if period.is_empty() || period.len() > MAX_PERIOD_LEN {
            return Err(KeyringError::Limit {
                what: "a period's name is 1 to 32 bytes long",
            });
        }
        let inner = &*self.inner;
        let find = |view: &dyn Read| {
            let wanted = |row: &KeyRow| {
                row.kind == KeyKind::Period
                    && row.state == KeyState::Active
                    && row.class == class
                    && row.period == period
            };
            inner.find_key(view, wanted)
        };
        let found = storage::read(&*inner.storage, find);
        if let Some(found) = inner.audited("period", found)? {
            return Ok(found);
        }
        inner.writable()?;
        let made = storage::update(&*inner.storage, |view| {
            // Another process may have been faster.
            if let Some(found) = find(&View(view))? {
                return Ok(found);
            }
            let (meta, master) = inner.meta(view)?;
            let key = Key::generate(inner.provider.random)?;
            let wrapping = inner.wrapping(KeyKind::Period, meta.epoch, &master)?;
            let row = KeyRow {
                class,
                period: period.to_owned(),
                epoch: meta.epoch,
                ..KeyRow::lasting(KeyKind::Period, master.version)
            };
            let id = put_key(view, &inner.provider, &inner.log_id, &wrapping, row, &key)?;
            inner.put_meta(view, meta, &master)?;
            Ok((id, key))
        })?;
        audit::made(&inner.path, "period", &made.0);
        Ok(made)
    }

    /// A period key by its id, also one that is no longer written with.
    ///
    /// # Errors
    /// [`KeyringError::Destroyed`] when it was, [`KeyringError::Unknown`] when this keyring never had it.
    pub fn wrapping_key(&self, key_id: &Id) -> Result<Key, KeyringError> {
        let inner = &*self.inner;
        let found = storage::read(&*inner.storage, |view| {
            let row = view
                .get(Space::Key, key_id)?
                .ok_or(KeyringError::Unknown { id: *key_id })?;
            let row = inner.key_row(&row)?;
            match (row.kind, row.state) {
                (KeyKind::Period, KeyState::Active | KeyState::Retired) => {
                    let (_, master) = inner.meta(view)?;
                    inner.open_key(&master, key_id, &row)
                }
                (KeyKind::Period, KeyState::Destroyed) => {
                    Err(KeyringError::Destroyed { id: *key_id })
                }
                (KeyKind::Signing | KeyKind::Root, _) => Err(KeyringError::Unknown { id: *key_id }),
            }
        });
        inner.audited("period", found)
    }

    /// The key the writer signs with.
    ///
    /// # Errors
    /// Those of the file.
    pub fn signing_key(&self) -> Result<SigningKey, KeyringError> {
        let inner = &*self.inner;
        let wanted = |row: &KeyRow| row.kind == KeyKind::Signing && row.state == KeyState::Active;
        let found = storage::read(&*inner.storage, |view| inner.find_key(view, wanted));
        let (_, seed) = inner
            .audited("signing", found)?
            .ok_or_else(|| inner.damaged("its signing key is missing"))?;
        Ok(SigningKey::from_seed(seed)?)
    }
}

/// Lets a writing view be read through the same closure as a reading one.
struct View<'a>(&'a dyn Write);

impl Read for View<'_> {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, KeyringError> {
        self.0.get(space, key)
    }

    fn scan(
        &self,
        space: Space,
        prefix: &[u8],
        visit: &mut storage::Visitor<'_>,
    ) -> Result<(), KeyringError> {
        self.0.scan(space, prefix, visit)
    }
}

impl Inner {
    /// Tells of the use of a key, or why it could not be used.
    pub(super) fn audited<T>(
        &self,
        key: &'static str,
        result: Result<T, KeyringError>,
    ) -> Result<T, KeyringError> {
        match &result {
            Ok(_) => audit::used(&self.path, key),
            Err(error) => audit::failed(&self.path, key, error),
        }
        result
    }

    pub(super) fn key_row(&self, bytes: &[u8]) -> Result<KeyRow, KeyringError> {
        KeyRow::decode(bytes).ok_or_else(|| self.damaged("the row of a key cannot be read"))
    }

    /// The key above keys of this kind.
    pub(super) fn wrapping(
        &self,
        kind: KeyKind,
        epoch: u64,
        master: &Master,
    ) -> Result<Key, KeyringError> {
        match kind {
            KeyKind::Signing | KeyKind::Root => Ok(master.key.duplicate()),
            KeyKind::Period => Ok(period_wrapping(
                &master.key,
                &self.epoch_key(epoch, master)?,
            )?),
        }
    }

    fn open_key(&self, master: &Master, id: &Id, row: &KeyRow) -> Result<Key, KeyringError> {
        if row.master != master.version {
            return Err(self.damaged("a key is wrapped under another master key"));
        }
        unwrap(
            &self.provider,
            &self.wrapping(row.kind, row.epoch, master)?,
            &key_binding(&self.log_id, id, row),
            &row.wrapped,
        )
        .map_err(|_| self.damaged("the row of a key was altered"))
    }

    /// The first key that `wanted` accepts.
    pub(super) fn find_key(
        &self,
        view: &(impl Read + ?Sized),
        wanted: impl Fn(&KeyRow) -> bool,
    ) -> Result<Option<(Id, Key)>, KeyringError> {
        let mut found = None;
        view.scan(Space::Key, &[], &mut |id, row| {
            let row = self.key_row(row)?;
            if !wanted(&row) {
                return Ok(Scan::More);
            }
            let id: Id = id
                .try_into()
                .map_err(|_| self.damaged("the id of a key is not 16 bytes long"))?;
            found = Some((id, row));
            Ok(Scan::Enough)
        })?;
        let Some((id, row)) = found else {
            return Ok(None);
        };
        let (_, master) = self.meta(view)?;
        Ok(Some((id, self.open_key(&master, &id, &row)?)))
    }
}

impl KeyRow {
    /// The row of a new key that is no period's, still to be wrapped.
    pub(super) fn lasting(kind: KeyKind, master: u32) -> Self {
        Self {
            kind,
            state: KeyState::Active,
            class: 0,
            period: String::new(),
            master,
            epoch: 0,
            created: now(),
            wrapped: [0; WRAPPED_LEN],
        }
    }
}

/// What period keys are wrapped under: gone with the master key, and gone with the epoch key.
pub(super) fn period_wrapping(master: &Key, epoch: &Key) -> Result<Key, CryptoError> {
    Prk::extract(epoch.expose(), master.expose()).expand_key(&[b"symlog keyring v1 period"])
}

/// Wraps a new key and stores it.
pub(super) fn put_key(
    view: &mut (impl Write + ?Sized),
    provider: &CryptoProvider,
    log: &Id,
    wrapping: &Key,
    mut row: KeyRow,
    key: &Key,
) -> Result<Id, KeyringError> {
    let mut id = [0; 16];
    provider.random.fill(&mut id)?;
    row.wrapped = wrap(provider, wrapping, &key_binding(log, &id, &row), key)?;
    view.put(Space::Key, &id, &row.encode())?;
    Ok(id)
}

pub(super) fn now() -> u64 {
    seconds(SystemTime::now())
}

/// Seconds since 1970; 0 before.
pub(super) fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

pub(super) fn key_binding(log: &Id, id: &Id, row: &KeyRow) -> Binding {
    Binding::new(
        log,
        "key",
        &[
            id,
            &[row.kind as u8],
            &row.class.to_be_bytes(),
            row.period.as_bytes(),
            &row.master.to_be_bytes(),
            &row.epoch.to_be_bytes(),
        ],
    )
}
