//! Unit keys. The id of one says where its row lies (bucket, place) and ends in ten random bytes, so that it
//! needs no index and a guessed id finds nothing.

use symlog_crypto::Key;

use super::master::Master;
use super::rows::{Bucket, Unit};
use super::storage::{Read, Scan, Space, Write};
use super::wrap::{Binding, unwrap, wrap};
use super::{Id, Inner, Keyring, KeyringError, storage};

/// Key in [`Space::Meta`]: the number of the bucket that is being filled.
const LAST_BUCKET: &[u8] = b"bucket";
/// Keys one unit can have: one, and one more for each crash between its first line and its assignment.
const MAX_KEYS_OF_UNIT: usize = 1024;

impl Keyring {
    /// The key of a unit, by its digest. `None` when the unit has none yet, or was erased.
    ///
    /// # Errors
    /// Those of the file.
    pub fn find_unit(&self, digest: &[u8; 32]) -> Result<Option<(Id, Key)>, KeyringError> {
        let inner = &*self.inner;
        let found = storage::read(&*inner.storage, |view| {
            let Some(ids) = view.get(Space::Digest, digest)? else {
                return Ok(None);
            };
            let Some(id) = ids.last_chunk::<16>() else {
                return Err(inner.damaged("the entry of a unit is empty"));
            };
            match inner.unit(view, id)? {
                Unit::Live {
                    digest: Some(owner),
                    wrapped,
                    ..
                } if owner == *digest => {
                    let bucket = inner.bucket_key(view, place(id).0)?;
                    Ok(Some((*id, inner.open_unit(&bucket, id, &wrapped)?)))
                }
                _ => Err(inner.damaged("a unit's digest and its key do not belong together")),
            }
        });
        inner.audited("unit", found)
    }

    /// A unit key by its id, also one that was taken from the pool and not assigned yet.
    ///
    /// # Errors
    /// [`KeyringError::Destroyed`] when it was, [`KeyringError::Unknown`] when this keyring never had it.
    pub fn unit_key(&self, id: &Id) -> Result<Key, KeyringError> {
        let inner = &*self.inner;
        let found = storage::read(&*inner.storage, |view| match inner.unit(view, id)? {
            Unit::Live { wrapped, .. } => {
                let bucket = inner.bucket_key(view, place(id).0)?;
                inner.open_unit(&bucket, id, &wrapped)
            }
            Unit::Destroyed { .. } => Err(KeyringError::Destroyed { id: *id }),
        });
        inner.audited("unit", found)
    }

    /// Records whose keys these are, durably and all or none. Doing it again changes nothing, and a key destroyed
    /// meanwhile stays destroyed, so that a log can be replayed into it.
    ///
    /// # Errors
    /// [`KeyringError::Unknown`] for an id this keyring never had; those of the file.
    pub fn assign_units(&self, units: &[([u8; 32], Id)]) -> Result<(), KeyringError> {
        if units.is_empty() {
            return Ok(());
        }
        let inner = &*self.inner;
        inner.writable()?;
        storage::update(&*inner.storage, |view| {
            units
                .iter()
                .try_for_each(|(digest, id)| inner.assign(view, digest, id))
        })
    }
}

impl Inner {
    fn assign(
        &self,
        view: &mut (impl Write + ?Sized),
        digest: &[u8; 32],
        id: &Id,
    ) -> Result<(), KeyringError> {
        let Unit::Live {
            id,
            wrapped,
            digest: owner,
        } = self.unit(view, id)?
        else {
            return Ok(());
        };
        match owner {
            Some(owner) if owner == *digest => return Ok(()),
            Some(_) => {
                return Err(KeyringError::Limit {
                    what: "a unit key that belongs to one unit was to be assigned to another",
                });
            }
            None => {}
        }
        let mut ids = view.get(Space::Digest, digest)?.unwrap_or_default();
        if ids.len() >= MAX_KEYS_OF_UNIT * id.len() {
            return Err(KeyringError::Limit {
                what: "one unit has more than 1024 keys",
            });
        }
        ids.extend_from_slice(&id);
        let row = Unit::Live {
            id,
            wrapped,
            digest: Some(*digest),
        };
        view.put(Space::Unit, &id[..6], &row.encode())?;
        view.put(Space::Digest, digest, &ids)?;
        view.delete(Space::Free, &id[..6])
    }

    /// Makes `count` unit keys this process's own: keys that were never handed out first, then new ones. In one
    /// synced transaction, so that none is handed out before a crash can no longer take it back.
    pub(super) fn claim_units(&self, count: usize) -> Result<Vec<(Id, Key)>, KeyringError> {
        storage::update(&*self.storage, |view| {
            let (meta, master) = self.meta(view)?;
            let mut claimed = self.claim_free(view, count)?;
            while claimed.len() < count {
                self.fill_bucket(view, (meta.epoch, &master), count, &mut claimed)?;
            }
            Ok(claimed)
        })
    }

    fn claim_free(
        &self,
        view: &mut (impl Write + ?Sized),
        count: usize,
    ) -> Result<Vec<(Id, Key)>, KeyringError> {
        let mut places = Vec::new();
        view.scan(Space::Free, &[], &mut |place, _| {
            places.push(place.to_vec());
            Ok(if places.len() < count {
                Scan::More
            } else {
                Scan::Enough
            })
        })?;
        let mut claimed = Vec::with_capacity(count);
        for place in places {
            view.delete(Space::Free, &place)?;
            let Some(row) = view.get(Space::Unit, &place)? else {
                return Err(self.damaged("a unit key in the pool is missing"));
            };
            // One that has an owner, or was destroyed, is not handed out, whatever the list says.
            if let Unit::Live {
                id,
                wrapped,
                digest: None,
            } = self.unit_row(&row)?
            {
                let bucket = self.bucket_key(view, self::place(&id).0)?;
                claimed.push((id, self.open_unit(&bucket, &id, &wrapped)?));
            }
        }
        Ok(claimed)
    }

    /// New unit keys in the bucket that is being filled, as far as it has room.
    fn fill_bucket(
        &self,
        view: &mut (impl Write + ?Sized),
        (epoch, master): (u64, &Master),
        count: usize,
        claimed: &mut Vec<(Id, Key)>,
    ) -> Result<(), KeyringError> {
        let (number, mut row, key) = self.open_bucket(view, epoch, master)?;
        while row.count < Bucket::CAPACITY && claimed.len() < count {
            let mut id = [0; 16];
            id[..4].copy_from_slice(&number.to_be_bytes());
            id[4..6].copy_from_slice(&row.count.to_be_bytes());
            self.provider.random.fill(&mut id[6..])?;
            if view.get(Space::Unit, &id[..6])?.is_some() {
                return Err(self.damaged("the count of a bucket is wrong"));
            }
            let unit = Key::generate(self.provider.random)?;
            let wrapped = wrap(
                &self.provider,
                &key,
                &unit_binding(&self.log_id, &id),
                &unit,
            )?;
            let new = Unit::Live {
                id,
                wrapped,
                digest: None,
            };
            view.put(Space::Unit, &id[..6], &new.encode())?;
            claimed.push((id, unit));
            row.count += 1;
        }
        view.put(Space::Bucket, &number.to_be_bytes(), &row.encode())
    }

    /// The bucket that has room, a new one if need be.
    fn open_bucket(
        &self,
        view: &mut (impl Write + ?Sized),
        epoch: u64,
        master: &Master,
    ) -> Result<(u32, Bucket, Key), KeyringError> {
        let last = match view.get(Space::Meta, LAST_BUCKET)? {
            None => None,
            Some(number) => {
                Some(u32::from_be_bytes(number.try_into().map_err(|_| {
                    self.damaged("the number of its last bucket is not one")
                })?))
            }
        };
        if let Some(number) = last {
            let row = self.bucket(view, number)?;
            if row.count < Bucket::CAPACITY {
                let key = self.bucket_key(view, number)?;
                return Ok((number, row, key));
            }
        }
        let number = match last {
            None => 0,
            Some(number) => number.checked_add(1).ok_or(KeyringError::Limit {
                what: "the keyring is full",
            })?,
        };
        if view.get(Space::Bucket, &number.to_be_bytes())?.is_some() {
            return Err(self.damaged("the number of its last bucket is wrong"));
        }
        let key = Key::generate(self.provider.random)?;
        let epoch_key = self.epoch_key(epoch, master)?;
        let row = Bucket {
            epoch,
            count: 0,
            wrapped: wrap(
                &self.provider,
                &epoch_key,
                &bucket_binding(&self.log_id, number, epoch),
                &key,
            )?,
        };
        view.put(Space::Meta, LAST_BUCKET, &number.to_be_bytes())?;
        Ok((number, row, key))
    }

    /// Puts keys that were claimed and never handed out back for the next process.
    pub(super) fn release_units(&self, ids: &[Id]) -> Result<(), KeyringError> {
        storage::update(&*self.storage, |view| {
            ids.iter()
                .try_for_each(|id| view.put(Space::Free, &id[..6], &[]))
        })
    }

    pub(super) fn unit(&self, view: &(impl Read + ?Sized), id: &Id) -> Result<Unit, KeyringError> {
        let row = view
            .get(Space::Unit, &id[..6])?
            .ok_or(KeyringError::Unknown { id: *id })?;
        let row = self.unit_row(&row)?;
        if row.id() == id {
            Ok(row)
        } else {
            Err(KeyringError::Unknown { id: *id })
        }
    }

    pub(super) fn unit_row(&self, bytes: &[u8]) -> Result<Unit, KeyringError> {
        Unit::decode(bytes).ok_or_else(|| self.damaged("the row of a unit key cannot be read"))
    }

    pub(super) fn open_unit(
        &self,
        bucket: &Key,
        id: &Id,
        wrapped: &super::wrap::Wrapped,
    ) -> Result<Key, KeyringError> {
        unwrap(
            &self.provider,
            bucket,
            &unit_binding(&self.log_id, id),
            wrapped,
        )
        .map_err(|_| self.damaged("the row of a unit key was altered"))
    }

    pub(super) fn bucket(
        &self,
        view: &(impl Read + ?Sized),
        number: u32,
    ) -> Result<Bucket, KeyringError> {
        view.get(Space::Bucket, &number.to_be_bytes())?
            .and_then(|row| Bucket::decode(&row))
            .ok_or_else(|| self.damaged("a bucket of unit keys is missing or cannot be read"))
    }

    pub(super) fn bucket_key(
        &self,
        view: &(impl Read + ?Sized),
        number: u32,
    ) -> Result<Key, KeyringError> {
        let row = self.bucket(view, number)?;
        let (_, master) = self.meta(view)?;
        let epoch_key = self.epoch_key(row.epoch, &master)?;
        unwrap(
            &self.provider,
            &epoch_key,
            &bucket_binding(&self.log_id, number, row.epoch),
            &row.wrapped,
        )
        .map_err(|_| self.damaged("a bucket of unit keys was altered"))
    }
}

/// Bucket and place within it.
pub(super) fn place(id: &Id) -> (u32, u16) {
    let [a, b, c, d, e, f, ..] = *id;
    (u32::from_be_bytes([a, b, c, d]), u16::from_be_bytes([e, f]))
}

pub(super) fn unit_binding(log: &Id, id: &Id) -> Binding {
    Binding::new(log, "unit", &[id])
}

pub(super) fn bucket_binding(log: &Id, number: u32, epoch: u64) -> Binding {
    Binding::new(
        log,
        "bucket",
        &[&number.to_be_bytes(), &epoch.to_be_bytes()],
    )
}
