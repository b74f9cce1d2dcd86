//! Frames on their way to and from a file: compressed, cut into pieces, sealed.

use symlog_core::archive::{ArchiveError, LineCodec, PiecePlace, UnitId};
use symlog_crypto::{Sha256, TAG_LEN};
use symlog_sink::{NewAttachment, Operation, SinkError, Source};
use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::CParameter;

use crate::error::FormatError;

/// What the file begins with.
pub(crate) const MAGIC: &[u8; 16] = b"symlog frames 1\n";
/// Compressed bytes that are sealed together.
pub(crate) const PIECE: usize = 256 << 10;
/// Payload bytes at which a frame is closed: all of it lies within the window, and one entry is read
/// by decompressing no more than this.
pub(crate) const FRAME: usize = 8 << 20;
const WINDOW_LOG: u32 = 23;
/// What a frame can have at most: a whole one, and an entry as long as a line may be.
const MAX_PLAIN: u64 = (FRAME + (256 << 20)) as u64;
/// The number of the frame that is a directory.
pub(crate) const DIRECTORY: u64 = u64::MAX;

/// Which key a frame is under.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FrameKey {
    pub(crate) segment: u64,
    pub(crate) class: u16,
    pub(crate) unit: UnitId,
    pub(crate) salt: [u8; 16],
    pub(crate) number: u64,
}

impl FrameKey {
    fn piece(&self, piece: u32, last: bool) -> PiecePlace {
        PiecePlace {
            segment: self.segment,
            class: self.class,
            unit: self.unit,
            salt: self.salt,
            frame: self.number,
            piece,
            last,
        }
    }
}

/// The level for payloads. Of conversations, 3 gives 8 per cent more bytes and 8 gives 1 per cent fewer;
/// an archive is then made in four fifths and in six fifths of the time.
const LEVEL: i32 = 6;
/// The level for payloads of no unit: nearly all of each is new, which higher levels take their time over and
/// make little shorter.
const LOOSE_LEVEL: i32 = 3;

/// Below this many bytes nothing is far away from anything: the search for what is costs more than it
/// finds.
const SHORT: usize = 1 << 20;

/// Compresses one frame after another.
pub(crate) struct Squeezer {
    short: Compressor<'static>,
    long: Compressor<'static>,
    /// For what does not belong together.
    loose: Compressor<'static>,
}

impl Squeezer {
    pub(crate) fn new() -> Result<Self, FormatError> {
        let long = |level| {
            let mut long = Compressor::new(level)?;
            long.set_parameter(CParameter::WindowLog(WINDOW_LOG))?;
            long.set_parameter(CParameter::EnableLongDistanceMatching(true))?;
            Ok::<_, FormatError>(long)
        };
        Ok(Self {
            short: Compressor::new(LEVEL)?,
            long: long(LEVEL)?,
            loose: long(LOOSE_LEVEL)?,
        })
    }

    /// Compresses the payloads of a unit.
    pub(crate) fn squeeze_unit(
        &mut self,
        unit: UnitId,
        plain: &[u8],
    ) -> Result<Vec<u8>, FormatError> {
        match unit {
            UnitId::NONE => Ok(self.loose.compress(plain)?),
            _ => self.squeeze(plain),
        }
    }

    pub(crate) fn squeeze(&mut self, plain: &[u8]) -> Result<Vec<u8>, FormatError> {
        let compressor = match plain.len() < SHORT {
            true => &mut self.short,
            false => &mut self.long,
        };
        Ok(compressor.compress(plain)?)
    }
}

/// Decompresses one frame after another.
#[derive(Default)]
pub(crate) struct Unsqueezer(Option<Decompressor<'static>>);

impl Unsqueezer {
    /// The payloads of a frame, of which there are `plain` bytes.
    pub(crate) fn unsqueeze(
        &mut self,
        compressed: &[u8],
        plain: u64,
    ) -> Result<Vec<u8>, FormatError> {
        const WRONG: FormatError = FormatError::Frames("a frame has another length than it says");
        if plain > MAX_PLAIN {
            return Err(FormatError::Frames("a frame claims to be longer than any"));
        }
        let capacity = usize::try_from(plain).map_err(|_| WRONG)?;
        let decompressor = match &mut self.0 {
            Some(decompressor) => decompressor,
            none => none.insert(Decompressor::new()?),
        };
        let bytes = decompressor.decompress(compressed, capacity)?;
        if bytes.len() == capacity {
            Ok(bytes)
        } else {
            Err(WRONG)
        }
    }
}

/// The frames file while it is written.
pub(crate) struct Frames<'a> {
    out: &'a mut dyn NewAttachment,
    hash: Sha256,
    offset: u64,
}

impl<'a> Frames<'a> {
    pub(crate) fn begin(out: &'a mut dyn NewAttachment) -> Result<Self, ArchiveError> {
        let mut frames = Self {
            out,
            hash: Sha256::new(),
            offset: 0,
        };
        frames.append(MAGIC)?;
        Ok(frames)
    }

    /// Seals `compressed` and appends it; gives its offset and length in the file.
    pub(crate) fn add(
        &mut self,
        codec: &mut LineCodec,
        key: &FrameKey,
        compressed: &[u8],
    ) -> Result<(u64, u64), ArchiveError> {
        let offset = self.offset;
        let count = compressed.len().div_ceil(PIECE).max(1);
        for at in 0..count {
            let start = at * PIECE;
            let end = compressed.len().min(start + PIECE);
            let mut buffer = Vec::with_capacity(end - start + TAG_LEN);
            buffer.extend_from_slice(&compressed[start..end]);
            codec.seal_piece(&key.piece(at as u32, at + 1 == count), &mut buffer)?;
            self.append(&buffer)?;
        }
        Ok((offset, self.offset - offset))
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        self.out.append(bytes)?;
        self.hash.update(bytes);
        self.offset += bytes.len() as u64;
        Ok(())
    }

    /// Length and SHA-256 of the file.
    pub(crate) fn finish(self) -> (u64, [u8; 32]) {
        (self.offset, self.hash.finish())
    }
}

/// Reads and opens what [`Frames::add`] wrote.
pub(crate) fn open(
    codec: &mut LineCodec,
    source: &dyn Source,
    key: &FrameKey,
    (offset, sealed): (u64, u64),
) -> Result<Vec<u8>, ArchiveError> {
    let len = source.len()?;
    let is_there = offset.checked_add(sealed).is_some_and(|end| end <= len);
    if !is_there || sealed > MAX_PLAIN * 2 {
        return Err(damaged("they end before a frame does"));
    }
    let mut bytes = vec![0; usize::try_from(sealed).map_err(|_| damaged("a frame is too long"))?];
    if source.read_at(offset, &mut bytes)? != bytes.len() {
        return Err(damaged("they end before a frame does"));
    }
    let count = bytes.len().div_ceil(PIECE + TAG_LEN).max(1);
    let mut compressed = Vec::with_capacity(bytes.len());
    for (at, sealed) in bytes.chunks(PIECE + TAG_LEN).enumerate() {
        let mut piece = sealed.to_vec();
        codec.open_piece(&key.piece(at as u32, at + 1 == count), &mut piece)?;
        compressed.append(&mut piece);
    }
    Ok(compressed)
}

/// What is wrong with the files, as storages say what is wrong with theirs.
pub(crate) fn damaged(why: &'static str) -> ArchiveError {
    format(FormatError::Frames(why))
}

pub(crate) fn format(error: FormatError) -> ArchiveError {
    ArchiveError::Storage(SinkError::Io {
        operation: Operation::Read,
        path: "archive".into(),
        source: std::io::Error::other(error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_any_kind_come_back() {
        let mut squeezer = Squeezer::new().unwrap();
        let mut unsqueezer = Unsqueezer::default();
        for plain in [&b""[..], b"one", &[7; 300_000]] {
            let squeezed = squeezer.squeeze(plain).unwrap();
            let again = unsqueezer.unsqueeze(&squeezed, plain.len() as u64);
            assert_eq!(again.unwrap(), plain);
        }
    }

    #[test]
    fn a_bomb_takes_no_more_memory_than_it_claims_and_may_not_claim_much() {
        // 1 GiB of zeros in 32 KiB.
        let mut encoder = zstd::stream::Encoder::new(Vec::new(), 1).unwrap();
        let zeros = vec![0; 1 << 20];
        for _ in 0..1 << 10 {
            std::io::Write::write_all(&mut encoder, &zeros).unwrap();
        }
        let bomb = encoder.finish().unwrap();
        assert!(bomb.len() < 200 << 10, "{}", bomb.len());
        let mut unsqueezer = Unsqueezer::default();
        for claimed in [0, 1, 1 << 20, MAX_PLAIN + 1, u64::MAX] {
            assert!(unsqueezer.unsqueeze(&bomb, claimed).is_err(), "{claimed}");
        }
        // What follows a refused one is read as ever.
        let squeezed = Squeezer::new().unwrap().squeeze(b"after").unwrap();
        assert_eq!(unsqueezer.unsqueeze(&squeezed, 5).unwrap(), b"after");
        for len in 0..squeezed.len() {
            assert!(
                unsqueezer.unsqueeze(&squeezed[..len], 5).is_err(),
                "cut at {len}"
            );
        }
        for claimed in [4, 6] {
            assert!(
                unsqueezer.unsqueeze(&squeezed, claimed).is_err(),
                "{claimed}"
            );
        }
    }
}
