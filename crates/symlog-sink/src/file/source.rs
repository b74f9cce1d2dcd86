use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use super::directory::Directory;
use crate::{ObjectName, Operation, SinkError, Source};

#[derive(Debug)]
pub(super) struct FileSource {
    file: File,
    path: PathBuf,
}

impl FileSource {
    pub(super) fn open(directory: &Directory, object: &ObjectName) -> Result<Self, SinkError> {
        let name = directory.location.object_name(object);
        Ok(Self {
            file: directory.open_existing(&name)?,
            path: directory.path_of(&name),
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
        let mut filled = 0;
        while filled < buf.len() {
            match self
                .file
                .read_at(&mut buf[filled..], offset.saturating_add(filled as u64))
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
