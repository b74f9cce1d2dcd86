//! Where secrets are kept. See [`SecretStore`].

mod config;
mod error;
mod file;
mod memory;
mod open;
#[cfg(feature = "vault")]
mod vault;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use symlog_crypto::SecretBytes;

pub use self::config::{
    BackupConfig, CommonConfig, ConfigSecret, ConnectionConfig, EncryptionConfig, FileConfig,
    FileFormat, FileKeyConfig, KeyProvider, KvVersion, SecretsConfig, TlsConfig, TransitConfig,
    VaultAuth, VaultConfig,
};
pub use self::error::{StoreError, StoreErrorSource};
pub use self::file::FileStore;
pub use self::memory::MemoryStore;
pub use self::open::{new_key_wrap, new_secret_store};
#[cfg(feature = "vault")]
pub use self::vault::{VaultStore, VaultTransit};

/// How sure it is that a destroyed secret is gone. Ordered from the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Assurance {
    /// Overwritten or removed where it lay. File systems, SSDs, backups and other processes may keep copies.
    BestEffort,
    /// The store confirmed that every version was deleted. Its own backups may keep copies.
    Deleted,
    /// The store never gave the key out and destroyed it; only its own backups could bring it back.
    NeverLeft,
}

impl fmt::Display for Assurance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BestEffort => "best effort: overwritten where it lay; backups and disks may keep copies",
            Self::Deleted => "deleted: the store confirmed that no version is left; its backups may keep copies",
            Self::NeverLeft => "destroyed: the key never left the store, which destroyed it; its backups may keep copies",
        })
    }
}

/// A place that keeps named secrets.
///
/// An implementation must
/// - answer `Ok(None)` only when it knows that there is no such secret. A store that cannot be reached, denies
///   access or cannot be read is an error: what follows on "not found" may be a new key;
/// - give up within its own bound instead of waiting for ever;
/// - have stored the secret durably when `put` returns, and either the old or the new one at any moment before;
/// - show no secret in errors, `Debug`, logs and [`describe`](SecretStore::describe).
#[async_trait]
pub trait SecretStore: fmt::Debug + Send + Sync {
    /// The secret of this name, exactly as it was stored.
    async fn get(&self, name: &str) -> Result<Option<SecretBytes>, StoreError>;

    /// Stores a secret, replacing the one of this name.
    async fn put(&self, name: &str, value: &SecretBytes) -> Result<(), StoreError>;

    /// The names that begin with `prefix`, sorted.
    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError>;

    /// Removes a secret for good and says how sure that is. One that is not there is no error.
    async fn destroy(&self, name: &str) -> Result<Assurance, StoreError>;

    /// What and where it is, for people: `vault https://vault.example.com, mount secret`.
    fn describe(&self) -> String;
}

macro_rules! forward {
    ($pointer:ty) => {
        #[async_trait]
        #[deny(clippy::missing_trait_methods)]
        impl SecretStore for $pointer {
            async fn get(&self, name: &str) -> Result<Option<SecretBytes>, StoreError> {
                (**self).get(name).await
            }

            async fn put(&self, name: &str, value: &SecretBytes) -> Result<(), StoreError> {
                (**self).put(name, value).await
            }

            async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
                (**self).list(prefix).await
            }

            async fn destroy(&self, name: &str) -> Result<Assurance, StoreError> {
                (**self).destroy(name).await
            }

            fn describe(&self) -> String {
                (**self).describe()
            }
        }
    };
}

forward!(Box<dyn SecretStore>);
forward!(Arc<dyn SecretStore>);
