//! Whether a log is what was written.

mod archived;
mod envelopes;
mod permits;
mod report;
mod scan;

pub use report::{Check, Problem, VerifyReport};

use std::path::Path;
use std::sync::Arc;

use symlog_sink::{FileStorage, SinkError, Storage};

use crate::archive::{Archives, LogFiles};
use crate::error::LoggingError;
use crate::read::{LogKind, LogReader};
use crate::symbiont::{self, holds_symbiont};

/// Checks order, gaps and leaves of the log at `path`; needs no key.
///
/// Without checkpoints this proves order and self-consistency: whoever can write the files could
/// have written another consistent log, or cut the newest lines off. The report says so. A file of
/// the reference logger has nothing to check but its shape, and the report says that too.
///
/// # Errors
///
/// When the log's files cannot be read at all. What is wrong in them is in the report.
pub fn verify(path: &Path) -> Result<VerifyReport, LoggingError> {
    verify_in(Arc::new(FileStorage::new(path)?), None)
}

/// As [`verify`], where objects may be archived. Without keys the leaves of archived lines are taken
/// as the archive gives them, and only their tree is checked.
///
/// # Errors
///
/// As [`verify`].
pub fn verify_archived(
    path: &Path,
    archives: Option<Arc<dyn Archives>>,
) -> Result<VerifyReport, LoggingError> {
    verify_in(Arc::new(FileStorage::new(path)?), archives)
}

/// As [`verify_archived`], of a log that lies elsewhere: in a bucket, or in memory.
///
/// # Errors
///
/// As [`verify`].
pub fn verify_in(
    storage: Arc<dyn Storage>,
    archives: Option<Arc<dyn Archives>>,
) -> Result<VerifyReport, LoggingError> {
    if holds_symbiont(&*storage)? {
        return symbiont::verify(&*storage);
    }
    scan::run(&LogFiles::plain(&storage).with_archives(archives), None, 0)
}

/// The same for the newest objects of the log only, as many as have `bytes` bytes together and at least one: a look
/// that takes as long for a large log as for a small one. The report says what was not looked at.
///
/// # Errors
///
/// As [`verify`].
pub fn verify_newest(path: &Path, bytes: u64) -> Result<VerifyReport, LoggingError> {
    let storage: Arc<dyn Storage> = Arc::new(FileStorage::new(path)?);
    if holds_symbiont(&*storage)? {
        return symbiont::verify(&*storage);
    }
    let objects = storage.objects()?;
    let (mut from, mut sum) = (objects.len(), 0);
    while from > 0 {
        let len = match storage.source(&objects[from - 1]) {
            Ok(source) => source.len()?,
            // Sealed meanwhile, under another name.
            Err(SinkError::Missing { .. }) => 0,
            Err(error) => return Err(error.into()),
        };
        sum += len;
        if sum > bytes && from < objects.len() {
            break;
        }
        from -= 1;
    }
    scan::run(&LogFiles::plain(&storage), None, from)
}

impl LogReader {
    /// As [`verify`], and opens every envelope.
    ///
    /// # Errors
    ///
    /// As [`verify`].
    pub fn verify(&self) -> Result<VerifyReport, LoggingError> {
        match self.kind() {
            LogKind::Symlog(log) => scan::run(log.files(), Some(log), 0),
            LogKind::Symbiont(log) => log.verify(),
        }
    }
}
