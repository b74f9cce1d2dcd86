use std::path::Path;

use super::create::read_slots;
use super::journal::ChangeKind;
use super::periods::now;
use super::rekey::Plan;
use super::rows::SlotKind;
use super::slots::{self, MAX_SLOTS};
use super::sqlite::SqliteStorage;
use super::storage::Space;
use super::{Access, Id, Keyring, KeyringError, OwnSlot, Rotation, RotationReason, storage};
use crate::{LoggingKey, WrappedKey, audit};

impl Keyring {
    /// Lets one more logging key open the log.
    ///
    /// # Errors
    /// [`KeyringError::Limit`] past 32 of them, for a label that another slot has, and for a key that opens the log
    /// already.
    pub fn add_slot(&self, key: &LoggingKey, label: &str) -> Result<Id, KeyringError> {
        let inner = &*self.inner;
        inner.writable()?;
        let added = storage::update(&*inner.storage, |view| {
            let (meta, master) = inner.meta(view)?;
            let present = inner.slots(view)?;
            if present.len() >= MAX_SLOTS {
                return Err(KeyringError::Limit {
                    what: "a keyring has at most 32 unlock slots; remove one first",
                });
            }
            if present.iter().any(|(_, slot)| slot.label == label) {
                return Err(KeyringError::Limit {
                    what: "another unlock slot has this label; choose another one",
                });
            }
            let mut unlocker = slots::Unlocker::new(&inner.log_id, key);
            for (_, slot) in &present {
                if unlocker.try_slot(slot)?.is_some() {
                    return Err(KeyringError::Limit {
                        what: "this key opens the log already",
                    });
                }
            }
            let like = present
                .iter()
                .map(|(_, slot)| slot)
                .find(|slot| matches!(slot.kind, SlotKind::Passphrase(_)));
            let (id, slot) =
                slots::seal(&inner.provider, &inner.log_id, &master, key, label, like)?;
            view.put(Space::Slot, &id, &slot.encode())?;
            inner.put_meta(view, meta, &master)?;
            let body = serde_json::json!({"action": "slot added", "label": label});
            inner.note(view, ChangeKind::Slots, now(), &body)?;
            Ok(id)
        })?;
        audit::slot_added(&inner.path, label);
        Ok(added)
    }

    /// Takes away a logging key. The master key is rotated, so that whoever has the removed key and an old copy
    /// of the keyring can read nothing that is written from now on.
    ///
    /// # Errors
    /// [`KeyringError::Unknown`] for a slot that is not there; [`KeyringError::Limit`] for the last one, and for the
    /// one this keyring was opened with, so that a key that is known to work is left.
    pub fn remove_slot(&self, slot: &Id) -> Result<Rotation, KeyringError> {
        let inner = &*self.inner;
        inner.writable()?;
        let slots = storage::read(&*inner.storage, |view| inner.slots(view))?;
        let Some((_, row)) = slots.iter().find(|(id, _)| id == slot) else {
            return Err(KeyringError::Unknown { id: *slot });
        };
        if slots.len() == 1 {
            return Err(KeyringError::Limit {
                what: "the last unlock slot cannot be removed, since nothing would open the log any more; add another one first",
            });
        }
        if *slot == inner.slot.lock().id {
            return Err(KeyringError::Limit {
                what: "the unlock slot in use cannot be removed; open the log with another key first",
            });
        }
        let rotation = self.rotate_with(&Plan {
            new_master: true,
            reason: RotationReason::SlotRemoved,
            remove_slot: Some(slot),
            ..Plan::default()
        })?;
        audit::slot_removed(&inner.path, &row.label);
        Ok(rotation)
    }

    /// Goes on with another logging key, after the one that this keyring was opened with was taken away. Every clone
    /// goes on with it.
    ///
    /// # Errors
    /// [`KeyringError::WrongKey`] when it opens no slot, those of the file otherwise; the keyring is then as it was.
    pub fn unlock_again(&self, key: &LoggingKey) -> Result<(), KeyringError> {
        let inner = &*self.inner;
        let slots = storage::read(&*inner.storage, |view| inner.slots(view))?;
        let Some(fitting) = slots::find(&inner.log_id, slots, key)? else {
            audit::not_unlocked(&inner.path);
            return Err(KeyringError::WrongKey {
                path: inner.path.clone(),
            });
        };
        *inner.slot.lock() = OwnSlot {
            id: fitting.id,
            kek: fitting.kek,
        };
        self.refresh()?;
        audit::unlocked(&inner.path);
        Ok(())
    }

    /// The slot that this keyring was opened with.
    #[must_use]
    pub fn slot_in_use(&self) -> Id {
        self.inner.slot.lock().id
    }

    /// The slots' keys that services wrap, which can be seen without any key: what to have unwrapped to open the
    /// keyring with.
    ///
    /// # Errors
    /// Those of the file.
    pub fn wrapped_keys(path: &Path) -> Result<Vec<WrappedKey>, KeyringError> {
        let storage = SqliteStorage::open(path, Access::ReadOnly)?;
        let damaged = |what| KeyringError::Damaged {
            path: path.to_owned(),
            what,
            source: None,
        };
        let slots = storage::read(&storage, |view| read_slots(view, &damaged))?;
        let wrapped = slots.into_iter().filter_map(|(_, slot)| match slot.kind {
            SlotKind::Wrapped(wrapped) => Some(wrapped),
            SlotKind::Raw | SlotKind::Passphrase(_) => None,
        });
        Ok(wrapped.collect())
    }
}
