//! A log of whatever format it is in.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use symlog_crypto::{Identity, default_provider};
use symlog_keys::{Access, IdentityWrap, KeyWrap, Keyring, LoggingKey};
use symlog_sink::{FileStorage, Storage};

use super::entry::Entry;
use super::error::ReadError;
use super::filter::Filter;
use super::follow::SymlogFollow;
use super::opener::KeysUsed;
use super::reader::{SymlogEntries, SymlogReader};
use crate::access::owner;
use crate::archive::Archives;
use crate::config::Config;
use crate::error::LoggingError;
use crate::logger::{LogFor, find_identity, keyring_path, resolve_key};
use crate::pipeline::block_on;
use crate::symbiont::{SymbiontEntries, SymbiontFile, SymbiontFollow, holds_symbiont};

/// Reads a log, also while it is written. The format of its file is recognised by itself.
#[derive(Debug, Clone)]
pub struct LogReader(LogKind);

#[derive(Debug, Clone)]
pub(crate) enum LogKind {
    Symlog(SymlogReader),
    Symbiont(SymbiontFile),
}

impl LogReader {
    /// Opens the log that a configuration names, with the key that it leads to.
    ///
    /// # Errors
    ///
    /// When there is no log, no key, or the key does not fit.
    pub fn from_config(config: &Config) -> Result<Self, LoggingError> {
        let path = Path::new(&config.logging.log_file_path);
        let owner = owner(path);
        let keyring = keyring_path(owner.as_deref().unwrap_or(path));
        if let Some(reader) = for_identity(config, path, &keyring)? {
            return Ok(reader);
        }
        let resolved = resolve_key(
            &config.logging,
            None,
            config.secrets.as_ref(),
            config.strict,
            LogFor::Keyring {
                path: &keyring,
                exists: true,
            },
            &default_provider(),
        )?;
        Self::open(path, &resolved.key)
    }

    /// Opens the log at `path` with its logging key; an access log with that of its log.
    ///
    /// # Errors
    ///
    /// When there is no log, or the key does not fit.
    pub fn open(path: &Path, key: &LoggingKey) -> Result<Self, LoggingError> {
        let storage = FileStorage::new(path)?;
        if holds_symbiont(&storage)? {
            return SymbiontFile::open(storage, key).map(|file| Self(LogKind::Symbiont(file)));
        }
        SymlogReader::open(path, key).map(|reader| Self(LogKind::Symlog(reader)))
    }

    /// Reads the log that lies in `storage` with the keys of `keyring`: what
    /// [`LoggerBuilder::storage`](crate::LoggerBuilder::storage) and
    /// [`keyring`](crate::LoggerBuilder::keyring) were given.
    #[must_use]
    pub fn over(storage: Arc<dyn Storage>, keyring: Keyring) -> Self {
        Self(LogKind::Symlog(SymlogReader::over(storage, keyring)))
    }

    /// Reads the log that lies in `storage` with the keyring at `keyring`, by the key that a
    /// configuration leads to.
    ///
    /// # Errors
    ///
    /// When there is no key, or it does not fit the keyring.
    pub fn with_keyring(
        config: &Config,
        storage: Arc<dyn Storage>,
        keyring: &Path,
    ) -> Result<Self, LoggingError> {
        let provider = default_provider();
        let (key, identity) = match identity_key(config, keyring)? {
            Some((key, identity)) => (key, Some(identity)),
            None => {
                let exists = true;
                let log = LogFor::Keyring {
                    path: keyring,
                    exists,
                };
                let secrets = config.secrets.as_ref();
                let resolved = resolve_key(
                    &config.logging,
                    None,
                    secrets,
                    config.strict,
                    log,
                    &provider,
                )?;
                (resolved.key, None)
            }
        };
        let keyring = Keyring::open(keyring, &key, Access::ReadOnly, &provider)?;
        let reader = SymlogReader::over(storage, keyring);
        Ok(Self(LogKind::Symlog(match identity {
            Some(identity) => reader.with_identity(identity),
            None => reader,
        })))
    }

    /// The id of the log, under which its copies go; `None` for one of the reference format.
    #[must_use]
    pub fn log_id(&self) -> Option<String> {
        match &self.0 {
            LogKind::Symlog(log) => {
                Some(uuid::Uuid::from_bytes(log.keyring().log_id()).to_string())
            }
            LogKind::Symbiont(_) => None,
        }
    }

    /// Reads objects that are archived as well.
    #[must_use]
    pub fn with_archives(self, archives: Arc<dyn Archives>) -> Self {
        match self.0 {
            LogKind::Symlog(log) => Self(LogKind::Symlog(log.with_archives(archives))),
            other @ LogKind::Symbiont(_) => Self(other),
        }
    }

    /// The storage and the keys of a log of this format; `None` for one of the reference logger.
    #[must_use]
    pub fn parts(&self) -> Option<(Arc<dyn Storage>, Keyring)> {
        match &self.0 {
            LogKind::Symlog(log) => Some((Arc::clone(&log.files().storage), log.keyring().clone())),
            LogKind::Symbiont(_) => None,
        }
    }

    /// The entries that `filter` wants, in the order in which they were logged, each with its
    /// response. The log is read as it is now.
    ///
    /// # Errors
    ///
    /// When the log's files cannot be read.
    pub fn entries(&self, filter: Filter) -> Result<Entries<'_>, ReadError> {
        Ok(Entries(match &self.0 {
            LogKind::Symlog(log) => EntriesKind::Symlog(Box::new(SymlogEntries::new(log, filter)?)),
            LogKind::Symbiont(log) => EntriesKind::Symbiont(Box::new(log.entries(filter)?)),
        }))
    }

    /// Follows the log from its `newest` newest entries on.
    ///
    /// # Errors
    ///
    /// When the log's files cannot be read.
    pub fn follow(&self, newest: usize, filter: Filter) -> Result<Follow<'_>, ReadError> {
        Ok(Follow(match &self.0 {
            LogKind::Symlog(log) => {
                FollowKind::Symlog(Box::new(SymlogFollow::new(log, newest, filter)?))
            }
            LogKind::Symbiont(log) => FollowKind::Symbiont(Box::new(log.follow(newest, filter)?)),
        }))
    }

    pub(crate) fn kind(&self) -> &LogKind {
        &self.0
    }
}

/// The log, where there is a private key for which one of its unlock slots was made.
fn for_identity(
    config: &Config,
    path: &Path,
    keyring: &Path,
) -> Result<Option<LogReader>, LoggingError> {
    let Some((key, identity)) = identity_key(config, keyring)? else {
        return Ok(None);
    };
    SymlogReader::open(path, &key)
        .map(|reader| Some(LogReader(LogKind::Symlog(reader.with_identity(identity)))))
}

/// The key that a private key unwraps, if one of the keyring's slots was made for it.
fn identity_key(
    config: &Config,
    keyring: &Path,
) -> Result<Option<(LoggingKey, Identity)>, LoggingError> {
    // A keyring that is missing or damaged says so when it is opened.
    let slots = Keyring::wrapped_keys(keyring).unwrap_or_default();
    if slots.is_empty() {
        return Ok(None);
    }
    let Some(identity) = find_identity(config)? else {
        return Ok(None);
    };
    let provider = default_provider();
    let failed = |error| LoggingError::key("the private key could not be used", error);
    let wrap = IdentityWrap::new(&identity, &provider).map_err(failed)?;
    let Some(slot) = slots.iter().find(|slot| slot.service == wrap.describe()) else {
        return Ok(None);
    };
    let key = block_on(LoggingKey::unwrapped_by(&wrap, slot)).map_err(failed)?;
    Ok(Some((key, identity)))
}

/// The entries of a log. An item that cannot be read comes as an error, and reading goes on
/// behind it.
#[derive(Debug)]
pub struct Entries<'a>(EntriesKind<'a>);

#[derive(Debug)]
enum EntriesKind<'a> {
    Symlog(Box<SymlogEntries<'a>>),
    Symbiont(Box<SymbiontEntries>),
}

impl Entries<'_> {
    /// The keys that were used so far, for a record of the access.
    #[must_use]
    pub fn keys_used(&self) -> KeysUsed {
        match &self.0 {
            EntriesKind::Symlog(entries) => entries.keys_used(),
            EntriesKind::Symbiont(_) => KeysUsed::default(),
        }
    }
}

impl Iterator for Entries<'_> {
    type Item = Result<Entry, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            EntriesKind::Symlog(entries) => entries.next(),
            EntriesKind::Symbiont(entries) => entries.next(),
        }
    }
}

/// Follows a log from its newest entries on, through the sealing of its active file.
///
/// A request comes when it is logged, as open, and again with its response when that is logged.
#[derive(Debug)]
pub struct Follow<'a>(FollowKind<'a>);

#[derive(Debug)]
enum FollowKind<'a> {
    Symlog(Box<SymlogFollow<'a>>),
    Symbiont(Box<SymbiontFollow>),
}

/// How often the file is looked at while nothing comes.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

impl Follow<'_> {
    /// The keys that were used so far, for a record of the access.
    #[must_use]
    pub fn keys_used(&self) -> KeysUsed {
        match &self.0 {
            FollowKind::Symlog(follow) => follow.keys_used(),
            FollowKind::Symbiont(_) => KeysUsed::default(),
        }
    }

    /// The next entry that is there; `None` if there is none yet.
    ///
    /// # Errors
    ///
    /// For a line that cannot be read; the next call goes on behind it.
    pub fn poll_next(&mut self) -> Result<Option<Entry>, ReadError> {
        match &mut self.0 {
            FollowKind::Symlog(follow) => follow.poll_next(),
            FollowKind::Symbiont(follow) => follow.poll_next(),
        }
    }

    /// Waits for the next entry.
    ///
    /// # Errors
    ///
    /// As [`poll_next`](Self::poll_next).
    pub fn wait_next(&mut self) -> Result<Entry, ReadError> {
        loop {
            if let Some(entry) = self.poll_next()? {
                return Ok(entry);
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }
}
