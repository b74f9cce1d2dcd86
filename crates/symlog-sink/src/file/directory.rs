//! The directory of a log, held open: every file is reached from it by one
//! name, so nothing that happens to the path above can redirect a writer.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, Mode, OFlags};
use rustix::io::Errno;

use super::Location;
use crate::{AttachmentName, ObjectName, Operation, SinkError, Warning};

const OTHERS: u32 = 0o077;
const OWNER_ONLY: u32 = 0o700;

#[derive(Debug)]
pub(super) struct Directory {
    pub(super) location: Location,
    pub(super) handle: File,
}

impl Directory {
    pub(super) fn open(location: &Location) -> Result<Self, SinkError> {
        let path = &location.directory;
        match open_directory(path) {
            Ok(handle) => Ok(Self {
                location: location.clone(),
                handle,
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(SinkError::Missing {
                path: path.join(&location.file_name),
            }),
            Err(error) => Err(SinkError::io(Operation::Open, path, error)),
        }
    }

    /// Opens the directory and makes it, and those above it, where it is
    /// missing.
    pub(super) fn create(
        location: &Location,
        warnings: &mut Vec<Warning>,
    ) -> Result<Self, SinkError> {
        create_all(&location.directory)?;
        let directory = Self::open(location)?;
        let path = &location.directory;
        let mode = directory
            .handle
            .metadata()
            .map_err(|source| SinkError::io(Operation::Inspect, path, source))?
            .permissions()
            .mode();
        if mode & OTHERS != 0 {
            warnings.push(Warning::WideDirectory {
                path: path.clone(),
                mode: mode & 0o7777,
            });
        }
        Ok(directory)
    }

    pub(super) fn sync(&self) -> Result<(), SinkError> {
        self.handle.sync_all().map_err(|source| {
            SinkError::io(Operation::SyncDirectory, &self.location.directory, source)
        })
    }

    pub(super) fn path_of(&self, name: &OsStr) -> PathBuf {
        self.location.path_of(name)
    }

    /// Whether something of this name exists, a dangling link included.
    pub(super) fn holds(&self, name: &OsStr) -> Result<bool, SinkError> {
        match rustix::fs::statat(&self.handle, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(SinkError::io(
                Operation::Inspect,
                self.path_of(name),
                error.into(),
            )),
        }
    }

    /// Rename that never replaces: the caller holds the writer's lock, and only
    /// its holder makes sealed objects.
    pub(super) fn rename_new(&self, from: &OsStr, to: &OsStr) -> Result<(), SinkError> {
        let failed = |source| SinkError::io(Operation::Roll, self.path_of(to), source);
        if self.holds(to)? {
            return Err(failed(io::ErrorKind::AlreadyExists.into()));
        }
        rustix::fs::renameat(&self.handle, from, &self.handle, to)
            .map_err(|error| failed(error.into()))
    }

    pub(super) fn remove(&self, name: &OsStr) -> Result<(), SinkError> {
        match rustix::fs::unlinkat(&self.handle, name, AtFlags::empty()) {
            Ok(()) => Ok(()),
            Err(Errno::NOENT) => Err(SinkError::Missing {
                path: self.path_of(name),
            }),
            Err(error) => Err(SinkError::io(
                Operation::Remove,
                self.path_of(name),
                error.into(),
            )),
        }
    }

    pub(super) fn objects(&self) -> Result<Vec<ObjectName>, SinkError> {
        // A directory is not listed at one moment: of two files made meanwhile,
        // the newer one may be found and the older one missed. What is older
        // than anything in a first list was there before a second one began.
        let newest = self.sealed()?.pop();
        let mut objects = self.sealed()?;
        objects.retain(|object| Some(object) <= newest.as_ref());
        if self.holds(&self.location.file_name)? {
            objects.push(ObjectName::Active);
        }
        Ok(objects)
    }

    pub(super) fn attachments(&self) -> Result<Vec<AttachmentName>, SinkError> {
        let mut names = self.list(|name| self.location.attachment(name))?;
        names.sort();
        Ok(names)
    }

    /// The sealed objects in order, complete if nobody is making new ones.
    pub(super) fn sealed(&self) -> Result<Vec<ObjectName>, SinkError> {
        let mut sealed = self.list(|name| self.location.sealed_object(name))?;
        sealed.sort();
        Ok(sealed)
    }

    fn list<T>(&self, wanted: impl Fn(&[u8]) -> Option<T>) -> Result<Vec<T>, SinkError> {
        let failed =
            |error: Errno| SinkError::io(Operation::List, &self.location.directory, error.into());
        let mut found = Vec::new();
        for entry in Dir::read_from(&self.handle).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            found.extend(wanted(entry.file_name().to_bytes()));
        }
        Ok(found)
    }
}

fn open_directory(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let handle = rustix::io::retry_on_intr(|| rustix::fs::open(path, flags, Mode::empty()))?;
    Ok(File::from(handle))
}

/// `mkdir -p` with mode 0700 that survives a power cut: each new name is synced
/// in its parent before anything is put below it.
fn create_all(path: &Path) -> Result<(), SinkError> {
    let failed = |path: &Path, source| SinkError::io(Operation::CreateDirectory, path, source);
    let missing: Vec<&Path> = path.ancestors().take_while(|path| !path.is_dir()).collect();
    for path in missing.into_iter().rev() {
        match DirBuilder::new().mode(OWNER_ONLY).create(path) {
            // The umask may have taken bits from the mode; it cannot add any.
            Ok(()) => fs::set_permissions(path, Permissions::from_mode(OWNER_ONLY))
                .map_err(|error| failed(path, error))?,
            // Someone else was faster, which is as good, or it is no directory,
            // which opening it will tell.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed(path, error)),
        }
        if let Some(parent) = path.parent() {
            open_directory(parent)
                .and_then(|parent| parent.sync_all())
                .map_err(|error| failed(parent, error))?;
        }
    }
    Ok(())
}
