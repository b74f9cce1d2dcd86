#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod base64;
mod blocking;
mod environment;
mod key_wrap;
mod keychain;
mod keyring;
mod logging_key;
mod private_file;
mod resolve;
mod store;

pub use environment::Environment;
pub use key_wrap::{KeyWrap, LocalWrap};
pub use keychain::{Keychain, KeychainError, NoKeychain, system_keychain};
pub use keyring::{
    Access, Destruction, EpochPlace, Id, Inventory, Keyring, KeyringError, PeriodInfo, PeriodState,
    Rotation, SlotInfo, UnitKind,
};
pub use logging_key::{EmptyKey, LoggingKey};
pub use private_file::FileError;
pub use resolve::{
    KeyError, KeyRequest, KeySource, PassedOver, ResolvedKey, resolve, resolve_blocking,
};
pub use store::{
    Assurance, BackupConfig, CommonConfig, ConfigSecret, ConnectionConfig, EncryptionConfig,
    FileConfig, FileFormat, FileKeyConfig, FileStore, KeyProvider, KvVersion, MemoryStore,
    SecretStore, SecretsConfig, StoreError, StoreErrorSource, TlsConfig, VaultAuth, VaultConfig,
    new_secret_store,
};
#[cfg(feature = "vault")]
pub use store::{VaultStore, VaultTransit};
