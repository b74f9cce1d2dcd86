use std::sync::{Arc, Mutex, PoisonError};

use symlog_core::LoggingError;
use symlog_core::archive::{
    ArchiveError, ArchivedObject, ArchivedSummary, Archives, Buried, IdPrefix, LineCodec, Say,
};
use symlog_keys::Keyring;
use symlog_sink::{Attachments, ObjectName, Operation, SinkError, Storage};

use crate::catalogue::Catalogue;
use crate::describe::stem;
use crate::object::{Archive, SharedArchive};
use crate::retire;

/// The archives of one log, as its attachments. Keeps the newest few open.
#[derive(Debug, Default)]
pub struct FileArchives {
    open: Mutex<Vec<(String, bool, SharedArchive)>>,
}

/// Archives that the catalogue is made for: fewer are looked into, column by column.
const WORTH_A_FILE: usize = 16;

/// Archives kept open.
const OPEN: usize = 4;

impl Archives for FileArchives {
    fn objects(&self, storage: &dyn Storage) -> Result<Vec<ObjectName>, SinkError> {
        let Some(attachments) = storage.attachments() else {
            return Ok(Vec::new());
        };
        let mut objects: Vec<ObjectName> = attachments
            .list()?
            .into_iter()
            .filter(|name| name.extension() == "parquet")
            .filter_map(|name| ObjectName::sealed(name.stem()).ok())
            .collect();
        objects.sort();
        Ok(objects)
    }

    fn open(
        &self,
        storage: &Arc<dyn Storage>,
        object: &ObjectName,
        keyring: Option<&Keyring>,
    ) -> Result<Box<dyn ArchivedObject>, SinkError> {
        let name = stem(object)?;
        let has_keys = keyring.is_some();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = open.iter().position(|it| it.0 == name && it.1 == has_keys) {
            let known = open.remove(at);
            let archive = known.2.clone();
            open.push(known);
            return Ok(Box::new(archive));
        }
        let attachments = attachments(&**storage, object)?;
        let codec = keyring.map_or_else(LineCodec::keyless, LineCodec::new);
        let archive = Archive::open(attachments, name, codec).map_err(as_sink_error)?;
        let archive = SharedArchive(Arc::new(Mutex::new(archive)));
        if open.len() >= OPEN {
            open.remove(0);
        }
        open.push((name.to_owned(), has_keys, archive.clone()));
        Ok(Box::new(archive))
    }

    fn narrow(
        &self,
        storage: &dyn Storage,
        id: &IdPrefix,
        objects: &mut Vec<ObjectName>,
    ) -> Result<(), SinkError> {
        let Some(attachments) = storage.attachments() else {
            return Ok(());
        };
        let mut unknown = Catalogue::new(attachments).narrow(id, objects)?;
        // What cannot be read is told by whoever opens it.
        let may_hold = |object: &ObjectName| {
            let columns = retire::columns(attachments, object).ok();
            let ids = columns.and_then(|columns| columns.ids().ok());
            ids.is_none_or(|ids| ids.iter().any(|it| id.fits(it)))
        };
        unknown.retain(|object| !may_hold(object));
        objects.retain(|object| !unknown.contains(object));
        Ok(())
    }

    fn summary(
        &self,
        storage: &dyn Storage,
        object: &ObjectName,
    ) -> Result<ArchivedSummary, SinkError> {
        retire::summary(attachments(storage, object)?, object).map_err(as_sink_error)
    }

    fn lines_of(
        &self,
        storage: &dyn Storage,
        object: &ObjectName,
        is_wanted: &dyn Fn(u64, u16) -> bool,
    ) -> Result<Vec<(u64, u64)>, SinkError> {
        retire::lines_of(attachments(storage, object)?, object, is_wanted).map_err(as_sink_error)
    }

    fn bury(
        &self,
        storage: &dyn Storage,
        object: &ObjectName,
        buried: &[Buried],
        say: &mut Say<'_>,
    ) -> Result<(), LoggingError> {
        self.close(object);
        retire::bury(attachments(storage, object)?, object, buried, say)
    }

    fn remove(&self, storage: &dyn Storage, object: &ObjectName) -> Result<(), SinkError> {
        self.close(object);
        match storage.attachments() {
            Some(attachments) => retire::remove(attachments, object),
            None => Ok(()),
        }
    }
}

impl FileArchives {
    /// Lets go of an archive that is changed or removed.
    fn close(&self, object: &ObjectName) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|known| stem(object).is_ok_and(|name| known.0 != name));
    }
}

fn attachments<'a>(
    storage: &'a dyn Storage,
    object: &ObjectName,
) -> Result<&'a dyn Attachments, SinkError> {
    storage.attachments().ok_or_else(|| SinkError::Missing {
        path: object.to_string().into(),
    })
}

/// Brings the catalogue of a log up to what is archived of it, and clears away frames that lost their
/// table when they were removed.
pub(crate) fn tidy(storage: &dyn Storage) -> Result<(), SinkError> {
    let Some(attachments) = storage.attachments() else {
        return Ok(());
    };
    let archives = FileArchives::default();
    // Before the objects: frames are written while their object is there.
    let listed = attachments.list()?;
    let left = storage.objects()?;
    let archived = archives.objects(storage)?;
    for name in listed.iter().filter(|name| name.extension() == "frames") {
        let Ok(object) = ObjectName::sealed(name.stem()) else {
            continue;
        };
        if !left.contains(&object) && archived.binary_search(&object).is_err() {
            match attachments.remove(name) {
                Ok(()) | Err(SinkError::Missing { .. }) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Catalogue::new(attachments).update(&archived, WORTH_A_FILE, |object| {
        let columns = retire::columns(attachments, object).ok()?;
        columns.ids().ok()
    })
}

pub(crate) fn as_sink_error(error: ArchiveError) -> SinkError {
    match error {
        ArchiveError::Storage(error) => error,
        error => SinkError::Io {
            operation: Operation::Read,
            path: "archive".into(),
            source: std::io::Error::other(error),
        },
    }
}
