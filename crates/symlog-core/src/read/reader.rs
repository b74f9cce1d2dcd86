use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use memchr::memmem::Finder;
use symlog_crypto::{CryptoProvider, Identity, default_provider};
use symlog_keys::{Access, Keyring, LoggingKey};
use symlog_sink::{FileStorage, SinkError, Storage};

use super::chunks::{ChunkPlace, ChunkPlaces};
use super::entry::Entry;
use super::error::{ReadError, unless_expired};
use super::filter::Filter;
use super::objects::{Objects, object_label};
use super::opener::{KeysUsed, OpenError, OpenLine, Opener, entry_of};
use super::{Lines, SegmentTable, segment_body};
use crate::access::open_keyring;
use crate::archive::{Archives, IdPrefix, LogFiles};
use crate::error::LoggingError;
use crate::format::{Body, ChunkLine, EntryLine, Line, LineError, Meta, MetaMap, parse_line};
use crate::interaction::EntryId;
use crate::logger::keyring_path;

/// What a reader says where it must stop.
pub(super) const UNKNOWN_CONTROL: &str =
    "a critical control line that this version does not know; update symlog";

/// Reads a log of version 1 of the format.
#[derive(Debug, Clone)]
pub(crate) struct SymlogReader {
    files: LogFiles,
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
        let keyring = open_keyring(path, key, Access::ReadOnly)?;
        Ok(Self {
            files: files(Arc::new(storage), &keyring),
            keyring,
            provider,
        })
    }

    pub(crate) fn over(storage: Arc<dyn Storage>, keyring: Keyring) -> Self {
        Self {
            files: files(storage, &keyring),
            keyring,
            provider: default_provider(),
        }
    }

    pub(super) fn with_identity(self, identity: Identity) -> Self {
        let keyring = self.keyring.with_identity(identity);
        let archives = self.files.archives.clone();
        Self {
            files: files(self.files.storage, &keyring).with_archives(archives),
            keyring,
            ..self
        }
    }

    pub(super) fn with_archives(self, archives: Arc<dyn Archives>) -> Self {
        Self {
            files: self.files.with_archives(Some(archives)),
            ..self
        }
    }

    pub(crate) fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    pub(crate) fn opener(&self) -> Opener<'_> {
        Opener::new(
            SegmentTable::new(&self.keyring, &self.provider),
            self.files.clone(),
            self.keyring.log_id(),
        )
    }

    pub(crate) fn files(&self) -> &LogFiles {
        &self.files
    }
}

fn files(storage: Arc<dyn Storage>, keyring: &Keyring) -> LogFiles {
    LogFiles {
        keyring: Some(keyring.clone()),
        ..LogFiles::plain(&storage)
    }
}

/// An entry line, its metadata and their digest.
type EntryParts = (Box<EntryLine<'static>>, Box<Meta<'static>>, [u8; 32]);

/// The object, offset and sequence number of a line.
#[derive(Clone, Copy, Debug)]
struct ResponsePlace {
    at: usize,
    offset: u64,
    sequence: u64,
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
    responses: HashMap<EntryId, ResponsePlace>,
    joined: HashSet<EntryId>,
    /// Chains that have no end, by the sequence number of their first line: of the request and of
    /// the response.
    endless: HashMap<EntryId, [Option<u64>; 2]>,
}

impl<'a> SymlogEntries<'a> {
    pub(super) fn new(reader: &'a SymlogReader, filter: Filter) -> Result<Self, ReadError> {
        let objects = match filter.id.as_deref().and_then(IdPrefix::parse) {
            Some(id) => Objects::with_id(reader.files(), &id)?,
            None => Objects::take(reader.files())?,
        };
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
            endless: HashMap::new(),
        };
        entries.index()?;
        Ok(entries)
    }

    pub(super) fn keys_used(&self) -> KeysUsed {
        self.opener.keys_used()
    }

    /// Finds the responses that have a line of their own, where chains of chunks begin and end, and
    /// the segments' first lines, looking at nothing else: requests come before their responses.
    fn index(&mut self) -> Result<(), ReadError> {
        let wanted = [
            &b",\"request_data\":null,"[..],
            b",\"control\":\"segment\",",
            b",\"index\":0,\"last\":",
            b",\"chunks\":{\"first\":",
        ]
        .map(Finder::new);
        let mut ends = HashSet::new();
        for at in 0..self.objects.len() {
            let mut lines = match self.objects.outlines(at) {
                // Told when its lines come.
                Err(_) if self.objects.is_archived(at) => continue,
                Err(SinkError::Missing { .. }) if self.objects.is_gone(at)? => continue,
                lines => lines?,
            };
            while let Some(read) = lines.next()? {
                if !read.terminated {
                    break;
                }
                if wanted.iter().all(|it| it.find(read.bytes).is_none()) {
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
                match line.body {
                    Body::Entry { line, .. } => {
                        let sealed = [&line.request, &line.response].into_iter().flatten();
                        ends.extend(sealed.filter_map(|it| it.chunks).map(|chain| chain.first));
                        if line.request.is_none() {
                            let place = ResponsePlace {
                                at,
                                offset,
                                sequence: line.sequence,
                            };
                            self.responses.insert(line.id, place);
                        }
                    }
                    Body::Chunk(chunk) if chunk.index == 0 => {
                        let place = ChunkPlace::new(&chunk, self.objects.name(at), offset);
                        self.places.insert(chunk.sequence, place);
                    }
                    _ => {}
                }
            }
        }
        for place in self.places.values() {
            if !ends.contains(&place.sequence) {
                let chains = self.endless.entry(place.id).or_default();
                let newest = &mut chains[place.part as usize];
                *newest = (*newest).max(Some(place.sequence));
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
                self.line_number = 0;
                self.lines = match self.objects.outlines(self.at) {
                    // Its time was over while the log was read.
                    Err(_) if self.objects.is_gone(self.at)? => {
                        self.at += 1;
                        continue;
                    }
                    Err(error) if self.objects.is_archived(self.at) => {
                        let damaged = self.damaged(0, why(&error));
                        self.at += 1;
                        return Err(damaged);
                    }
                    lines => Some(lines?),
                };
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
                    if let Some(entry) = unless_expired(self.endless(&chunk, offset))? {
                        return Ok(Some(entry));
                    }
                }
                Body::Entry {
                    line,
                    meta,
                    metadata_digest,
                } => {
                    let Some((line, meta, metadata_digest)) =
                        self.whole(offset, (line, meta, metadata_digest))?
                    else {
                        continue;
                    };
                    let entry = self
                        .opener
                        .meta(line, *meta, metadata_digest)
                        .map_err(|error| self.not_opened(offset, error))
                        .and_then(|open| self.entry(offset, open));
                    if let Some(entry) = unless_expired(entry)? {
                        return Ok(Some(entry));
                    }
                }
            }
        }
        Ok(None)
    }

    /// The line as it was written, where it may be wanted: of an archived object the outline comes
    /// first.
    fn whole(&mut self, offset: u64, outline: EntryParts) -> Result<Option<EntryParts>, ReadError> {
        let (line, meta, _) = &outline;
        let is_clear = matches!(meta.metadata, MetaMap::Clear(_));
        let is_joined = line.request.is_none() && self.joined.contains(&line.id);
        let is_wanted = self.filter.wants(&line.id, line.timestamp, meta);
        let Some(lines) = &mut self.lines else {
            return Ok(Some(outline));
        };
        if is_clear && !is_joined && !is_wanted && matches!(lines, Lines::Archived(_)) {
            self.endless.remove(&line.id);
            if self.responses.contains_key(&line.id) && line.request.is_some() {
                self.joined.insert(line.id);
            }
            return Ok(None);
        }
        let read = match lines.whole(offset) {
            Ok(Some(read)) => read,
            Ok(None) => return Ok(Some(outline)),
            Err(error) => return Err(self.damaged(offset, why(&error))),
        };
        match parse_line(read.bytes).map(|line| line.body) {
            Ok(Body::Entry {
                line,
                meta,
                metadata_digest,
            }) => Ok(Some((line, meta, metadata_digest))),
            _ => Err(self.damaged(offset, "the archive gives another line")),
        }
    }

    fn entry(&mut self, offset: u64, open: OpenLine) -> Result<Option<Entry>, ReadError> {
        let id = open.line.id;
        if open.line.request.is_none() && self.joined.remove(&id) {
            return Ok(None);
        }
        let wanted = self.filter.wants(&id, open.line.timestamp, &open.meta);
        let endless = self.endless.remove(&id).unwrap_or_default();
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
            .and_then(|mut entry| {
                self.add_endless(&mut entry, endless)?;
                Ok(Some(entry))
            })
            .map_err(|error| self.not_opened(offset, error))
    }

    fn response(&mut self, place: ResponsePlace) -> Result<Option<OpenLine>, ReadError> {
        let ResponsePlace {
            at,
            offset,
            sequence,
        } = place;
        let mut lines = match self.objects.lines_again(at, offset, sequence) {
            Err(SinkError::Missing { .. }) if self.objects.is_gone(at)? => return Ok(None),
            lines => lines?,
        };
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
        self.opener
            .meta(line, *meta, metadata_digest)
            .map(Some)
            .map_err(|error| self.not_opened(offset, error))
    }

    /// What is there of an entry that has no line of its own, since it was never ended.
    fn endless(&mut self, chunk: &ChunkLine<'_>, offset: u64) -> Result<Option<Entry>, ReadError> {
        let is_first = |chains: &[Option<u64>; 2]| chains.contains(&Some(chunk.sequence));
        if !self.endless.get(&chunk.id).is_some_and(is_first) {
            return Ok(None);
        }
        let chains = self.endless.remove(&chunk.id).unwrap_or_default();
        if !self
            .filter
            .wants(&chunk.id, chunk.timestamp, &Meta::default())
        {
            return Ok(None);
        }
        let line = EntryLine {
            segment: chunk.segment,
            sequence: chunk.sequence,
            id: chunk.id,
            timestamp: chunk.timestamp,
            request: None,
            response: None,
            class: chunk.class,
            unit: chunk.unit.clone(),
            extensions: chunk.extensions.clone(),
        };
        let mut entry = entry_of(&line, Meta::default());
        self.add_endless(&mut entry, chains)
            .map_err(|error| self.not_opened(offset, error))?;
        Ok(Some(entry))
    }

    /// Gives an entry what there is of its payloads that have no end.
    fn add_endless(
        &self,
        entry: &mut Entry,
        [request, response]: [Option<u64>; 2],
    ) -> Result<(), OpenError> {
        for (chain, payload) in [
            (request, &mut entry.request_data),
            (response, &mut entry.response_data),
        ] {
            if payload.is_none()
                && let Some(place) = chain.and_then(|first| self.places.get(&first))
            {
                *payload = Some(self.opener.chunked(place, None, &self.places)?);
                entry.error.get_or_insert_with(|| INCOMPLETE.to_owned());
            }
        }
        Ok(())
    }
}

/// An error of an archive with what it came from.
fn why(error: &SinkError) -> String {
    match std::error::Error::source(error) {
        Some(source) => source.to_string(),
        None => error.to_string(),
    }
}

/// The error of an entry whose payload has no end in the log.
const INCOMPLETE: &str = "incomplete";

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
