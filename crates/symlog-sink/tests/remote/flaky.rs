//! A store of parts that does what a bad bucket does.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use symlog_sink::{Created, MemoryParts, Operation, PartName, PartStore, SinkError};

#[derive(Clone, Debug, Default)]
pub(crate) struct Flaky {
    pub(crate) parts: MemoryParts,
    /// Refuses everything.
    pub(crate) denies: Arc<AtomicBool>,
    /// Creates the part, and then says that it failed.
    pub(crate) loses_answers: Arc<AtomicU64>,
    /// Leaves out as many of the newest parts and chapters of every list.
    pub(crate) lists_late: Arc<AtomicU64>,
}

impl Flaky {
    pub(crate) fn denied(&self, operation: Operation) -> Result<(), SinkError> {
        if self.denies.load(Ordering::Relaxed) {
            let denied = io::ErrorKind::PermissionDenied;
            return Err(SinkError::io(operation, self.address(), denied.into()));
        }
        Ok(())
    }

    fn hide<T>(&self, mut listed: Vec<T>) -> Vec<T> {
        let late = self.lists_late.load(Ordering::Relaxed) as usize;
        listed.truncate(listed.len().saturating_sub(late));
        listed
    }
}

impl PartStore for Flaky {
    fn create(&self, part: &PartName, bytes: &[u8]) -> Result<Created, SinkError> {
        self.denied(Operation::Append)?;
        let created = self.parts.create(part, bytes)?;
        let lost = self
            .loses_answers
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
        match lost {
            Ok(_) => {
                let lost = io::ErrorKind::TimedOut;
                Err(SinkError::io(
                    Operation::Append,
                    self.address(),
                    lost.into(),
                ))
            }
            Err(_) => Ok(created),
        }
    }

    fn chapters(&self) -> Result<Vec<String>, SinkError> {
        self.denied(Operation::List)?;
        self.parts.chapters().map(|listed| self.hide(listed))
    }

    fn parts(&self, chapter: &str, from: u64) -> Result<Vec<(u64, u64)>, SinkError> {
        self.denied(Operation::List)?;
        self.parts
            .parts(chapter, from)
            .map(|listed| self.hide(listed))
    }

    fn len(&self, part: &PartName) -> Result<Option<u64>, SinkError> {
        self.denied(Operation::Inspect)?;
        self.parts.len(part)
    }

    fn read(&self, part: &PartName, offset: u64, buf: &mut [u8]) -> Result<usize, SinkError> {
        self.denied(Operation::Read)?;
        self.parts.read(part, offset, buf)
    }

    fn remove(&self, chapter: &str) -> Result<(), SinkError> {
        self.denied(Operation::Remove)?;
        self.parts.remove(chapter)
    }

    fn address(&self) -> PathBuf {
        PathBuf::from("bucket/log")
    }
}
