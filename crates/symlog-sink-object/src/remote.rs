use std::path::PathBuf;
use std::sync::Arc;

use futures_util::TryStreamExt;
use object_store::{Error, ObjectStoreExt, PutMode};
use symlog_sink::{Operation, PartStorage, Remote, SinkError, Storage, check_log_name};

use crate::config::{ConfigError, ObjectConfig};
use crate::parts::ObjectParts;
use crate::store::Store;

/// A place in an object store that holds logs.
#[derive(Clone, Debug)]
pub struct ObjectRemote {
    store: Store,
}

/// Left in the store by a probe: as long as it is there, so is its proof.
const PROBE: &str = "probe";
const PROBE_TEXT: &[u8] = b"symlog tried out here whether this store refuses to overwrite.\n";

impl ObjectRemote {
    /// The place that `config` names. No request is made yet.
    ///
    /// # Errors
    ///
    /// Where the configuration makes no sense.
    pub fn new(config: &ObjectConfig) -> Result<Self, ConfigError> {
        Store::new(config).map(|store| Self { store })
    }

    /// The same in a store that the caller has made.
    pub fn over(
        client: Arc<dyn object_store::ObjectStore>,
        prefix: object_store::path::Path,
    ) -> Self {
        let address = PathBuf::from(client.to_string()).join(prefix.as_ref());
        Self {
            store: Store {
                client,
                prefix,
                address,
                conditional: true,
            },
        }
    }
}

impl Remote for ObjectRemote {
    fn log(&self, name: &str) -> Result<Arc<dyn Storage>, SinkError> {
        check_log_name(name)?;
        let parts = ObjectParts::new(self.store.below(name));
        Ok(Arc::new(PartStorage::new(parts)))
    }

    fn logs(&self) -> Result<Vec<String>, SinkError> {
        let store = &self.store;
        let prefix = store.prefix.clone();
        let listed = store.run(Operation::List, |client| async move {
            client.list_with_delimiter(Some(&prefix)).await
        })?;
        let listed = listed.map_err(|error| store.failed(Operation::List, error))?;
        let mut logs: Vec<_> = listed
            .common_prefixes
            .iter()
            .filter_map(|path| Some(path.filename()?.to_owned()))
            .filter(|name| check_log_name(name).is_ok())
            .collect();
        logs.sort();
        Ok(logs)
    }

    fn probe(&self) -> Result<(), SinkError> {
        let store = &self.store;
        let path = store.prefix.clone().join(PROBE);
        let create = || {
            let path = path.clone();
            store.run(Operation::Append, |client| async move {
                let text = bytes::Bytes::from_static(PROBE_TEXT);
                let options = PutMode::Create.into();
                client.put_opts(&path, text.into(), options).await
            })
        };
        // The second one must be refused, if the first one was not.
        let mut refused = false;
        for _ in 0..2 {
            match create()? {
                Ok(_) => {}
                Err(Error::AlreadyExists { .. }) => refused = true,
                Err(Error::NotImplemented { .. }) if !store.conditional => {}
                Err(error) => return Err(store.failed(Operation::Append, error)),
            }
        }
        if !refused && store.conditional {
            return Err(SinkError::Unconditional {
                path: store.address.clone(),
            });
        }
        let read = store.run(Operation::Read, {
            let path = path.clone();
            |client| async move { client.get(&path).await?.bytes().await }
        })?;
        let read = read.map_err(|error| store.failed(Operation::Read, error))?;
        if read != PROBE_TEXT {
            return Err(SinkError::Foreign {
                path: store.address.clone(),
                what: format!("{} bytes where a probe was put", read.len()),
            });
        }
        let listed = store.run(Operation::List, |client| async move {
            client.list(Some(&path)).try_next().await
        })?;
        listed
            .map(drop)
            .map_err(|error| store.failed(Operation::List, error))
    }

    fn address(&self) -> PathBuf {
        self.store.address.clone()
    }
}
