//! The lines of an object, in order and again.

use symlog_core::archive::ArchiveError;
use symlog_sink::Source;

/// Where a line lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) offset: u64,
    pub(super) len: usize,
}

pub(super) struct ObjectLines {
    source: Box<dyn Source>,
    end: u64,
    /// What is read ahead, and where it lies in the object.
    buffer: Vec<u8>,
    buffer_offset: u64,
    /// Where the next line begins.
    next: u64,
}

const BLOCK: usize = 1 << 20;
/// The longest line that there is.
const MAX_LINE: usize = 256 << 20;

impl ObjectLines {
    pub(super) fn new(source: Box<dyn Source>) -> Result<Self, ArchiveError> {
        let end = source.len()?;
        Ok(Self {
            source,
            end,
            buffer: Vec::new(),
            buffer_offset: 0,
            next: 0,
        })
    }

    pub(super) fn next(&mut self) -> Result<Option<(Span, &[u8])>, ArchiveError> {
        if self.next >= self.end {
            return Ok(None);
        }
        let mut searched = 0;
        let offset = self.next;
        let len = loop {
            let start = self.position(offset);
            let unsearched = self.buffer.get(start + searched..).unwrap_or_default();
            if let Some(at) = memchr::memchr(b'\n', unsearched) {
                break searched + at;
            }
            searched += unsearched.len();
            if searched > MAX_LINE || self.buffer_offset + self.buffer.len() as u64 >= self.end {
                return Err(ArchiveError::Line {
                    line: 0,
                    why: "the last line has no end, or is longer than a line may be",
                });
            }
            self.fill(offset)?;
        };
        self.next = offset + len as u64 + 1;
        let start = self.position(offset);
        let span = Span { offset, len };
        Ok(Some((span, &self.buffer[start..start + len])))
    }

    /// A line that was given out before.
    pub(super) fn at(&mut self, span: Span) -> Result<&[u8], ArchiveError> {
        let buffered = self.buffer_offset..self.buffer_offset + self.buffer.len() as u64;
        let end = span.offset + span.len as u64;
        if !buffered.contains(&span.offset) || end > buffered.end {
            self.buffer.clear();
            self.buffer_offset = span.offset;
            self.buffer.resize(span.len.max(64 << 10), 0);
            let read = self.source.read_at(span.offset, &mut self.buffer)?;
            self.buffer.truncate(read);
        }
        let start = self.position(span.offset);
        self.buffer
            .get(start..start + span.len)
            .ok_or(ArchiveError::Line {
                line: 0,
                why: "it was cut while it was archived",
            })
    }

    fn position(&self, offset: u64) -> usize {
        usize::try_from(offset.saturating_sub(self.buffer_offset)).unwrap_or(usize::MAX)
    }

    /// Reads another block, keeping what lies from `offset` on.
    fn fill(&mut self, offset: u64) -> Result<(), ArchiveError> {
        let keep = self.position(offset).min(self.buffer.len());
        self.buffer.drain(..keep);
        self.buffer_offset = offset;
        let filled = self.buffer.len();
        self.buffer
            .resize(filled + BLOCK.max(filled.min(16 << 20)), 0);
        let read = self
            .source
            .read_at(offset + filled as u64, &mut self.buffer[filled..])?;
        self.buffer.truncate(filled + read);
        if read == 0 {
            self.end = offset + filled as u64;
        }
        Ok(())
    }
}
