use std::sync::{Arc, Mutex, PoisonError};

use symlog_core::archive::{ArchiveError, ArchivedObject, Archives, IdPrefix, LineCodec};
use symlog_keys::Keyring;
use symlog_sink::{Attachments, ObjectName, Operation, SinkError, Storage};

use crate::catalogue::Catalogue;
use crate::describe::{Description, names, stem};
use crate::frames;
use crate::object::{Archive, SharedArchive, read_whole};
use crate::table;

/// The archives of one log, as its attachments. Keeps the newest few open.
#[derive(Debug, Default)]
pub struct FileArchives {
    open: Mutex<Vec<(String, bool, SharedArchive)>>,
}

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
        let attachments = storage.attachments().ok_or_else(|| SinkError::Missing {
            path: names(name).map_or_else(|_| name.into(), |[table, _]| table.to_string().into()),
        })?;
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
        match storage.attachments() {
            Some(attachments) => Catalogue::new(attachments).narrow(id, objects),
            None => Ok(()),
        }
    }
}

/// Brings the catalogue of a log up to what is archived of it.
pub(crate) fn catalogue(storage: &dyn Storage) -> Result<(), SinkError> {
    let Some(attachments) = storage.attachments() else {
        return Ok(());
    };
    let objects = FileArchives::default().objects(storage)?;
    Catalogue::new(attachments).update(&objects, |object| ids(attachments, object).ok())
}

/// The ids in the table of an object.
fn ids(attachments: &dyn Attachments, object: &ObjectName) -> Result<Vec<[u8; 16]>, ArchiveError> {
    let name = stem(object)?;
    let [table_name, _] = names(name)?;
    let table = read_whole(&*attachments.open(&table_name)?)?;
    let (ids, description) = table::ids(table).map_err(frames::format)?;
    Description::read(&description, name).map_err(frames::format)?;
    Ok(ids)
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
