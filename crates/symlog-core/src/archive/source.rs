use std::fmt::Debug;
use std::sync::Arc;

use symlog_keys::Keyring;
use symlog_sink::{ObjectName, SinkError, Storage};

use super::prefix::IdPrefix;

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
