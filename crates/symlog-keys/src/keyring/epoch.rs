//! The one key above all unit keys, kept apart from the keyring so that it can be destroyed.

use std::fmt::Debug;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use symlog_crypto::{CryptoProvider, Key};

use super::master::Master;
use super::wrap::{Binding, WRAPPED_LEN, Wrapped, unwrap, wrap};
use super::{Id, KeyringError};
use crate::Assurance;
use crate::private_file;

const MAGIC: &[u8; 16] = b"symlog epoch v1\n";
/// While it is replaced there are two.
const MAX_ENTRIES: usize = 2;
const ENTRY_LEN: usize = 8 + 4 + WRAPPED_LEN;
const MAX_LEN: u64 = (16 + 16 + MAX_ENTRIES * ENTRY_LEN) as u64;

/// Where the wrapped epoch key is kept.
///
/// `replace` must make the new content durable before the old is touched, and then destroy the old as well as
/// the store can.
pub(super) trait EpochStore: Debug + Send + Sync {
    fn load(&self) -> Result<Option<Vec<u8>>, KeyringError>;
    fn replace(&self, bytes: &[u8]) -> Result<(), KeyringError>;
    /// How sure it is that what was replaced is gone.
    fn assurance(&self) -> Assurance;
}

/// A file beside the keyring. The old content is overwritten where it lay: what a copy-on-write file system, an
/// SSD or a backup keep of it is out of reach, so this is the least sure of the stores.
#[derive(Debug)]
pub(super) struct FileEpoch {
    path: PathBuf,
}

impl FileEpoch {
    pub(super) fn beside(keyring: &Path) -> Self {
        Self {
            path: private_file::sibling(keyring, ".epoch"),
        }
    }

    /// Another keyring's epoch key may still be wanted with a backup of that keyring: it is set aside.
    pub(super) fn set_aside(&self) -> Result<(), KeyringError> {
        let mut kept = 0;
        while self.path.exists() {
            let aside = private_file::sibling(&self.path, &format!(".old-{kept}"));
            if private_file::publish(&self.path, &aside).is_ok() {
                break;
            }
            kept += 1;
            if kept > 999 {
                return Err(KeyringError::Limit {
                    what: "too many epoch files of earlier keyrings lie beside the log",
                });
            }
        }
        Ok(())
    }
}

impl EpochStore for FileEpoch {
    fn load(&self) -> Result<Option<Vec<u8>>, KeyringError> {
        Ok(private_file::read(&self.path, MAX_LEN)?.map(|bytes| bytes.to_vec()))
    }

    fn replace(&self, bytes: &[u8]) -> Result<(), KeyringError> {
        Ok(private_file::replace(&self.path, bytes)?)
    }

    fn assurance(&self) -> Assurance {
        Assurance::BestEffort
    }
}

#[derive(Debug, Default)]
pub(super) struct MemoryEpoch(Mutex<Option<Vec<u8>>>);

impl EpochStore for MemoryEpoch {
    fn load(&self) -> Result<Option<Vec<u8>>, KeyringError> {
        Ok(self.0.lock().clone())
    }

    fn replace(&self, bytes: &[u8]) -> Result<(), KeyringError> {
        *self.0.lock() = Some(bytes.to_vec());
        Ok(())
    }

    fn assurance(&self) -> Assurance {
        Assurance::BestEffort
    }
}

/// One epoch key, wrapped under one version of the master key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EpochEntry {
    pub(super) epoch: u64,
    pub(super) master: u32,
    wrapped: Wrapped,
}

pub(super) fn binding(log: &Id, epoch: u64, master: u32) -> Binding {
    Binding::new(log, "epoch", &[&epoch.to_be_bytes(), &master.to_be_bytes()])
}

impl EpochEntry {
    pub(super) fn seal(
        provider: &CryptoProvider,
        log: &Id,
        epoch: u64,
        master: &Master,
        key: &Key,
    ) -> Result<Self, KeyringError> {
        let binding = binding(log, epoch, master.version);
        Ok(Self {
            epoch,
            master: master.version,
            wrapped: wrap(provider, &master.key, &binding, key)?,
        })
    }

    pub(super) fn open(
        &self,
        provider: &CryptoProvider,
        log: &Id,
        master: &Key,
    ) -> Result<Key, symlog_crypto::AeadError> {
        unwrap(
            provider,
            master,
            &binding(log, self.epoch, self.master),
            &self.wrapped,
        )
    }
}

pub(super) fn encode(log: &Id, entries: &[EpochEntry]) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    out.extend_from_slice(log);
    for EpochEntry {
        epoch,
        master,
        wrapped,
    } in entries
    {
        out.extend_from_slice(&epoch.to_be_bytes());
        out.extend_from_slice(&master.to_be_bytes());
        out.extend_from_slice(wrapped);
    }
    out
}

/// `None` for anything that `encode` does not write for this log.
pub(super) fn decode(log: &Id, bytes: &[u8]) -> Option<Vec<EpochEntry>> {
    let rest = bytes.strip_prefix(MAGIC)?.strip_prefix(log.as_slice())?;
    let (entries, []) = rest.as_chunks::<ENTRY_LEN>() else {
        return None;
    };
    if entries.len() > MAX_ENTRIES {
        return None;
    }
    entries
        .iter()
        .map(|entry| {
            let (epoch, rest) = entry.split_first_chunk()?;
            let (master, wrapped) = rest.split_first_chunk()?;
            Some(EpochEntry {
                epoch: u64::from_be_bytes(*epoch),
                master: u32::from_be_bytes(*master),
                wrapped: wrapped.try_into().ok()?,
            })
        })
        .collect()
}
