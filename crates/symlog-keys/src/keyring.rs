//! The key hierarchy of one log. See [`Keyring`].

mod create;
mod epoch;
mod error;
mod inventory;
mod journal;
mod master;
mod memory;
mod periods;
mod pool;
mod records;
mod rekey;
mod rows;
mod secret_epoch;
mod slot_changes;
mod slots;
mod sqlite;
mod storage;
#[cfg(test)]
mod tests;
mod units;
mod volume;
mod wrap;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use symlog_crypto::{CryptoProvider, Identity, Key, Prk, clear_stack, hmac_sha256};

use self::epoch::EpochStore;
pub use self::error::KeyringError;
pub use self::inventory::{Inventory, PeriodInfo, PeriodState, SlotInfo};
pub use self::journal::{Change, ChangeKind};
use self::master::Master;
use self::pool::Pool;
pub use self::rekey::{Destruction, Rotation, RotationReason};
pub use self::secret_epoch::EpochPlace;
use self::storage::Storage;

/// Names a key or a log: 16 bytes, unique by chance.
pub type Id = [u8; 16];

/// What a keyring is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Many processes at once, also while another one writes.
    ReadOnly,
    /// Makes keys. Several processes may; each change is one transaction.
    ReadWrite,
}

/// What an erasure unit is named by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnitKind {
    /// The person an entry is about.
    Subject,
    /// The conversation it belongs to, where no subject is named.
    Conversation,
}

/// All keys of one log, in one file beside it, none of them in clear.
///
/// ```text
/// logging key -> unlock slot -> master key ┬ signing key, root secret
///                                          ├ with the epoch key -> period keys
///                                          └ epoch key (apart) -> bucket keys -> unit keys
/// ```
///
/// Each arrow is AES-256-GCM with a random nonce and associated data that names log, purpose and ids, so no row
/// can stand in for another. The master key, the root secret and the epoch key are in memory while it is open;
/// every other key only while it is asked for. A clone is another handle on the same keyring.
#[derive(Clone)]
pub struct Keyring {
    inner: Arc<Inner>,
    /// For segments that were written on a host which may not read them.
    identity: Option<Arc<Identity>>,
}

struct Inner {
    path: PathBuf,
    access: Access,
    provider: CryptoProvider,
    log_id: Id,
    storage: Box<dyn Storage>,
    epochs: Box<dyn EpochStore>,
    slot: Mutex<OwnSlot>,
    master: Mutex<Master>,
    generation: AtomicU64,
    root: Prk,
    digest_key: Key,
    epoch: Mutex<Option<master::Epoch>>,
    pool: Pool,
}

/// The unlock slot that a keyring was opened with, and its key.
struct OwnSlot {
    id: Id,
    kek: Key,
}

impl Keyring {
    /// This keyring, with the private key of a reader: for segments that were written for its public key.
    #[must_use]
    pub fn with_identity(self, identity: Identity) -> Self {
        Self {
            identity: Some(Arc::new(identity)),
            ..self
        }
    }

    /// The private key of the reader, where there is one.
    #[must_use]
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.as_deref()
    }

    /// The log it belongs to.
    #[must_use]
    pub fn log_id(&self) -> Id {
        self.inner.log_id
    }

    /// Grows with every change but those of unit keys, so that a keyring put back from an old copy can be told.
    /// As it was when this process last looked.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.inner.generation.load(Ordering::Acquire)
    }

    /// Looks whether another process changed the keyring, and gives its generation as it is now.
    ///
    /// # Errors
    /// Those of the file; [`KeyringError::LockedOut`] when the key it was opened with was taken away.
    pub fn refresh(&self) -> Result<u64, KeyringError> {
        let inner = &*self.inner;
        storage::read(&*inner.storage, |view| {
            inner.meta(view).map(|(meta, _)| meta.generation)
        })
    }

    /// A key for one purpose, the same for as long as the log exists: it does not change when the master key
    /// does.
    ///
    /// # Errors
    /// None in practice.
    pub fn purpose_key(&self, purpose: &str) -> Result<Key, KeyringError> {
        Ok(self.inner.purpose_key(purpose)?)
    }

    /// The name of an erasure unit as the keyring knows it: HMAC-SHA256 under a purpose key. Without the keyring
    /// nobody can try names against it.
    #[must_use]
    pub fn unit_digest(&self, kind: UnitKind, tenant: Option<&str>, name: &str) -> [u8; 32] {
        let kind = match kind {
            UnitKind::Subject => b's',
            UnitKind::Conversation => b'c',
        };
        let (has_tenant, tenant) = tenant.map_or((0, ""), |tenant| (1, tenant));
        hmac_sha256(
            &self.inner.digest_key,
            &[
                &[kind, has_tenant],
                &(tenant.len() as u64).to_be_bytes(),
                tenant.as_bytes(),
                name.as_bytes(),
            ],
        )
    }

    /// Commits to a unit key without telling it: GCM alone lets one ciphertext open under two keys. The first
    /// block of HKDF-Expand.
    #[must_use]
    pub fn unit_commitment(key: &Key, log_id: &Id) -> [u8; 32] {
        hmac_sha256(key, &[b"symlog unit commitment v1", log_id, &[1]])
    }
}

impl Inner {
    fn purpose_key(&self, purpose: &str) -> Result<Key, symlog_crypto::CryptoError> {
        purpose_key(&self.root, purpose)
    }

    fn damaged(&self, what: &'static str) -> KeyringError {
        KeyringError::Damaged {
            path: self.path.clone(),
            what,
            source: None,
        }
    }

    fn writable(&self) -> Result<(), KeyringError> {
        match self.access {
            Access::ReadWrite => Ok(()),
            Access::ReadOnly => Err(KeyringError::ReadOnly {
                path: self.path.clone(),
            }),
        }
    }
}

fn purpose_key(root: &Prk, purpose: &str) -> Result<Key, symlog_crypto::CryptoError> {
    let key = root.expand_key(&[b"symlog purpose v1 ", purpose.as_bytes()]);
    // Such a key lives as long as the log is open.
    clear_stack();
    key
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring")
            .field("path", &self.inner.path)
            .field("access", &self.inner.access)
            .field("generation", &self.generation())
            .finish_non_exhaustive()
    }
}
