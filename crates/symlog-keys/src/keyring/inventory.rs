use std::time::Duration;

use super::periods::now;
use super::rows::{Bucket, KeyKind, KeyState, Slot, SlotKind};
use super::storage::{Read, Scan, Space};
use super::{Id, Inner, Keyring, KeyringError, create, storage};

/// What a keyring holds, without any key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inventory {
    /// The keyring's generation.
    pub generation: u64,
    /// The version of the master key.
    pub master: u32,
    /// How long ago the master key was made.
    pub master_age: Duration,
    /// The logging keys that open it.
    pub slots: Vec<SlotInfo>,
    /// The period keys, in no order.
    pub periods: Vec<PeriodInfo>,
    /// How many unit keys were made, the unused and the destroyed ones too.
    pub units: u64,
}

/// An unlock slot.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SlotInfo {
    /// Its id, for [`Keyring::remove_slot`].
    pub id: Id,
    /// What its maker called it.
    pub label: String,
    /// `raw key`, the label of a passphrase's derivation, or what wraps its key.
    pub kind: String,
    /// Whether this keyring was opened with it.
    pub in_use: bool,
}

/// A period key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeriodInfo {
    /// Its id, as segments name it.
    pub id: Id,
    /// Retention class.
    pub class: u16,
    /// `2026-11`.
    pub period: String,
    /// Where in its life it is.
    pub state: PeriodState,
    /// When it was made, in seconds since 1970.
    pub created: u64,
}

/// Where in its life a period key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PeriodState {
    /// Written with.
    Active,
    /// Only read with.
    Retired,
    /// Gone.
    Destroyed,
}

impl Keyring {
    /// What it holds.
    ///
    /// # Errors
    /// Those of the file.
    pub fn inventory(&self) -> Result<Inventory, KeyringError> {
        let inner = &*self.inner;
        storage::read(&*inner.storage, |view| {
            let (meta, _) = inner.meta(view)?;
            let slots = inner.slots(view)?;
            Ok(Inventory {
                generation: meta.generation,
                master: meta.master,
                master_age: Duration::from_secs(now().saturating_sub(meta.created)),
                slots: slots.iter().map(|slot| inner.slot_info(slot)).collect(),
                periods: inner.period_infos(view)?,
                units: inner.unit_count(view)?,
            })
        })
    }

    /// The ids of all keys a unit has had and still has, for its erasure.
    ///
    /// # Errors
    /// Those of the file.
    pub fn unit_ids(&self, digest: &[u8; 32]) -> Result<Vec<Id>, KeyringError> {
        let inner = &*self.inner;
        storage::read(&*inner.storage, |view| {
            let ids = view.get(Space::Digest, digest)?.unwrap_or_default();
            match ids.as_chunks::<16>() {
                (ids, []) => Ok(ids.to_vec()),
                _ => Err(inner.damaged("the entry of a unit cannot be read")),
            }
        })
    }
}

impl Inner {
    pub(super) fn slots(
        &self,
        view: &(impl Read + ?Sized),
    ) -> Result<Vec<(Id, Slot)>, KeyringError> {
        create::read_slots(view, &|what| self.damaged(what))
    }

    fn slot_info(&self, (id, slot): &(Id, Slot)) -> SlotInfo {
        SlotInfo {
            id: *id,
            label: slot.label.clone(),
            kind: match &slot.kind {
                SlotKind::Raw => "raw key".to_owned(),
                SlotKind::Passphrase(params) => params.label(),
                SlotKind::Wrapped(wrapped) => wrapped.service.clone(),
            },
            in_use: *id == self.slot.lock().id,
        }
    }

    fn period_infos(&self, view: &(impl Read + ?Sized)) -> Result<Vec<PeriodInfo>, KeyringError> {
        let mut infos = Vec::new();
        view.scan(Space::Key, &[], &mut |id, row| {
            let row = self.key_row(row)?;
            if row.kind == KeyKind::Period {
                infos.push(PeriodInfo {
                    id: id
                        .try_into()
                        .map_err(|_| self.damaged("the id of a key is not 16 bytes long"))?,
                    class: row.class,
                    period: row.period,
                    state: match row.state {
                        KeyState::Active => PeriodState::Active,
                        KeyState::Retired => PeriodState::Retired,
                        KeyState::Destroyed => PeriodState::Destroyed,
                    },
                    created: row.created,
                });
            }
            Ok(Scan::More)
        })?;
        Ok(infos)
    }

    fn unit_count(&self, view: &(impl Read + ?Sized)) -> Result<u64, KeyringError> {
        let mut count = 0;
        view.scan(Space::Bucket, &[], &mut |_, row| {
            let row = Bucket::decode(row)
                .ok_or_else(|| self.damaged("a bucket of unit keys cannot be read"))?;
            count += u64::from(row.count);
            Ok(Scan::More)
        })?;
        Ok(count)
    }
}
