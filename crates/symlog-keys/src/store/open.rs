use std::sync::Arc;

use super::{FileConfig, FileStore, SecretStore, SecretsConfig, StoreError};
use crate::KeyWrap;

/// Opens the store that `[security.secrets]` describes. `namespace` names the program in what the store records
/// about its clients.
///
/// A Vault that cannot be reached now is no error here: each access tries again, so that a program can start
/// before its Vault does.
///
/// # Errors
/// [`StoreError::Configuration`] for what can never work, [`StoreError::NotBuiltIn`].
pub async fn new_secret_store(
    config: &SecretsConfig,
    namespace: &str,
) -> Result<Box<dyn SecretStore>, StoreError> {
    tracing::debug!(namespace, backend = config.kind(), "opening secret store");
    match config {
        SecretsConfig::File(file) => Ok(Box::new(FileStore::new(FileConfig::clone(file))?)),
        #[cfg(feature = "vault")]
        SecretsConfig::Vault(vault) => {
            Ok(Box::new(super::VaultStore::new(vault.as_ref().clone())?))
        }
        #[cfg(not(feature = "vault"))]
        SecretsConfig::Vault(_) => Err(StoreError::NotBuiltIn {
            what: "Vault",
            feature: "vault",
        }),
    }
}

/// What wraps the keys of unlock slots, where `[security.secrets.transit]` says that something does.
///
/// # Errors
/// [`StoreError::Configuration`] for what can never work, [`StoreError::NotBuiltIn`].
pub fn new_key_wrap(config: &SecretsConfig) -> Result<Option<Arc<dyn KeyWrap>>, StoreError> {
    let SecretsConfig::Vault(vault) = config else {
        return Ok(None);
    };
    match &vault.transit {
        None => Ok(None),
        #[cfg(feature = "vault")]
        Some(transit) => Ok(Some(Arc::new(super::VaultTransit::new(
            vault.as_ref().clone(),
            &transit.mount_path,
            &transit.key,
        )?))),
        #[cfg(not(feature = "vault"))]
        Some(_) => Err(StoreError::NotBuiltIn {
            what: "Vault Transit",
            feature: "vault",
        }),
    }
}
