//! Erasure units: whose key an entry is sealed under.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use symlog_crypto::Key;
use symlog_keys::{Keyring, KeyringError, UnitKind};

use crate::interaction::EntryId;
use crate::seal::UnitRef;

/// A unit's key, and the id by which entries refer to it.
#[derive(Debug)]
pub(crate) struct Unit {
    pub(crate) reference: UnitRef,
    pub(crate) key: Key,
}

/// A unit that this log has not named yet.
#[derive(Clone, Debug)]
pub(super) struct NewUnit {
    pub(super) unit: Arc<Unit>,
    pub(super) name_digest: [u8; 32],
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Name {
    kind: u8,
    tenant: Option<String>,
    name: String,
}

/// Finds and makes units. The keyring is asked once for each while the cache holds it.
#[derive(Debug)]
pub(super) struct Units {
    keyring: Keyring,
    cache: HashMap<Name, Arc<Unit>>,
    /// Taken from the pool and named in the log, but not yet in the keyring's own table. The log
    /// is their journal: recovery reads them from there.
    unassigned: Vec<([u8; 32], [u8; 16])>,
    /// Whether the keyring learns of a unit before its first line is written, since the log cannot
    /// be read here after a crash.
    assign_at_once: bool,
}

/// Units kept in memory; the rest is looked up in the keyring again.
const CACHED: usize = 65_536;
/// Units after which the keyring's table is brought up to date.
const ASSIGN_AFTER: usize = 256;

impl Units {
    pub(super) fn new(keyring: Keyring) -> Self {
        Self {
            keyring,
            cache: HashMap::new(),
            unassigned: Vec::new(),
            assign_at_once: false,
        }
    }

    /// For a log that its writer cannot read.
    pub(super) fn assigning_at_once(self, assign_at_once: bool) -> Self {
        Self {
            assign_at_once,
            ..self
        }
    }

    /// The unit of an entry: its subject's, else its conversation's, else none.
    pub(super) fn of(
        &mut self,
        subject: Option<&str>,
        conversation: Option<&str>,
        tenant: Option<&str>,
    ) -> Result<(Option<Arc<Unit>>, Option<NewUnit>), KeyringError> {
        let (kind, name) = match (subject, conversation) {
            (Some(subject), _) => (UnitKind::Subject, subject),
            (None, Some(conversation)) => (UnitKind::Conversation, conversation),
            (None, None) => return Ok((None, None)),
        };
        let key = Name {
            kind: matches!(kind, UnitKind::Subject).into(),
            tenant: tenant.map(str::to_owned),
            name: name.to_owned(),
        };
        if let Some(unit) = self.cache.get(&key) {
            return Ok((Some(Arc::clone(unit)), None));
        }
        let name_digest = self.keyring.unit_digest(kind, tenant, name);
        let found = match self.unassigned_id(&name_digest) {
            Some(id) => Some((id, self.keyring.unit_key(&id)?, false)),
            None => self
                .keyring
                .find_unit(&name_digest)?
                // Its line may have been lost with the power when the keyring knew it already, and
                // a log must commit to each key that it uses: each process says it once.
                .map(|(id, secret)| (id, secret, true)),
        };
        let (id, secret, new) = match found {
            Some(unit) => unit,
            None => {
                let (id, secret) = self.keyring.take_pool_key()?;
                if self.assign_at_once {
                    self.keyring.assign_units(&[(name_digest, id)])?;
                } else {
                    self.unassigned.push((name_digest, id));
                }
                (id, secret, true)
            }
        };
        let unit = Arc::new(Unit {
            reference: UnitRef(id),
            key: secret,
        });
        if self.cache.len() >= CACHED {
            self.cache.clear();
        }
        self.cache.insert(key, Arc::clone(&unit));
        let new = new.then(|| NewUnit {
            unit: Arc::clone(&unit),
            name_digest,
        });
        Ok((Some(unit), new))
    }

    fn unassigned_id(&self, digest: &[u8; 32]) -> Option<[u8; 16]> {
        self.unassigned
            .iter()
            .find(|(known, _)| known == digest)
            .map(|(_, id)| *id)
    }

    /// The unit that an earlier line refers to.
    pub(super) fn by_reference(
        &self,
        reference: UnitRef,
    ) -> Result<Option<Arc<Unit>>, KeyringError> {
        if reference == UnitRef::NONE {
            return Ok(None);
        }
        let key = self.keyring.unit_key(&reference.0)?;
        Ok(Some(Arc::new(Unit { reference, key })))
    }

    pub(super) fn assign_if_many(&mut self) -> Result<(), KeyringError> {
        if self.unassigned.len() >= ASSIGN_AFTER {
            self.assign()?;
        }
        Ok(())
    }

    /// Brings the keyring's table up to date.
    pub(super) fn assign(&mut self) -> Result<(), KeyringError> {
        if !self.unassigned.is_empty() {
            self.keyring.assign_units(&self.unassigned)?;
            self.unassigned.clear();
        }
        Ok(())
    }
}

/// What a response must know of its request.
#[derive(Clone, Debug)]
pub(crate) struct OpenRequest {
    pub(crate) class: u16,
    pub(crate) unit: Option<Arc<Unit>>,
}

/// Requests that wait for their response, the oldest forgotten first.
#[derive(Debug, Default)]
pub(super) struct OpenRequests {
    by_id: HashMap<EntryId, OpenRequest>,
    order: VecDeque<EntryId>,
}

/// Open requests kept in memory; older ones are looked up in the log.
const OPEN: usize = 262_144;

impl OpenRequests {
    pub(super) fn insert(&mut self, id: EntryId, request: OpenRequest) {
        if self.by_id.insert(id, request).is_none() {
            self.order.push_back(id);
        }
        // Answered ones leave their place in the order behind; they go when it is twice as long.
        while self.by_id.len() > OPEN || self.order.len() > 2 * OPEN {
            let Some(oldest) = self.order.pop_front() else {
                break;
            };
            self.by_id.remove(&oldest);
        }
    }

    pub(super) fn take(&mut self, id: &EntryId) -> Option<OpenRequest> {
        self.by_id.remove(id)
    }
}
