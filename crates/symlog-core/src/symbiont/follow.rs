//! The newest entries of a file, live.

use std::collections::VecDeque;
use std::fmt;

use symlog_sink::{ObjectName, Source};

use super::cipher::Opener;
use super::entry::{damaged, is_wanted, join, open_entry};
use super::error::LineError;
use super::file::SymbiontFile;
use super::line::{UPDATE_PREFIX, parse_entry, parse_update, update_id};
use crate::interaction::EntryId;
use crate::read::{Entry, Filter, Lines, ReadError};

/// Places of open requests kept for their answers; older ones are looked for in the file.
const OPEN: usize = 4096;

/// Where a request stands.
#[derive(Clone, Copy, Debug)]
struct RequestAt {
    id: EntryId,
    offset: u64,
    line: u64,
}

/// Follows a file. A request comes when it is logged, as open, and again with its answer.
pub(crate) struct SymbiontFollow {
    file: SymbiontFile,
    opener: Opener,
    filter: Filter,
    lines: Lines,
    line: u64,
    open: VecDeque<RequestAt>,
}

impl SymbiontFollow {
    pub(super) fn new(
        file: SymbiontFile,
        newest: usize,
        filter: Filter,
    ) -> Result<Self, ReadError> {
        let mut lines = Lines::new(source(&file)?);
        let mut starts = VecDeque::new();
        let mut line = 0;
        while let Some(read) = lines.next()? {
            if !read.terminated {
                break;
            }
            if read.bytes.starts_with(b"{") {
                starts.push_back((read.offset, line));
                if starts.len() > newest {
                    starts.pop_front();
                }
            }
            line += 1;
        }
        let (offset, line) = starts.front().copied().unwrap_or((lines.offset(), line));
        Ok(Self {
            lines: Lines::from_offset(source(&file)?, offset),
            opener: file.opener(),
            file,
            filter,
            line,
            open: VecDeque::new(),
        })
    }

    /// The next entry that is there; `None` if there is none yet. After an error the next call
    /// goes on behind the line.
    pub(crate) fn poll_next(&mut self) -> Result<Option<Entry>, ReadError> {
        loop {
            let read = self.lines.next()?.filter(|read| read.terminated);
            let Some(read) = read else {
                self.lines.retry();
                return Ok(None);
            };
            self.line += 1;
            let (line, offset) = (self.line, read.offset);
            let here = |why: LineError| damaged(line, offset, &why);
            if read.too_long {
                return Err(here(LineError::TooLong));
            }
            if let Some(json) = read.bytes.strip_prefix(UPDATE_PREFIX) {
                let id = update_id(json).map_err(here)?;
                let update = parse_update(json).map_err(here)?;
                let Some(at) = request_of(&mut self.open, &self.file, id, offset)? else {
                    return Err(here(LineError::Orphan));
                };
                let request = reread(&self.file, &mut self.opener, at, &self.filter)?;
                let Some(mut entry) = request else { continue };
                join(&mut self.opener, &mut entry, update).map_err(here)?;
                return Ok(Some(entry));
            }
            if read.bytes.trim_ascii().is_empty() {
                continue;
            }
            let parsed = parse_entry(read.bytes).map_err(here)?;
            if parsed.response_data.is_none() {
                if self.open.len() == OPEN {
                    self.open.pop_front();
                }
                let id = parsed.id;
                self.open.push_back(RequestAt { id, offset, line });
            }
            if is_wanted(&self.filter, &parsed).map_err(here)? {
                let entry = open_entry(&mut self.opener, parsed, line).map_err(here)?;
                return Ok(Some(entry));
            }
        }
    }
}

impl fmt::Debug for SymbiontFollow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SymbiontFollow")
            .field("file", &self.file)
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}

fn source(file: &SymbiontFile) -> Result<Box<dyn Source>, ReadError> {
    Ok(file.storage().source(&ObjectName::Active)?)
}

/// Where the request stands that is answered at offset `before`.
fn request_of(
    open: &mut VecDeque<RequestAt>,
    file: &SymbiontFile,
    id: EntryId,
    before: u64,
) -> Result<Option<RequestAt>, ReadError> {
    let known = open.iter().position(|at| at.id == id);
    if let Some(at) = known.and_then(|at| open.remove(at)) {
        return Ok(Some(at));
    }
    let start = format!("{{\"id\":\"{id}\",");
    let mut lines = Lines::new(source(file)?);
    let mut line = 0;
    while lines.offset() < before {
        let Some(read) = lines.next()? else { break };
        line += 1;
        if read.bytes.starts_with(start.as_bytes()) {
            let offset = read.offset;
            return Ok(Some(RequestAt { id, offset, line }));
        }
    }
    Ok(None)
}

/// The request in clear, if the filter wants it.
fn reread(
    file: &SymbiontFile,
    opener: &mut Opener,
    RequestAt { offset, line, .. }: RequestAt,
    filter: &Filter,
) -> Result<Option<Entry>, ReadError> {
    let mut lines = Lines::from_offset(source(file)?, offset);
    let Some(read) = lines.next()? else {
        return Ok(None);
    };
    let here = |why: LineError| damaged(line, offset, &why);
    let parsed = parse_entry(read.bytes).map_err(here)?;
    if !is_wanted(filter, &parsed).map_err(here)? {
        return Ok(None);
    }
    open_entry(opener, parsed, line).map(Some).map_err(here)
}
