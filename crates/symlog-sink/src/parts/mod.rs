//! Logs in stores that can only create things: a bucket, a stream, a table.

mod chapter;
mod header;
mod index;
mod memory;
mod sink;
mod source;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;

use self::chapter::{Chapter, GONE};
use self::sink::PartSink;
use self::source::PartSource;
use crate::{Attachments, ObjectName, Poisonable, Sink, SinkError, Source, Storage, name};

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

    /// Removes all parts of a chapter for good; none is no error.
    ///
    /// # Errors
    ///
    /// Where some may be left.
    fn remove(&self, chapter: &str) -> Result<(), SinkError>;

    /// The log's address, for messages.
    fn address(&self) -> PathBuf;

    /// The files beside the log, where this store can keep any.
    fn attachments(&self) -> Option<&dyn Attachments> {
        None
    }
}

/// Which part is meant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartName {
    /// The chapter: ASCII letters, digits, `-` and `_`, at most 80 bytes.
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

    fn table(&self) -> Result<Table, SinkError> {
        let mut table = Table::default();
        for text in self.store.chapters()? {
            let (set, text) = match text.strip_prefix(GONE) {
                Some(text) => (&mut table.gone, text),
                None => (&mut table.there, text.as_str()),
            };
            set.extend(Chapter::parse(text));
        }
        Ok(table)
    }

    fn missing(&self, object: &ObjectName) -> SinkError {
        SinkError::Missing {
            path: self.store.address().join(object.to_string()),
        }
    }
}

/// The chapters of a log.
#[derive(Debug, Default)]
struct Table {
    there: BTreeSet<Chapter>,
    /// A removal that was interrupted leaves a chapter in both.
    gone: BTreeSet<Chapter>,
}

impl Table {
    fn active(&self) -> Option<&Chapter> {
        self.there.last()
    }

    /// Every sealed object that ever was, with its chapter.
    fn sealed(&self) -> impl Iterator<Item = (&Chapter, &str)> {
        let all: BTreeSet<_> = self.there.union(&self.gone).collect();
        let next: Vec<_> = all.iter().skip(1).copied().collect();
        all.into_iter()
            .zip(next)
            .filter_map(|(chapter, next)| Some((chapter, next.predecessor()?)))
    }

    fn chapter_of(&self, sealed: &str) -> Option<&Chapter> {
        self.sealed()
            .find(|(_, name)| *name == sealed)
            .map(|(chapter, _)| chapter)
    }
}

impl<P: PartStore + 'static> Storage for PartStorage<P> {
    fn lock(&self) -> Result<Box<dyn Sink>, SinkError> {
        let last = self.table()?.active().cloned().unwrap_or_default();
        let sink = PartSink::claim(Arc::clone(&self.store), last, self.part_len)?;
        Ok(Box::new(Poisonable::new(sink)))
    }

    fn objects(&self) -> Result<Vec<ObjectName>, SinkError> {
        let table = self.table()?;
        let mut objects: Vec<_> = table
            .sealed()
            .filter(|(chapter, _)| !table.gone.contains(chapter))
            .map(|(_, name)| ObjectName::Sealed(name.to_owned()))
            .collect();
        if table.active().is_some() {
            objects.push(ObjectName::Active);
        }
        Ok(objects)
    }

    fn source(&self, object: &ObjectName) -> Result<Box<dyn Source>, SinkError> {
        let table = self.table()?;
        let (chapter, sealed) = match object {
            ObjectName::Active => (table.active(), None),
            ObjectName::Sealed(name) => {
                name::check(name)?;
                let chapter = table.chapter_of(name);
                (
                    chapter.filter(|chapter| !table.gone.contains(chapter)),
                    Some(name.as_str()),
                )
            }
        };
        let chapter = chapter.ok_or_else(|| self.missing(object))?;
        let source = PartSource::open(Arc::clone(&self.store), chapter, sealed)?;
        Ok(Box::new(source))
    }

    fn remove(&self, object: &ObjectName) -> Result<(), SinkError> {
        name::check_removable(object)?;
        let ObjectName::Sealed(name) = object else {
            return Err(self.missing(object));
        };
        let table = self.table()?;
        let chapter = table
            .chapter_of(name)
            .filter(|chapter| table.there.contains(chapter))
            .ok_or_else(|| self.missing(object))?;
        // An empty chapter is what some stores leave of one that was removed.
        if table.gone.contains(chapter) && self.store.parts(&chapter.text(), 0)?.is_empty() {
            return Err(self.missing(object));
        }
        // First, so that nobody takes the object for one that lost its parts.
        let gone = PartName {
            chapter: format!("{GONE}{}", chapter.text()),
            number: 0,
        };
        self.store.create(&gone, b"\n")?;
        self.store.remove(&chapter.text())
    }

    fn attachments(&self) -> Option<&dyn Attachments> {
        self.store.attachments()
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

    fn remove(&self, chapter: &str) -> Result<(), SinkError> {
        (**self).remove(chapter)
    }

    fn address(&self) -> PathBuf {
        (**self).address()
    }

    fn attachments(&self) -> Option<&dyn Attachments> {
        (**self).attachments()
    }
}
