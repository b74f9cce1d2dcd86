//! Opening one file of a log under its security rules.

use std::ffi::OsStr;
use std::fs::{File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::directory::Directory;
use crate::{Operation, SinkError, Warning};

const OWNER_ONLY: u32 = 0o600;

impl Directory {
    /// Opens `name` for reading.
    pub(super) fn open_existing(&self, name: &OsStr) -> Result<File, SinkError> {
        let file = self
            .open_child(name, OFlags::RDONLY)
            .map_err(|error| self.open_error(name, error))?;
        self.require_regular(name, &file)?;
        Ok(file)
    }

    /// Opens `name` for writing with `flags` and makes it if it is missing.
    pub(super) fn open_or_create(
        &self,
        name: &OsStr,
        flags: OFlags,
        warnings: &mut Vec<Warning>,
    ) -> Result<File, SinkError> {
        loop {
            match self.open_child(name, flags) {
                Ok(file) => {
                    self.require_regular(name, &file)?;
                    self.require_private(name, &file, warnings)?;
                    return Ok(file);
                }
                Err(Errno::NOENT) => {}
                Err(error) => return Err(self.open_error(name, error)),
            }
            match self.create_new(name, flags) {
                Err(SinkError::Io { source, .. })
                    if source.kind() == std::io::ErrorKind::AlreadyExists => {}
                done => return done,
            }
        }
    }

    /// Makes `name`, which must not exist.
    fn create_new(&self, name: &OsStr, flags: OFlags) -> Result<File, SinkError> {
        let file = self
            .open_child(name, flags | OFlags::CREATE | OFlags::EXCL)
            .map_err(|error| self.open_error(name, error))?;
        // The umask may have taken bits from the mode; it cannot add any.
        self.set_owner_only(name, &file)?;
        Ok(file)
    }

    /// `NONBLOCK`, so that a pipe put in the place of the log cannot make the
    /// opener wait; it means nothing for regular files.
    fn open_child(&self, name: &OsStr, flags: OFlags) -> Result<File, Errno> {
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        rustix::io::retry_on_intr(|| {
            rustix::fs::openat(&self.handle, name, flags, Mode::RUSR.union(Mode::WUSR))
        })
        .map(File::from)
    }

    fn open_error(&self, name: &OsStr, error: Errno) -> SinkError {
        let path: PathBuf = self.path_of(name);
        match error {
            Errno::LOOP => SinkError::Symlink { path },
            // A directory, and a pipe or socket that nobody reads.
            Errno::ISDIR | Errno::NXIO => SinkError::NotAFile { path },
            Errno::NOENT => SinkError::Missing { path },
            error => SinkError::io(Operation::Open, path, error.into()),
        }
    }

    fn require_regular(&self, name: &OsStr, file: &File) -> Result<(), SinkError> {
        let path = self.path_of(name);
        match file.metadata() {
            Ok(metadata) if metadata.is_file() => Ok(()),
            Ok(_) => Err(SinkError::NotAFile { path }),
            Err(source) => Err(SinkError::io(Operation::Inspect, path, source)),
        }
    }

    fn require_private(
        &self,
        name: &OsStr,
        file: &File,
        warnings: &mut Vec<Warning>,
    ) -> Result<(), SinkError> {
        let path = self.path_of(name);
        let metadata = file
            .metadata()
            .map_err(|source| SinkError::io(Operation::Inspect, &path, source))?;
        let (owner, user) = (metadata.uid(), rustix::process::geteuid().as_raw());
        if owner != user {
            return Err(SinkError::ForeignOwner { path, owner, user });
        }
        let mode = metadata.mode() & 0o7777;
        if mode & !OWNER_ONLY != 0 {
            self.set_owner_only(name, file)?;
            warnings.push(Warning::Tightened { path, mode });
        }
        Ok(())
    }

    fn set_owner_only(&self, name: &OsStr, file: &File) -> Result<(), SinkError> {
        file.set_permissions(Permissions::from_mode(OWNER_ONLY))
            .map_err(|source| SinkError::io(Operation::SetPermissions, self.path_of(name), source))
    }
}
