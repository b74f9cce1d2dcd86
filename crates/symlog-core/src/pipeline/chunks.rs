//! Payloads that are too large for one line, cut into chains of chunks.

use symlog_crypto::sha256;

use crate::format::{ChunkChain, ChunkPart, MediaSpan};
use crate::mask::{Masked, push_error_text};

/// How a masked entry is cut: decided before its lines are sealed, because their number decides
/// the sequence numbers of everything after them.
#[derive(Clone, Copy, Debug)]
pub(super) struct ChunkPlan {
    chunk_bytes: usize,
    /// Chunks of the request and of the response; 0 where it stays on the line.
    counts: [u32; 2],
}

/// One chunk of a payload.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) part: ChunkPart,
    pub(super) index: u32,
    pub(super) last: bool,
    pub(super) range: std::ops::Range<usize>,
}

impl ChunkPlan {
    pub(super) fn new(masked: &Masked, chunk_bytes: usize) -> Self {
        let count = |plaintext: &Option<Vec<u8>>| match plaintext {
            Some(bytes) if bytes.len() > chunk_bytes => {
                u32::try_from(bytes.len().div_ceil(chunk_bytes)).unwrap_or(u32::MAX)
            }
            _ => 0,
        };
        Self {
            chunk_bytes,
            counts: [count(&masked.request), count(&masked.response)],
        }
    }

    /// Stores `bytes` of one payload in a chain, however few.
    pub(super) fn chain_of(&mut self, part: ChunkPart, bytes: usize) {
        let count = u32::try_from(bytes.div_ceil(self.chunk_bytes)).unwrap_or(u32::MAX);
        self.counts[part as usize] = count.max(1);
    }

    /// The place of the first chunk of one payload, if the first line of all has `sequence`.
    pub(super) fn first(&self, part: ChunkPart, sequence: u64) -> u64 {
        match part {
            ChunkPart::Request => sequence,
            ChunkPart::Response => sequence + u64::from(self.counts[0]),
        }
    }

    /// Chunk lines; the closing entry line is one more.
    pub(super) fn lines(&self) -> u64 {
        self.counts.iter().copied().map(u64::from).sum()
    }

    /// Batches that they are handed on in: one for each chunk, and one for the closing line, so
    /// that a worker holds no more than a chunk in sealed form.
    pub(super) fn batches(&self) -> u64 {
        self.lines() + 1
    }

    /// The chunks of one payload, in order.
    pub(super) fn pieces(&self, part: ChunkPart, len: usize) -> impl Iterator<Item = Piece> {
        let (count, size) = (self.counts[part as usize], self.chunk_bytes);
        (0..count).map(move |index| {
            let start = index as usize * size;
            Piece {
                part,
                index,
                last: index + 1 == count,
                range: start..len.min(start + size),
            }
        })
    }

    /// The chain of a payload whose first chunk has the sequence number `first`.
    pub(super) fn chain(&self, part: ChunkPart, first: u64) -> Option<ChunkChain> {
        let count = self.counts[part as usize];
        (count > 0).then_some(ChunkChain { first, count })
    }
}

/// Length and SHA-256 of a payload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Digest {
    pub(crate) bytes: u64,
    pub(crate) sha256: [u8; 32],
}

impl Digest {
    pub(super) fn of(plaintext: &[u8]) -> Self {
        Self {
            bytes: plaintext.len() as u64,
            sha256: sha256(&[plaintext]),
        }
    }
}

/// What the closing line seals in a payload's place: it binds the chain's place, length and
/// content, so that no chunk can be left out, moved or exchanged. `media` is what of the payload
/// other chains hold, `error` the masked text of an error.
pub(super) fn manifest(
    chain: ChunkChain,
    digest: Digest,
    media: &[MediaSpan],
    error: Option<&str>,
) -> Vec<u8> {
    let sha256 = hex(&digest.sha256);
    let ChunkChain { first, count } = chain;
    let bytes = digest.bytes;
    let mut out =
        format!("{{\"first\":{first},\"count\":{count},\"bytes\":{bytes},\"sha256\":\"{sha256}\"")
            .into_bytes();
    for (i, span) in media.iter().enumerate() {
        out.extend_from_slice(if i == 0 { b",\"media\":[" } else { b"," });
        span.write(&mut out);
    }
    if !media.is_empty() {
        out.push(b']');
    }
    match error {
        Some(text) => push_error_text(&mut out, text),
        None => out.push(b'}'),
    }
    out
}

pub(super) fn hex(digest: &[u8; 32]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
