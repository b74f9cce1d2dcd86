//! Decrypted entries of a file, responses joined to their requests.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use serde_json::value::RawValue;
use symlog_crypto::{CryptoProvider, SecretBytes};
use symlog_sink::{SinkError, Source};

use super::cipher::Opener;
use super::error::LineError;
use super::line::{EntryLine, RawEnvelope, UPDATE_PREFIX, parse_entry, parse_update, update_id};
use crate::format::{Meta, MetaMap, Timestamp};
use crate::interaction::{EntryId, ModelInteractionType, TokenUsage};
use crate::read::Lines;

/// One entry in clear.
#[derive(Debug)]
pub(crate) struct SymbiontEntry {
    pub(crate) id: EntryId,
    pub(crate) agent_id: String,
    pub(crate) interaction_type: ModelInteractionType,
    /// As it stands in the file: RFC 3339.
    pub(crate) timestamp: String,
    pub(crate) latency_ms: u64,
    pub(crate) model_identifier: String,
    pub(crate) request_data: Box<RawValue>,
    /// None while the request is open.
    pub(crate) response_data: Option<Box<RawValue>>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) error: Option<String>,
    pub(crate) token_usage: Option<TokenUsage>,
    /// Number of the line, from 1.
    pub(crate) line: u64,
}

/// What stopped the reader, or one line only.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SymbiontReadError {
    /// Nothing comes after this.
    #[error(transparent)]
    Io(#[from] SinkError),
    /// Reading goes on with the next line.
    #[error("line {line} (byte {offset}) is damaged: {why}")]
    Line {
        line: u64,
        offset: u64,
        #[source]
        why: LineError,
    },
}

/// Decides by what stands in clear whether an entry is worth decrypting.
pub(crate) type Wanted = dyn Fn(&EntryId, Timestamp, &Meta<'_>) -> bool + Send;

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
pub(crate) struct SymbiontReader {
    source: Arc<dyn Source>,
    lines: Lines,
    line: u64,
    end: u64,
    updates: HashMap<EntryId, UpdateAt>,
    opener: Opener,
    wanted: Option<Box<Wanted>>,
    done: bool,
}

impl SymbiontReader {
    /// `passphrase` is the text of the logging key, whatever it looks like.
    pub(crate) fn open(
        source: Box<dyn Source>,
        passphrase: SecretBytes,
        provider: CryptoProvider,
    ) -> Result<Self, SinkError> {
        let source: Arc<dyn Source> = Arc::from(source);
        let end = source.len()?;
        Ok(Self {
            updates: index(&source, end)?,
            lines: Lines::new(Box::new(SharedSource(Arc::clone(&source)))),
            source,
            line: 0,
            end,
            opener: Opener::new(passphrase, provider),
            wanted: None,
            done: false,
        })
    }

    /// Gives and decrypts only the entries for which `wanted` holds.
    pub(crate) fn matching(mut self, wanted: Box<Wanted>) -> Self {
        self.wanted = Some(wanted);
        self
    }

    /// The entry on the next line; `Ok(None)` where the line gives none of its own.
    fn step(&mut self) -> Option<Result<Option<SymbiontEntry>, SymbiontReadError>> {
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
            work.entry(read.bytes, line, self.wanted.as_deref())
        };
        Some(outcome.map_err(|problem| match problem {
            Problem::Line(why) => SymbiontReadError::Line { line, offset, why },
            Problem::Io(error) => {
                self.done = true;
                error.into()
            }
        }))
    }
}

impl Iterator for SymbiontReader {
    type Item = Result<SymbiontEntry, SymbiontReadError>;

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

impl fmt::Debug for SymbiontReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SymbiontReader")
            .field("line", &self.line)
            .field("open_updates", &self.updates.len())
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
        wanted: Option<&Wanted>,
    ) -> Result<Option<SymbiontEntry>, Problem> {
        let parsed = parse_entry(bytes)?;
        let at = Timestamp::parse_rfc3339(&parsed.timestamp).map_err(|_| LineError::Timestamp)?;
        if wanted.is_some_and(|wanted| !wanted(&parsed.id, at, &meta(&parsed))) {
            self.updates.remove(&parsed.id);
            return Ok(None);
        }
        let EntryLine {
            id,
            agent_id,
            interaction_type,
            timestamp,
            latency_ms,
            model_identifier,
            request_data,
            response_data,
            metadata,
            error,
            token_usage,
        } = parsed;
        let request_data = request_data.ok_or(LineError::NoRequest)?;
        let mut entry = SymbiontEntry {
            id,
            agent_id: agent_id.into_owned(),
            interaction_type,
            timestamp: timestamp.into_owned(),
            latency_ms,
            model_identifier: model_identifier.into_owned(),
            request_data: self.open("request_data", &request_data)?,
            response_data: match response_data {
                Some(envelope) => Some(self.open("response_data", &envelope)?),
                None => None,
            },
            metadata,
            error,
            token_usage,
            line,
        };
        if let Some(&at) = self.updates.get(&entry.id) {
            match self.join(&mut entry, at) {
                Ok(()) => drop(self.updates.remove(&entry.id)),
                // Reported with the line of the answer; the request is open as long.
                Err(Problem::Line(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Some(entry))
    }

    fn join(&mut self, entry: &mut SymbiontEntry, at: UpdateAt) -> Result<(), Problem> {
        let mut line = vec![0; at.len as usize];
        let read = self
            .source
            .read_at(at.offset, &mut line)
            .map_err(Problem::Io)?;
        let json = line[..read]
            .strip_prefix(UPDATE_PREFIX)
            .ok_or(LineError::CutOff)?;
        let update = parse_update(json)?;
        if let Some(envelope) = &update.response_data {
            entry.response_data = Some(self.open("response_data", envelope)?);
        }
        entry.latency_ms = update.latency_ms.unwrap_or(entry.latency_ms);
        entry.token_usage = update.token_usage.or(entry.token_usage);
        entry.error = update.error.or(entry.error.take());
        Ok(())
    }

    /// An answer that is still in the index when its own line comes was not joined.
    fn update(&mut self, json: &[u8], offset: u64) -> Result<(), Problem> {
        let id = update_id(json)?;
        if self.updates.get(&id).is_none_or(|at| at.offset != offset) {
            return Ok(());
        }
        self.updates.remove(&id);
        let update = parse_update(json)?;
        if let Some(envelope) = &update.response_data {
            self.open("response_data", envelope)?;
        }
        Err(LineError::Orphan.into())
    }

    fn open(
        &mut self,
        name: &'static str,
        envelope: &RawEnvelope<'_>,
    ) -> Result<Box<RawValue>, LineError> {
        self.opener
            .open(envelope)
            .map_err(|source| LineError::Envelope {
                envelope: name,
                source,
            })
    }
}

/// What a filter sees of an entry: the slots come from the metadata keys that stand for them.
fn meta<'a>(line: &'a EntryLine<'_>) -> Meta<'a> {
    let slot = |key: &str| line.metadata.get(key).map(|text| text.as_str().into());
    Meta {
        agent_id: Some((&*line.agent_id).into()),
        kind: Some(line.interaction_type),
        latency_ms: Some(line.latency_ms),
        model: Some((&*line.model_identifier).into()),
        metadata: MetaMap::default(),
        error: line.error.as_deref().map(Into::into),
        tokens: line.token_usage,
        conversation: slot("conversation_id"),
        tenant: slot("tenant"),
        trace: slot("trace_id"),
        parent: slot("parent_id"),
        masked: Vec::new(),
    }
}

/// One open file for the lines and for the answers that lie elsewhere in it.
#[derive(Debug)]
struct SharedSource(Arc<dyn Source>);

#[deny(clippy::missing_trait_methods)]
impl Source for SharedSource {
    fn len(&self) -> Result<u64, SinkError> {
        self.0.len()
    }

    fn is_empty(&self) -> Result<bool, SinkError> {
        self.0.is_empty()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, SinkError> {
        self.0.read_at(offset, buf)
    }
}
