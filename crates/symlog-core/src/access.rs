//! Who read what: the access log of a log, a log of the same form beside it.
//!
//! Its keyring has one unlock slot, whose key comes from the keyring of the log. So whoever can read the log can
//! record that and read what others recorded, whichever slot or private key they have, and no rotation or change of
//! slots needs to know of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use symlog_crypto::default_provider;
use symlog_keys::{Access, Keyring, LoggingKey};
use symlog_sink::{FileStorage, Storage};

use crate::config::{Config, Durability, KeyAudit, LogFormat};
use crate::error::LoggingError;
use crate::logger::{LoggerBuilder, ModelLogger, keyring_path, open_or_create_keyring};
use crate::read::{LogKind, LogReader};

const ENDING: &str = ".access";
const KEY_PURPOSE: &str = "access log";

/// Opens the keyring of the log at `log` with the log's key; that of an access log with the key of the log that it
/// belongs to.
///
/// # Errors
///
/// When there is no keyring, or the key does not open it.
pub fn open_keyring(log: &Path, key: &LoggingKey, access: Access) -> Result<Keyring, LoggingError> {
    let provider = default_provider();
    let Some(owner) = owner(log) else {
        return Ok(Keyring::open(&keyring_path(log), key, access, &provider)?);
    };
    let owner = Keyring::open(&keyring_path(&owner), key, Access::ReadOnly, &provider)?;
    let own = own_key(&owner)?;
    Ok(Keyring::open(&keyring_path(log), &own, access, &provider)?)
}

/// The log whose access log is at `path`, if that is one.
#[must_use]
pub fn owner(path: &Path) -> Option<PathBuf> {
    let owner = path.to_str()?.strip_suffix(ENDING).map(PathBuf::from)?;
    keyring_path(&owner).exists().then_some(owner)
}

fn path_of(log: &Path) -> PathBuf {
    let mut path = log.as_os_str().to_owned();
    path.push(ENDING);
    path.into()
}

fn own_key(owner: &Keyring) -> Result<LoggingKey, LoggingError> {
    Ok(LoggingKey::from_raw(owner.purpose_key(KEY_PURPOSE)?))
}

impl LogReader {
    /// Opens the access log of this log, which `config` names, for a record of what is about to be read. It lies
    /// beside the log, as `PATH.access`, and is made when there is none. Every entry is on the disk before its
    /// receipt resolves.
    ///
    /// `None` for a log of the reference format, which has no keyring, and for an access log: looking at the records
    /// is not recorded.
    ///
    /// # Errors
    ///
    /// When it cannot be written, also while another process writes it.
    pub fn access_log(&self, config: &Config) -> Result<Option<ModelLogger>, LoggingError> {
        let log = Path::new(&config.logging.log_file_path);
        let LogKind::Symlog(reader) = self.kind() else {
            return Ok(None);
        };
        if owner(log).is_some() {
            return Ok(None);
        }
        let path = path_of(log);
        let storage: Arc<dyn Storage> = Arc::new(FileStorage::new(&path)?);
        // The keyring is made under the lock that lets one writer in.
        let lock = storage.lock()?;
        let keyring = open_or_create_keyring(
            &keyring_path(&path),
            &own_key(reader.keyring())?,
            &default_provider(),
        )?;
        drop(lock);
        let mut own = config.clone();
        own.logging.enabled = true;
        own.logging.log_file_path = path.display().to_string();
        own.settings.format = LogFormat::Symlog;
        own.settings.durability = Durability::Entry;
        own.keys.audit = KeyAudit::Events;
        LoggerBuilder::from_config(&own)
            .storage(storage)
            .keyring(keyring)
            .build()
            .map(Some)
    }
}
