use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt};

use rustix::fs::{AtFlags, FlockOperation, OFlags};
use rustix::io::Errno;

use super::directory::Directory;
use crate::{Operation, SinkError, Warning};

/// The writer's place: an `flock` on a file of its own, since a lock on the
/// active file would move away with it at the first roll. The system frees it
/// when the process dies.
#[derive(Debug)]
pub(super) struct LockFile {
    file: File,
}

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
            match rustix::io::retry_on_intr(|| {
                rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive)
            }) {
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => {
                    return Err(SinkError::Locked {
                        path: directory.path_of(&directory.location.file_name),
                        pid: holder(&file),
                    });
                }
                Err(error) => return Err(failed(error.into())),
            }
            // If someone deleted the lock file meanwhile, this lock is on a file
            // that nobody else will ever see.
            let held = file.metadata().map_err(failed)?;
            match rustix::fs::statat(&directory.handle, &name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(named) if named.st_ino == held.ino() => {}
                Ok(_) | Err(Errno::NOENT) => continue,
                Err(error) => return Err(failed(error.into())),
            }
            let mut lock = Self { file };
            lock.sign().map_err(failed)?;
            return Ok(lock);
        }
    }

    /// Leaves the process id for the error that a second writer gets.
    fn sign(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file
            .write_all(format!("{}\n", std::process::id()).as_bytes())
    }
}

impl Drop for LockFile {
    fn drop(&mut self) {
        // The id is only for a message, and a stale one is overwritten by the
        // next holder: nothing depends on this.
        let _ = self.file.set_len(0);
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
