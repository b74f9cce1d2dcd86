use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Created, PartName, PartStore};
use crate::SinkError;

/// Parts in memory, for tests. Clones share them.
#[derive(Clone, Default)]
pub struct MemoryParts {
    parts: Arc<Mutex<BTreeMap<PartName, Vec<u8>>>>,
}

impl std::fmt::Debug for MemoryParts {
    /// The number only: the bytes are the log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} parts in memory", self.guard().len())
    }
}

impl MemoryParts {
    /// No parts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A store of its own that holds the same parts.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self {
            parts: Arc::new(Mutex::new(self.guard().clone())),
        }
    }

    /// Takes a part away, as a bucket may that loses one.
    pub fn lose(&self, part: &PartName) -> Option<Vec<u8>> {
        self.guard().remove(part)
    }

    /// All parts there are.
    #[must_use]
    pub fn names(&self) -> Vec<PartName> {
        self.guard().keys().cloned().collect()
    }

    fn guard(&self) -> MutexGuard<'_, BTreeMap<PartName, Vec<u8>>> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PartStore for MemoryParts {
    fn create(&self, part: &PartName, bytes: &[u8]) -> Result<Created, SinkError> {
        let mut parts = self.guard();
        if parts.contains_key(part) {
            return Ok(Created::Exists);
        }
        parts.insert(part.clone(), bytes.to_vec());
        Ok(Created::New)
    }

    fn chapters(&self) -> Result<Vec<String>, SinkError> {
        let mut chapters: Vec<_> = self.guard().keys().map(|p| p.chapter.clone()).collect();
        chapters.dedup();
        Ok(chapters)
    }

    fn parts(&self, chapter: &str, from: u64) -> Result<Vec<(u64, u64)>, SinkError> {
        let parts = self.guard();
        let of_chapter = parts.iter().filter(|(part, _)| part.chapter == chapter);
        Ok(of_chapter
            .map(|(part, bytes)| (part.number, bytes.len() as u64))
            .filter(|(number, _)| *number >= from)
            .collect())
    }

    fn len(&self, part: &PartName) -> Result<Option<u64>, SinkError> {
        Ok(self.guard().get(part).map(|bytes| bytes.len() as u64))
    }

    fn read(&self, part: &PartName, offset: u64, buf: &mut [u8]) -> Result<usize, SinkError> {
        let parts = self.guard();
        let Some(bytes) = parts.get(part) else {
            return Err(SinkError::Lost {
                path: self.address(),
                what: part.to_string(),
            });
        };
        let rest = usize::try_from(offset)
            .ok()
            .and_then(|offset| bytes.get(offset..))
            .unwrap_or_default();
        let len = rest.len().min(buf.len());
        buf[..len].copy_from_slice(&rest[..len]);
        Ok(len)
    }

    fn remove(&self, chapter: &str) -> Result<(), SinkError> {
        self.guard().retain(|part, _| part.chapter != chapter);
        Ok(())
    }

    fn address(&self) -> PathBuf {
        PathBuf::from("<memory>")
    }
}
