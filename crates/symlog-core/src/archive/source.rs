use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;

use serde_json::{Map, Value};
use symlog_keys::Keyring;
use symlog_sink::{ObjectName, SinkError, Storage};

use super::prefix::IdPrefix;
use crate::error::LoggingError;

/// How much of an archived line is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The line as it was written.
    Whole,
    /// The line with empty envelopes, as [`LineCodec::outline`](super::LineCodec::outline) makes
    /// it: reads no payload.
    Outline,
}

/// Finds archived objects among the attachments of a log.
///
/// # Contract
///
/// What is opened gives the lines of the object in their order, each as it was written or, without
/// keys or where keys have been destroyed, as an outline.
pub trait Archives: Debug + Send + Sync {
    /// The objects of which there is an archive, in order.
    ///
    /// # Errors
    ///
    /// Where the storage cannot be listed.
    fn objects(&self, storage: &dyn Storage) -> Result<Vec<ObjectName>, SinkError>;

    /// Opens the archive of an object.
    ///
    /// # Errors
    ///
    /// Where it is missing, damaged, or of another version.
    fn open(
        &self,
        storage: &Arc<dyn Storage>,
        object: &ObjectName,
        keyring: Option<&Keyring>,
    ) -> Result<Box<dyn ArchivedObject>, SinkError>;

    /// Takes out of `objects`, which are archived, those that certainly hold no line with such an id.
    ///
    /// # Errors
    ///
    /// Where the storage cannot be read. What is merely missing or damaged is no reason to fail, nor
    /// to take an object out.
    fn narrow(
        &self,
        storage: &dyn Storage,
        id: &IdPrefix,
        objects: &mut Vec<ObjectName>,
    ) -> Result<(), SinkError> {
        let _ = (storage, id, objects);
        Ok(())
    }

    /// What is in an archive, as far as retention asks. Needs no key.
    ///
    /// # Errors
    ///
    /// Where it is missing or damaged.
    fn summary(
        &self,
        storage: &dyn Storage,
        object: &ObjectName,
    ) -> Result<ArchivedSummary, SinkError>;

    /// The lines that hold something sealed in the segments and classes that are wanted, as rising
    /// ranges of sequence numbers.
    ///
    /// # Errors
    ///
    /// As [`summary`](Self::summary).
    fn lines_of(
        &self,
        storage: &dyn Storage,
        object: &ObjectName,
        is_wanted: &dyn Fn(u64, u16) -> bool,
    ) -> Result<Vec<(u64, u64)>, SinkError>;

    /// Puts tombstones in the place of lines, which come in rising order. `say` has the log say what
    /// the files of the archive are then; it is called before these take the place of the old ones,
    /// and nothing is changed where it fails.
    ///
    /// # Errors
    ///
    /// Where the archive cannot be read or written, or with what `say` failed with.
    fn bury(
        &self,
        storage: &dyn Storage,
        object: &ObjectName,
        buried: &[Buried],
        say: &mut Say<'_>,
    ) -> Result<(), LoggingError>;

    /// Removes the archive of an object, or what is left of it. One that is not there is removed.
    ///
    /// # Errors
    ///
    /// Where the storage fails.
    fn remove(&self, storage: &dyn Storage, object: &ObjectName) -> Result<(), SinkError>;
}

/// Has the log say the body of a line, signed and synced.
pub type Say<'a> = dyn FnMut(&Map<String, Value>) -> Result<(), LoggingError> + 'a;

/// What retention asks of an archived object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArchivedSummary {
    /// The sequence numbers of its first and last line.
    pub sequences: (u64, u64),
    /// Bytes of its files.
    pub bytes: u64,
    /// Its segments, and the bodies of their first lines.
    pub segments: Vec<(u64, String)>,
    /// The segments and classes of which there are lines that hold something sealed.
    pub sealed: BTreeSet<(u64, u16)>,
}

/// Lines in whose place tombstones are put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buried {
    /// The first.
    pub first: u64,
    /// The last.
    pub last: u64,
    /// The sequence number of the signed line that allows it.
    pub allowed_by: u64,
}

/// The lines of one archived object.
pub trait ArchivedObject: Debug + Send {
    /// Their number.
    fn rows(&self) -> u64;

    /// The sequence number of the first.
    fn first_sequence(&self) -> u64;

    /// Appends the line of `row`, without a newline, and says in which form it could be had.
    ///
    /// # Errors
    ///
    /// Where the archive is damaged or cannot be read.
    fn line(&mut self, row: u64, form: Form, out: &mut Vec<u8>) -> Result<Form, SinkError>;

    /// The first row, from `row` on, that has such an id or begins a segment; one that may be passed
    /// over is none that a reader of these ids needs.
    fn seek(&self, row: u64, id: &IdPrefix) -> u64 {
        let _ = id;
        row
    }
}

/// All that a log is read from.
#[derive(Clone, Debug)]
pub(crate) struct LogFiles {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) archives: Option<Arc<dyn Archives>>,
    pub(crate) keyring: Option<Keyring>,
}

impl LogFiles {
    pub(crate) fn plain(storage: &Arc<dyn Storage>) -> Self {
        Self {
            storage: Arc::clone(storage),
            archives: None,
            keyring: None,
        }
    }

    pub(crate) fn with_archives(self, archives: Option<Arc<dyn Archives>>) -> Self {
        Self { archives, ..self }
    }

    /// The objects of which there is an archive.
    pub(crate) fn archived(&self) -> Result<Vec<ObjectName>, SinkError> {
        match &self.archives {
            Some(archives) => archives.objects(&*self.storage),
            None => Ok(Vec::new()),
        }
    }

    pub(crate) fn narrow(
        &self,
        id: &IdPrefix,
        objects: &mut Vec<ObjectName>,
    ) -> Result<(), SinkError> {
        match &self.archives {
            Some(archives) if !objects.is_empty() => archives.narrow(&*self.storage, id, objects),
            _ => Ok(()),
        }
    }

    pub(crate) fn open_archive(
        &self,
        object: &ObjectName,
    ) -> Option<Result<Box<dyn ArchivedObject>, SinkError>> {
        let archives = self.archives.as_ref()?;
        Some(archives.open(&self.storage, object, self.keyring.as_ref()))
    }
}
