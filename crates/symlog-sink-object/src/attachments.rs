use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{GetOptions, MultipartUpload, ObjectMeta, ObjectStoreExt};
use symlog_sink::{AttachmentName, Attachments, NewAttachment, Operation, SinkError, Source};

use crate::store::Store;

/// The files beside a log: `attached/NAME/VERSION`. One that is replaced stays
/// for those who read it until all are removed together.
#[derive(Clone, Debug)]
pub(crate) struct ObjectAttachments {
    store: Store,
    /// What this process is writing. Others may write the same attachment: the
    /// last one to commit wins, whole.
    begun: Arc<Mutex<BTreeSet<AttachmentName>>>,
}

const FOLDER: &str = "attached";
/// Large enough that the 10,000 parts that S3 allows hold 80 GB.
const PART: usize = 8 << 20;

impl ObjectAttachments {
    pub(crate) fn new(store: Store) -> Self {
        Self {
            store,
            begun: Arc::default(),
        }
    }

    fn folder(&self) -> Path {
        self.store.prefix.clone().join(FOLDER)
    }

    /// All versions of an attachment, the newest last.
    fn versions(&self, name: &AttachmentName) -> Result<Vec<ObjectMeta>, SinkError> {
        let folder = self.folder().join(name.to_string());
        let listed = self.store.run(Operation::List, |client| async move {
            client.list(Some(&folder)).try_collect::<Vec<_>>().await
        })?;
        let mut listed = listed.map_err(|error| self.store.failed(Operation::List, error))?;
        listed.sort_by(|a, b| a.location.cmp(&b.location));
        Ok(listed)
    }

    fn missing(&self, name: &AttachmentName) -> SinkError {
        SinkError::Missing {
            path: self.store.address.join(name.to_string()),
        }
    }

    fn begun(&self) -> MutexGuard<'_, BTreeSet<AttachmentName>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attachments for ObjectAttachments {
    fn create(&self, name: &AttachmentName) -> Result<Box<dyn NewAttachment>, SinkError> {
        if !self.begun().insert(name.clone()) {
            return Err(SinkError::Locked {
                path: self.store.address.join(name.to_string()),
                pid: Some(std::process::id()),
            });
        }
        let begun = Begun(self.clone(), name.clone());
        let number = self
            .versions(name)?
            .last()
            .and_then(|newest| newest.location.filename()?.parse::<u64>().ok())
            .map_or(0, |newest| newest + 1);
        let path = self
            .folder()
            .join(name.to_string())
            .join(format!("{number:010}"));
        Ok(Box::new(Upload {
            begun,
            path,
            waiting: Vec::new(),
            upload: None,
            failed: false,
        }))
    }

    fn open(&self, name: &AttachmentName) -> Result<Box<dyn Source>, SinkError> {
        let newest = self.versions(name)?.pop();
        let newest = newest.ok_or_else(|| self.missing(name))?;
        Ok(Box::new(AttachmentSource {
            store: self.store.clone(),
            path: newest.location,
            len: newest.size,
            tag: newest.e_tag,
        }))
    }

    fn list(&self) -> Result<Vec<AttachmentName>, SinkError> {
        let folder = self.folder();
        let listed = self.store.run(Operation::List, |client| async move {
            // Not by folders: some stores keep those that are empty.
            client.list(Some(&folder)).try_collect::<Vec<_>>().await
        })?;
        let listed = listed.map_err(|error| self.store.failed(Operation::List, error))?;
        let name = |meta: &ObjectMeta| {
            let folder = meta.location.parts().nth_back(1)?;
            AttachmentName::parse(folder.as_ref())
        };
        let names: BTreeSet<_> = listed.iter().filter_map(name).collect();
        Ok(names.into_iter().collect())
    }

    fn remove(&self, name: &AttachmentName) -> Result<(), SinkError> {
        let versions = self.versions(name)?;
        if versions.is_empty() {
            return Err(self.missing(name));
        }
        let removed = self.store.run(Operation::Remove, |client| async move {
            let paths = versions.into_iter().map(|meta| Ok(meta.location));
            client
                .delete_stream(futures_util::stream::iter(paths).boxed())
                .try_for_each(|_| async { Ok(()) })
                .await
        })?;
        removed.map_err(|error| self.store.failed(Operation::Remove, error))
    }
}

/// The place of who writes an attachment.
struct Begun(ObjectAttachments, AttachmentName);

impl Drop for Begun {
    fn drop(&mut self) {
        self.0.begun().remove(&self.1);
    }
}

struct Upload {
    begun: Begun,
    path: Path,
    waiting: Vec<u8>,
    upload: Option<Box<dyn MultipartUpload>>,
    failed: bool,
}

impl std::fmt::Debug for Upload {
    /// The name only: the bytes are the log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the upload of {}", self.begun.1)
    }
}

impl Upload {
    fn put(&mut self, bytes: Vec<u8>) -> Result<(), SinkError> {
        let store = &self.begun.0.store;
        let path = self.path.clone();
        let upload = self.upload.take();
        let put = store.run(Operation::Write, |client| async move {
            let mut upload = match upload {
                Some(upload) => upload,
                None => client.put_multipart(&path).await?,
            };
            upload.put_part(bytes.into()).await?;
            Ok(upload)
        })?;
        match put {
            Ok(upload) => {
                self.upload = Some(upload);
                Ok(())
            }
            Err(error) => {
                self.failed = true;
                Err(store.failed(Operation::Write, error))
            }
        }
    }
}

impl NewAttachment for Upload {
    fn append(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        for piece in bytes.chunks(PART) {
            self.waiting.extend_from_slice(piece);
            if self.waiting.len() >= PART {
                let rest = self.waiting.split_off(PART);
                let full = std::mem::replace(&mut self.waiting, rest);
                self.put(full)?;
            }
        }
        Ok(())
    }

    fn commit(mut self: Box<Self>) -> Result<(), SinkError> {
        let store = self.begun.0.store.clone();
        if self.failed {
            let source = io::Error::other("a part of it was not written");
            return Err(SinkError::io(Operation::Commit, store.address, source));
        }
        let path = self.path.clone();
        let last = bytes::Bytes::from(std::mem::take(&mut self.waiting));
        let upload = self.upload.take();
        let done = store.run(Operation::Commit, |client| async move {
            match upload {
                None => client.put(&path, last.into()).await.map(drop),
                Some(mut upload) => {
                    if !last.is_empty() {
                        upload.put_part(last.into()).await?;
                    }
                    upload.complete().await.map(drop)
                }
            }
        })?;
        done.map_err(|error| store.failed(Operation::Commit, error))
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(mut upload) = self.upload.take() {
            // Parts that are never completed cost money until a rule of the
            // bucket takes them away; if this fails, nothing is to be seen of them.
            let _ = self
                .begun
                .0
                .store
                .run(Operation::Remove, |_| async move { upload.abort().await });
        }
    }
}

#[derive(Debug)]
struct AttachmentSource {
    store: Store,
    path: Path,
    len: u64,
    /// Of the version that was opened: another one is never mixed in.
    tag: Option<String>,
}

impl Source for AttachmentSource {
    fn len(&self) -> Result<u64, SinkError> {
        Ok(self.len)
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, SinkError> {
        let end = offset.saturating_add(buf.len() as u64).min(self.len);
        if offset >= end {
            return Ok(0);
        }
        let options = GetOptions {
            range: Some((offset..end).into()),
            if_match: self.tag.clone(),
            ..GetOptions::default()
        };
        let path = self.path.clone();
        let read = self.store.run(Operation::Read, |client| async move {
            client.get_opts(&path, options).await?.bytes().await
        })?;
        let bytes = read.map_err(|error| self.store.failed(Operation::Read, error))?;
        let len = bytes.len().min(buf.len());
        buf[..len].copy_from_slice(&bytes[..len]);
        Ok(len)
    }
}
