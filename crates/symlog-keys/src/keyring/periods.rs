use std::time::{SystemTime, UNIX_EPOCH};

use symlog_crypto::{CryptoProvider, Key, SigningKey};

use super::master::Master;
use super::rows::{KeyKind, KeyRow, KeyState};
use super::storage::{Read, Scan, Space, Write};
use super::wrap::{Binding, unwrap, wrap};
use super::{Id, Inner, Keyring, KeyringError, storage};

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
        if let Some(found) = storage::read(&*inner.storage, find)? {
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
            let id = put_key(
                view,
                &inner.provider,
                &inner.log_id,
                &master,
                &NewKey {
                    kind: KeyKind::Period,
                    class,
                    period,
                    key: &key,
                },
            )?;
            inner.put_meta(view, meta, &master)?;
            Ok((id, key))
        })?;
        tracing::debug!(class, period, "period key ready");
        Ok(made)
    }

    /// A period key by its id, also one that is no longer written with.
    ///
    /// # Errors
    /// [`KeyringError::Destroyed`] when it was, [`KeyringError::Unknown`] when this keyring never had it.
    pub fn wrapping_key(&self, key_id: &Id) -> Result<Key, KeyringError> {
        let inner = &*self.inner;
        storage::read(&*inner.storage, |view| {
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
        })
    }

    /// The key the writer signs with.
    ///
    /// # Errors
    /// Those of the file.
    pub fn signing_key(&self) -> Result<SigningKey, KeyringError> {
        let inner = &*self.inner;
        let wanted = |row: &KeyRow| row.kind == KeyKind::Signing && row.state == KeyState::Active;
        let (_, seed) = storage::read(&*inner.storage, |view| inner.find_key(view, wanted))?
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
    fn key_row(&self, bytes: &[u8]) -> Result<KeyRow, KeyringError> {
        KeyRow::decode(bytes).ok_or_else(|| self.damaged("the row of a key cannot be read"))
    }

    fn open_key(&self, master: &Master, id: &Id, row: &KeyRow) -> Result<Key, KeyringError> {
        if row.master != master.version {
            return Err(self.damaged("a key is wrapped under another master key"));
        }
        unwrap(
            &self.provider,
            &master.key,
            &binding(&self.log_id, id, row),
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

pub(super) struct NewKey<'a> {
    pub(super) kind: KeyKind,
    pub(super) class: u16,
    pub(super) period: &'a str,
    pub(super) key: &'a Key,
}

/// Wraps a key and stores it as the active one.
pub(super) fn put_key(
    view: &mut (impl Write + ?Sized),
    provider: &CryptoProvider,
    log: &Id,
    master: &Master,
    new: &NewKey<'_>,
) -> Result<Id, KeyringError> {
    let mut id = [0; 16];
    provider.random.fill(&mut id)?;
    let mut row = KeyRow {
        kind: new.kind,
        state: KeyState::Active,
        class: new.class,
        period: new.period.to_owned(),
        master: master.version,
        created: SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs()),
        wrapped: [0; 60],
    };
    row.wrapped = wrap(provider, &master.key, &binding(log, &id, &row), new.key)?;
    view.put(Space::Key, &id, &row.encode())?;
    Ok(id)
}

fn binding(log: &Id, id: &Id, row: &KeyRow) -> Binding {
    Binding::new(
        log,
        "key",
        &[
            id,
            &[row.kind as u8],
            &row.class.to_be_bytes(),
            row.period.as_bytes(),
            &row.master.to_be_bytes(),
        ],
    )
}
