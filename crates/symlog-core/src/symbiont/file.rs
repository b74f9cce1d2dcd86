//! A file of this format, open for reading.

use std::fmt;
use std::sync::Arc;

use symlog_crypto::{CryptoProvider, SecretBytes, default_provider};
use symlog_keys::LoggingKey;
use symlog_sink::{FileStorage, ObjectName, Storage};

use super::cipher::Opener;
use super::follow::SymbiontFollow;
use super::inspect::fitting_key;
use super::reader::SymbiontEntries;
use super::verify;
use crate::error::LoggingError;
use crate::read::{Filter, ReadError};
use crate::verify::VerifyReport;

/// Where the file lies and what opens it.
#[derive(Clone)]
pub(crate) struct SymbiontFile {
    storage: Arc<dyn Storage>,
    passphrase: Arc<SecretBytes>,
    provider: CryptoProvider,
}

impl SymbiontFile {
    /// Fails with a key that does not fit, before anything is read with it.
    pub(crate) fn open(storage: FileStorage, key: &LoggingKey) -> Result<Self, LoggingError> {
        let path = storage.path();
        let file = Self::unchecked(Arc::new(storage), key);
        let source = file.storage.source(&ObjectName::Active)?;
        fitting_key(source, &mut file.opener(), &path)?;
        Ok(file)
    }

    pub(super) fn unchecked(storage: Arc<dyn Storage>, key: &LoggingKey) -> Self {
        Self {
            storage,
            passphrase: Arc::new(key.text().duplicate()),
            provider: default_provider(),
        }
    }

    pub(super) fn opener(&self) -> Opener {
        Opener::new(self.passphrase.duplicate(), self.provider.clone())
    }

    pub(super) fn storage(&self) -> &dyn Storage {
        &*self.storage
    }

    pub(crate) fn entries(&self, filter: Filter) -> Result<SymbiontEntries, ReadError> {
        let source = self.storage.source(&ObjectName::Active)?;
        Ok(SymbiontEntries::new(source, self.opener(), filter)?)
    }

    pub(crate) fn follow(
        &self,
        newest: usize,
        filter: Filter,
    ) -> Result<SymbiontFollow, ReadError> {
        SymbiontFollow::new(self.clone(), newest, filter)
    }

    pub(crate) fn verify(&self) -> Result<VerifyReport, LoggingError> {
        verify::run(self.storage(), Some(self.opener()))
    }
}

impl fmt::Debug for SymbiontFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SymbiontFile")
            .field("storage", &self.storage)
            .finish_non_exhaustive()
    }
}
