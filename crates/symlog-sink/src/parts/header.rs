//! What stands before the bytes of every part.
//!
//! One line of text of a fixed length, so that a list of lengths is enough to
//! know where each byte of the log lies, and a person can read who wrote what.

use std::hash::{BuildHasher, Hasher, RandomState};

/// Length of the header, its newline included.
pub(super) const LEN: usize = 320;

const MAGIC: &str = "symlog-part 1";

/// What a part is for. Only data has bytes behind the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Bytes of the log.
    Data,
    /// A writer takes its place.
    Claim,
    /// The object is cut to `offset` bytes.
    Cut,
    /// The object is sealed, at `offset` bytes.
    Seal,
}

const KINDS: [(Kind, &str); 4] = [
    (Kind::Data, "data"),
    (Kind::Claim, "claim"),
    (Kind::Cut, "cut"),
    (Kind::Seal, "seal"),
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: Kind,
    /// Where in the object it stands.
    pub(super) offset: u64,
    /// Counts the writers of the log.
    pub(super) epoch: u64,
    pub(super) writer: Writer,
    /// The name that a seal gives.
    pub(super) name: Option<String>,
}

/// One writer, from its claim to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Writer {
    /// Different for each claim, to tell one's own parts from those of others.
    pub(super) token: String,
    /// Host and process, for people.
    pub(super) by: String,
}

impl Writer {
    pub(super) fn new() -> Self {
        // Keys of the standard hash come from the system's randomness. They need
        // not be secret here, only never the same twice.
        let half = || {
            let mut hasher = RandomState::new().build_hasher();
            hasher.write_u32(std::process::id());
            hasher.finish()
        };
        let node = rustix::system::uname();
        let host: String = node
            .nodename()
            .to_string_lossy()
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'))
            .take(48)
            .collect();
        Self {
            token: format!("{:016x}{:016x}", half(), half()),
            by: format!("{host}/{}", std::process::id()),
        }
    }
}

impl Header {
    /// Writes the header over the first [`LEN`] bytes of `part`.
    pub(super) fn write(&self, part: &mut [u8]) {
        let kind = KINDS.iter().find(|(kind, _)| *kind == self.kind);
        let text = format!(
            "{MAGIC} {} offset={} epoch={} writer={} by={} name={}",
            kind.map_or("", |(_, text)| text),
            self.offset,
            self.epoch,
            self.writer.token,
            self.writer.by,
            self.name.as_deref().unwrap_or("-"),
        );
        // The longest name, numbers and host leave room to spare.
        let part = &mut part[..LEN];
        part.fill(b' ');
        part[..text.len()].copy_from_slice(text.as_bytes());
        part[LEN - 1] = b'\n';
    }

    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes.get(..LEN)?).ok()?;
        let mut words = text.strip_prefix(MAGIC)?.split_ascii_whitespace();
        let kind = words.next()?;
        let (kind, _) = KINDS.iter().find(|(_, text)| *text == kind)?;
        let mut field = |key: &str| words.next()?.strip_prefix(key)?.strip_prefix('=');
        let header = Self {
            kind: *kind,
            offset: field("offset")?.parse().ok()?,
            epoch: field("epoch")?.parse().ok()?,
            writer: Writer {
                token: field("writer")?.to_owned(),
                by: field("by")?.to_owned(),
            },
            name: field("name").map(|name| (name != "-").then(|| name.to_owned()))?,
        };
        let mut again = [0; LEN];
        let fits = header.writer.by.len() <= 64
            && header.writer.token.len() == 32
            && header.name.as_ref().is_none_or(|name| name.len() <= 64);
        if !fits {
            return None;
        }
        header.write(&mut again);
        (again == bytes[..LEN]).then_some(header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header {
            kind: Kind::Seal,
            offset: u64::MAX,
            epoch: u64::MAX,
            writer: Writer::new(),
            name: Some("1".repeat(64)),
        }
    }

    #[test]
    fn the_longest_header_fits_and_comes_back() {
        let mut bytes = [0; LEN];
        header().write(&mut bytes);
        assert_eq!(bytes[LEN - 1], b'\n');
        let read = Header::parse(&bytes).unwrap();
        assert_eq!(read.name, Some("1".repeat(64)));
        assert_eq!((read.offset, read.kind), (u64::MAX, Kind::Seal));
    }

    #[test]
    fn other_bytes_are_no_header() {
        let mut good = [0; LEN];
        let mut header = header();
        header.kind = Kind::Data;
        header.name = None;
        header.write(&mut good);
        assert!(Header::parse(&good).is_some());
        assert!(Header::parse(&good[..LEN - 1]).is_none());
        assert!(Header::parse(b"").is_none());
        for at in 0..LEN {
            let mut bad = good;
            bad[at] ^= 0x80;
            assert!(Header::parse(&bad).is_none(), "byte {at}");
        }
        let longer = String::from_utf8_lossy(&good).replace("offset=", "offset=+");
        assert!(Header::parse(&longer.as_bytes()[..LEN]).is_none());
    }

    #[test]
    fn writers_differ() {
        assert_ne!(Writer::new().token, Writer::new().token);
    }
}
