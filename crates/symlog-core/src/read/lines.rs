//! The lines of one object, in bounded memory.

use symlog_sink::{SinkError, Source};

use crate::archive::{ArchivedObject, Form, IdPrefix};
use crate::format::MAX_LINE_BYTES;

/// What is read first: often one line is wanted of each of many objects.
const FIRST_BLOCK: usize = 16 << 10;
const BLOCK: usize = 256 << 10;

/// A run of bytes up to a newline, or up to the end.
#[derive(Debug)]
pub(crate) struct LineRead<'a> {
    pub(crate) offset: u64,
    /// Without the newline.
    pub(crate) bytes: &'a [u8],
    /// Whether there was a newline.
    pub(crate) terminated: bool,
    /// Whether the line was longer than a line may be; `bytes` is then its beginning.
    pub(crate) too_long: bool,
    /// Whether it is the line as it was written, and not the outline that an archive has of it.
    pub(crate) whole: bool,
}

/// Reads one object line by line.
#[derive(Debug)]
pub(crate) enum Lines {
    /// An object as it was written; offsets are in bytes.
    File(FileLines),
    /// An archived object; offsets are numbers of rows.
    Archived(ArchivedLines),
}

impl Lines {
    pub(crate) fn new(source: Box<dyn Source>) -> Self {
        Self::from_offset(source, 0)
    }

    pub(crate) fn from_offset(source: Box<dyn Source>, offset: u64) -> Self {
        Self::File(FileLines::from_offset(source, offset))
    }

    pub(crate) fn archived(object: Box<dyn ArchivedObject>, row: u64, form: Form) -> Self {
        Self::Archived(ArchivedLines {
            object,
            row,
            form,
            id: None,
            buffer: Vec::new(),
        })
    }

    /// Passes over what does not have such an id, where that is quickly told.
    pub(crate) fn of_id(mut self, id: Option<IdPrefix>) -> Self {
        if let Self::Archived(lines) = &mut self {
            lines.id = id;
        }
        self
    }

    /// Offset of the next line.
    pub(crate) fn offset(&self) -> u64 {
        match self {
            Self::File(lines) => lines.offset,
            Self::Archived(lines) => lines.row,
        }
    }

    /// Looks again for bytes after an end was reached.
    pub(crate) fn retry(&mut self) {
        if let Self::File(lines) = self {
            lines.at_end = false;
        }
    }

    /// The next line; `None` at the end. What follows the last newline comes as a line that is
    /// not terminated, and is not given out: after [`retry`](Self::retry) it comes again, longer.
    pub(crate) fn next(&mut self) -> Result<Option<LineRead<'_>>, SinkError> {
        match self {
            Self::File(lines) => lines.next(),
            Self::Archived(lines) => lines.next(),
        }
    }

    /// The line at `offset`, which was given out before, as it was written; `None` where it was
    /// given out so.
    pub(crate) fn whole(&mut self, offset: u64) -> Result<Option<LineRead<'_>>, SinkError> {
        match self {
            Self::Archived(lines) if lines.form == Form::Outline => {
                lines.read(offset, Form::Whole).map(Some)
            }
            _ => Ok(None),
        }
    }
}

/// The lines of an archived object.
#[derive(Debug)]
pub(crate) struct ArchivedLines {
    object: Box<dyn ArchivedObject>,
    row: u64,
    form: Form,
    id: Option<IdPrefix>,
    buffer: Vec<u8>,
}

impl ArchivedLines {
    fn next(&mut self) -> Result<Option<LineRead<'_>>, SinkError> {
        if let Some(id) = &self.id {
            self.row = self.object.seek(self.row, id);
        }
        if self.row >= self.object.rows() {
            return Ok(None);
        }
        let row = self.row;
        self.row += 1;
        self.read(row, self.form).map(Some)
    }

    fn read(&mut self, row: u64, form: Form) -> Result<LineRead<'_>, SinkError> {
        self.buffer.clear();
        let form = self.object.line(row, form, &mut self.buffer)?;
        Ok(LineRead {
            offset: row,
            bytes: &self.buffer,
            terminated: true,
            too_long: false,
            whole: form == Form::Whole,
        })
    }
}

/// The lines of an object that lies as it was written.
#[derive(Debug)]
pub(crate) struct FileLines {
    source: Box<dyn Source>,
    buffer: Vec<u8>,
    /// Bytes of `buffer` already given out.
    start: usize,
    /// Offset in the object of `buffer[start]`.
    offset: u64,
    at_end: bool,
}

impl FileLines {
    fn from_offset(source: Box<dyn Source>, offset: u64) -> Self {
        Self {
            source,
            buffer: Vec::new(),
            start: 0,
            offset,
            at_end: false,
        }
    }

    fn next(&mut self) -> Result<Option<LineRead<'_>>, SinkError> {
        // Counted from `start`, which filling the buffer moves.
        let mut searched = 0;
        let (end, terminated, too_long) = loop {
            let unsearched = self.start + searched;
            if let Some(at) = memchr::memchr(b'\n', &self.buffer[unsearched..]) {
                break (unsearched + at, true, false);
            }
            searched = self.buffer.len() - self.start;
            if searched > MAX_LINE_BYTES {
                break (self.buffer.len(), false, true);
            }
            if self.at_end || !self.fill()? {
                break (self.buffer.len(), false, false);
            }
        };
        if too_long {
            return self.skip_long().map(Some);
        }
        let (start, offset) = (self.start, self.offset);
        if !terminated {
            if end == start {
                return Ok(None);
            }
            return Ok(Some(LineRead {
                offset,
                bytes: &self.buffer[start..end],
                terminated,
                too_long,
                whole: true,
            }));
        }
        self.offset += (end + 1 - start) as u64;
        self.start = end + 1;
        Ok(Some(LineRead {
            offset,
            bytes: &self.buffer[start..end],
            terminated,
            too_long,
            whole: true,
        }))
    }

    /// Reads another block behind what is buffered; `false` at the end.
    fn fill(&mut self) -> Result<bool, SinkError> {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        let filled = self.buffer.len();
        // A long line is read in ever longer steps, so that its cost stays linear.
        let block = match self.buffer.capacity() {
            0 => FIRST_BLOCK,
            _ => BLOCK.max(filled.min(16 << 20)),
        };
        self.buffer.resize(filled + block, 0);
        let read = self
            .source
            .read_at(self.offset + filled as u64, &mut self.buffer[filled..])?;
        self.buffer.truncate(filled + read);
        self.at_end = read == 0;
        Ok(read > 0)
    }

    /// Passes over a line that is longer than any that was ever written.
    fn skip_long(&mut self) -> Result<LineRead<'_>, SinkError> {
        let offset = self.offset;
        let mut position = offset + (self.buffer.len() - self.start) as u64;
        self.buffer.truncate(self.start + 1024);
        let mut block = vec![0; BLOCK];
        let terminated = loop {
            let read = self.source.read_at(position, &mut block)?;
            if read == 0 {
                break false;
            }
            if let Some(at) = memchr::memchr(b'\n', &block[..read]) {
                position += at as u64 + 1;
                break true;
            }
            position += read as u64;
        };
        let head = self.buffer.split_off(self.start);
        self.buffer = head;
        self.offset = position;
        self.start = self.buffer.len();
        Ok(LineRead {
            offset,
            bytes: &self.buffer,
            terminated,
            too_long: true,
            whole: true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use symlog_sink::{MemoryStorage, ObjectName, Storage};

    fn lines_of(bytes: &[u8]) -> Lines {
        let storage = MemoryStorage::new();
        storage.lock().unwrap().append(bytes).unwrap();
        Lines::new(storage.source(&ObjectName::Active).unwrap())
    }

    #[test]
    fn lines_come_with_their_offsets_and_the_rest_is_marked() {
        let mut lines = lines_of(b"one\n\nthree\nrest");
        let mut seen = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            let text = String::from_utf8(line.bytes.to_vec()).unwrap();
            let terminated = line.terminated;
            seen.push((line.offset, text, terminated));
            if !terminated {
                break;
            }
        }
        let expected = [
            (0, "one".to_owned(), true),
            (4, String::new(), true),
            (5, "three".to_owned(), true),
            (11, "rest".to_owned(), false),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn lines_longer_than_a_block_are_whole() {
        let long = "x".repeat(3 * BLOCK + 17);
        let mut lines = lines_of(format!("{long}\nshort\n").as_bytes());
        assert_eq!(lines.next().unwrap().unwrap().bytes, long.as_bytes());
        assert_eq!(lines.next().unwrap().unwrap().bytes, b"short");
        assert!(lines.next().unwrap().is_none());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn lines_are_those_of_a_split(
            lengths in proptest::collection::vec(0usize..2 * BLOCK, 1..8),
        ) {
            let mut bytes = Vec::new();
            for (i, length) in lengths.iter().enumerate() {
                bytes.extend(std::iter::repeat_n(b'a' + i as u8, *length));
                bytes.push(b'\n');
            }
            let mut lines = lines_of(&bytes);
            let mut offset = 0;
            for expected in bytes.split_inclusive(|&b| b == b'\n') {
                let line = lines.next().unwrap().unwrap();
                prop_assert_eq!(line.offset, offset);
                prop_assert!(line.bytes == &expected[..expected.len() - 1]);
                offset += expected.len() as u64;
            }
            prop_assert!(lines.next().unwrap().is_none());
        }
    }

    #[test]
    fn what_is_appended_later_is_seen_after_a_retry() {
        let storage = MemoryStorage::new();
        let mut sink = storage.lock().unwrap();
        sink.append(b"one\ntw").unwrap();
        let mut lines = Lines::new(storage.source(&ObjectName::Active).unwrap());
        assert_eq!(lines.next().unwrap().unwrap().bytes, b"one");
        assert!(!lines.next().unwrap().unwrap().terminated);
        sink.append(b"o\n").unwrap();
        lines.retry();
        let line = lines.next().unwrap().unwrap();
        assert_eq!((line.bytes, line.terminated), (&b"two"[..], true));
    }
}
