//! Payloads that lie in chunk lines.

use std::collections::HashMap;
use std::fmt;
use std::io::{self, Read, Write};

use memchr::memmem::{self, Finder};
use serde::Deserialize;
use symlog_crypto::{CryptoProvider, Sha256};
use symlog_keys::Keyring;
use symlog_sink::ObjectName;

use super::error::ReadError;
use super::mend::Mend;
use super::objects::Objects;
use super::opener::Opener;
use super::whole::WholeReader;
use super::{Lines, SegmentTable, object_label, segment_body};
use crate::archive::LogFiles;
use crate::format::{Body, ChunkChain, ChunkLine, ChunkPart, MediaSpan, SegmentBody, parse_line};
use crate::interaction::EntryId;

/// What the closing line seals in the payload's place.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    first: u64,
    count: u32,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
    /// What of the payload other chains of the same unit hold, in the order of its places.
    #[serde(default)]
    pub(crate) media: Vec<MediaSpan>,
    /// The masked text of an error, where the response went into chunks.
    #[serde(default)]
    pub(crate) error: Option<String>,
}

impl Manifest {
    pub(crate) fn fits(&self, chain: ChunkChain) -> bool {
        self.first == chain.first && self.count == chain.count
    }

    /// Length of the payload.
    fn payload_bytes(&self) -> u64 {
        let media = self.media.iter().map(|span| span.bytes);
        media.fold(self.bytes, u64::saturating_add)
    }
}

/// Where a chain of chunks begins.
#[derive(Clone, Debug)]
pub(crate) struct ChunkPlace {
    pub(crate) id: EntryId,
    pub(crate) part: ChunkPart,
    /// The object and offset of the first chunk line.
    pub(crate) object: ObjectName,
    pub(crate) offset: u64,
    pub(crate) segment: u64,
    pub(crate) sequence: u64,
}

impl ChunkPlace {
    pub(crate) fn new(chunk: &ChunkLine<'_>, object: &ObjectName, offset: u64) -> Self {
        Self {
            id: chunk.id,
            part: chunk.part,
            object: object.clone(),
            offset,
            segment: chunk.segment,
            sequence: chunk.sequence,
        }
    }

    fn damaged(&self, why: &str) -> ReadError {
        let Self {
            id,
            part,
            object,
            offset,
            ..
        } = self;
        ReadError::Damaged {
            object: object_label(object),
            line: 0,
            offset: *offset,
            why: format!("{why} in the {} of entry {id}", part.as_str()),
        }
    }
}

/// Where chains begin, by the sequence number of their first line.
pub(crate) type ChunkPlaces = HashMap<u64, ChunkPlace>;

/// A chain of chunks, and what opens it.
#[derive(Clone)]
pub(crate) struct ChunkedPayload {
    pub(crate) files: LogFiles,
    pub(crate) provider: CryptoProvider,
    pub(crate) keyring: Keyring,
    pub(crate) place: ChunkPlace,
    /// What the segment's first line says in which the chain begins.
    pub(crate) segment: SegmentBody,
    /// `None` for a chain that has no end.
    pub(crate) manifest: Option<Manifest>,
    /// Where the chains begin that hold its media, in the order of the manifest. They are of the
    /// same segment.
    pub(crate) media: Vec<ChunkPlace>,
}

impl ChunkedPayload {
    pub(crate) fn byte_len(&self) -> u64 {
        self.manifest.as_ref().map_or(0, Manifest::payload_bytes)
    }

    /// Writes the payload, holding one chunk at a time.
    pub(crate) fn write_to(&self, out: &mut dyn Write) -> Result<(), ReadError> {
        let mut reader = WholeReader::new(self)?;
        while let Some(piece) = reader.next_piece()? {
            out.write_all(&piece)?;
        }
        Ok(())
    }

    pub(super) fn damaged(&self, why: &str) -> ReadError {
        self.place.damaged(why)
    }
}

/// The JSON text of a payload, read chunk by chunk. Made by [`Payload::reader`](super::Payload::reader).
///
/// What was read can be trusted as a whole only once the end was reached: length and digest of a
/// payload in chunks are checked there.
pub struct PayloadReader<'a> {
    chunks: Option<WholeReader<'a>>,
    piece: io::Cursor<Vec<u8>>,
}

impl<'a> PayloadReader<'a> {
    pub(super) fn inline(json: &str) -> Self {
        Self {
            chunks: None,
            piece: io::Cursor::new(json.as_bytes().to_vec()),
        }
    }

    pub(super) fn chunked(payload: &'a ChunkedPayload) -> Result<Self, ReadError> {
        Ok(Self {
            chunks: Some(WholeReader::new(payload)?),
            piece: io::Cursor::default(),
        })
    }
}

impl Read for PayloadReader<'_> {
    /// Errors of the log come as [`ReadError`] in an [`io::Error`].
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.piece.read(out)?;
            if read > 0 || out.is_empty() {
                return Ok(read);
            }
            let Some(chunks) = &mut self.chunks else {
                return Ok(0);
            };
            match chunks.next_piece() {
                Ok(Some(piece)) => self.piece = io::Cursor::new(piece),
                Ok(None) => self.chunks = None,
                Err(error) => {
                    self.chunks = None;
                    return Err(io::Error::other(error));
                }
            }
        }
    }
}

impl fmt::Debug for PayloadReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PayloadReader").finish_non_exhaustive()
    }
}

/// Goes over the lines from the first chunk on. Every chunk opens with the keys of its own line: a
/// chain may go on in another segment.
pub(super) struct ChunkReader<'a> {
    place: &'a ChunkPlace,
    /// What the chain was closed with; `None` for one without end, and where that is not asked.
    manifest: Option<&'a Manifest>,
    opener: Opener<'a>,
    objects: Objects,
    at: usize,
    lines: Option<Lines>,
    ours: Finder<'static>,
    header: Finder<'static>,
    /// The sequence number of the next line.
    sequence: u64,
    next: u32,
    hash: Sha256,
    bytes: u64,
    mend: Option<Mend>,
    is_over: bool,
}

impl<'a> ChunkReader<'a> {
    /// The payload's own chain.
    pub(super) fn of(payload: &'a ChunkedPayload) -> Result<Self, ReadError> {
        let mut reader = Self::at(payload, &payload.place)?;
        reader.manifest = payload.manifest.as_ref();
        reader.mend = reader.manifest.is_none().then(Mend::default);
        Ok(reader)
    }

    /// A chain of the segment in which the payload's own begins.
    pub(super) fn at(
        payload: &'a ChunkedPayload,
        place: &'a ChunkPlace,
    ) -> Result<Self, ReadError> {
        let ChunkedPayload {
            files,
            provider,
            keyring,
            segment,
            ..
        } = payload;
        let objects = Objects::take(files)?;
        let (at, offset) = locate(&objects, place)?;
        let lines = match at < objects.len() {
            true => Some(objects.lines(at, offset)?),
            false => None,
        };
        let mut segments = SegmentTable::new(keyring, provider);
        segments.insert(place.segment, segment.clone());
        let ours = format!(",\"id\":\"{}\",", place.id);
        Ok(Self {
            place,
            manifest: None,
            opener: Opener::new(segments, files.clone(), keyring.log_id()),
            objects,
            at,
            lines,
            ours: Finder::new(&ours).into_owned(),
            header: Finder::new(b",\"control\":\"segment\",").into_owned(),
            sequence: if offset > 0 { place.sequence } else { 0 },
            next: 0,
            hash: Sha256::new(),
            bytes: 0,
            mend: None,
            is_over: false,
        })
    }

    pub(super) fn next_piece(&mut self) -> Result<Option<Vec<u8>>, ReadError> {
        if self.is_over {
            return Ok(None);
        }
        let Some(chunk) = self.next_chunk()? else {
            self.is_over = true;
            return match self.mend.take() {
                Some(mend) => Ok(Some(mend.finish()).filter(|end| !end.is_empty())),
                None => Err(self.place.damaged("chunks are missing")),
            };
        };
        let last = chunk.last;
        let plaintext = self
            .opener
            .chunk(chunk)
            .map_err(|_| self.place.damaged("a chunk does not open"))?;
        self.next += 1;
        if let Some(mend) = &mut self.mend {
            let whole = mend.push(&plaintext);
            if last {
                self.is_over = true;
                let mut whole = whole;
                if let Some(mend) = self.mend.take() {
                    whole.extend(mend.finish());
                }
                return Ok(Some(whole));
            }
            return Ok(Some(whole));
        }
        self.hash.update(&plaintext);
        self.bytes += plaintext.len() as u64;
        if last {
            self.is_over = true;
            self.check()?;
        }
        Ok(Some(plaintext))
    }

    /// The next line of the chain; `None` at the end of the log.
    fn next_chunk(&mut self) -> Result<Option<ChunkLine<'static>>, ReadError> {
        while let Some(lines) = &mut self.lines {
            // What was written behind the log's end may be anything.
            let is_over = self.sequence >= self.objects.ends_before(self.at);
            let read = if is_over { None } else { lines.next()? };
            let Some(read) = read.filter(|read| read.terminated) else {
                // An object that lost its first line holds nothing of the log: counting on from the
                // object before tells that, where a first line would set the count.
                self.at += 1;
                self.lines = match self.at < self.objects.len() {
                    true => Some(self.objects.lines(self.at, 0)?),
                    false => None,
                };
                continue;
            };
            self.sequence += 1;
            let is_ours = self.ours.find(read.bytes).is_some();
            if !is_ours && self.header.find(read.bytes).is_none() {
                continue;
            }
            let Ok(line) = parse_line(read.bytes) else {
                match is_ours {
                    true => return Err(self.place.damaged("a chunk line is malformed")),
                    false => continue,
                }
            };
            if line.sequence() >= self.objects.ends_before(self.at) {
                continue;
            }
            self.sequence = line.sequence() + 1;
            if let Some(body) = segment_body(&line.body) {
                self.opener.segments.insert(line.segment(), body);
            }
            let ChunkPlace {
                id, part, sequence, ..
            } = self.place;
            let Body::Chunk(chunk) = line.body else {
                continue;
            };
            if chunk.id != *id || chunk.part != *part || chunk.sequence < *sequence {
                continue;
            }
            return self.in_order(*chunk);
        }
        Ok(None)
    }

    fn in_order(&self, chunk: ChunkLine<'static>) -> Result<Option<ChunkLine<'static>>, ReadError> {
        match self.manifest {
            Some(manifest) => {
                let last = self.next + 1 == manifest.count;
                if chunk.index != self.next || chunk.last != last {
                    return Err(self.place.damaged("the chunks are not in order"));
                }
            }
            // Without an end nothing says where a chain ends, but that it does not go on.
            None if chunk.index != self.next => return Ok(None),
            None => {}
        }
        Ok(Some(chunk))
    }

    fn check(&mut self) -> Result<(), ReadError> {
        let hash = std::mem::take(&mut self.hash).finish();
        let digest: String = hash.iter().map(|b| format!("{b:02x}")).collect();
        match self.manifest {
            Some(manifest) if self.bytes != manifest.bytes || digest != manifest.sha256 => {
                Err(self
                    .place
                    .damaged("the chunks are not those that the entry was closed with"))
            }
            _ => Ok(()),
        }
    }
}

/// Where the first chunk is now: the active object may have been sealed since it was read.
fn locate(objects: &Objects, place: &ChunkPlace) -> Result<(usize, u64), ReadError> {
    let known = (0..objects.len()).find(|at| *objects.name(*at) == place.object);
    let Some(at) = known else {
        return Ok((0, 0));
    };
    let first = format!(",\"seq\":{},\"id\":\"{}\",", place.sequence, place.id);
    let mut lines = objects.lines(at, place.offset)?;
    let is_there = lines
        .next()?
        .is_some_and(|read| memmem::find(read.bytes, first.as_bytes()).is_some());
    Ok(if is_there { (at, place.offset) } else { (0, 0) })
}
