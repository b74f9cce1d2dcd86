use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use parking_lot::RwLock;
use symlog_crypto::SecretBytes;

use super::{Assurance, SecretStore, StoreError};

/// Secrets that are gone when the process is.
#[derive(Default)]
pub struct MemoryStore {
    secrets: RwLock<BTreeMap<String, SecretBytes>>,
}

impl MemoryStore {
    /// Without any secret.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secrets = self.secrets.read();
        f.debug_struct("MemoryStore")
            .field("names", &secrets.keys())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl SecretStore for MemoryStore {
    async fn get(&self, name: &str) -> Result<Option<SecretBytes>, StoreError> {
        Ok(self.secrets.read().get(name).map(SecretBytes::duplicate))
    }

    async fn put(&self, name: &str, value: &SecretBytes) -> Result<(), StoreError> {
        self.secrets
            .write()
            .insert(name.to_owned(), value.duplicate());
        Ok(())
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let secrets = self.secrets.read();
        Ok(secrets
            .keys()
            .filter(|name| name.starts_with(prefix))
            .cloned()
            .collect())
    }

    async fn destroy(&self, name: &str) -> Result<Assurance, StoreError> {
        self.secrets.write().remove(name);
        Ok(Assurance::BestEffort)
    }

    fn describe(&self) -> String {
        "memory of this process".to_owned()
    }
}
