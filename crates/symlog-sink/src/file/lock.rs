use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt};

use rustix::fs::{AtFlags, FlockOperation, OFlags};
use rustix::io::Errno;

use super::directory::Directory;
use crate::{Operation, SinkError, Warning};

/// A file under an exclusive `flock`, which the system frees when the process
/// dies.
#[derive(Debug)]
pub(super) struct LockedFile(File);

impl LockedFile {
    /// Gives the file back if someone else holds it.
    pub(super) fn claim(file: File) -> io::Result<Result<Self, File>> {
        match rustix::io::retry_on_intr(|| {
            rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive)
        }) {
            Ok(()) => Ok(Ok(Self(file))),
            Err(Errno::WOULDBLOCK) => Ok(Err(file)),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens the active file and locks it too, for the case that someone deletes
    /// the lock file of a running writer in the belief that it is a stale one.
    pub(super) fn active(
        directory: &Directory,
        warnings: &mut Vec<Warning>,
    ) -> Result<Self, SinkError> {
        let name = &directory.location.file_name;
        let path = directory.path_of(name);
        let file = directory.open_or_create(name, OFlags::WRONLY | OFlags::APPEND, warnings)?;
        match Self::claim(file) {
            Ok(Ok(locked)) => Ok(locked),
            Ok(Err(_)) => Err(SinkError::Locked { path, pid: None }),
            Err(source) => Err(SinkError::io(Operation::Lock, path, source)),
        }
    }

    pub(super) fn file(&self) -> &File {
        &self.0
    }
}

impl Drop for LockedFile {
    fn drop(&mut self) {
        // Closing alone is too late if another thread is starting a program:
        // until its `exec`, the new process shares this open file and its lock.
        // If unlocking fails, closing still does it.
        let _ = rustix::fs::flock(&self.0, FlockOperation::Unlock);
    }
}

/// The writer's place: a lock on a file of its own, since a lock on the active
/// file moves away with it at the first roll.
#[derive(Debug)]
pub(super) struct LockFile(LockedFile);

impl LockFile {
    pub(super) fn acquire(
        directory: &Directory,
        warnings: &mut Vec<Warning>,
    ) -> Result<Self, SinkError> {
        let name = directory.location.lock_name();
        let path = directory.path_of(&name);
        let failed = |source: io::Error| SinkError::io(Operation::Lock, &path, source);
        loop {
            let file = directory.open_or_create(&name, OFlags::RDWR, warnings)?;
            let locked = match LockedFile::claim(file).map_err(failed)? {
                Ok(locked) => locked,
                Err(file) => {
                    return Err(SinkError::Locked {
                        path: directory.path_of(&directory.location.file_name),
                        pid: holder(&file),
                    });
                }
            };
            // If someone deleted the lock file meanwhile, this lock is on a file
            // that nobody else will ever see.
            let held = locked.file().metadata().map_err(failed)?;
            match rustix::fs::statat(&directory.handle, &name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(named) if named.st_ino == held.ino() => {}
                Ok(_) | Err(Errno::NOENT) => continue,
                Err(error) => return Err(failed(error.into())),
            }
            let lock = Self(locked);
            lock.sign().map_err(failed)?;
            return Ok(lock);
        }
    }

    /// Leaves the process id for the error that a second writer gets.
    fn sign(&self) -> io::Result<()> {
        let mut file = self.0.file();
        file.set_len(0)?;
        file.write_all(format!("{}\n", std::process::id()).as_bytes())
    }
}

impl Drop for LockFile {
    fn drop(&mut self) {
        // The id is only for a message, and a stale one is overwritten by the
        // next holder: nothing depends on this.
        let _ = self.0.file().set_len(0);
    }
}

fn holder(file: &File) -> Option<u32> {
    let mut text = [0; 16];
    let len = file.read_at(&mut text, 0).ok()?;
    std::str::from_utf8(&text[..len])
        .ok()?
        .trim_end()
        .parse()
        .ok()
}
