use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::replica::Position;
use super::status::ShipStatus;
use crate::{ObjectName, name};

/// How far a copy of a log was when it was last looked after: a small file
/// beside the log, `LOG.cursor-SINK`, one `key=value` a line.
///
/// What is not shipped must not be removed: see [`shipped_through`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cursor {
    /// The newest object that the copy has whole and sealed.
    pub sealed: Option<ObjectName>,
    /// Bytes of the object behind it that the copy has.
    pub offset: u64,
    /// The name of the log there.
    pub replica: Option<String>,
    /// What the shipper was at.
    pub state: String,
    /// Bytes that were only in the log.
    pub waiting_bytes: u64,
    /// Bytes shipped since the log was opened, and the milliseconds that took.
    pub shipped_bytes: u64,
    /// See `shipped_bytes`.
    pub busy_ms: u64,
    /// Attempts that failed since the log was opened.
    pub failures: u64,
    /// The last failure.
    pub error: Option<String>,
    /// When this was written, in seconds since 1970.
    pub at: u64,
}

const FIRST_LINE: &str = "symlog-cursor 1";
/// Longer than any cursor.
const MAX_LEN: u64 = 64 * 1024;

impl Cursor {
    /// Where the cursor of `sink` lies beside `log`.
    #[must_use]
    pub fn path(log: &Path, sink: &str) -> PathBuf {
        let mut path = log.as_os_str().to_owned();
        path.push(".cursor-");
        path.push(sink);
        path.into()
    }

    /// The cursor in a file; `None` where there is none that can be read. Then
    /// nothing is known to be shipped.
    #[must_use]
    pub fn read(path: &Path) -> Option<Self> {
        if fs::metadata(path).ok()?.len() > MAX_LEN {
            return None;
        }
        let text = fs::read_to_string(path).ok()?;
        let mut lines = text.lines();
        (lines.next()? == FIRST_LINE).then_some(())?;
        let mut cursor = Self::default();
        for line in lines {
            let (key, value) = line.split_once('=')?;
            let number = || value.parse::<u64>().ok();
            match key {
                "sealed" => {
                    name::check(value).ok()?;
                    cursor.sealed = Some(ObjectName::Sealed(value.to_owned()));
                }
                "offset" => cursor.offset = number()?,
                "replica" => cursor.replica = Some(value.to_owned()),
                "state" => cursor.state = value.to_owned(),
                "waiting_bytes" => cursor.waiting_bytes = number()?,
                "shipped_bytes" => cursor.shipped_bytes = number()?,
                "busy_ms" => cursor.busy_ms = number()?,
                "failures" => cursor.failures = number()?,
                "error" => cursor.error = Some(value.to_owned()),
                "at" => cursor.at = number()?,
                // Of a later version, and nothing that this one needs.
                _ => {}
            }
        }
        Some(cursor)
    }

    pub(super) fn new(status: ShipStatus, position: Option<Position>, old: Option<Self>) -> Self {
        let old = old.unwrap_or_default();
        let (sealed, offset) = match position {
            Some(position) => (position.sealed, position.offset),
            None => (old.sealed, old.offset),
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            sealed,
            offset,
            replica: status.replica.or(old.replica),
            state: status.state.to_string(),
            waiting_bytes: status.waiting_bytes,
            shipped_bytes: status.shipped_bytes,
            busy_ms: u64::try_from(status.busy.as_millis()).unwrap_or(u64::MAX),
            failures: status.failures,
            error: status.error,
            at: now.map_or(0, |now| now.as_secs()),
        }
    }

    /// Puts the cursor in the place of the one before. It is not synced: an
    /// older one is as true, it only says less.
    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        let mut new = path.as_os_str().to_owned();
        new.push(".new");
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(self.to_text().as_bytes())?;
        fs::rename(&new, path)
    }

    fn to_text(&self) -> String {
        let Self {
            sealed,
            offset,
            replica,
            state,
            waiting_bytes,
            shipped_bytes,
            busy_ms,
            failures,
            error,
            at,
        } = self;
        let mut text = format!("{FIRST_LINE}\n");
        let mut line = |key: &str, value: &str| {
            let one_line = value.replace(['\n', '\r'], " ");
            text.push_str(&format!("{key}={one_line}\n"));
        };
        if let Some(ObjectName::Sealed(sealed)) = sealed {
            line("sealed", sealed);
        }
        line("offset", &offset.to_string());
        if let Some(replica) = replica {
            line("replica", replica);
        }
        line("state", state);
        line("waiting_bytes", &waiting_bytes.to_string());
        line("shipped_bytes", &shipped_bytes.to_string());
        line("busy_ms", &busy_ms.to_string());
        line("failures", &failures.to_string());
        if let Some(error) = error {
            let cut = error
                .char_indices()
                .nth(2000)
                .map_or(error.len(), |(at, _)| at);
            line("error", &error[..cut]);
        }
        line("at", &at.to_string());
        text
    }
}

/// The newest object of `log` that every one of `sinks` has whole, by their
/// cursors; `None` where that is none. What comes behind it must not be removed.
#[must_use]
pub fn shipped_through<'a>(
    log: &Path,
    sinks: impl IntoIterator<Item = &'a str>,
) -> Option<ObjectName> {
    let mut oldest = None;
    for sink in sinks {
        let sealed = Cursor::read(&Cursor::path(log, sink))?.sealed?;
        oldest = match oldest {
            Some(before) if before < sealed => Some(before),
            _ => Some(sealed),
        };
    }
    oldest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back() {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("a.log");
        let path = Cursor::path(&log, "bucket");
        assert_eq!(Cursor::read(&path), None);
        let cursor = Cursor {
            sealed: Some(ObjectName::sealed("0000000007").unwrap()),
            offset: 123,
            replica: Some("log_2".to_owned()),
            state: "retrying".to_owned(),
            error: Some("two\nlines = one".to_owned()),
            at: 5,
            ..Cursor::default()
        };
        cursor.write(&path).unwrap();
        let read = Cursor::read(&path).unwrap();
        assert_eq!(read.error.as_deref(), Some("two lines = one"));
        assert_eq!((read.sealed, read.offset), (cursor.sealed, 123));

        for text in [
            "",
            "symlog-cursor 2\n",
            "symlog-cursor 1\noffset=-1\n",
            "symlog-cursor 1\nsealed=../7\n",
        ] {
            fs::write(&path, text).unwrap();
            assert_eq!(Cursor::read(&path), None, "{text:?}");
        }
    }

    #[test]
    fn the_slowest_sink_decides_what_may_go() {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("a.log");
        let note = |sink: &str, sealed: &str| {
            let cursor = Cursor {
                sealed: Some(ObjectName::sealed(sealed).unwrap()),
                ..Cursor::default()
            };
            cursor.write(&Cursor::path(&log, sink)).unwrap();
        };
        note("a", "9");
        assert_eq!(shipped_through(&log, ["a", "b"]), None);
        note("b", "10");
        let nine = ObjectName::sealed("9").ok();
        assert_eq!(shipped_through(&log, ["a", "b"]), nine);
        assert_eq!(shipped_through(&log, ["b", "a"]), nine);
        assert_eq!(shipped_through(&log, []), None);
    }
}
