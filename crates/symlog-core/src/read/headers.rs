//! The first lines of the segments of one object, found without reading what lies between them.

use std::sync::Arc;

use memchr::memchr;
use memchr::memmem::Finder;
use symlog_sink::{SinkError, Source};

use super::objects::SharedSource;
use super::{Lines, segment_body};
use crate::format::{SegmentBody, parse_line};

/// What is read at a time: many lines, and in a small object all.
const WINDOW: usize = 64 << 10;
/// Every line begins with its version and its segment's number.
const BEFORE_NUMBER: &[u8] = b"{\"v\":1,\"seg\":";

/// The segments' first lines of one object, in order.
///
/// Segments follow each other with rising numbers, and every line begins with its segment's: the next segment is
/// found by looking at ever longer distances, then by halving. Where a line is not what was written, all from there
/// on is read instead.
#[derive(Debug)]
pub(super) struct Headers {
    probe: Probe,
    next: Step,
}

#[derive(Debug)]
enum Step {
    /// A segment may begin with the line at this offset.
    At(u64),
    /// Every line from here on is looked at.
    Scan(Lines),
    Over,
}

impl Headers {
    pub(super) fn of(source: Box<dyn Source>) -> Self {
        Self {
            probe: Probe::new(Arc::from(source)),
            next: Step::At(0),
        }
    }

    /// The next segment's number, and what its first line says.
    pub(super) fn next(&mut self) -> Result<Option<(u64, SegmentBody)>, SinkError> {
        loop {
            match &mut self.next {
                Step::Over => return Ok(None),
                Step::Scan(lines) => {
                    let found = scan(lines)?;
                    if found.is_none() {
                        self.next = Step::Over;
                    }
                    return Ok(found);
                }
                Step::At(offset) => {
                    let offset = *offset;
                    let header = self.header(offset)?;
                    let after = match &header {
                        Some((segment, _)) => self.probe.end_of_segment(offset, *segment)?,
                        None => None,
                    };
                    self.next = match after {
                        Some(end) if end < self.probe.len => Step::At(end),
                        Some(_) => Step::Over,
                        None => Step::Scan(self.probe.lines(offset)),
                    };
                    // What is scanned begins with this line, too.
                    if after.is_some() && header.is_some() {
                        return Ok(header);
                    }
                }
            }
        }
    }

    /// The segment that begins with the line at this offset.
    fn header(&mut self, offset: u64) -> Result<Option<(u64, SegmentBody)>, SinkError> {
        let mut lines = self.probe.lines(offset);
        let Some(read) = lines.next()?.filter(|read| read.terminated) else {
            return Ok(None);
        };
        let line = parse_line(read.bytes).ok();
        Ok(line.and_then(|line| Some((line.segment(), segment_body(&line.body)?))))
    }
}

fn scan(lines: &mut Lines) -> Result<Option<(u64, SegmentBody)>, SinkError> {
    let finder = Finder::new(b"\"control\":\"segment\"");
    while let Some(read) = lines.next()? {
        if !read.terminated && !read.too_long {
            break;
        }
        let line = finder
            .find(read.bytes)
            .and_then(|_| parse_line(read.bytes).ok());
        let found = line.and_then(|line| Some((line.segment(), segment_body(&line.body)?)));
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Looks at lines anywhere in an object.
#[derive(Debug)]
struct Probe {
    source: Arc<dyn Source>,
    /// What is looked at; a line that is appended meanwhile is not there yet.
    len: u64,
    window: Vec<u8>,
    /// Offset of the window.
    start: u64,
}

/// What was found at an offset.
enum Found {
    /// A line that begins at this offset, in the segment of this number.
    Line(u64, u64),
    /// No line begins there or behind.
    End,
    /// Something that is no line.
    Other,
}

impl Probe {
    fn new(source: Arc<dyn Source>) -> Self {
        let len = source.len().unwrap_or(0);
        Self {
            source,
            len,
            window: Vec::new(),
            start: 0,
        }
    }

    fn lines(&self, offset: u64) -> Lines {
        Lines::from_offset(Box::new(SharedSource(Arc::clone(&self.source))), offset)
    }

    /// The bytes from `offset` on that are at hand; none at the end.
    fn bytes(&mut self, offset: u64) -> Result<&[u8], SinkError> {
        let end = self.start + self.window.len() as u64;
        if !(self.start..end).contains(&offset) {
            let wanted = self.len.saturating_sub(offset).min(WINDOW as u64) as usize;
            self.window.resize(wanted, 0);
            self.start = offset;
            let mut filled = 0;
            while filled < wanted {
                let read = self
                    .source
                    .read_at(offset + filled as u64, &mut self.window[filled..])?;
                if read == 0 {
                    break;
                }
                filled += read;
            }
            self.window.truncate(filled);
        }
        let from = (offset - self.start) as usize;
        Ok(self.window.get(from..).unwrap_or_default())
    }

    /// The first line that begins at `offset`, which is not 0, or behind it.
    fn line_from(&mut self, offset: u64) -> Result<Found, SinkError> {
        let mut at = offset - 1;
        let begins = loop {
            let bytes = self.bytes(at)?;
            if bytes.is_empty() {
                return Ok(Found::End);
            }
            match memchr(b'\n', bytes) {
                Some(newline) => break at + newline as u64 + 1,
                None => at += bytes.len() as u64,
            }
        };
        if begins >= self.len {
            return Ok(Found::End);
        }
        // The number may lie across the end of the window.
        let longest = BEFORE_NUMBER.len() as u64 + 21;
        let window_end = self.start + self.window.len() as u64;
        if begins + longest > window_end && window_end < self.len {
            self.window.clear();
        }
        let bytes = self.bytes(begins)?;
        let number = bytes.strip_prefix(BEFORE_NUMBER).and_then(|rest| {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            (rest.get(digits) == Some(&b',')).then_some(&rest[..digits])
        });
        let number = number.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
        Ok(match number {
            Some(segment) => Found::Line(begins, segment),
            None => Found::Other,
        })
    }

    /// Where the segment ends that has the line at `offset`; `None` where lines do not tell.
    fn end_of_segment(&mut self, offset: u64, segment: u64) -> Result<Option<u64>, SinkError> {
        let mut inside = offset;
        let mut step = WINDOW as u64;
        // The first line from `probe` on is the one at `end`, which is not the segment's.
        let (mut probe, mut end) = loop {
            let probe = inside.saturating_add(step);
            match self.line_from(probe)? {
                Found::Line(at, number) if number == segment => {
                    inside = at;
                    step = step.saturating_mul(2);
                }
                Found::Line(at, _) => break (probe, at),
                Found::End => break (probe, self.len),
                Found::Other => return Ok(None),
            }
        };
        while inside + 1 < probe {
            let middle = inside + (probe - inside) / 2;
            match self.line_from(middle)? {
                Found::Line(at, number) if number == segment => inside = at,
                Found::Line(at, _) => (probe, end) = (middle, at),
                Found::End => (probe, end) = (middle, self.len),
                Found::Other => return Ok(None),
            }
        }
        Ok(Some(end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use symlog_sink::{MemoryStorage, ObjectName, Storage};

    fn probe_of(bytes: &[u8]) -> Probe {
        let storage = MemoryStorage::new();
        storage.lock().unwrap().append(bytes).unwrap();
        Probe::new(Arc::from(storage.source(&ObjectName::Active).unwrap()))
    }

    fn line(segment: u64, length: usize) -> String {
        format!(
            "{{\"v\":1,\"seg\":{segment},\"seq\":0,\"{}\"}}\n",
            "x".repeat(length)
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn segments_end_where_the_next_begins(
            segments in proptest::collection::vec(
                proptest::collection::vec(
                    prop_oneof![4 => 0usize..300, 1 => 60_000usize..200_000],
                    1..40,
                ),
                1..6,
            ),
            first in 0u64..1000,
            torn in any::<bool>(),
        ) {
            let mut text = String::new();
            let mut ends = Vec::new();
            for (number, lengths) in (first..).zip(&segments) {
                lengths.iter().for_each(|length| text.push_str(&line(number, *length)));
                ends.push(text.len() as u64);
            }
            if torn {
                // What has no end is of the last segment.
                text.pop();
                *ends.last_mut().unwrap() -= 1;
            }
            let mut probe = probe_of(text.as_bytes());
            let mut offset = 0;
            for (number, end) in (first..).zip(ends) {
                let found = probe.end_of_segment(offset, number).unwrap();
                prop_assert_eq!(found, Some(end), "segment {}", number);
                offset = end;
            }
        }
    }

    #[test]
    fn what_is_no_line_is_not_passed_over() {
        let text = line(7, 10) + "not a line\n" + &line(8, 10);
        let mut probe = probe_of(text.as_bytes());
        assert_eq!(probe.end_of_segment(0, 7).unwrap(), None);
    }
}
