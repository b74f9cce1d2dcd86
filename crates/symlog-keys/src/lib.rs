#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod audit;
mod base64;
mod blocking;
mod environment;
mod identity_wrap;
mod key_wrap;
mod keychain;
mod keyring;
mod logging_key;
mod private_file;
mod resolve;
mod store;

pub use environment::Environment;
pub use identity_wrap::{IdentityWrap, RecipientWrap};
pub use key_wrap::{KeyWrap, LocalWrap};
pub use keychain::{Keychain, KeychainError, NoKeychain, system_keychain};
pub use keyring::{
    Access, Change, ChangeKind, Destruction, EpochPlace, Id, Inventory, Keyring, KeyringError,
    PeriodInfo, PeriodState, Rotation, RotationReason, SlotInfo, UnitKind,
};
pub use logging_key::{EmptyKey, LoggingKey, WrappedKey};
pub use private_file::FileError;
pub use resolve::{
    KeyError, KeyRequest, KeySource, PassedOver, ResolvedKey, replace_key, resolve,
    resolve_blocking,
};
pub use store::{
    Assurance, BackupConfig, CommonConfig, ConfigSecret, ConnectionConfig, EncryptionConfig,
    FileConfig, FileFormat, FileKeyConfig, FileStore, KeyProvider, KvVersion, MemoryStore,
    SecretStore, SecretsConfig, StoreError, StoreErrorSource, TlsConfig, TransitConfig, VaultAuth,
    VaultConfig, new_key_wrap, new_secret_store,
};
#[cfg(feature = "vault")]
pub use store::{VaultStore, VaultTransit};
