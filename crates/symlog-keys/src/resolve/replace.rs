use std::sync::Arc;

use symlog_crypto::SecretBytes;

use super::sources::SERVICE;
use super::{KeyError, KeyRequest, KeySource, LIMIT, generated};
use crate::blocking::{self, Stopped};
use crate::keychain;
use crate::store::StoreError;

/// Stores `secret` where the key of `request` was found, in place of the old one.
///
/// The order in which a log's key is replaced is: let the new key open the log, too
/// ([`Keyring::add_slot`](crate::Keyring::add_slot)); this; take the old one away
/// ([`Keyring::remove_slot`](crate::Keyring::remove_slot)). The log then opens whatever happens in between.
///
/// # Errors
/// [`KeyError::NotOurs`] for variables and wrapped keys, and when the source refuses.
pub fn replace_key(
    request: &KeyRequest,
    source: &KeySource,
    secret: &SecretBytes,
) -> Result<(), KeyError> {
    let not_replaced = |error| KeyError::NotReplaced {
        from: source.clone(),
        source: error,
    };
    match (source, &request.store) {
        (KeySource::Store(description), Some(store)) => {
            let (store, name) = (Arc::clone(store), request.name.clone());
            let secret = secret.duplicate();
            let put = move || blocking::drive(async move { store.put(&name, &secret).await });
            match blocking::spawn("symlog-secret-store", put).wait(LIMIT) {
                Ok(stored) => stored.map_err(not_replaced),
                Err(Stopped::TimedOut) => Err(not_replaced(StoreError::TimedOut {
                    store: description.clone(),
                    limit: LIMIT,
                })),
                Err(Stopped::Failed) => Err(not_replaced(StoreError::Unreachable {
                    store: description.clone(),
                    source: None,
                })),
            }
        }
        (KeySource::Keychain | KeySource::GeneratedKeychain, _) => {
            let (name, secret) = (request.name.clone(), secret.duplicate());
            keychain::bounded(&request.keychain, move |keychain| {
                keychain.set(SERVICE, &name, &secret)
            })
            .map_err(|error| not_replaced(error.into()))
        }
        (KeySource::GeneratedFile(path), _) => {
            generated::replace(path, secret).map_err(|error| not_replaced(error.into()))
        }
        (KeySource::Store(_) | KeySource::Environment(_) | KeySource::Wrapped(_), _) => {
            Err(KeyError::NotOurs {
                from: source.clone(),
            })
        }
    }
}
