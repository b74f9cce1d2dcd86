mod backup;
mod contents;
mod seal;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use symlog_crypto::SecretBytes;

use self::contents::Contents;
use self::seal::Sealer;
use super::{Assurance, FileConfig, FileFormat, SecretStore, StoreError};
use crate::blocking;
use crate::environment::Environment;
use crate::keychain::{Keychain, system_keychain};
use crate::private_file::{self, FileError};

/// Nobody keeps that many secrets in one file; a device or an endless file is not read to its end.
const MAX_LEN: u64 = 16 << 20;

/// Secrets in one file: plain, or encrypted as the Symbiont runtime does it (AES-256-GCM under a key stretched
/// with Argon2id), in JSON, TOML or `NAME=value` lines.
///
/// The file is replaced atomically and must be readable by its owner only. One that does not exist holds nothing.
#[derive(Clone)]
pub struct FileStore {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    format: FileFormat,
    backup: super::BackupConfig,
    sealer: Option<Sealer>,
}

impl FileStore {
    /// The store that `config` describes. Nothing is read yet.
    ///
    /// # Errors
    /// [`StoreError::Configuration`] for what can never work.
    pub fn new(config: FileConfig) -> Result<Self, StoreError> {
        Self::with_sources(config, Environment::process(), system_keychain())
    }

    /// The same, with other places to look for the file's key.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn with_sources(
        config: FileConfig,
        environment: Environment,
        keychain: Arc<dyn Keychain>,
    ) -> Result<Self, StoreError> {
        let format = match config.format {
            Some(format) => format,
            None => format_of(&config.path),
        };
        let sealer = match config.encryption.filter(|encryption| encryption.enabled) {
            Some(encryption) => Some(Sealer::new(&encryption, environment, keychain)?),
            None => {
                tracing::warn!(
                    path = %config.path.display(),
                    "the secrets file is not encrypted; set [security.secrets.encryption] enabled = true"
                );
                None
            }
        };
        Ok(Self {
            inner: Arc::new(Inner {
                path: config.path,
                format,
                backup: config.backup,
                sealer,
            }),
        })
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = Arc::clone(&self.inner);
        blocking::spawn("symlog-secrets-file", move || work(&inner))
            .await
            .unwrap_or_else(|_| {
                Err(StoreError::Unreachable {
                    store: self.describe(),
                    source: None,
                })
            })
    }
}

fn format_of(path: &std::path::Path) -> FileFormat {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("yaml" | "yml") => FileFormat::Yaml,
        Some("toml") => FileFormat::Toml,
        Some("env") => FileFormat::Env,
        _ => FileFormat::Json,
    }
}

impl Inner {
    fn describe(&self) -> String {
        let kind = if self.sealer.is_some() {
            "AES-256-GCM"
        } else {
            "plain"
        };
        format!("file {} ({kind})", self.path.display())
    }

    fn damaged(&self, what: &'static str) -> StoreError {
        StoreError::Damaged {
            store: self.describe(),
            what,
        }
    }

    fn read(&self) -> Result<Contents, StoreError> {
        let Some(bytes) = private_file::read(&self.path, MAX_LEN)? else {
            return Ok(Contents::default());
        };
        let plain = match &self.sealer {
            Some(sealer) => sealer.open(self, &bytes)?,
            None => bytes,
        };
        Contents::parse(self.format, &plain).map_err(|what| self.damaged(what))
    }

    /// Changes the file under a lock that every writer takes.
    fn change(&self, change: impl FnOnce(&mut Contents) -> bool) -> Result<(), StoreError> {
        let lock = private_file::sibling(&self.path, ".lock");
        let held = lock_file(&lock)?;
        held.lock()
            .map_err(|error| FileError::io(&lock, "lock the file", error))?;
        let mut contents = self.read()?;
        if !change(&mut contents) {
            return Ok(());
        }
        let plain = contents
            .render(self.format)
            .map_err(|what| self.damaged(what))?;
        let bytes = match &self.sealer {
            Some(sealer) => sealer.seal(self, &plain)?,
            None => plain,
        };
        if self.backup.enabled {
            backup::keep(&self.path, &self.backup, MAX_LEN)?;
        }
        Ok(private_file::replace(&self.path, &bytes)?)
    }
}

fn lock_file(path: &std::path::Path) -> Result<std::fs::File, FileError> {
    match private_file::create_new(path) {
        Ok(file) => Ok(file),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            private_file::open(path, true)?.ok_or_else(|| FileError::NotRegular {
                path: path.to_owned(),
            })
        }
        Err(error) => Err(FileError::io(path, "create the lock file", error)),
    }
}

#[async_trait]
impl SecretStore for FileStore {
    async fn get(&self, name: &str) -> Result<Option<SecretBytes>, StoreError> {
        let name = name.to_owned();
        self.run(move |inner| Ok(inner.read()?.take(&name))).await
    }

    async fn put(&self, name: &str, value: &SecretBytes) -> Result<(), StoreError> {
        let (name, value) = (name.to_owned(), value.duplicate());
        self.run(move |inner| {
            inner.change(|contents| {
                contents.insert(name, value);
                true
            })
        })
        .await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let prefix = prefix.to_owned();
        self.run(move |inner| Ok(inner.read()?.names(&prefix)))
            .await
    }

    async fn destroy(&self, name: &str) -> Result<Assurance, StoreError> {
        let name = name.to_owned();
        self.run(move |inner| {
            inner.change(|contents| contents.take(&name).is_some())?;
            // A copy of an earlier state would still have it.
            backup::destroy_all(&inner.path, &inner.backup)?;
            Ok(Assurance::BestEffort)
        })
        .await
    }

    fn describe(&self) -> String {
        self.inner.describe()
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileStore({})", self.inner.describe())
    }
}
