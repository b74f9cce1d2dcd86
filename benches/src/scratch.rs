//! Where logs are written: on the disk of the build, never in memory.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;

/// A folder that is gone when it is dropped.
#[derive(Debug)]
pub struct Scratch {
    folder: TempDir,
}

impl Scratch {
    /// A folder beside the benchmark's own binary: `/tmp` is often memory,
    /// which would make every sync free.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub fn new() -> Result<Self> {
        let binary = env::current_exe().context("finding the build")?;
        let parent = binary.parent().context("the build has no folder")?;
        let parent = parent.join("scratch");
        fs::create_dir_all(&parent).with_context(|| parent.display().to_string())?;
        let folder = tempfile::tempdir_in(&parent).context("making a folder")?;
        Ok(Self { folder })
    }

    /// A path inside it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}
