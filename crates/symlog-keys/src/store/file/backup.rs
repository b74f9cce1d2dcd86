use std::path::{Path, PathBuf};

use crate::private_file::{self, FileError};
use crate::store::BackupConfig;

/// `secrets.json.bak.1` is the newest.
fn place(path: &Path, config: &BackupConfig, number: usize) -> PathBuf {
    let file = match &config.backup_dir {
        Some(dir) => dir.join(path.file_name().unwrap_or_default()),
        None => path.to_owned(),
    };
    private_file::sibling(&file, &format!(".bak.{number}"))
}

/// Copies the file as it stands, encrypted if it is, and moves older copies on.
pub(super) fn keep(path: &Path, config: &BackupConfig, limit: u64) -> Result<(), FileError> {
    let Some(bytes) = private_file::read(path, limit)? else {
        return Ok(());
    };
    if let Some(dir) = &config.backup_dir {
        private_file::create_dir(dir)?;
    }
    let last = config.max_backups.max(1);
    private_file::destroy(&place(path, config, last))?;
    for number in (1..last).rev() {
        let (from, to) = (place(path, config, number), place(path, config, number + 1));
        match std::fs::rename(&from, &to) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(FileError::io(&from, "move a backup on", error));
            }
            _ => {}
        }
    }
    private_file::replace(&place(path, config, 1), &bytes)
}

/// Overwrites and removes every copy.
pub(super) fn destroy_all(path: &Path, config: &BackupConfig) -> Result<(), FileError> {
    (1..=config.max_backups.max(1))
        .try_for_each(|number| private_file::destroy(&place(path, config, number)))
}
