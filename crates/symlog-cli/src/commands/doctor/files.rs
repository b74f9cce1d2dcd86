//! The log's directory and files: there, ours, and nobody else's.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::Access;
use symlog_core::Config;

use super::Check;
use crate::keys::keyring_path;

pub(super) fn check(config: &Config) -> Vec<Check> {
    let log = Path::new(&config.logging.log_file_path);
    vec![
        directory(log),
        file("log", log),
        file("keyring", &keyring_path(log)),
    ]
}

/// The directory of `path`; of a bare name, the current one.
pub(super) fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() => directory,
        _ => Path::new("."),
    }
}

/// The nearest directory that exists at or above `path`.
pub(super) fn existing(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    absolute
        .ancestors()
        .find(|directory| directory.is_dir())
        .map_or_else(|| PathBuf::from("/"), Path::to_owned)
}

fn directory(log: &Path) -> Check {
    const WHAT: &str = "directory";
    let path = directory_of(log);
    let shown = path.display();
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let above = existing(path);
            match rustix::fs::access(&above, Access::WRITE_OK) {
                Ok(()) => Check::ok(WHAT, format!("{shown} is not there yet and can be made")),
                Err(_) => Check::broken(
                    WHAT,
                    format!(
                        "{shown} is not there, and {} does not let it be made",
                        above.display()
                    ),
                    format!("make it: mkdir -p -m 700 {shown}, as a user who may"),
                ),
            }
        }
        Err(error) => Check::broken(
            WHAT,
            format!("{shown}: {error}"),
            "give this user access to it",
        ),
        Ok(metadata) if !metadata.is_dir() => Check::broken(
            WHAT,
            format!("{shown} is no directory"),
            "set another `log_file_path` in [logging]",
        ),
        Ok(metadata) => {
            let mode = metadata.permissions().mode() & 0o777;
            if let Err(error) = rustix::fs::access(path, Access::WRITE_OK | Access::EXEC_OK) {
                let error = io::Error::from(error);
                Check::broken(
                    WHAT,
                    format!("{shown} cannot be written: {error}"),
                    format!(
                        "chown it to this user, or run as its owner (uid {})",
                        metadata.uid()
                    ),
                )
            } else if mode & 0o077 != 0 {
                Check::warning(
                    WHAT,
                    format!("{shown} is open to other users (mode {mode:03o})"),
                    format!("chmod 700 {shown}, or keep the log in a directory of its own"),
                )
            } else {
                Check::ok(WHAT, format!("{shown} (mode {mode:03o})"))
            }
        }
    }
}

fn file(what: &'static str, path: &Path) -> Check {
    let shown = path.display();
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Check::ok(what, format!("{shown} is not there yet"))
        }
        Err(error) => Check::broken(
            what,
            format!("{shown}: {error}"),
            "give this user access to it",
        ),
        Ok(metadata) => judge(what, path, &metadata),
    }
}

fn judge(what: &'static str, path: &Path, metadata: &Metadata) -> Check {
    let shown = path.display();
    let mode = metadata.permissions().mode() & 0o777;
    if metadata.is_symlink() {
        return Check::broken(
            what,
            format!("{shown} is a symbolic link, which is not followed"),
            "name the file itself, or remove the link",
        );
    }
    if !metadata.is_file() {
        return Check::broken(
            what,
            format!("{shown} is no regular file"),
            "set another `log_file_path` in [logging]",
        );
    }
    if metadata.uid() != rustix::process::geteuid().as_raw()
        && !rustix::process::geteuid().is_root()
    {
        return Check::broken(
            what,
            format!("{shown} belongs to another user (uid {})", metadata.uid()),
            "run as that user, or chown it",
        );
    }
    if mode & 0o077 != 0 {
        return Check::warning(
            what,
            format!("{shown} is open to other users (mode {mode:03o})"),
            format!("chmod 600 {shown}"),
        );
    }
    Check::ok(
        what,
        format!(
            "{shown} ({}, mode {mode:03o})",
            crate::units::bytes(metadata.len())
        ),
    )
}
