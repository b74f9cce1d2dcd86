//! Files that only their owner may read: created 0600, replaced atomically, never through a symbolic link.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;
use zeroize::Zeroizing;

/// What is wrong with a file that holds keys or secrets.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FileError {
    /// The operating system refused.
    #[error("{}: cannot {action}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// Others than the owner may read or change it.
    #[error("{} can be read or changed by others (mode {mode:04o}); run: chmod 600 {}", path.display(), path.display())]
    Permissions {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A directory, device, pipe or symbolic link.
    #[error("{} is not a regular file; symbolic links are not followed here", path.display())]
    NotRegular {
        /// Which file.
        path: PathBuf,
    },
    /// Larger than such a file can be.
    #[error("{} is larger than {limit} bytes, which no file of this kind is", path.display())]
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// The limit, in bytes.
        limit: u64,
    },
}

impl FileError {
    pub(crate) fn io(path: &Path, action: &'static str, source: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            action,
            source,
        }
    }
}

#[cfg(unix)]
mod platform {
    use std::fs::{File, Metadata, OpenOptions};
    use std::io;
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
    use std::path::Path;

    const NOFOLLOW: i32 = rustix::fs::OFlags::NOFOLLOW.bits() as i32;
    // A pipe put in the file's place must not hang the open.
    const NONBLOCK: i32 = rustix::fs::OFlags::NONBLOCK.bits() as i32;

    pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
        options.mode(0o600).custom_flags(NOFOLLOW | NONBLOCK)
    }

    pub(super) fn is_symlink_error(error: &io::Error) -> bool {
        error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
    }

    pub(super) fn loose_mode(metadata: &Metadata) -> Option<u32> {
        let mode = metadata.mode() & 0o7777;
        (mode & 0o077 != 0).then_some(mode)
    }

    pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }

    pub(super) fn create_dir(dir: &Path) -> io::Result<()> {
        use std::os::unix::fs::DirBuilderExt;
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
    }
}

#[cfg(not(unix))]
mod platform {
    use std::fs::{Metadata, OpenOptions};
    use std::io;
    use std::path::Path;

    pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
        options
    }

    pub(super) fn is_symlink_error(_: &io::Error) -> bool {
        false
    }

    pub(super) fn loose_mode(_: &Metadata) -> Option<u32> {
        None
    }

    pub(super) fn sync_dir(_: &Path) -> io::Result<()> {
        Ok(())
    }

    pub(super) fn create_dir(dir: &Path) -> io::Result<()> {
        std::fs::create_dir_all(dir)
    }
}

/// Opens an existing file after checking that it is a regular one that nobody else may read.
pub(crate) fn open(path: &Path, write: bool) -> Result<Option<File>, FileError> {
    let mut options = OpenOptions::new();
    options.read(true).write(write);
    let file = match platform::private(&mut options).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if platform::is_symlink_error(&error) => {
            return Err(FileError::NotRegular {
                path: path.to_owned(),
            });
        }
        Err(error) => return Err(FileError::io(path, "open the file", error)),
    };
    let metadata = file
        .metadata()
        .map_err(|error| FileError::io(path, "read the file's permissions", error))?;
    if !metadata.is_file() {
        return Err(FileError::NotRegular {
            path: path.to_owned(),
        });
    }
    match platform::loose_mode(&metadata) {
        Some(mode) => Err(FileError::Permissions {
            path: path.to_owned(),
            mode,
        }),
        None => Ok(Some(file)),
    }
}

/// The whole file, `None` when there is none.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Option<Zeroizing<Vec<u8>>>, FileError> {
    let Some(file) = open(path, false)? else {
        return Ok(None);
    };
    let size = file.metadata().map_or(0, |metadata| metadata.len());
    // Room for all of it at once: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(size.min(limit) as usize + 1));
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| FileError::io(path, "read the file", error))?;
    if bytes.len() as u64 > limit {
        return Err(FileError::TooLarge {
            path: path.to_owned(),
            limit,
        });
    }
    Ok(Some(bytes))
}

/// Creates a new empty file; an existing one, or a symbolic link, is an error.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    platform::private(OpenOptions::new().read(true).write(true).create_new(true)).open(path)
}

/// Replaces the file: after this the new content survives a crash, during it either the old or the new does.
/// The old content is then overwritten where it lay, which is the best a file system lets a program do.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let old = open(path, true)?;
    let temporary = sibling(path, ".new");
    write_synced(&temporary, bytes)?;
    std::fs::rename(&temporary, path)
        .map_err(|error| FileError::io(path, "replace the file", error))?;
    sync_parent(path)?;
    if let Some(old) = old {
        overwrite(old).map_err(|error| FileError::io(path, "overwrite the old content", error))?;
    }
    Ok(())
}

/// Creates the file with its content; fails when there is one already, even one that comes in between.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let temporary = sibling(path, ".new");
    write_synced(&temporary, bytes)?;
    publish(&temporary, path)
}

/// Gives a finished file its name, unless that is taken.
pub(crate) fn publish(temporary: &Path, path: &Path) -> Result<(), FileError> {
    let linked = std::fs::hard_link(temporary, path);
    let removed = std::fs::remove_file(temporary);
    linked.map_err(|error| FileError::io(path, "create the file", error))?;
    removed.map_err(|error| FileError::io(temporary, "remove the temporary file", error))?;
    sync_parent(path)
}

fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    // Left over from a crash; nobody else writes it while the caller may.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(FileError::io(path, "remove a temporary file", error));
        }
        _ => {}
    }
    let written = create_new(path).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.map_err(|error| FileError::io(path, "write the file", error))
}

fn overwrite(mut file: File) -> io::Result<()> {
    let mut left = file.metadata()?.len();
    file.seek(SeekFrom::Start(0))?;
    let zeros = [0; 4096];
    while left > 0 {
        let count = left.min(zeros.len() as u64);
        file.write_all(&zeros[..count as usize])?;
        left -= count;
    }
    file.sync_all()
}

/// Overwrites and unlinks.
pub(crate) fn destroy(path: &Path) -> Result<(), FileError> {
    let Some(file) = open(path, true)? else {
        return Ok(());
    };
    overwrite(file).map_err(|error| FileError::io(path, "overwrite the file", error))?;
    std::fs::remove_file(path).map_err(|error| FileError::io(path, "remove the file", error))?;
    sync_parent(path)
}

pub(crate) fn sync_parent(path: &Path) -> Result<(), FileError> {
    let dir = parent(path);
    platform::sync_dir(dir).map_err(|error| FileError::io(dir, "sync the directory", error))
}

/// Creates the directory and those above it, 0700.
pub(crate) fn create_dir(dir: &Path) -> Result<(), FileError> {
    platform::create_dir(dir).map_err(|error| FileError::io(dir, "create the directory", error))
}

pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    }
}

/// The path with a suffix after its last extension.
pub(crate) fn sibling(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
