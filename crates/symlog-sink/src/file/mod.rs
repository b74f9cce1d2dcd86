//! Objects as files: `<path>` is the active one, `<path>.<name>` a sealed one,
//! `<path>.lock` belongs to the writer, `<path>.<name>.<kind>` is an attachment.

mod attachment;
mod child;
mod directory;
mod lock;
mod sink;
mod source;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use self::directory::Directory;
use self::lock::LockFile;
use self::sink::FileSink;
use self::source::FileSource;
use crate::{
    AttachmentName, Attachments, ObjectName, Operation, Poisonable, Sink, SinkError, Source,
    Storage, Warning, name,
};

/// A log in a directory of a local file system.
///
/// - Files have mode 0600 from their creation on, whatever the umask; a
///   directory that has to be made gets 0700.
/// - An existing file with a wider mode is set to 0600 and reported
///   ([`Warning::Tightened`]): refusing, as `ssh` does with a key, would lose
///   the log, whose payloads are sealed anyway. A file of another user is
///   refused, since its owner could widen it again. A wider directory is only
///   reported ([`Warning::WideDirectory`]), as it may serve others as well.
/// - No symbolic link is followed for the log and the files beside it; the
///   directories above may be links.
/// - The writer holds an advisory lock (`flock`) on `<path>.lock`, which stays
///   where it is over every roll and is never deleted.
/// - `sync` is `fdatasync` (`F_FULLFSYNC` on Apple systems); whatever creates
///   or renames a file syncs the directory too.
/// - A file that something else, such as log rotation, moved, deleted or changed
///   is noticed by the next `sync` ([`SinkError::Tampered`]). If it does not lie
///   under its name any more, no `roll` can seal it: the log must be locked anew.
///
/// Not for file systems that cannot lock or sync, which some network file
/// systems cannot.
#[derive(Debug)]
pub struct FileStorage {
    location: Location,
    warnings: Mutex<Vec<Warning>>,
}

/// The absolute place of a log, so that a later `chdir` does not move it.
#[derive(Clone, Debug)]
struct Location {
    directory: PathBuf,
    file_name: OsString,
}

impl FileStorage {
    /// The log whose active object is the file at `path`. Nothing is read or
    /// created yet.
    ///
    /// # Errors
    ///
    /// [`SinkError::InvalidPath`] if `path` has no file name, and
    /// [`SinkError::Io`] if it is relative and there is no current directory.
    pub fn new(path: impl Into<PathBuf>) -> Result<Self, SinkError> {
        let path = path.into();
        let Some(file_name) = path.file_name().map(OsString::from) else {
            return Err(SinkError::InvalidPath { path });
        };
        if path.as_os_str().as_encoded_bytes().ends_with(b"/") {
            return Err(SinkError::InvalidPath { path });
        }
        let mut directory = std::path::absolute(&path)
            .map_err(|source| SinkError::io(Operation::Inspect, &path, source))?;
        directory.pop();
        Ok(Self {
            location: Location {
                directory,
                file_name,
            },
            warnings: Mutex::default(),
        })
    }

    /// Absolute path of the active object.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.location.directory.join(&self.location.file_name)
    }

    fn set_warnings(&self, warnings: Vec<Warning>) {
        *self.warnings.lock().unwrap_or_else(PoisonError::into_inner) = warnings;
    }
}

impl Storage for FileStorage {
    fn lock(&self) -> Result<Box<dyn Sink>, SinkError> {
        let mut warnings = Vec::new();
        let directory = Directory::create(&self.location, &mut warnings)?;
        let lock = LockFile::acquire(&directory, &mut warnings)?;
        let sink = FileSink::open(directory, lock, &mut warnings)?;
        self.set_warnings(warnings);
        Ok(Box::new(Poisonable::new(sink)))
    }

    fn objects(&self) -> Result<Vec<ObjectName>, SinkError> {
        match Directory::open(&self.location) {
            Ok(directory) => directory.objects(),
            Err(SinkError::Missing { .. }) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    fn source(&self, object: &ObjectName) -> Result<Box<dyn Source>, SinkError> {
        if let ObjectName::Sealed(name) = object {
            name::check(name)?;
        }
        let directory = Directory::open(&self.location)?;
        Ok(Box::new(FileSource::open(
            &directory,
            &self.location.object_name(object),
        )?))
    }

    fn remove(&self, object: &ObjectName) -> Result<(), SinkError> {
        name::check_removable(object)?;
        let directory = Directory::open(&self.location)?;
        directory.remove(&self.location.object_name(object))?;
        directory.sync()
    }

    fn attachments(&self) -> Option<&dyn Attachments> {
        Some(self)
    }

    fn warnings(&self) -> Vec<Warning> {
        self.warnings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Location {
    fn lock_name(&self) -> OsString {
        self.beside("lock")
    }

    fn object_name(&self, object: &ObjectName) -> OsString {
        match object {
            ObjectName::Sealed(name) => self.beside(name),
            ObjectName::Active => self.file_name.clone(),
        }
    }

    fn beside(&self, suffix: &str) -> OsString {
        self.beside_file(&self.file_name, suffix)
    }

    fn beside_file(&self, file_name: &OsStr, suffix: &str) -> OsString {
        let mut name = file_name.to_owned();
        name.push(".");
        name.push(suffix);
        name
    }

    /// The sealed object that a file of this name holds, if it is one of ours.
    fn sealed_object(&self, file_name: &[u8]) -> Option<ObjectName> {
        let suffix = file_name
            .strip_prefix(self.file_name.as_encoded_bytes())?
            .strip_prefix(b".")?;
        ObjectName::sealed(std::str::from_utf8(suffix).ok()?).ok()
    }

    /// The attachment that a file of this name holds, if it is one of ours.
    fn attachment(&self, file_name: &[u8]) -> Option<AttachmentName> {
        let suffix = file_name
            .strip_prefix(self.file_name.as_encoded_bytes())?
            .strip_prefix(b".")?;
        AttachmentName::parse(std::str::from_utf8(suffix).ok()?)
    }

    fn path_of(&self, file_name: impl AsRef<Path>) -> PathBuf {
        self.directory.join(file_name)
    }
}
