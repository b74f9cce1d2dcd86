//! Logs in stores that can only create things: a bucket, a stream, a table.

mod chapter;
mod header;
mod index;
mod memory;
mod sink;
mod source;

use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;

use self::chapter::Chapter;
use self::sink::PartSink;
use self::source::PartSource;
use crate::{ObjectName, Poisonable, Sink, SinkError, Source, Storage, name};

pub use memory::MemoryParts;

/// A store of numbered parts that are created once and never change.
///
/// Whatever implements these few methods holds a log by [`PartStorage`], which
/// brings order, fencing, sealing and reading.
///
/// # Contract
///
/// - Of several calls to [`create`](Self::create) for the same part, from any
///   number of hosts, exactly one gets [`Created::New`]. All fencing rests on it.
/// - A part that was created is durable, and reads back as it was given.
/// - A list may lag behind what was created; a [`len`](Self::len) or a
///   [`read`](Self::read) must not.
pub trait PartStore: Debug + Send + Sync {
    /// Creates the part, whole and durable, unless there is one.
    ///
    /// # Errors
    ///
    /// Where it is not known whether the part was created.
    fn create(&self, part: &PartName, bytes: &[u8]) -> Result<Created, SinkError>;

    /// The chapters that hold parts, in any order, and perhaps other things,
    /// which are passed over. A store that nothing was put into has none.
    ///
    /// # Errors
    ///
    /// Where the store cannot be listed.
    fn chapters(&self) -> Result<Vec<String>, SinkError>;

    /// The parts of a chapter from number `from` on, in order, each with its
    /// length.
    ///
    /// # Errors
    ///
    /// Where the store cannot be listed.
    fn parts(&self, chapter: &str, from: u64) -> Result<Vec<(u64, u64)>, SinkError>;

    /// Length of a part in bytes; `None` if there is no such part.
    ///
    /// # Errors
    ///
    /// Where that cannot be said.
    fn len(&self, part: &PartName) -> Result<Option<u64>, SinkError>;

    /// Reads from `offset` on as much as `buf` holds or the part has, and
    /// returns how much that was.
    ///
    /// # Errors
    ///
    /// [`SinkError::Lost`] if there is no such part.
    fn read(&self, part: &PartName, offset: u64, buf: &mut [u8]) -> Result<usize, SinkError>;

    /// The log's address, for messages.
    fn address(&self) -> PathBuf;
}

/// Which part is meant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartName {
    /// The chapter: ASCII letters, digits, `-` and `_`, at most 70 bytes.
    pub chapter: String,
    /// Its number in the chapter, from 0 without gaps.
    pub number: u64,
}

impl std::fmt::Display for PartName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "part {} of chapter {}", self.number, self.chapter)
    }
}

/// How [`PartStore::create`] went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    /// The part is there now, and was not before.
    New,
    /// There is a part of this name, which was left as it is.
    Exists,
}

/// A log in a [`PartStore`].
///
/// What is appended is gathered and put as one part by `sync`, or when it
/// reaches the length of a part. Each object of the log is a chapter; a part of
/// its own claims the place of the writer, cuts a tail, or seals the chapter.
/// Every part has its number, and whoever creates that number first decides
/// what stands there: a new writer claims the next number, so that the one
/// before finds it taken, whatever it was about to put, and is fenced. Nothing
/// is ever replaced; a lagging list hides the newest and shows nothing false.
///
/// An object is not moved when it is sealed: a chapter is named after the
/// object before it, which never changes.
#[derive(Debug)]
pub struct PartStorage<P> {
    store: Arc<P>,
    part_len: usize,
}

/// Sizes at which a request to a bucket costs little against its bytes.
const PART_LEN: usize = 8 << 20;

impl<P: PartStore> PartStorage<P> {
    /// The log in `store`. Nothing is read or created yet.
    pub fn new(store: P) -> Self {
        Self {
            store: Arc::new(store),
            part_len: PART_LEN,
        }
    }

    /// Puts at most `len` bytes in a part, its header of 320 bytes not counted.
    #[must_use]
    pub fn with_part_len(mut self, len: usize) -> Self {
        self.part_len = len.max(1);
        self
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &P {
        &self.store
    }

    fn chapters(&self) -> Result<Vec<Chapter>, SinkError> {
        let mut chapters: Vec<_> = self
            .store
            .chapters()?
            .iter()
            .filter_map(|text| Chapter::parse(text))
            .collect();
        chapters.sort();
        chapters.dedup();
        Ok(chapters)
    }
}

impl<P: PartStore + 'static> Storage for PartStorage<P> {
    fn lock(&self) -> Result<Box<dyn Sink>, SinkError> {
        let last = self.chapters()?.pop().unwrap_or_default();
        let sink = PartSink::claim(Arc::clone(&self.store), last, self.part_len)?;
        Ok(Box::new(Poisonable::new(sink)))
    }

    fn objects(&self) -> Result<Vec<ObjectName>, SinkError> {
        let chapters = self.chapters()?;
        let sealed = chapters.iter().skip(1).filter_map(Chapter::predecessor);
        let mut objects: Vec<_> = sealed
            .map(|name| ObjectName::Sealed(name.to_owned()))
            .collect();
        if !chapters.is_empty() {
            objects.push(ObjectName::Active);
        }
        Ok(objects)
    }

    fn source(&self, object: &ObjectName) -> Result<Box<dyn Source>, SinkError> {
        let missing = || SinkError::Missing {
            path: self.store.address().join(object.to_string()),
        };
        if let ObjectName::Sealed(name) = object {
            name::check(name)?;
        }
        let chapters = self.chapters()?;
        let (chapter, sealed) = match object {
            ObjectName::Active => (chapters.last().ok_or_else(missing)?, None),
            ObjectName::Sealed(name) => {
                let next = chapters
                    .iter()
                    .position(|chapter| chapter.predecessor() == Some(name))
                    .and_then(|at| at.checked_sub(1))
                    .ok_or_else(missing)?;
                (&chapters[next], Some(name.as_str()))
            }
        };
        let source = PartSource::open(Arc::clone(&self.store), chapter, sealed)?;
        Ok(Box::new(source))
    }
}

#[deny(clippy::missing_trait_methods)]
impl<P: PartStore + ?Sized> PartStore for Arc<P> {
    fn create(&self, part: &PartName, bytes: &[u8]) -> Result<Created, SinkError> {
        (**self).create(part, bytes)
    }

    fn chapters(&self) -> Result<Vec<String>, SinkError> {
        (**self).chapters()
    }

    fn parts(&self, chapter: &str, from: u64) -> Result<Vec<(u64, u64)>, SinkError> {
        (**self).parts(chapter, from)
    }

    fn len(&self, part: &PartName) -> Result<Option<u64>, SinkError> {
        (**self).len(part)
    }

    fn read(&self, part: &PartName, offset: u64, buf: &mut [u8]) -> Result<usize, SinkError> {
        (**self).read(part, offset, buf)
    }

    fn address(&self) -> PathBuf {
        (**self).address()
    }
}
