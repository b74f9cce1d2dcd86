use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use symlog_crypto::SecretBytes;

use super::KeyringError;
use super::epoch::EpochStore;
use crate::blocking::{self, Stopped};
use crate::{Assurance, SecretStore, StoreError, base64};

const LIMIT: Duration = Duration::from_secs(15);

/// Where the epoch key is kept, the key that has to be destroyed to destroy anything.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum EpochPlace {
    /// In a file beside the keyring. Its old content is overwritten, which is the best a file allows.
    #[default]
    Beside,
    /// In a secret store, under names that begin with `name`. As sure as the store's `destroy`.
    Store {
        /// The store.
        store: Arc<dyn SecretStore>,
        /// The beginning of the names; one log's only.
        name: String,
    },
}

/// Each content under a name of its own, numbered, so that the old one can be destroyed after the new one is
/// stored; many stores keep what is merely replaced.
#[derive(Debug)]
pub(super) struct SecretEpoch {
    store: Arc<dyn SecretStore>,
    name: String,
    assurance: Mutex<Assurance>,
}

impl SecretEpoch {
    pub(super) fn new(store: Arc<dyn SecretStore>, name: String) -> Self {
        Self {
            store,
            name,
            assurance: Mutex::new(Assurance::BestEffort),
        }
    }

    fn run<T: Send + 'static, F>(
        &self,
        access: impl FnOnce(Arc<dyn SecretStore>, String) -> F + Send + 'static,
    ) -> Result<T, KeyringError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let (store, name) = (Arc::clone(&self.store), self.name.clone());
        let work = move || blocking::drive(access(store, name));
        match blocking::spawn("symlog-epoch-key", work).wait(LIMIT) {
            Ok(result) => Ok(result?),
            Err(Stopped::TimedOut) => Err(StoreError::TimedOut {
                store: self.store.describe(),
                limit: LIMIT,
            }
            .into()),
            Err(Stopped::Failed) => Err(StoreError::Unreachable {
                store: self.store.describe(),
                source: None,
            }
            .into()),
        }
    }
}

/// The numbers in use, in order.
async fn numbers(store: &dyn SecretStore, name: &str) -> Result<Vec<u64>, StoreError> {
    let prefix = format!("{name}-");
    let names = store.list(&prefix).await?;
    let number = |name: &String| name.strip_prefix(&prefix)?.parse().ok();
    let mut numbers: Vec<u64> = names.iter().filter_map(number).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

impl EpochStore for SecretEpoch {
    fn load(&self) -> Result<Option<Vec<u8>>, KeyringError> {
        let text = self.run(
            async |store, name| match numbers(&*store, &name).await?.last() {
                Some(newest) => store.get(&format!("{name}-{newest}")).await,
                None => Ok(None),
            },
        )?;
        // What is not base64 is not what was stored; the caller says so of any bytes it cannot read.
        Ok(text.map(|text| {
            base64::decode(text.expose()).map_or_else(Vec::new, |bytes| bytes.to_vec())
        }))
    }

    fn replace(&self, bytes: &[u8]) -> Result<(), KeyringError> {
        let text = SecretBytes::from(base64::encode(bytes));
        let assurance = self.run(async move |store, name| {
            let old = numbers(&*store, &name).await?;
            let next = old.last().map_or(0, |newest| newest + 1);
            store.put(&format!("{name}-{next}"), &text).await?;
            let mut least = Assurance::NeverLeft;
            for number in old {
                least = least.min(store.destroy(&format!("{name}-{number}")).await?);
            }
            Ok(least)
        })?;
        *self.assurance.lock() = assurance;
        Ok(())
    }

    fn assurance(&self) -> Assurance {
        // The key was in this process, so it did leave the store.
        (*self.assurance.lock()).min(Assurance::Deleted)
    }
}
