use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why a storage operation failed. No variant ever holds bytes of the log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SinkError {
    /// Another writer holds the log.
    #[error(
        "{} is being written by another logger{}; share that logger, stop that process, or use another path",
        path.display(), Holder(*pid)
    )]
    Locked {
        /// The log.
        path: PathBuf,
        /// The process that holds it, where it is known.
        pid: Option<u32>,
    },
    /// An earlier failure left the active object in an unknown state.
    #[error(
        "nothing more is accepted after a failed {operation} ({kind}); roll to a new segment, and check the disk"
    )]
    Poisoned {
        /// What failed.
        operation: Operation,
        /// How it failed.
        kind: io::ErrorKind,
    },
    /// No room for an append; nothing of it was kept.
    #[error("no room for {wanted} more bytes in {}; free some space or raise the quota", path.display())]
    Full {
        /// The log.
        path: PathBuf,
        /// Length of the append that did not fit.
        wanted: u64,
        /// What the system said.
        source: io::Error,
    },
    /// The path, or one beside it, is a symbolic link.
    #[error(
        "{} is a symbolic link, which a log never follows; name the real path (directories above may be links)",
        path.display()
    )]
    Symlink {
        /// The link.
        path: PathBuf,
    },
    /// The path is a directory, device, pipe or socket.
    #[error("{} is not a regular file; move it away or use another path", path.display())]
    NotAFile {
        /// What is there.
        path: PathBuf,
    },
    /// The file belongs to someone else, who could read and change the log.
    #[error(
        "{} belongs to user {owner} and not to the one who writes ({user}); run `chown {user}` on it or use another path",
        path.display()
    )]
    ForeignOwner {
        /// The log or its lock file.
        path: PathBuf,
        /// Numeric id of the owner.
        owner: u32,
        /// Numeric id of the effective user.
        user: u32,
    },
    /// The path cannot name a log.
    #[error("{path:?} does not end in a file name; give the path of the log file")]
    InvalidPath {
        /// The path as it was given.
        path: PathBuf,
    },
    /// A sealed object cannot have this name.
    #[error("a sealed object cannot be called {name:?}: {reason}")]
    InvalidName {
        /// The name as it was given.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// There is no such object.
    #[error("{} does not exist; check the path, or record something first", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Someone else moved, deleted, replaced, cut or wrote to the active object
    /// behind the writer's back.
    #[error(
        "{} was moved, deleted or changed by someone else while it was written; keep log rotation and other tools away from it, and open the log again",
        path.display()
    )]
    Tampered {
        /// The log.
        path: PathBuf,
    },
    /// Another writer has taken the log over; what this one still appends is
    /// not accepted.
    #[error(
        "{} has been taken over by {by}, and this writer is refused; let only one host write the log, or let this one begin another",
        path.display()
    )]
    Fenced {
        /// The log.
        path: PathBuf,
        /// Who holds it now, as far as that is known.
        by: String,
    },
    /// Bytes that the storage had accepted are gone.
    #[error(
        "{} has lost {what}, which it had accepted; bring it back from a version or a backup of the store, or let the writer that has the log ship it anew under another name",
        path.display()
    )]
    Lost {
        /// The log.
        path: PathBuf,
        /// What is missing.
        what: String,
    },
    /// There is something that no writer of logs put there, or one of a later
    /// version did.
    #[error(
        "{} holds {what}, which this program cannot take for a part of a log; move it away, or use a newer symlog",
        path.display()
    )]
    Foreign {
        /// The log.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// The store replaces what is there although it was asked not to, so that
    /// two writers could overwrite each other's parts.
    #[error(
        "{} ignores conditional writes, so that two writers would overwrite each other; use a store that knows If-None-Match, or set `conditional = false` where only one host ever writes",
        path.display()
    )]
    Unconditional {
        /// The store.
        path: PathBuf,
    },
    /// A copy of a log holds what the log itself does not.
    #[error(
        "{} differs from the log that is shipped to it, at or before byte {offset} of its {object}; both are kept, and the log goes on under another name",
        path.display()
    )]
    Diverged {
        /// The copy.
        path: PathBuf,
        /// The object in which they differ.
        object: String,
        /// Where the copy was compared.
        offset: u64,
    },
    /// So much waits to be shipped that nothing more is accepted.
    #[error(
        "{waiting} bytes wait to be shipped to {sink}, and no more than {ceiling} may; look after that sink (`symlog doctor`), or raise `spool_bytes` or set `at_ceiling`"
    )]
    SpoolFull {
        /// The sink that is behind.
        sink: String,
        /// Bytes that are only local.
        waiting: u64,
        /// How many there may be.
        ceiling: u64,
    },
    /// A truncation that would make the object longer.
    #[error("cannot truncate to {len} bytes an object of {actual}; list and read it again")]
    BeyondEnd {
        /// The length asked for.
        len: u64,
        /// The length there is.
        actual: u64,
    },
    /// Any other failure of the system. Backends without files give the
    /// object's address as `path` and wrap their error by [`io::Error::other`].
    #[error("{operation} failed at {}; {}", path.display(), remedy(source.kind()))]
    Io {
        /// What was tried.
        operation: Operation,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl SinkError {
    /// Whether the sink that gave this error is still as it was before the call.
    #[must_use]
    pub fn left_sink_usable(&self) -> bool {
        matches!(
            self,
            Self::Full { .. }
                | Self::SpoolFull { .. }
                | Self::InvalidName { .. }
                | Self::BeyondEnd { .. }
        )
    }

    /// A failure that the backend's own client reports.
    pub fn io(operation: Operation, path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self::Io {
            operation,
            path: path.into(),
            source,
        }
    }

    pub(crate) fn kind(&self) -> io::ErrorKind {
        match self {
            Self::Io { source, .. } | Self::Full { source, .. } => source.kind(),
            Self::Poisoned { kind, .. } => *kind,
            _ => io::ErrorKind::Other,
        }
    }
}

/// What was tried when an error came up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// Creating a directory.
    CreateDirectory,
    /// Opening or creating an object.
    Open,
    /// Taking the writer's lock.
    Lock,
    /// Reading type, owner, mode or length.
    Inspect,
    /// Setting permissions.
    SetPermissions,
    /// Listing the objects.
    List,
    /// Reading.
    Read,
    /// Appending.
    Append,
    /// Making appended bytes durable.
    Sync,
    /// Making names durable.
    SyncDirectory,
    /// Cutting the tail.
    Truncate,
    /// Sealing the active object and beginning a new one.
    Roll,
    /// Removing a sealed object or an attachment.
    Remove,
    /// Writing to an attachment.
    Write,
    /// Giving a finished attachment its name.
    Commit,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CreateDirectory => "directory creation",
            Self::Open => "open",
            Self::Lock => "lock",
            Self::Inspect => "inspection",
            Self::SetPermissions => "permission change",
            Self::List => "listing",
            Self::Read => "read",
            Self::Append => "append",
            Self::Sync => "sync",
            Self::SyncDirectory => "directory sync",
            Self::Truncate => "truncation",
            Self::Roll => "roll",
            Self::Remove => "removal",
            Self::Write => "write",
            Self::Commit => "commit",
        })
    }
}

fn remedy(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::PermissionDenied => {
            "give this user write permission on the log and its directory, or its account the right to read, list and write there"
        }
        io::ErrorKind::TimedOut
        | io::ErrorKind::ConnectionRefused
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::NotConnected
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable => "check that the server can be reached from here",
        io::ErrorKind::ReadOnlyFilesystem => {
            "the file system is read-only: remount it or use another path"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free some space or raise the quota"
        }
        io::ErrorKind::FileTooLarge => {
            "raise the limit on the size of a file or of a message, or lower `part_bytes`"
        }
        io::ErrorKind::AlreadyExists => "something else is there already: move it away",
        io::ErrorKind::NotFound => "check that the directory exists",
        io::ErrorKind::NotADirectory => "a part of the path is a file: use another path",
        _ => "check the disk and the system's log",
    }
}

struct Holder(Option<u32>);

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(pid) => write!(f, " (process {pid})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    #[test]
    fn errors_name_the_place_and_the_remedy_and_keep_the_source() {
        let io = |operation, kind: io::ErrorKind| SinkError::io(operation, "/logs/a", kind.into());
        for (error, expected) in [
            (
                io(Operation::Open, io::ErrorKind::PermissionDenied),
                "open failed at /logs/a; give this user write permission on the log and its directory, or its account the right to read, list and write there",
            ),
            (
                io(Operation::Sync, io::ErrorKind::Other),
                "sync failed at /logs/a; check the disk and the system's log",
            ),
            (
                io(
                    Operation::CreateDirectory,
                    io::ErrorKind::ReadOnlyFilesystem,
                ),
                "directory creation failed at /logs/a; the file system is read-only: remount it or use another path",
            ),
        ] {
            assert_eq!(error.to_string(), expected);
            assert!(error.source().is_some(), "{error:?}");
        }
    }

    #[test]
    fn a_second_writer_reads_who_was_first() {
        let locked = |pid| {
            let path = PathBuf::from("/logs/a");
            SinkError::Locked { path, pid }.to_string()
        };
        assert!(
            locked(Some(42))
                .starts_with("/logs/a is being written by another logger (process 42);")
        );
        assert!(locked(None).starts_with("/logs/a is being written by another logger;"));
    }
}
