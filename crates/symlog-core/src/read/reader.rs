use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use memchr::memmem::Finder;
use symlog_crypto::{CryptoProvider, Identity, default_provider};
use symlog_keys::{Access, Keyring, LoggingKey};
use symlog_sink::{FileStorage, Storage};

use super::entry::Entry;
use super::error::ReadError;
use super::filter::Filter;
use super::objects::{Objects, object_label};
use super::opener::{ChunkPlaces, OpenError, OpenLine, Opener};
use super::{Lines, SegmentTable, segment_body};
use crate::error::LoggingError;
use crate::format::{Body, Line, LineError, parse_line};
use crate::interaction::EntryId;
use crate::logger::keyring_path;

/// What a reader says where it must stop.
pub(super) const UNKNOWN_CONTROL: &str =
    "a critical control line that this version does not know; update symlog";

/// Reads a log of version 1 of the format.
#[derive(Debug, Clone)]
pub(crate) struct SymlogReader {
    storage: Arc<dyn Storage>,
    keyring: Keyring,
    provider: CryptoProvider,
}

impl SymlogReader {
    /// Opens the log at `path` with its logging key.
    pub(super) fn open(path: &Path, key: &LoggingKey) -> Result<Self, LoggingError> {
        let provider = default_provider();
        let storage = FileStorage::new(path)?;
        let keyring_path = keyring_path(path);
        if keyring_path.symlink_metadata().is_err() {
            return Err(LoggingError::Unreadable {
                path: path.to_owned(),
                message: if path.exists() {
                    format!(
                        "its keyring {} is missing; bring it back from a backup",
                        keyring_path.display()
                    )
                } else {
                    "there is no log here; check the path, or record something first".to_owned()
                },
            });
        }
        let keyring = Keyring::open(&keyring_path, key, Access::ReadOnly, &provider)?;
        Ok(Self {
            storage: Arc::new(storage),
            keyring,
            provider,
        })
    }

    pub(crate) fn over(storage: Arc<dyn Storage>, keyring: Keyring) -> Self {
        Self {
            storage,
            keyring,
            provider: default_provider(),
        }
    }

    pub(super) fn with_identity(self, identity: Identity) -> Self {
        Self {
            keyring: self.keyring.with_identity(identity),
            ..self
        }
    }

    pub(crate) fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    pub(crate) fn opener(&self) -> Opener<'_> {
        Opener::new(
            SegmentTable::new(&self.keyring, &self.provider),
            Arc::clone(&self.storage),
            self.keyring.log_id(),
        )
    }

    pub(crate) fn storage(&self) -> &Arc<dyn Storage> {
        &self.storage
    }
}

/// The entries of a log. An item that cannot be read comes as an error, and reading goes on
/// behind it.
#[derive(Debug)]
pub(crate) struct SymlogEntries<'a> {
    opener: Opener<'a>,
    objects: Objects,
    filter: Filter,
    at: usize,
    lines: Option<Lines>,
    line_number: u64,
    /// The sequence number that comes next; 0 before the first good line.
    expected: u64,
    places: ChunkPlaces,
    /// Where responses lie that have a line of their own.
    responses: HashMap<EntryId, (usize, u64)>,
    joined: HashSet<EntryId>,
}

impl<'a> SymlogEntries<'a> {
    pub(super) fn new(reader: &'a SymlogReader, filter: Filter) -> Result<Self, ReadError> {
        let objects = Objects::take(reader.storage())?;
        let mut entries = Self {
            opener: reader.opener(),
            responses: HashMap::new(),
            objects,
            filter,
            at: 0,
            lines: None,
            line_number: 0,
            expected: 0,
            places: ChunkPlaces::new(),
            joined: HashSet::new(),
        };
        entries.index()?;
        Ok(entries)
    }

    /// Finds the responses that have a line of their own, and the segments' first lines, looking
    /// at nothing else: their requests come first.
    fn index(&mut self) -> Result<(), ReadError> {
        let response = Finder::new(b",\"request_data\":null,");
        let header = Finder::new(b",\"control\":\"segment\",");
        for at in 0..self.objects.len() {
            let mut lines = self.objects.lines(at, 0)?;
            while let Some(read) = lines.next()? {
                if !read.terminated {
                    break;
                }
                if response.find(read.bytes).is_none() && header.find(read.bytes).is_none() {
                    continue;
                }
                let offset = read.offset;
                let Ok(line) = parse_line(read.bytes) else {
                    continue;
                };
                if line.sequence() >= self.objects.ends_before(at) {
                    continue;
                }
                if let Some(body) = segment_body(&line.body) {
                    self.opener.segments.insert(line.segment(), body);
                }
                if let Body::Entry { line, .. } = line.body
                    && line.request.is_none()
                {
                    self.responses.insert(line.id, (at, offset));
                }
            }
        }
        Ok(())
    }

    fn damaged(&self, offset: u64, why: impl Into<String>) -> ReadError {
        ReadError::Damaged {
            object: object_label(self.objects.name(self.at)),
            line: self.line_number,
            offset,
            why: why.into(),
        }
    }

    fn not_opened(&self, offset: u64, error: OpenError) -> ReadError {
        error.at(
            &object_label(self.objects.name(self.at)),
            self.line_number,
            offset,
        )
    }

    /// The next line that is there; `None` at the end of the log.
    fn next_line(&mut self) -> Result<Option<(u64, Line)>, ReadError> {
        while self.at < self.objects.len() {
            if self.lines.is_none() {
                self.lines = Some(self.objects.lines(self.at, 0)?);
                self.line_number = 0;
            }
            let Some(lines) = &mut self.lines else { break };
            let is_over = self.expected >= self.objects.ends_before(self.at);
            let read = if is_over { None } else { lines.next()? };
            let Some(read) = read.filter(|read| read.terminated || read.too_long) else {
                // What has no newline yet is being written, or will be cut.
                self.at += 1;
                self.lines = None;
                continue;
            };
            self.line_number += 1;
            self.expected += 1;
            let offset = read.offset;
            let parsed = if read.too_long {
                Err(LineError::NotCanonical)
            } else {
                parse_line(read.bytes)
            };
            match parsed {
                Ok(line) if line.sequence() >= self.objects.ends_before(self.at) => {}
                Ok(line) => {
                    self.expected = line.sequence() + 1;
                    return Ok(Some((offset, line)));
                }
                Err(error @ (LineError::Newer(_) | LineError::CriticalExtension(_))) => {
                    return Err(ReadError::Newer {
                        object: object_label(self.objects.name(self.at)),
                        line: self.line_number,
                        why: error.to_string(),
                    });
                }
                Err(error) => return Err(self.damaged(offset, error.to_string())),
            }
        }
        Ok(None)
    }

    fn next_entry(&mut self) -> Result<Option<Entry>, ReadError> {
        while let Some((offset, line)) = self.next_line()? {
            match line.body {
                Body::Control(line) if line.critical && line.kind().is_none() => {
                    return Err(ReadError::Newer {
                        object: object_label(self.objects.name(self.at)),
                        line: self.line_number,
                        why: UNKNOWN_CONTROL.to_owned(),
                    });
                }
                Body::Control(_) | Body::Tombstone(_) => {}
                Body::Chunk(chunk) => {
                    if chunk.index == 0 {
                        let place = (self.objects.name(self.at).clone(), offset);
                        self.places.insert((chunk.id, chunk.part), place);
                    }
                }
                Body::Entry {
                    line,
                    meta,
                    metadata_digest,
                } => {
                    let open = self
                        .opener
                        .meta(line, *meta, metadata_digest)
                        .map_err(|error| self.not_opened(offset, error))?;
                    if let Some(entry) = self.entry(offset, open)? {
                        return Ok(Some(entry));
                    }
                }
            }
        }
        Ok(None)
    }

    fn entry(&mut self, offset: u64, open: OpenLine) -> Result<Option<Entry>, ReadError> {
        let id = open.line.id;
        if open.line.request.is_none() && self.joined.remove(&id) {
            return Ok(None);
        }
        let wanted = self.filter.wants(&id, open.line.timestamp, &open.meta);
        let response = match self.responses.get(&id) {
            Some(place) if open.line.request.is_some() => {
                let place = *place;
                self.joined.insert(id);
                if wanted { self.response(place)? } else { None }
            }
            _ => None,
        };
        if !wanted {
            return Ok(None);
        }
        self.opener
            .entry(open, response, &self.places)
            .map(Some)
            .map_err(|error| self.not_opened(offset, error))
    }

    fn response(&mut self, (at, offset): (usize, u64)) -> Result<Option<OpenLine>, ReadError> {
        let mut lines = self.objects.lines(at, offset)?;
        let Some(read) = lines.next()? else {
            return Ok(None);
        };
        let Ok(Line {
            body:
                Body::Entry {
                    line,
                    meta,
                    metadata_digest,
                },
            ..
        }) = parse_line(read.bytes)
        else {
            return Ok(None);
        };
        if let Some(chain) = line.response.as_ref().and_then(|sealed| sealed.chunks) {
            self.find_chunks(at, line.id, chain.first)?;
        }
        self.opener
            .meta(line, *meta, metadata_digest)
            .map(Some)
            .map_err(|error| self.not_opened(offset, error))
    }

    /// Finds the first chunk of a response that lies further on than what was read so far.
    fn find_chunks(&mut self, at: usize, id: EntryId, first: u64) -> Result<(), ReadError> {
        let needle = format!(",\"seq\":{first},\"id\":\"{id}\",");
        let finder = Finder::new(&needle);
        for object in self.at..=at {
            let mut lines = self.objects.lines(object, 0)?;
            while let Some(read) = lines.next()? {
                if !read.terminated {
                    break;
                }
                let offset = read.offset;
                let line = finder
                    .find(read.bytes)
                    .and_then(|_| parse_line(read.bytes).ok());
                if let Some(Line {
                    body: Body::Chunk(chunk),
                    ..
                }) = line
                {
                    let place = (self.objects.name(object).clone(), offset);
                    self.places.insert((chunk.id, chunk.part), place);
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

impl Iterator for SymlogEntries<'_> {
    type Item = Result<Entry, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.next_entry().transpose();
        if matches!(next, Some(Err(ReadError::Newer { .. } | ReadError::Io(_)))) {
            // Nothing behind this could be trusted.
            self.at = self.objects.len();
        }
        next
    }
}
