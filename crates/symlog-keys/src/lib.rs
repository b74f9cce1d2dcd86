//! Where the keys of a log come from, and the keyring that holds its key hierarchy.
#![deny(missing_docs)]

mod base64;
mod keyring;
mod logging_key;
mod private_file;

pub use keyring::{Access, Id, Keyring, KeyringError, UnitKind};
pub use logging_key::{EmptyKey, LoggingKey};
pub use private_file::FileError;
