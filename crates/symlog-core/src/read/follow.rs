//! The newest entries, live.

use std::collections::VecDeque;

use memchr::memmem::Finder;
use symlog_sink::ObjectName;

use super::chunks::{ChunkPlace, ChunkPlaces};
use super::entry::Entry;
use super::error::{ReadError, unless_expired};
use super::filter::Filter;
use super::lines::Lines;
use super::objects::{Objects, object_label};
use super::opener::{KeysUsed, OpenError, OpenLine, Opener};
use super::reader::{SymlogReader, UNKNOWN_CONTROL};
use super::segment_body;
use crate::format::{Body, Line, LineError, parse_line};
use crate::interaction::EntryId;

/// Follows a log from its newest entries on, through the sealing of its active file.
///
/// A request comes when it is logged, as open, and again with its response when that is logged.
#[derive(Debug)]
pub(crate) struct SymlogFollow<'a> {
    reader: &'a SymlogReader,
    opener: Opener<'a>,
    filter: Filter,
    objects: Objects,
    at: usize,
    lines: Option<Lines>,
    line_number: u64,
    /// The sequence number that comes next; 0 before the first good line.
    expected: u64,
    places: ChunkPlaces,
    /// The newest open requests, for their responses.
    open: VecDeque<(EntryId, OpenLine)>,
}

/// Open requests kept for their responses.
const OPEN: usize = 4096;

impl<'a> SymlogFollow<'a> {
    pub(super) fn new(
        reader: &'a SymlogReader,
        newest: usize,
        filter: Filter,
    ) -> Result<Self, ReadError> {
        let objects = Objects::take(reader.files())?;
        let mut follow = Self {
            reader,
            opener: reader.opener(),
            filter,
            at: objects.len(),
            objects,
            lines: None,
            line_number: 0,
            expected: 0,
            places: ChunkPlaces::new(),
            open: VecDeque::new(),
        };
        follow.start(newest)?;
        Ok(follow)
    }

    pub(super) fn keys_used(&self) -> KeysUsed {
        self.opener.keys_used()
    }

    /// Goes back as far as the newest entries need.
    fn start(&mut self, newest: usize) -> Result<(), ReadError> {
        let entry = Finder::new(b",\"agent_id\":");
        let answer = Finder::new(b",\"request_data\":null,");
        let first_chunk = Finder::new(b",\"index\":0,\"last\":");
        let mut missing = newest;
        for at in (0..self.objects.len()).rev() {
            for (segment, body) in self.objects.headers(at)? {
                self.opener.segments.insert(segment, body);
            }
            let mut offsets = VecDeque::new();
            let mut lines = self.objects.outlines(at)?;
            while let Some(read) = lines.next()? {
                if !read.terminated {
                    break;
                }
                // An entry's chunks lie before it, so perhaps before where reading begins.
                if first_chunk.find(read.bytes).is_some()
                    && let Ok(Line {
                        body: Body::Chunk(chunk),
                        ..
                    }) = parse_line(read.bytes)
                {
                    let place = ChunkPlace::new(&chunk, self.objects.name(at), read.offset);
                    self.places.insert(chunk.sequence, place);
                }
                if entry.find(read.bytes).is_some() && answer.find(read.bytes).is_none() {
                    offsets.push_back(read.offset);
                    if offsets.len() > missing {
                        offsets.pop_front();
                    }
                }
            }
            let end = lines.offset();
            missing -= offsets.len().min(missing);
            self.at = at;
            let from = match offsets.front() {
                Some(first) if missing == 0 || at > 0 => *first,
                Some(_) => 0,
                None => end,
            };
            self.lines = Some(self.objects.lines(at, from)?);
            if missing == 0 {
                break;
            }
        }
        Ok(())
    }

    pub(super) fn poll_next(&mut self) -> Result<Option<Entry>, ReadError> {
        loop {
            let Some(lines) = &mut self.lines else {
                if !self.next_object()? {
                    return Ok(None);
                }
                continue;
            };
            let is_over = self.expected >= self.objects.ends_before(self.at);
            let read = if is_over { None } else { lines.next()? };
            let Some(read) = read.filter(|read| read.terminated) else {
                lines.retry();
                if *self.objects.name(self.at) != ObjectName::Active || self.was_sealed()? {
                    if !self.next_object()? {
                        return Ok(None);
                    }
                    continue;
                }
                return Ok(None);
            };
            self.line_number += 1;
            self.expected += 1;
            let offset = read.offset;
            let line = match parse_line(read.bytes) {
                Ok(line) if line.sequence() >= self.objects.ends_before(self.at) => continue,
                Ok(line) => line,
                Err(error @ (LineError::Newer(_) | LineError::CriticalExtension(_))) => {
                    return Err(self.newer(&error.to_string()));
                }
                Err(error) => return Err(self.damaged(offset, error.to_string())),
            };
            self.expected = line.sequence() + 1;
            if let Some(body) = segment_body(&line.body) {
                self.opener.segments.insert(line.segment(), body);
            }
            match line.body {
                Body::Control(control) if control.critical && control.kind().is_none() => {
                    return Err(self.newer(UNKNOWN_CONTROL));
                }
                Body::Chunk(chunk) if chunk.index == 0 => {
                    let place = ChunkPlace::new(&chunk, self.objects.name(self.at), offset);
                    self.places.insert(chunk.sequence, place);
                }
                Body::Entry {
                    line,
                    meta,
                    metadata_digest,
                } => {
                    let entry = self
                        .opener
                        .meta(line, *meta, metadata_digest)
                        .map_err(|error| self.not_opened(offset, error))
                        .and_then(|open| self.entry(offset, open));
                    if let Some(entry) = unless_expired(entry)? {
                        return Ok(Some(entry));
                    }
                }
                _ => {}
            }
        }
    }

    fn entry(&mut self, offset: u64, open: OpenLine) -> Result<Option<Entry>, ReadError> {
        let id = open.line.id;
        let (request, response) = if open.line.request.is_some() {
            if open.line.response.is_none() {
                if self.open.len() == OPEN {
                    self.open.pop_front();
                }
                self.open.push_back((id, open.clone()));
            }
            (open, None)
        } else {
            match self.open.iter().position(|(known, _)| *known == id) {
                Some(at) => match self.open.remove(at) {
                    Some((_, request)) => (request, Some(open)),
                    None => (open, None),
                },
                // Its request is older than what is followed.
                None => (open, None),
            }
        };
        if !self
            .filter
            .wants(&id, request.line.timestamp, &request.meta)
        {
            return Ok(None);
        }
        self.opener
            .entry(request, response, &self.places)
            .map(Some)
            .map_err(|error| self.not_opened(offset, error))
    }

    /// Whether the object that was active when it was opened has been sealed since.
    fn was_sealed(&mut self) -> Result<bool, ReadError> {
        let now = Objects::take(self.reader.files())?;
        let is_new = |name: &ObjectName| {
            *name != ObjectName::Active && !self.objects.names().any(|it| it == name)
        };
        Ok(now.names().any(is_new))
    }

    /// Goes to the object behind the present one; `false` if there is none.
    fn next_object(&mut self) -> Result<bool, ReadError> {
        let objects = Objects::take(self.reader.files())?;
        // Sealing changes the name of an object and never its place among the others; but some that
        // were before it may be gone, and it itself.
        let before: Vec<_> = self.objects.names().take(self.at).collect();
        let at = objects.names().filter(|name| before.contains(name)).count();
        let was = self.objects.names().nth(self.at);
        let is_gone = was.is_some_and(|was| {
            *was != ObjectName::Active && !objects.names().any(|name| name == was)
        });
        let next = if self.lines.is_some() && !is_gone {
            at + 1
        } else {
            at
        };
        if next >= objects.len() {
            return Ok(false);
        }
        self.at = at;
        if let Some(lines) = self.lines.as_mut().filter(|_| !is_gone) {
            lines.retry();
            let offset = lines.offset();
            let is_over = self.expected >= objects.ends_before(self.at);
            if !is_over && lines.next()?.is_some_and(|read| read.terminated) {
                // Written between the last look and the sealing: read it from where it is now.
                self.lines = Some(objects.lines_again(self.at, offset, self.expected)?);
                self.objects = objects;
                return Ok(true);
            }
        }
        self.lines = Some(objects.lines(next, 0)?);
        self.at = next;
        self.line_number = 0;
        self.objects = objects;
        Ok(true)
    }

    fn newer(&self, why: &str) -> ReadError {
        ReadError::Newer {
            object: object_label(self.objects.name(self.at)),
            line: self.line_number,
            why: why.to_owned(),
        }
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
}
