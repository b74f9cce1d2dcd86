use std::path::PathBuf;

use symlog_crypto::{AeadError, CryptoError};
use thiserror::Error;

use crate::private_file::FileError;
use crate::store::StoreError;

/// Why a keyring could not be used. What is held in it appears in no variant.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// There is no keyring at this path.
    #[error("there is no keyring at {}; without it the log cannot be decrypted, so bring it back from a backup", path.display())]
    NotFound {
        /// Where it should be.
        path: PathBuf,
    },
    /// There is one already, and it is not replaced.
    #[error("a keyring exists at {}; it is never replaced by a new one", path.display())]
    Exists {
        /// Where it is.
        path: PathBuf,
    },
    /// The keyring is whole, but the key given opens none of its slots. Nothing was decrypted.
    #[error("the key given does not open {}; it belongs to another log, or the log's key was changed: check with `symlog keys check` which source it comes from", path.display())]
    WrongKey {
        /// Which keyring.
        path: PathBuf,
    },
    /// The key that this keyring was opened with was taken away while it was open.
    #[error("the key that opened {} may not open it any more, since its unlock slot was removed; give this program the log's present key and start it again", path.display())]
    LockedOut {
        /// Which keyring.
        path: PathBuf,
    },
    /// The file is not what was written.
    #[error("{} is damaged: {what}; bring it back from a backup", path.display())]
    Damaged {
        /// Which keyring.
        path: PathBuf,
        /// What does not fit.
        what: &'static str,
        /// What the database reported, where it did.
        #[source]
        source: Option<rusqlite::Error>,
    },
    /// Written by a newer version.
    #[error("{} has format {version}, and this version reads up to {supported}; update symlog", path.display())]
    Newer {
        /// Which keyring.
        path: PathBuf,
        /// Its format.
        version: u32,
        /// The newest format known here.
        supported: u32,
    },
    /// Another process holds it for longer than is waited.
    #[error("{} is in use by another process; try again", path.display())]
    Busy {
        /// Which keyring.
        path: PathBuf,
    },
    /// It was opened for reading, or cannot be written.
    #[error("{} is open for reading only", path.display())]
    ReadOnly {
        /// Which keyring.
        path: PathBuf,
    },
    /// The database failed.
    #[error("{}: the keyring could not be read or written", path.display())]
    Database {
        /// Which keyring.
        path: PathBuf,
        /// What it reported.
        #[source]
        source: rusqlite::Error,
    },
    /// A file failed, or its permissions are too wide.
    #[error(transparent)]
    File(#[from] FileError),
    /// The secret store that holds the epoch key failed.
    #[error("the keyring's epoch key could not be read or replaced")]
    Store(#[from] StoreError),
    /// The key was destroyed: what it sealed is gone for good.
    #[error(
        "the key {} was destroyed; what it sealed cannot be read any more",
        hex(id)
    )]
    Destroyed {
        /// The key's id.
        id: super::Id,
    },
    /// This keyring never had such a key.
    #[error(
        "the keyring has no key {}; it may be older than the log, or belong to another one",
        hex(id)
    )]
    Unknown {
        /// The key's id.
        id: super::Id,
    },
    /// A limit that no honest use reaches.
    #[error("{what}")]
    Limit {
        /// Which.
        what: &'static str,
    },
    /// A cryptographic operation failed that does not depend on the keyring's content.
    #[error("a key could not be made")]
    Crypto(#[from] CryptoError),
    /// Sealing failed.
    #[error("a key could not be wrapped")]
    Wrap(#[from] AeadError),
}

fn hex(id: &super::Id) -> String {
    use std::fmt::Write;
    id.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}
