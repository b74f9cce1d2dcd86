//! Payloads of which other chains hold the media.

use symlog_crypto::Sha256;

use super::chunks::{ChunkReader, ChunkedPayload};
use super::error::ReadError;
use crate::format::MediaSpan;

/// A payload with its media in place.
pub(super) struct WholeReader<'a> {
    payload: &'a ChunkedPayload,
    chain: ChunkReader<'a>,
    /// What was read of the chain and not given yet.
    piece: Vec<u8>,
    /// How much of the chain was given.
    given: u64,
    /// The media that comes next.
    next: usize,
    media: Option<MediaReader<'a>>,
}

/// A stretch of another chain.
struct MediaReader<'a> {
    span: &'a MediaSpan,
    chain: ChunkReader<'a>,
    skip: u64,
    left: u64,
    hash: Sha256,
}

impl<'a> WholeReader<'a> {
    pub(super) fn new(payload: &'a ChunkedPayload) -> Result<Self, ReadError> {
        Ok(Self {
            payload,
            chain: ChunkReader::of(payload)?,
            piece: Vec::new(),
            given: 0,
            next: 0,
            media: None,
        })
    }

    pub(super) fn next_piece(&mut self) -> Result<Option<Vec<u8>>, ReadError> {
        loop {
            if let Some(media) = &mut self.media {
                match media.next_piece(self.payload)? {
                    Some(piece) => return Ok(Some(piece)),
                    None => self.media = None,
                }
            }
            let spans = self.payload.manifest.as_ref().map(|it| &it.media[..]);
            let span = spans.and_then(|spans| spans.get(self.next));
            let whole = match span {
                Some(span) if span.at <= self.given => {
                    let Some(held) = self.payload.media.get(self.next) else {
                        return Err(self.payload.damaged("media is missing"));
                    };
                    self.media = Some(MediaReader {
                        span,
                        chain: ChunkReader::at(self.payload, held)?,
                        skip: span.offset,
                        left: span.bytes,
                        hash: Sha256::new(),
                    });
                    self.next += 1;
                    continue;
                }
                Some(span) => usize::try_from(span.at - self.given).unwrap_or(usize::MAX),
                None => usize::MAX,
            };
            if self.piece.is_empty() {
                match self.chain.next_piece()? {
                    Some(piece) => self.piece = piece,
                    None if span.is_some() => {
                        return Err(self.payload.damaged("media has a place that is not there"));
                    }
                    None => return Ok(None),
                }
            }
            let rest = self.piece.split_off(whole.min(self.piece.len()));
            let piece = std::mem::replace(&mut self.piece, rest);
            self.given += piece.len() as u64;
            return Ok(Some(piece));
        }
    }
}

impl MediaReader<'_> {
    fn next_piece(&mut self, payload: &ChunkedPayload) -> Result<Option<Vec<u8>>, ReadError> {
        while self.left > 0 {
            let Some(mut piece) = self.chain.next_piece()? else {
                return Err(payload.damaged("media is not where it was"));
            };
            let skip = self.skip.min(piece.len() as u64);
            self.skip -= skip;
            piece.drain(..skip as usize);
            if piece.is_empty() {
                continue;
            }
            piece.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
            self.left -= piece.len() as u64;
            self.hash.update(&piece);
            if self.left == 0 {
                self.check(payload)?;
            }
            return Ok(Some(piece));
        }
        Ok(None)
    }

    fn check(&mut self, payload: &ChunkedPayload) -> Result<(), ReadError> {
        let hash = std::mem::take(&mut self.hash).finish();
        let digest: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        match digest == self.span.sha256 {
            true => Ok(()),
            false => Err(payload.damaged("media is not what it was")),
        }
    }
}
