use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use super::directory::Directory;
use crate::{Operation, SinkError, Source};

const LONGEST_FILE: u64 = i64::MAX as u64;

#[derive(Debug)]
pub(super) struct FileSource {
    file: File,
    path: PathBuf,
}

impl FileSource {
    pub(super) fn open(directory: &Directory, name: &OsStr) -> Result<Self, SinkError> {
        Ok(Self {
            file: directory.open_existing(name)?,
            path: directory.path_of(name),
        })
    }
}

impl Source for FileSource {
    fn len(&self) -> Result<u64, SinkError> {
        match self.file.metadata() {
            Ok(metadata) => Ok(metadata.len()),
            Err(source) => Err(SinkError::io(Operation::Inspect, &self.path, source)),
        }
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, SinkError> {
        // The system refuses ranges that end past the longest possible file,
        // where all that a reader asked for is what is not there.
        let room = LONGEST_FILE.saturating_sub(offset);
        let wanted = usize::try_from(room).map_or(buf.len(), |room| room.min(buf.len()));
        let mut filled = 0;
        while filled < wanted {
            match self
                .file
                .read_at(&mut buf[filled..wanted], offset + filled as u64)
            {
                Ok(0) => break,
                Ok(len) => filled += len,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(SinkError::io(Operation::Read, &self.path, source)),
            }
        }
        Ok(filled)
    }
}
