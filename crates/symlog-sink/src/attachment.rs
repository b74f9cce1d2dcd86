use std::fmt::{self, Debug};

use crate::{SinkError, Source};

const MAX_STEM: usize = 64;
const MAX_EXTENSION: usize = 16;

/// Files beside a log that are made once, as a whole, and then never change: the
/// archive of a sealed object, an index.
///
/// # Contract
///
/// - An attachment is there as a whole or not at all, also after a power cut.
/// - They are no objects: [`Storage::objects`](crate::Storage::objects) does not
///   list them, and making them needs no lock.
pub trait Attachments: Debug + Send + Sync {
    /// Begin to write an attachment. Nothing is to be seen of it before its
    /// [`commit`](NewAttachment::commit), and where it is dropped without one,
    /// what was written goes with it.
    ///
    /// # Errors
    ///
    /// [`SinkError::Locked`] while another writer of the same attachment is at
    /// work, unless the storage cannot tell: then the last one to commit wins,
    /// whole. Anything else where the storage cannot be written.
    fn create(&self, name: &AttachmentName) -> Result<Box<dyn NewAttachment>, SinkError>;

    /// Open one for ranged reads. The source stays with the bytes it was opened
    /// on where the attachment is replaced meanwhile; where it is removed, the
    /// source may go on or fail.
    ///
    /// # Errors
    ///
    /// [`SinkError::Missing`] if there is none of this name.
    fn open(&self, name: &AttachmentName) -> Result<Box<dyn Source>, SinkError>;

    /// All that were committed, in the order of their names.
    ///
    /// # Errors
    ///
    /// Where the storage exists and cannot be listed.
    fn list(&self) -> Result<Vec<AttachmentName>, SinkError>;

    /// Remove one for good; survives a power cut when this returns `Ok`.
    ///
    /// # Errors
    ///
    /// [`SinkError::Missing`] if there is none of this name.
    fn remove(&self, name: &AttachmentName) -> Result<(), SinkError>;
}

/// An attachment that is being written.
///
/// # Contract
///
/// After a failed [`append`](NewAttachment::append) it is of no use any more: a
/// commit then fails, and nothing is left.
pub trait NewAttachment: Debug + Send {
    /// Append all of `bytes`, or fail.
    ///
    /// # Errors
    ///
    /// [`SinkError::Full`] where there is no room; anything else where the
    /// storage cannot be written.
    fn append(&mut self, bytes: &[u8]) -> Result<(), SinkError>;

    /// Give it its name, in the place of an older one of that name if there is
    /// one. It survives a power cut when this returns `Ok`, bytes and name.
    ///
    /// # Errors
    ///
    /// Where it is not known to be durable. What is under the name is then the
    /// older one, nothing, or all of this one.
    fn commit(self: Box<Self>) -> Result<(), SinkError>;
}

/// The name of an attachment: `STEM.EXTENSION`, where the stem is 1 to 64 bytes
/// and the extension 1 to 16, both of ASCII lower-case letters, digits, `-` and
/// `_`. So a name is safe in any path or URL and, having a dot, never that of an
/// object. The stems `lock` and `keyring` and the extension `tmp` are taken.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttachmentName {
    stem: String,
    extension: String,
}

impl AttachmentName {
    /// The attachment `stem.extension`.
    ///
    /// # Errors
    ///
    /// [`SinkError::InvalidName`] for anything but what is said above.
    pub fn new(stem: &str, extension: &str) -> Result<Self, SinkError> {
        let is_plain = |part: &str| {
            let plain =
                |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
            !part.is_empty() && part.bytes().all(plain)
        };
        let reason = if !is_plain(stem) || !is_plain(extension) {
            "its two parts must be of ASCII lower-case letters, digits, `-` and `_`"
        } else if stem.len() > MAX_STEM || extension.len() > MAX_EXTENSION {
            "it is too long"
        } else if matches!(stem, "lock" | "keyring") || extension == "tmp" {
            "files of this name have another purpose"
        } else {
            return Ok(Self {
                stem: stem.to_owned(),
                extension: extension.to_owned(),
            });
        };
        Err(SinkError::InvalidName {
            name: format!("{stem}.{extension}"),
            reason,
        })
    }

    /// The name that [`Display`](fmt::Display) writes.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let (stem, extension) = name.split_once('.')?;
        Self::new(stem, extension).ok()
    }

    /// What it belongs to, such as the name of a sealed object.
    #[must_use]
    pub fn stem(&self) -> &str {
        &self.stem
    }

    /// What it is.
    #[must_use]
    pub fn extension(&self) -> &str {
        &self.extension
    }
}

impl fmt::Display for AttachmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.stem, self.extension)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_accepted() {
        for (stem, extension) in [
            ("", "parquet"),
            ("1", ""),
            ("../1", "x"),
            ("1", "x/y"),
            ("1.2", "x"),
            ("A", "x"),
            ("é", "x"),
            ("1", "tmp"),
            ("keyring", "x"),
            ("lock", "x"),
            (&"1".repeat(65), "x"),
            ("1", &"x".repeat(17)),
        ] {
            assert!(
                AttachmentName::new(stem, extension).is_err(),
                "{stem}.{extension}"
            );
        }
        let name = AttachmentName::new("0000000007", "parquet").unwrap();
        assert_eq!(name.to_string(), "0000000007.parquet");
        assert_eq!(AttachmentName::parse("0000000007.parquet"), Some(name));
        for name in ["7", "7.a.b", "7.parquet.tmp", "keyring.x", ".x", "7."] {
            assert_eq!(AttachmentName::parse(name), None, "{name}");
        }
    }
}
