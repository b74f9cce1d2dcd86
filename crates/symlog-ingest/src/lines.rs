//! Lines of bounded length from a stream that may be compressed.

use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};

use flate2::bufread::MultiGzDecoder;
use memchr::memchr;

/// How much of the beginning is looked at, at most.
const MOST: usize = 512;

/// A stream whose first bytes were looked at and put back.
type Peeked<R> = Chain<Cursor<Vec<u8>>, R>;

enum Stream<R: BufRead> {
    Plain(Peeked<R>),
    // Boxed: the decoder's window is large beside the other variant.
    Gzip(Box<Peeked<BufReader<MultiGzDecoder<Peeked<R>>>>>),
}

pub(crate) struct Lines<R: BufRead> {
    stream: Stream<R>,
    head: Vec<u8>,
    /// Above this a line is long.
    long: usize,
    limit: usize,
    number: u64,
    line: Vec<u8>,
    /// Bytes of the line so far.
    length: u64,
}

/// What [`Lines::advance`] came to.
pub(crate) enum Advanced {
    /// A line of at most the limit, now in [`Lines::line`].
    Line,
    /// The beginning of a long line, now in [`Lines::line`].
    Long,
    /// A line of this many bytes, which was passed over.
    TooLong(u64),
    End,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn open(mut input: R, long: usize, limit: usize) -> io::Result<Self> {
        let head = peek(&mut input)?;
        let gzip = head.starts_with(&[0x1f, 0x8b]);
        let plain = Cursor::new(head.clone()).chain(input);
        let (stream, head) = if gzip {
            let mut text = BufReader::new(MultiGzDecoder::new(plain));
            let head = peek(&mut text)?;
            let stream = Cursor::new(head.clone()).chain(text);
            (Stream::Gzip(Box::new(stream)), head)
        } else {
            (Stream::Plain(plain), head)
        };
        Ok(Self {
            stream,
            head,
            long: long.min(limit),
            limit,
            number: 0,
            line: Vec::new(),
            length: 0,
        })
    }

    pub(crate) fn is_gzip(&self) -> bool {
        matches!(self.stream, Stream::Gzip(_))
    }

    /// The first bytes of the (decompressed) input.
    pub(crate) fn head(&self) -> &[u8] {
        &self.head
    }

    /// The number of the line that was read last, counted from 1.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn line(&self) -> &[u8] {
        &self.line
    }

    /// Gives the memory of an unusually long line back.
    pub(crate) fn release(&mut self) {
        const KEEP: usize = 1 << 20;
        if self.line.capacity() > KEEP {
            self.line = Vec::new();
        }
    }

    /// Reads the next line, without its line feed, or as much of it as tells that it is long.
    pub(crate) fn advance(&mut self) -> io::Result<Advanced> {
        self.line.clear();
        self.length = 0;
        self.read(self.long)
    }

    /// Reads the rest of a long line.
    pub(crate) fn go_on(&mut self) -> io::Result<Advanced> {
        self.read(usize::MAX)
    }

    fn read(&mut self, stop_above: usize) -> io::Result<Advanced> {
        let limit = self.limit;
        let mut length = self.length;
        let stream: &mut dyn BufRead = match &mut self.stream {
            Stream::Plain(stream) => stream,
            Stream::Gzip(stream) => stream,
        };
        loop {
            let chunk = match stream.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            if chunk.is_empty() {
                if length == 0 {
                    return Ok(Advanced::End);
                }
                break;
            }
            // No further than where a line is known to be long: the rest may be read elsewhere.
            let most = match (stop_above as u64).checked_sub(length) {
                Some(left) => usize::try_from(left)
                    .unwrap_or(usize::MAX)
                    .saturating_add(1),
                None => usize::MAX,
            };
            let chunk = &chunk[..chunk.len().min(most)];
            let end = memchr(b'\n', chunk);
            let part = &chunk[..end.unwrap_or(chunk.len())];
            if length == 0 {
                self.number += 1;
            }
            length += part.len() as u64;
            if length <= limit as u64 {
                self.line.extend_from_slice(part);
            } else {
                self.line = Vec::new();
            }
            let used = part.len() + usize::from(end.is_some());
            stream.consume(used);
            if end.is_some() {
                if length == 0 {
                    return Ok(Advanced::Line);
                }
                break;
            }
            if length > stop_above as u64 && length <= limit as u64 {
                self.length = length;
                return Ok(Advanced::Long);
            }
        }
        if length > limit as u64 {
            return Ok(Advanced::TooLong(length));
        }
        Ok(Advanced::Line)
    }

    /// The long line that was begun, to be read byte by byte.
    pub(crate) fn long(&mut self) -> LongLine<'_> {
        let head = std::mem::take(&mut self.line);
        let bytes = head.len() as u64;
        let stream: &mut dyn BufRead = match &mut self.stream {
            Stream::Plain(stream) => stream,
            Stream::Gzip(stream) => stream,
        };
        LongLine {
            head: Cursor::new(head),
            stream,
            bytes,
            is_over: false,
            failed: None,
        }
    }

    /// Reads all that is left, up to the limit.
    pub(crate) fn rest(&mut self) -> io::Result<Advanced> {
        self.number = 1;
        self.line.clear();
        let stream: &mut dyn BufRead = match &mut self.stream {
            Stream::Plain(stream) => stream,
            Stream::Gzip(stream) => stream,
        };
        stream
            .take(self.limit as u64 + 1)
            .read_to_end(&mut self.line)?;
        if self.line.len() <= self.limit {
            return Ok(Advanced::Line);
        }
        self.line = Vec::new();
        let beyond = io::copy(stream, &mut io::sink())?;
        Ok(Advanced::TooLong(self.limit as u64 + 1 + beyond))
    }
}

/// A line that is read byte by byte.
pub(crate) struct LongLine<'a> {
    head: Cursor<Vec<u8>>,
    stream: &'a mut dyn BufRead,
    bytes: u64,
    is_over: bool,
    failed: Option<io::Error>,
}

impl LongLine<'_> {
    /// Goes to the end of the line; says how long it was.
    pub(crate) fn finish(mut self) -> io::Result<u64> {
        io::copy(&mut self, &mut io::sink())?;
        match self.failed.take() {
            Some(error) => Err(error),
            None => Ok(self.bytes),
        }
    }

    fn read_stream(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let chunk = loop {
            match self.stream.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Borrowed anew, since what this gives may not be kept over the loop.
                Ok(_) => break self.stream.fill_buf()?,
                Err(error) => return Err(error),
            }
        };
        let chunk = &chunk[..chunk.len().min(out.len())];
        let end = memchr(b'\n', chunk);
        let part = &chunk[..end.unwrap_or(chunk.len())];
        let read = part.len();
        out[..read].copy_from_slice(part);
        self.is_over = end.is_some() || chunk.is_empty();
        self.stream.consume(read + usize::from(end.is_some()));
        self.bytes += read as u64;
        Ok(read)
    }
}

impl Read for LongLine<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.head.read(out)?;
        if read > 0 || self.is_over || out.is_empty() {
            return Ok(read);
        }
        self.head = Cursor::default();
        self.read_stream(out).or_else(|error| {
            // Whoever reads may say it in other words, or not at all.
            self.is_over = true;
            self.failed = Some(error);
            Ok(0)
        })
    }
}

/// Takes as much from the beginning as tells gzip, protobuf and text apart, and no more: behind a
/// pipe the next byte may be an hour away.
fn peek(input: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    loop {
        let enough = match head.first() {
            None => 1,
            // What protobuf begins with is a line feed in a text.
            Some(b'\n') => 16,
            Some(_) => 2,
        };
        if head.len() >= enough {
            return Ok(head);
        }
        let chunk = match input.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        if chunk.is_empty() {
            return Ok(head);
        }
        let taken = chunk.len().min(MOST);
        head.extend_from_slice(&chunk[..taken]);
        input.consume(taken);
    }
}
