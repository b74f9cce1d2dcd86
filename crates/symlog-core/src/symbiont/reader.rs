//! Decrypted entries of a file, answers joined to their requests.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use symlog_sink::{SinkError, Source};

use super::cipher::Opener;
use super::entry::{damaged, is_wanted, join, open, open_entry};
use super::error::LineError;
use super::line::{UPDATE_PREFIX, parse_entry, parse_update, update_id};
use crate::interaction::EntryId;
use crate::read::{Entry, Filter, Lines, ReadError, SharedSource};

/// Where the newest answer to a request lies.
#[derive(Clone, Copy, Debug)]
struct UpdateAt {
    offset: u64,
    len: u32,
}

/// Reads what was in a file when it was opened, in the order of the requests.
///
/// The file is gone through twice: first for where the answers are, so that an entry comes with
/// its answer however late that was written; memory grows with the number of answers, by some 40
/// bytes each, and not with their length.
pub(crate) struct SymbiontEntries {
    source: Arc<dyn Source>,
    lines: Lines,
    line: u64,
    end: u64,
    updates: HashMap<EntryId, UpdateAt>,
    opener: Opener,
    filter: Filter,
    done: bool,
}

impl SymbiontEntries {
    pub(super) fn new(
        source: Box<dyn Source>,
        opener: Opener,
        filter: Filter,
    ) -> Result<Self, SinkError> {
        let source: Arc<dyn Source> = Arc::from(source);
        let end = source.len()?;
        Ok(Self {
            updates: index(&source, end)?,
            lines: Lines::new(Box::new(SharedSource(Arc::clone(&source)))),
            source,
            line: 0,
            end,
            opener,
            filter,
            done: false,
        })
    }

    /// The entry on the next line; `Ok(None)` where the line gives none of its own.
    fn step(&mut self) -> Option<Result<Option<Entry>, ReadError>> {
        if self.lines.offset() >= self.end {
            return None;
        }
        let read = match self.lines.next() {
            Ok(read) => read?,
            Err(error) => {
                self.done = true;
                return Some(Err(error.into()));
            }
        };
        self.line += 1;
        self.done = !read.terminated;
        let (line, offset) = (self.line, read.offset);
        let mut work = Work {
            source: &*self.source,
            updates: &mut self.updates,
            opener: &mut self.opener,
        };
        let outcome = if read.too_long {
            Err(Problem::Line(LineError::TooLong))
        } else if let Some(json) = read.bytes.strip_prefix(UPDATE_PREFIX) {
            work.update(json, offset).map(|()| None)
        } else if read.bytes.trim_ascii().is_empty() {
            Ok(None)
        } else {
            work.entry(read.bytes, line, &self.filter)
        };
        Some(outcome.map_err(|problem| match problem {
            Problem::Line(why) => damaged(line, offset, &why),
            Problem::Io(error) => {
                self.done = true;
                error.into()
            }
        }))
    }
}

impl Iterator for SymbiontEntries {
    type Item = Result<Entry, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.done {
            match self.step()? {
                Ok(None) => {}
                Ok(Some(entry)) => return Some(Ok(entry)),
                Err(error) => return Some(Err(error)),
            }
        }
        None
    }
}

impl fmt::Debug for SymbiontEntries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SymbiontEntries")
            .field("line", &self.line)
            .field("waiting_answers", &self.updates.len())
            .finish_non_exhaustive()
    }
}

/// Finds the newest answer to every request. What is damaged is left for the second pass to report.
fn index(source: &Arc<dyn Source>, end: u64) -> Result<HashMap<EntryId, UpdateAt>, SinkError> {
    let mut lines = Lines::new(Box::new(SharedSource(Arc::clone(source))));
    let mut updates = HashMap::new();
    while lines.offset() < end {
        let Some(read) = lines.next()? else { break };
        let terminated = read.terminated;
        if !read.too_long
            && let Some(json) = read.bytes.strip_prefix(UPDATE_PREFIX)
            && let Ok(id) = update_id(json)
            && let Ok(len) = u32::try_from(read.bytes.len())
        {
            let offset = read.offset;
            updates.insert(id, UpdateAt { offset, len });
        }
        if !terminated {
            break;
        }
    }
    Ok(updates)
}

enum Problem {
    Line(LineError),
    Io(SinkError),
}

impl From<LineError> for Problem {
    fn from(error: LineError) -> Self {
        Self::Line(error)
    }
}

/// What one line needs of the reader while the line itself is borrowed from it.
struct Work<'r> {
    source: &'r dyn Source,
    updates: &'r mut HashMap<EntryId, UpdateAt>,
    opener: &'r mut Opener,
}

impl Work<'_> {
    fn entry(
        &mut self,
        bytes: &[u8],
        line: u64,
        filter: &Filter,
    ) -> Result<Option<Entry>, Problem> {
        let parsed = parse_entry(bytes)?;
        let id = parsed.id;
        if !is_wanted(filter, &parsed)? {
            self.updates.remove(&id);
            return Ok(None);
        }
        let mut entry = open_entry(self.opener, parsed, line)?;
        if let Some(&at) = self.updates.get(&id) {
            match self.join(&mut entry, at) {
                Ok(()) => drop(self.updates.remove(&id)),
                // Reported with the line of the answer; until then the request is open.
                Err(Problem::Line(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Some(entry))
    }

    fn join(&mut self, entry: &mut Entry, at: UpdateAt) -> Result<(), Problem> {
        let mut line = vec![0; at.len as usize];
        let read = self
            .source
            .read_at(at.offset, &mut line)
            .map_err(Problem::Io)?;
        let json = line[..read]
            .strip_prefix(UPDATE_PREFIX)
            .ok_or(LineError::CutOff)?;
        Ok(join(self.opener, entry, parse_update(json)?)?)
    }

    /// An answer that is still in the index when its own line comes was not joined.
    fn update(&mut self, json: &[u8], offset: u64) -> Result<(), Problem> {
        let id = update_id(json)?;
        if self.updates.get(&id).is_none_or(|at| at.offset != offset) {
            return Ok(());
        }
        self.updates.remove(&id);
        if let Some(envelope) = &parse_update(json)?.response_data {
            open(self.opener, "response_data", envelope)?;
        }
        Err(LineError::Orphan.into())
    }
}
