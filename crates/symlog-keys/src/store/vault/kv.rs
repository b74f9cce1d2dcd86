use std::collections::{BTreeSet, HashMap};

use serde::Deserialize;
use symlog_crypto::SecretBytes;
use vaultrs::client::VaultClient;
use vaultrs::{kv1, kv2};

use super::fault::Fault;
use crate::store::{KvVersion, StoreError, VaultConfig};

const FIELD: &str = "value";
/// A listing is for people; nobody reads more.
const MAX_LISTED: usize = 10_000;

/// Where a secret lies.
#[derive(Debug, Clone)]
pub(super) struct Place {
    version: KvVersion,
    mount: String,
    path: String,
}

#[derive(Deserialize)]
struct Fields {
    value: SecretBytes,
}

impl Place {
    pub(super) fn of(config: &VaultConfig, name: &str) -> Result<Self, StoreError> {
        let odd = |part: &str| part == "." || part == "..";
        // What the server or a proxy before it would read as another path, or as no path at all.
        if name.contains(['?', '#', '%', '\\'])
            || name.chars().any(char::is_control)
            || name.split('/').any(odd)
        {
            return Err(StoreError::Configuration {
                what: format!("{name:?} cannot be the name of a secret in Vault"),
            });
        }
        Ok(Self {
            version: config.api_version,
            mount: config.mount_path.trim_matches('/').to_owned(),
            path: name.trim_matches('/').to_owned(),
        })
    }

    pub(super) async fn read(&self, client: &VaultClient) -> Result<Option<SecretBytes>, Fault> {
        let fields: Result<Fields, _> = match self.version {
            KvVersion::V2 => kv2::read(client, &self.mount, &self.path).await,
            KvVersion::V1 => kv1::get(client, &self.mount, &self.path).await,
        };
        match fields.map_err(Fault::from) {
            Ok(Fields { value }) => Ok(Some(value)),
            Err(Fault::Missing) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    pub(super) async fn write(
        &self,
        client: &VaultClient,
        value: &SecretBytes,
    ) -> Result<(), Fault> {
        let text = value.expose_str().map_err(|_| Fault::NoValue)?;
        let fields = HashMap::from([(FIELD, text)]);
        match self.version {
            KvVersion::V2 => kv2::set(client, &self.mount, &self.path, &fields)
                .await
                .map(drop),
            KvVersion::V1 => kv1::set(client, &self.mount, &self.path, &fields).await,
        }
        .map_err(Fault::from)
    }

    /// All versions, and that there were any.
    pub(super) async fn destroy(&self, client: &VaultClient) -> Result<(), Fault> {
        let destroyed = match self.version {
            KvVersion::V2 => kv2::delete_metadata(client, &self.mount, &self.path).await,
            KvVersion::V1 => kv1::delete(client, &self.mount, &self.path).await,
        };
        match destroyed.map_err(Fault::from) {
            Err(Fault::Missing) => Ok(()),
            other => other,
        }
    }

    pub(super) async fn list(
        &self,
        client: &VaultClient,
        prefix: &str,
    ) -> Result<Vec<String>, Fault> {
        let mut names = BTreeSet::new();
        let mut folders = vec![prefix.rfind('/').map_or("", |at| &prefix[..=at]).to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in self.folder(client, &folder).await? {
                let name = format!("{folder}{entry}");
                if name.ends_with('/') {
                    if name.starts_with(prefix) || prefix.starts_with(&name) {
                        folders.push(name);
                    }
                } else if name.starts_with(prefix) {
                    names.insert(name);
                }
            }
            if names.len() + folders.len() > MAX_LISTED {
                return Err(Fault::Settings("a prefix with more than 10000 secrets"));
            }
        }
        Ok(names.into_iter().collect())
    }

    async fn folder(&self, client: &VaultClient, folder: &str) -> Result<Vec<String>, Fault> {
        let listed = match self.version {
            KvVersion::V2 => kv2::list(client, &self.mount, folder).await,
            KvVersion::V1 => kv1::list(client, &self.mount, folder)
                .await
                .map(|response| response.data.keys),
        };
        match listed.map_err(Fault::from) {
            Err(Fault::Missing) => Ok(Vec::new()),
            other => other,
        }
    }
}
