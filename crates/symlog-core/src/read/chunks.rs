//! Payloads that lie in chunk lines.

use std::io::Write;
use std::sync::Arc;

use serde::Deserialize;
use symlog_crypto::{CryptoProvider, Prk, Sha256};
use symlog_sink::{ObjectName, Storage};

use super::error::ReadError;
use super::{Lines, object_label};
use crate::format::{Body, ChunkChain, ChunkPart, parse_line};
use crate::interaction::EntryId;
use crate::seal::{Field, Place, open_field};

/// What the closing line seals in the payload's place.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    first: u64,
    count: u32,
    bytes: u64,
    sha256: String,
    /// The masked text of an error, where the response went into chunks.
    #[serde(default)]
    pub(crate) error: Option<String>,
}

impl Manifest {
    pub(crate) fn fits(&self, chain: ChunkChain) -> bool {
        self.first == chain.first && self.count == chain.count
    }
}

/// Where a chain of chunks begins and how it opens.
#[derive(Clone)]
pub(crate) struct ChunkedPayload {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) provider: CryptoProvider,
    pub(crate) prk: Arc<Prk>,
    pub(crate) log: [u8; 16],
    pub(crate) id: EntryId,
    pub(crate) part: ChunkPart,
    pub(crate) manifest: Manifest,
    /// The object and offset of the first chunk line.
    pub(crate) object: ObjectName,
    pub(crate) offset: u64,
}

impl ChunkedPayload {
    pub(crate) fn byte_len(&self) -> u64 {
        self.manifest.bytes
    }

    /// Writes the payload, holding one chunk at a time.
    pub(crate) fn write_to(&self, out: &mut dyn Write) -> Result<(), ReadError> {
        let objects = self.storage.objects()?;
        let (from, offset) = self.locate(&objects)?;
        let needle = format!(",\"id\":\"{}\",", self.id);
        let finder = memchr::memmem::Finder::new(&needle);
        let mut hash = Sha256::new();
        let (mut next, mut bytes) = (0, 0u64);
        for (at, object) in objects.iter().enumerate().skip(from) {
            let offset = if at == from { offset } else { 0 };
            let mut lines = Lines::from_offset(self.storage.source(object)?, offset);
            while let Some(read) = lines.next()? {
                if !read.terminated {
                    break;
                }
                if finder.find(read.bytes).is_none() {
                    continue;
                }
                let Some(plaintext) = self.open(read.bytes, next)? else {
                    continue;
                };
                hash.update(&plaintext);
                bytes += plaintext.len() as u64;
                out.write_all(&plaintext)?;
                next += 1;
                if next == self.manifest.count {
                    return self.check(bytes, hash);
                }
            }
        }
        Err(self.damaged("chunks are missing"))
    }

    /// Where the first chunk is now: the active object may have been sealed since it was read.
    fn locate(&self, objects: &[ObjectName]) -> Result<(usize, u64), ReadError> {
        let Some(at) = objects.iter().position(|object| *object == self.object) else {
            return Ok((0, 0));
        };
        let first = format!(",\"seq\":{},\"id\":\"{}\",", self.manifest.first, self.id);
        let mut lines = Lines::from_offset(self.storage.source(&objects[at])?, self.offset);
        let is_there = lines
            .next()?
            .is_some_and(|read| memchr::memmem::find(read.bytes, first.as_bytes()).is_some());
        Ok(if is_there { (at, self.offset) } else { (0, 0) })
    }

    fn check(&self, bytes: u64, hash: Sha256) -> Result<(), ReadError> {
        let digest: String = hash.finish().iter().map(|b| format!("{b:02x}")).collect();
        if bytes == self.manifest.bytes && digest == self.manifest.sha256 {
            Ok(())
        } else {
            Err(self.damaged("the chunks are not those that the entry was closed with"))
        }
    }

    /// The plaintext of the chunk with index `index`, if the line is that.
    fn open(&self, line: &[u8], index: u32) -> Result<Option<Vec<u8>>, ReadError> {
        let Ok(line) = parse_line(line) else {
            return Err(self.damaged("a chunk line is malformed"));
        };
        let Body::Chunk(chunk) = line.body else {
            return Ok(None);
        };
        if chunk.id != self.id || chunk.part != self.part || chunk.sequence < self.manifest.first {
            return Ok(None);
        }
        if chunk.index != index || chunk.last != (index + 1 == self.manifest.count) {
            return Err(self.damaged("the chunks are not in order"));
        }
        let place = Place {
            log: self.log,
            segment: chunk.segment,
            sequence: chunk.sequence,
            field: match self.part {
                ChunkPart::Request => Field::Request,
                ChunkPart::Response => Field::Response,
            },
            chunk: chunk.index,
            last: chunk.last,
            salt: chunk.data.salt,
        };
        let digest = chunk.place_digest();
        let mut buffer = chunk.data.ciphertext.into_owned();
        open_field(
            self.provider.aead(chunk.data.algorithm),
            &self.prk,
            &place,
            &chunk.id,
            &digest,
            Some(&chunk.data.nonce),
            &mut buffer,
        )
        .map_err(|_| self.damaged("a chunk does not open"))?;
        Ok(Some(buffer))
    }

    fn damaged(&self, why: &str) -> ReadError {
        ReadError::Damaged {
            object: object_label(&self.object),
            line: 0,
            offset: self.offset,
            why: format!("{why} in the {} of entry {}", self.part.as_str(), self.id),
        }
    }
}
