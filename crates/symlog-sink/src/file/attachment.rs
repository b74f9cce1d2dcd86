//! Attachments as files: `<path>.<name>`, written as `<path>.<name>.tmp`.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;

use rustix::fs::{AtFlags, OFlags};
use rustix::io::Errno;

use super::FileStorage;
use super::directory::Directory;
use super::lock::LockedFile;
use super::source::FileSource;
use crate::{AttachmentName, Attachments, NewAttachment, Operation, SinkError, Source};

impl Attachments for FileStorage {
    fn create(&self, name: &AttachmentName) -> Result<Box<dyn NewAttachment>, SinkError> {
        let directory = Directory::create(&self.location, &mut Vec::new())?;
        Ok(Box::new(FileAttachment::begin(directory, name)?))
    }

    fn open(&self, name: &AttachmentName) -> Result<Box<dyn Source>, SinkError> {
        let directory = Directory::open(&self.location)?;
        let name = self.location.beside(&name.to_string());
        Ok(Box::new(FileSource::open(&directory, &name)?))
    }

    fn list(&self) -> Result<Vec<AttachmentName>, SinkError> {
        match Directory::open(&self.location) {
            Ok(directory) => directory.attachments(),
            Err(SinkError::Missing { .. }) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    fn remove(&self, name: &AttachmentName) -> Result<(), SinkError> {
        let directory = Directory::open(&self.location)?;
        directory.remove(&self.location.beside(&name.to_string()))?;
        directory.sync()
    }
}

/// A temporary file under a lock, which tells one that is being written from one
/// that a crash left.
#[derive(Debug)]
struct FileAttachment {
    directory: Directory,
    file: LockedFile,
    name: OsString,
    temporary: OsString,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Open,
    Failed,
    Named,
}

impl FileAttachment {
    fn begin(directory: Directory, name: &AttachmentName) -> Result<Self, SinkError> {
        let location = &directory.location;
        let name = location.beside(&name.to_string());
        let temporary = location.beside_file(&name, "tmp");
        let path = directory.path_of(&temporary);
        let failed = |source: io::Error| SinkError::io(Operation::Open, &path, source);
        loop {
            let flags = OFlags::WRONLY | OFlags::APPEND;
            let file = directory.open_or_create(&temporary, flags, &mut Vec::new())?;
            let Ok(file) = LockedFile::claim(file).map_err(failed)? else {
                return Err(SinkError::Locked { path, pid: None });
            };
            // Its last writer may have given it its name, or removed it, just now.
            let held = file.file().metadata().map_err(failed)?;
            match rustix::fs::statat(&directory.handle, &temporary, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(named) if named.st_ino == held.ino() => {}
                Ok(_) | Err(Errno::NOENT) => continue,
                Err(error) => return Err(failed(error.into())),
            }
            file.file().set_len(0).map_err(failed)?;
            return Ok(Self {
                directory,
                file,
                name,
                temporary,
                state: State::Open,
            });
        }
    }

    fn path_of(&self, name: &OsStr) -> std::path::PathBuf {
        self.directory.path_of(name)
    }
}

impl NewAttachment for FileAttachment {
    fn append(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        let path = || self.path_of(&self.temporary);
        let result = match self.file.file().write_all(bytes) {
            Ok(()) => return Ok(()),
            Err(source) if super::sink::is_full(&source) => Err(SinkError::Full {
                path: path(),
                wanted: bytes.len() as u64,
                source,
            }),
            Err(source) => Err(SinkError::io(Operation::Write, path(), source)),
        };
        self.state = State::Failed;
        result
    }

    fn commit(mut self: Box<Self>) -> Result<(), SinkError> {
        if self.state == State::Failed {
            return Err(SinkError::Poisoned {
                operation: Operation::Write,
                kind: io::ErrorKind::Other,
            });
        }
        self.file.file().sync_all().map_err(|source| {
            SinkError::io(Operation::Sync, self.path_of(&self.temporary), source)
        })?;
        let handle = &self.directory.handle;
        rustix::fs::renameat(handle, &self.temporary, handle, &self.name).map_err(|error| {
            SinkError::io(Operation::Commit, self.path_of(&self.name), error.into())
        })?;
        self.state = State::Named;
        self.directory.sync()
    }
}

impl Drop for FileAttachment {
    fn drop(&mut self) {
        if self.state != State::Named {
            // What stays is overwritten by the next writer of this attachment.
            let _ = self.directory.remove(&self.temporary);
        }
    }
}
