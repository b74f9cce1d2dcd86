//! Where the key comes from: the secret stores, under the names that runtimes of the seed's kind
//! know them by.

pub use symlog_crypto::SecretBytes;
pub use symlog_keys::{
    Assurance, LoggingKey, MemoryStore, SecretStore, SecretsConfig, StoreError, new_secret_store,
};
