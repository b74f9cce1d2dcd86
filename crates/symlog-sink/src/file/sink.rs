use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;

use rustix::fs::AtFlags;
use rustix::io::Errno;

use super::directory::Directory;
use super::lock::{LockFile, LockedFile};
use crate::{ObjectName, Operation, Sink, SinkError, Warning, name};

/// Without the sticky failure, which [`Poisonable`](crate::Poisonable) adds.
#[derive(Debug)]
pub(super) struct FileSink {
    directory: Directory,
    active: LockedFile,
    len: u64,
    last_sealed: Option<String>,
    unfinished_roll: Option<String>,
    _lock: LockFile,
}

impl FileSink {
    pub(super) fn open(
        directory: Directory,
        lock: LockFile,
        warnings: &mut Vec<Warning>,
    ) -> Result<Self, SinkError> {
        let active = LockedFile::active(&directory, warnings)?;
        let name = &directory.location.file_name;
        let len = active
            .file()
            .metadata()
            .map_err(|source| SinkError::io(Operation::Inspect, directory.path_of(name), source))?
            .len();
        // Also where the file was there already: whoever made it may have died
        // before its name was synced.
        directory.sync()?;
        let last_sealed = directory.sealed()?.pop().and_then(|object| match object {
            ObjectName::Sealed(name) => Some(name),
            ObjectName::Active => None,
        });
        Ok(Self {
            directory,
            active,
            len,
            last_sealed,
            unfinished_roll: None,
            _lock: lock,
        })
    }

    /// Length of the active file, if it still lies under its name. What is
    /// appended to one that was deleted or moved away is lost to every reader,
    /// while all calls succeed.
    fn named_len(&self) -> Result<u64, SinkError> {
        let directory = &self.directory;
        let name = &directory.location.file_name;
        let failed = |source| self.error(Operation::Inspect, source);
        let ours = self.active.file().metadata().map_err(failed)?;
        match rustix::fs::statat(&directory.handle, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(named) if named.st_ino == ours.ino() => Ok(ours.len()),
            Ok(_) | Err(Errno::NOENT) => Err(self.tampered()),
            Err(error) => Err(failed(error.into())),
        }
    }

    fn tampered(&self) -> SinkError {
        let directory = &self.directory;
        SinkError::Tampered {
            path: directory.path_of(&directory.location.file_name),
        }
    }

    /// Removes what found room of an append that did not find enough.
    fn cut_back(&self) -> bool {
        let file = self.active.file();
        // Never longer: a gap of zeros would stand for what someone else cut.
        file.metadata().is_ok_and(|now| now.len() >= self.len) && file.set_len(self.len).is_ok()
    }

    fn error(&self, operation: Operation, source: io::Error) -> SinkError {
        let path = self.directory.path_of(&self.directory.location.file_name);
        SinkError::io(operation, path, source)
    }

    /// The file system part of a roll. A crash between its steps leaves no
    /// active file, which the next `lock` makes again; an error leaves it to be
    /// taken up by the next call.
    fn replace_active(&mut self, sealed_name: &str) -> Result<(), SinkError> {
        if self.unfinished_roll.is_none() {
            self.named_len()?;
            let location = &self.directory.location;
            let sealed = location.object_name(&ObjectName::Sealed(sealed_name.to_owned()));
            self.directory.rename_new(&location.file_name, &sealed)?;
            self.unfinished_roll = Some(sealed_name.to_owned());
        }
        let active = LockedFile::active(&self.directory, &mut Vec::new())?;
        self.directory.sync()?;
        self.active = active;
        self.len = 0;
        Ok(())
    }
}

/// Whether the system refused for want of room, and not because the disk fails.
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}

impl Sink for FileSink {
    fn append(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        match self.active.file().write_all(bytes) {
            Ok(()) => {
                self.len += bytes.len() as u64;
                Ok(())
            }
            Err(source) if is_full(&source) && self.cut_back() => Err(SinkError::Full {
                path: self.directory.path_of(&self.directory.location.file_name),
                wanted: bytes.len() as u64,
                source,
            }),
            Err(source) => Err(self.error(Operation::Append, source)),
        }
    }

    fn sync(&mut self) -> Result<(), SinkError> {
        if self.named_len()? != self.len {
            return Err(self.tampered());
        }
        self.active
            .file()
            .sync_data()
            .map_err(|source| self.error(Operation::Sync, source))
    }

    fn len(&self) -> u64 {
        self.len
    }

    fn truncate(&mut self, len: u64) -> Result<(), SinkError> {
        if len > self.len {
            return Err(SinkError::BeyondEnd {
                len,
                actual: self.len,
            });
        }
        self.active
            .file()
            .set_len(len)
            .map_err(|source| self.error(Operation::Truncate, source))?;
        self.len = len;
        self.sync()
    }

    fn roll(&mut self, sealed_name: &str) -> Result<(), SinkError> {
        name::check_next(sealed_name, self.last_sealed.as_deref())?;
        if let Some(begun) = &self.unfinished_roll
            && begun != sealed_name
        {
            return Err(SinkError::InvalidName {
                name: sealed_name.to_owned(),
                reason: "a roll to another name has begun and must be finished first",
            });
        }
        self.replace_active(sealed_name)?;
        self.unfinished_roll = None;
        self.last_sealed = Some(sealed_name.to_owned());
        Ok(())
    }
}
