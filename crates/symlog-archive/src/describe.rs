use serde::{Deserialize, Serialize};
use symlog_sink::{AttachmentName, ObjectName, SinkError};

use crate::error::FormatError;

/// The version of the archive's form that this crate writes, and the newest that it reads.
const VERSION: u32 = 1;

/// What the table's footer says about the archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Description {
    pub(crate) version: u32,
    /// The log's identity, in hex.
    pub(crate) log: String,
    /// The name of the object.
    pub(crate) object: String,
    /// What all keys of this archive are derived with, in hex; made for it.
    pub(crate) salt: String,
    /// The length of the frames file.
    pub(crate) frames: u64,
    pub(crate) directories: Vec<DirectoryPlace>,
}

/// Where the directory of a class in a segment lies in the frames file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DirectoryPlace {
    pub(crate) segment: u64,
    pub(crate) class: u16,
    pub(crate) offset: u64,
    pub(crate) bytes: u64,
}

impl Description {
    pub(crate) fn new(log: &[u8; 16], object: &str, salt: &[u8; 16]) -> Self {
        Self {
            version: VERSION,
            log: hex(log),
            object: object.to_owned(),
            salt: hex(salt),
            frames: 0,
            directories: Vec::new(),
        }
    }

    pub(crate) fn read(text: &str, object: &str) -> Result<Self, FormatError> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let Versioned { version } = serde_json::from_str(text)?;
        if version != VERSION {
            return Err(FormatError::Newer(version));
        }
        let description: Self = serde_json::from_str(text)?;
        if description.object != object {
            return Err(FormatError::Elsewhere {
                what: format!("object {:.20}", description.object),
            });
        }
        Ok(description)
    }

    pub(crate) fn salt(&self) -> Option<[u8; 16]> {
        let text = self.salt.as_bytes();
        let mut salt = [0; 16];
        if text.len() != 32 {
            return None;
        }
        for (byte, digits) in salt.iter_mut().zip(text.chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        }
        Some(salt)
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The names of the two files of an archive.
pub(crate) fn names(object: &str) -> Result<[AttachmentName; 2], SinkError> {
    Ok([
        AttachmentName::new(object, "parquet")?,
        AttachmentName::new(object, "frames")?,
    ])
}

/// The text of a sealed object's name.
pub(crate) fn stem(object: &ObjectName) -> Result<&str, SinkError> {
    match object {
        ObjectName::Sealed(name) => Ok(name),
        ObjectName::Active => Err(SinkError::InvalidName {
            name: object.to_string(),
            reason: "only a sealed object can be archived",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_elsewhere_or_is_newer_is_told_apart() {
        let description = Description::new(&[1; 16], "0000000007", &[2; 16]);
        let text = serde_json::to_string(&description).unwrap();
        let read = Description::read(&text, "0000000007").unwrap();
        assert_eq!(read, description);
        assert_eq!(read.salt(), Some([2; 16]));
        assert!(matches!(
            Description::read(&text, "0000000008"),
            Err(FormatError::Elsewhere { what }) if what.contains("0000000007")
        ));
        let newer = text.replace("\"version\":1", "\"version\":2,\"more\":{}");
        assert!(matches!(
            Description::read(&newer, "0000000007"),
            Err(FormatError::Newer(2))
        ));
        for len in 0..text.len() {
            assert!(Description::read(&text[..len], "0000000007").is_err());
        }
        for salt in ["", "02", &"g".repeat(32), &"é".repeat(16), &"0".repeat(33)] {
            let salt = salt.to_owned();
            assert_eq!(
                Description {
                    salt,
                    ..description.clone()
                }
                .salt(),
                None
            );
        }
    }
}
