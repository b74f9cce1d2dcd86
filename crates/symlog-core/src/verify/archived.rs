//! Whether the files of every archive are those that the log says.

use std::collections::HashMap;

use serde::Deserialize;
use symlog_crypto::Sha256;
use symlog_sink::{AttachmentName, ObjectName, SinkError, Source, Storage};

/// What signed lines say about archives. One that is changed, when entries in it expire, is said anew
/// before: until then it is what an earlier line says.
#[derive(Debug, Default)]
pub(super) struct Archived(HashMap<String, Vec<[FileDigest; 2]>>);

#[derive(Clone, Debug, Deserialize)]
struct FileDigest {
    bytes: u64,
    sha256: String,
}

const EXTENSIONS: [&str; 2] = ["parquet", "frames"];
const BLOCK: usize = 1 << 20;

impl Archived {
    /// Takes note of an `archived` line.
    pub(super) fn add(&mut self, body: &str) {
        #[derive(Deserialize)]
        struct Body {
            object: String,
            parquet: FileDigest,
            frames: FileDigest,
        }
        // Other archived lines may come to say other things.
        if let Ok(body) = serde_json::from_str::<Body>(body) {
            let said = self.0.entry(body.object).or_default();
            said.push([body.parquet, body.frames]);
        }
    }

    /// What is wrong with the files of an object of which only the archive is left.
    pub(super) fn check(
        &self,
        storage: &dyn Storage,
        object: &ObjectName,
    ) -> Result<Option<String>, SinkError> {
        let (ObjectName::Sealed(stem), Some(attachments)) = (object, storage.attachments()) else {
            return Ok(None);
        };
        let Some(said) = self.0.get(stem) else {
            return Ok(Some(
                "no signed line says that this object was archived".to_owned(),
            ));
        };
        for (at, extension) in EXTENSIONS.into_iter().enumerate() {
            let name = AttachmentName::new(stem, extension)?;
            let source = match attachments.open(&name) {
                Ok(source) => source,
                Err(SinkError::Missing { .. }) => {
                    return Ok(Some(format!("{name} is missing")));
                }
                Err(error) => return Err(error),
            };
            let (len, sha256) = (source.len()?, sha256_of(&*source)?);
            let is_file = |it: &FileDigest| it.bytes == len && it.sha256 == sha256;
            if !said.iter().any(|files| is_file(&files[at])) {
                return Ok(Some(format!("{name} is not the file that was archived")));
            }
        }
        Ok(None)
    }
}

fn sha256_of(source: &dyn Source) -> Result<String, SinkError> {
    let mut hash = Sha256::new();
    let mut block = vec![0; BLOCK];
    let mut offset = 0;
    loop {
        let read = source.read_at(offset, &mut block)?;
        if read == 0 {
            break;
        }
        hash.update(&block[..read]);
        offset += read as u64;
    }
    Ok(hash.finish().iter().map(|b| format!("{b:02x}")).collect())
}
