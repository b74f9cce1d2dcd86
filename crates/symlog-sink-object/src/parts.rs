use std::path::PathBuf;

use futures_util::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{Error, ObjectStoreExt, PutMode};
use symlog_sink::{Attachments, Created, Operation, PartName, PartStore, SinkError};

use crate::attachments::ObjectAttachments;
use crate::store::Store;

/// The parts of one log, each an object.
#[derive(Debug)]
pub(crate) struct ObjectParts {
    store: Store,
    attachments: ObjectAttachments,
}

impl ObjectParts {
    pub(crate) fn new(store: Store) -> Self {
        Self {
            attachments: ObjectAttachments::new(store.clone()),
            store,
        }
    }

    fn path(&self, part: &PartName) -> Path {
        self.chapter(&part.chapter)
            .join(format!("{:010}", part.number))
    }

    fn chapter(&self, chapter: &str) -> Path {
        self.store.prefix.clone().join(chapter)
    }

    fn failed(&self, operation: Operation) -> impl FnOnce(Error) -> SinkError + '_ {
        move |error| self.store.failed(operation, error)
    }

    /// Where the store cannot refuse by itself, it is asked before.
    fn exists(&self, part: &PartName) -> Result<bool, SinkError> {
        Ok(!self.store.conditional && self.len(part)?.is_some())
    }
}

impl PartStore for ObjectParts {
    fn create(&self, part: &PartName, bytes: &[u8]) -> Result<Created, SinkError> {
        if self.exists(part)? {
            return Ok(Created::Exists);
        }
        let path = self.path(part);
        let bytes = bytes::Bytes::copy_from_slice(bytes);
        let mode = match self.store.conditional {
            true => PutMode::Create,
            false => PutMode::Overwrite,
        };
        let put = self.store.run(Operation::Append, |client| async move {
            client.put_opts(&path, bytes.into(), mode.into()).await
        })?;
        match put {
            Ok(_) => Ok(Created::New),
            Err(Error::AlreadyExists { .. }) => Ok(Created::Exists),
            Err(error) => Err(self.store.failed(Operation::Append, error)),
        }
    }

    fn chapters(&self) -> Result<Vec<String>, SinkError> {
        let prefix = self.store.prefix.clone();
        let listed = self.store.run(Operation::List, |client| async move {
            client.list_with_delimiter(Some(&prefix)).await
        })?;
        let listed = listed.map_err(self.failed(Operation::List))?;
        Ok(listed
            .common_prefixes
            .iter()
            .filter_map(|path| Some(path.filename()?.to_owned()))
            .collect())
    }

    fn parts(&self, chapter: &str, from: u64) -> Result<Vec<(u64, u64)>, SinkError> {
        let prefix = self.chapter(chapter);
        let before = from
            .checked_sub(1)
            .map(|number| prefix.clone().join(format!("{number:010}")));
        let listed = self.store.run(Operation::List, |client| async move {
            let listed = match &before {
                Some(before) => client.list_with_offset(Some(&prefix), before),
                None => client.list(Some(&prefix)),
            };
            listed.try_collect::<Vec<_>>().await
        })?;
        let mut parts: Vec<_> = listed
            .map_err(self.failed(Operation::List))?
            .iter()
            .filter_map(|meta| Some((meta.location.filename()?.parse().ok()?, meta.size)))
            .filter(|(number, _)| *number >= from)
            .collect();
        parts.sort_unstable();
        Ok(parts)
    }

    fn len(&self, part: &PartName) -> Result<Option<u64>, SinkError> {
        let path = self.path(part);
        let head = self.store.run(Operation::Inspect, |client| async move {
            client.head(&path).await
        })?;
        match head {
            Ok(meta) => Ok(Some(meta.size)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.store.failed(Operation::Inspect, error)),
        }
    }

    fn read(&self, part: &PartName, offset: u64, buf: &mut [u8]) -> Result<usize, SinkError> {
        let path = self.path(part);
        let range = offset..offset.saturating_add(buf.len() as u64);
        let read = self.store.run(Operation::Read, |client| async move {
            client.get_range(&path, range).await
        })?;
        match read {
            Ok(bytes) => {
                let len = bytes.len().min(buf.len());
                buf[..len].copy_from_slice(&bytes[..len]);
                Ok(len)
            }
            Err(Error::NotFound { .. }) => Err(SinkError::Lost {
                path: self.store.address.clone(),
                what: part.to_string(),
            }),
            Err(error) => Err(self.store.failed(Operation::Read, error)),
        }
    }

    fn remove(&self, chapter: &str) -> Result<(), SinkError> {
        let prefix = self.chapter(chapter);
        let removed = self.store.run(Operation::Remove, |client| async move {
            let paths = client.list(Some(&prefix)).map_ok(|meta| meta.location);
            client
                .delete_stream(paths.boxed())
                .try_for_each(|_| async { Ok(()) })
                .await
        })?;
        removed.map_err(self.failed(Operation::Remove))
    }

    fn address(&self) -> PathBuf {
        self.store.address.clone()
    }

    fn attachments(&self) -> Option<&dyn Attachments> {
        Some(&self.attachments)
    }
}
