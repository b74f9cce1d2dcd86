//! Rotation and destruction: new keys at the top, everything below re-wrapped, the old top destroyed.
//!
//! Entries in the log are never touched. In this order, so that at every moment one epoch key that the database
//! names can be found: the new epoch key is stored beside the old one; one transaction re-wraps all rows and names
//! the new one; the old one is destroyed. A crash in between leaves both, and the next writer destroys the one
//! that is not named.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use symlog_crypto::Key;

use super::epoch::{self, EpochEntry};
use super::journal::ChangeKind;
use super::master::Master;
use super::periods::{key_binding, now, period_wrapping, put_key, seconds};
use super::rows::{Bucket, KeyKind, KeyRow, KeyState, Meta, Slot, Unit};
use super::storage::{Scan, Space, Write};
use super::units::{bucket_binding, place, unit_binding};
use super::wrap::{WRAPPED_LEN, rewrap, unwrap, wrap};
use super::{Id, Inner, Keyring, KeyringError, slots, storage};
use crate::{Assurance, audit};

/// What a destruction did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Destruction {
    /// How sure it is that the keys are gone, by where the epoch key is kept.
    pub assurance: Assurance,
    /// How many keys were destroyed; those that already were are not counted.
    pub destroyed: usize,
    /// The keyring's generation after it.
    pub generation: u64,
}

/// What a rotation did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rotation {
    /// The version of the new master key.
    pub master: u32,
    /// Period keys that are no longer written with. They are kept for as long as something may need them.
    pub retired: usize,
    /// The keyring's generation after it.
    pub generation: u64,
}

/// Why a key was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum RotationReason {
    /// Somebody asked for it.
    #[default]
    Asked,
    /// The master key was older than is allowed.
    Age,
    /// More was written under the master key than is allowed.
    Volume,
    /// A key must no longer open the log.
    SlotRemoved,
}

impl RotationReason {
    /// `asked`, `age`, `volume` or `slot removed`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Age => "age",
            Self::Volume => "volume",
            Self::SlotRemoved => "slot removed",
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Plan<'a> {
    pub(super) new_master: bool,
    pub(super) new_signing: bool,
    pub(super) reason: RotationReason,
    pub(super) now: Option<SystemTime>,
    pub(super) remove_slot: Option<&'a Id>,
    pub(super) units: &'a [Id],
    pub(super) periods: &'a [Id],
}

#[derive(Debug, Default)]
struct Done {
    destroyed: usize,
    retired: usize,
    master: u32,
    generation: u64,
}

impl Keyring {
    /// Destroys unit keys: what they sealed can no longer be read, by anyone who has not read it before, also
    /// not from old copies of the keyring's file. The names of the units are forgotten too.
    ///
    /// # Errors
    /// [`KeyringError::Unknown`] when one was never here; nothing is destroyed then. Those of the files.
    pub fn destroy_units(&self, ids: &[Id]) -> Result<Destruction, KeyringError> {
        self.destroy(&Plan {
            units: ids,
            ..Plan::default()
        })
    }

    /// Destroys period keys: every segment written under them is gone.
    ///
    /// # Errors
    /// [`KeyringError::Unknown`] when one was never here; nothing is destroyed then. Those of the files.
    pub fn destroy_periods(&self, ids: &[Id]) -> Result<Destruction, KeyringError> {
        self.destroy(&Plan {
            periods: ids,
            ..Plan::default()
        })
    }

    /// A new master key, a new epoch key, and new period keys for what is written from now on. Every unlock slot
    /// stays. Other processes that have the keyring open go on.
    ///
    /// # Errors
    /// Those of the files; the keyring is then as it was.
    pub fn rotate(&self) -> Result<Rotation, KeyringError> {
        self.rotate_for(RotationReason::Asked, SystemTime::now())
    }

    /// The same for a reason that the log tells; the new master key's age counts from `now`.
    ///
    /// # Errors
    /// As for [`rotate`](Self::rotate).
    pub fn rotate_for(
        &self,
        reason: RotationReason,
        now: SystemTime,
    ) -> Result<Rotation, KeyringError> {
        self.rotate_with(&Plan {
            new_master: true,
            reason,
            now: Some(now),
            ..Plan::default()
        })
    }

    /// The same, with a new key to sign with, too. The old one is destroyed; what it signed can still be verified,
    /// since each segment names its writer's public key.
    ///
    /// # Errors
    /// As for [`rotate`](Self::rotate).
    pub fn rotate_signing_key(&self) -> Result<Rotation, KeyringError> {
        self.rotate_with(&Plan {
            new_master: true,
            new_signing: true,
            ..Plan::default()
        })
    }

    pub(super) fn rotate_with(&self, plan: &Plan<'_>) -> Result<Rotation, KeyringError> {
        let done = self.rekey(plan)?;
        audit::rotated(&self.inner.path, done.master, plan.reason);
        Ok(Rotation {
            master: done.master,
            retired: done.retired,
            generation: done.generation,
        })
    }

    fn destroy(&self, plan: &Plan<'_>) -> Result<Destruction, KeyringError> {
        let done = self.rekey(plan)?;
        let assurance = self.inner.epochs.assurance();
        audit::destroyed(&self.inner.path, done.destroyed, assurance);
        Ok(Destruction {
            assurance,
            destroyed: done.destroyed,
            generation: done.generation,
        })
    }

    fn rekey(&self, plan: &Plan<'_>) -> Result<Done, KeyringError> {
        let inner = &*self.inner;
        inner.writable()?;
        let rekeyed = storage::update(&*inner.storage, |view| inner.rekey(view, plan));
        inner.forget_epoch();
        // Also after a failure: the new epoch key is of no use then.
        let tidied = inner.tidy_epochs();
        let done = rekeyed?;
        tidied?;
        Ok(done)
    }
}

/// The keys at the top, before and after.
struct Tops {
    old: Master,
    new: Master,
    old_epoch: (u64, Key),
    new_epoch: (u64, Key),
}

impl Inner {
    fn rekey(
        &self,
        view: &mut (impl Write + ?Sized),
        plan: &Plan<'_>,
    ) -> Result<Done, KeyringError> {
        let now = plan.now.map_or_else(now, seconds);
        let (mut meta, old) = self.meta(view)?;
        let old_epoch = (meta.epoch, self.epoch_key(meta.epoch, &old)?);
        let new = if plan.new_master {
            Master {
                version: old.version.checked_add(1).ok_or(KeyringError::Limit {
                    what: "the master key was rotated 4 billion times",
                })?,
                key: Key::generate(self.provider.random)?,
            }
        } else {
            old.duplicate()
        };
        let tops = Tops {
            new_epoch: (meta.epoch + 1, Key::generate(self.provider.random)?),
            old_epoch,
            old,
            new,
        };
        self.store_both_epochs(&meta, &tops)?;
        let mut done = Done {
            master: tops.new.version,
            ..Done::default()
        };
        self.rekey_keys(view, plan, &tops, &mut done)?;
        self.rekey_buckets(view, plan, &tops, &mut done)?;
        if plan.new_master {
            self.rekey_slots(view, plan, &tops)?;
            meta.created = now;
            self.reset_volume(view, tops.new.version)?;
        }
        meta.master = tops.new.version;
        meta.epoch = tops.new_epoch.0;
        done.generation = meta.generation + 1;
        self.put_meta(view, meta, &tops.new)?;
        self.note_rekey(view, plan, &done, now)?;
        Ok(done)
    }

    fn note_rekey(
        &self,
        view: &mut (impl Write + ?Sized),
        plan: &Plan<'_>,
        done: &Done,
        now: u64,
    ) -> Result<(), KeyringError> {
        if plan.new_master {
            let keys: &[&str] = if plan.new_signing {
                &["master", "period", "signing"]
            } else {
                &["master", "period"]
            };
            let body = serde_json::json!({
                "keys": keys,
                "master": done.master,
                "retired": done.retired,
                "reason": plan.reason.as_str(),
            });
            self.note(view, ChangeKind::Rotated, now, &body)?;
        }
        if done.destroyed > 0 {
            let body = serde_json::json!({"action": "destroyed", "keys": done.destroyed});
            self.note(view, ChangeKind::Destroyed, now, &body)?;
        }
        Ok(())
    }

    fn store_both_epochs(&self, meta: &Meta, tops: &Tops) -> Result<(), KeyringError> {
        let mut entries: Vec<_> = self
            .epoch_entries()?
            .into_iter()
            .filter(|entry| entry.epoch == meta.epoch && entry.master == meta.master)
            .collect();
        let (number, key) = &tops.new_epoch;
        let new = EpochEntry::seal(&self.provider, &self.log_id, *number, &tops.new, key)?;
        entries.push(new);
        self.epochs.replace(&epoch::encode(&self.log_id, &entries))
    }

    fn rekey_keys(
        &self,
        view: &mut (impl Write + ?Sized),
        plan: &Plan<'_>,
        tops: &Tops,
        done: &mut Done,
    ) -> Result<(), KeyringError> {
        let mut rows = BTreeMap::new();
        view.scan(Space::Key, &[], &mut |id, row| {
            let id = Id::try_from(id)
                .map_err(|_| self.damaged("the id of a key is not 16 bytes long"))?;
            rows.insert(id, self.key_row(row)?);
            Ok(Scan::More)
        })?;
        let is_period = |id: &Id| rows.get(id).is_some_and(|row| row.kind == KeyKind::Period);
        if let Some(unknown) = plan.periods.iter().find(|id| !is_period(id)) {
            return Err(KeyringError::Unknown { id: *unknown });
        }
        let old_period = period_wrapping(&tops.old.key, &tops.old_epoch.1)?;
        let new_period = period_wrapping(&tops.new.key, &tops.new_epoch.1)?;
        for (id, old) in &rows {
            if old.state == KeyState::Destroyed {
                continue;
            }
            let mut row = KeyRow {
                master: tops.new.version,
                ..old.clone()
            };
            if plan.new_signing && old.kind == KeyKind::Signing {
                row.state = KeyState::Destroyed;
                row.wrapped = [0; WRAPPED_LEN];
            } else if plan.periods.contains(id) {
                row.state = KeyState::Destroyed;
                row.wrapped = [0; WRAPPED_LEN];
                done.destroyed += 1;
            } else {
                let (from, to) = if old.kind == KeyKind::Period {
                    row.epoch = tops.new_epoch.0;
                    (&old_period, &new_period)
                } else {
                    (&tops.old.key, &tops.new.key)
                };
                row.wrapped = rewrap(
                    &self.provider,
                    (from, &key_binding(&self.log_id, id, old)),
                    (to, &key_binding(&self.log_id, id, &row)),
                    &old.wrapped,
                )
                .map_err(|_| self.damaged("the row of a key was altered"))?;
                if plan.new_master && row.kind == KeyKind::Period && row.state == KeyState::Active {
                    row.state = KeyState::Retired;
                    done.retired += 1;
                }
            }
            view.put(Space::Key, id, &row.encode())?;
        }
        if plan.new_signing {
            let key = Key::generate(self.provider.random)?;
            let row = KeyRow::lasting(KeyKind::Signing, tops.new.version);
            put_key(view, &self.provider, &self.log_id, &tops.new.key, row, &key)?;
        }
        Ok(())
    }

    fn rekey_buckets(
        &self,
        view: &mut (impl Write + ?Sized),
        plan: &Plan<'_>,
        tops: &Tops,
        done: &mut Done,
    ) -> Result<(), KeyringError> {
        for id in plan.units {
            self.unit(view, id)?;
        }
        let doomed: BTreeSet<Id> = plan.units.iter().copied().collect();
        let affected: BTreeSet<u32> = doomed.iter().map(|id| place(id).0).collect();
        let mut buckets = BTreeMap::new();
        view.scan(Space::Bucket, &[], &mut |number, row| {
            let number = number
                .try_into()
                .map(u32::from_be_bytes)
                .map_err(|_| self.damaged("the number of a bucket is not one"))?;
            let row = Bucket::decode(row)
                .ok_or_else(|| self.damaged("a bucket of unit keys cannot be read"))?;
            buckets.insert(number, row);
            Ok(Scan::More)
        })?;
        for (number, mut bucket) in buckets {
            let old = bucket_binding(&self.log_id, number, tops.old_epoch.0);
            let key = unwrap(&self.provider, &tops.old_epoch.1, &old, &bucket.wrapped)
                .map_err(|_| self.damaged("a bucket of unit keys was altered"))?;
            let key = if affected.contains(&number) {
                self.empty_bucket(view, number, &key, &doomed, done)?
            } else {
                key
            };
            bucket.epoch = tops.new_epoch.0;
            let new = bucket_binding(&self.log_id, number, bucket.epoch);
            bucket.wrapped = wrap(&self.provider, &tops.new_epoch.1, &new, &key)?;
            view.put(Space::Bucket, &number.to_be_bytes(), &bucket.encode())?;
        }
        Ok(())
    }

    /// Re-wraps the keys of a bucket under a new key, without the doomed ones.
    fn empty_bucket(
        &self,
        view: &mut (impl Write + ?Sized),
        number: u32,
        old: &Key,
        doomed: &BTreeSet<Id>,
        done: &mut Done,
    ) -> Result<Key, KeyringError> {
        let mut units = Vec::new();
        view.scan(Space::Unit, &number.to_be_bytes(), &mut |_, row| {
            units.push(self.unit_row(row)?);
            Ok(Scan::More)
        })?;
        let new = Key::generate(self.provider.random)?;
        for unit in units {
            let Unit::Live {
                id,
                wrapped,
                digest,
            } = unit
            else {
                continue;
            };
            let row = if doomed.contains(&id) {
                self.forget_owner(view, &id, digest)?;
                done.destroyed += 1;
                Unit::Destroyed { id }
            } else {
                let binding = unit_binding(&self.log_id, &id);
                let wrapped = rewrap(&self.provider, (old, &binding), (&new, &binding), &wrapped)
                    .map_err(|_| self.damaged("the row of a unit key was altered"))?;
                Unit::Live {
                    id,
                    wrapped,
                    digest,
                }
            };
            view.put(Space::Unit, &id[..6], &row.encode())?;
        }
        Ok(new)
    }

    fn forget_owner(
        &self,
        view: &mut (impl Write + ?Sized),
        id: &Id,
        digest: Option<[u8; 32]>,
    ) -> Result<(), KeyringError> {
        view.delete(Space::Free, &id[..6])?;
        let Some(digest) = digest else {
            return Ok(());
        };
        let ids = view.get(Space::Digest, &digest)?.unwrap_or_default();
        let (ids, _) = ids.as_chunks::<16>();
        let left: Vec<u8> = ids
            .iter()
            .filter(|other| *other != id)
            .flatten()
            .copied()
            .collect();
        if left.is_empty() {
            view.delete(Space::Digest, &digest)
        } else {
            view.put(Space::Digest, &digest, &left)
        }
    }

    fn rekey_slots(
        &self,
        view: &mut (impl Write + ?Sized),
        plan: &Plan<'_>,
        tops: &Tops,
    ) -> Result<(), KeyringError> {
        let slots = self.slots(view)?;
        if let Some(unwanted) = plan.remove_slot
            && !slots.iter().any(|(id, _)| id == unwanted)
        {
            return Err(KeyringError::Unknown { id: *unwanted });
        }
        for (id, slot) in slots {
            if plan.remove_slot == Some(&id) {
                view.delete(Space::Slot, &id)?;
                continue;
            }
            let binding = slots::kek_binding(&self.log_id, &id, tops.old.version);
            let kek = unwrap(&self.provider, &tops.old.key, &binding, &slot.wrapped_kek)
                .map_err(|_| self.damaged("an unlock slot was altered"))?;
            let (wrapped_master, wrapped_kek) =
                slots::seal_for(&self.provider, &self.log_id, &id, &kek, &tops.new)?;
            let slot = Slot {
                master: tops.new.version,
                wrapped_master,
                wrapped_kek,
                ..slot
            };
            view.put(Space::Slot, &id, &slot.encode())?;
        }
        Ok(())
    }
}
