//! What a log is like when it is opened for writing: where it ends, and what must be mended.
//!
//! Only what was never acknowledged is cut. The first line of every batch says up to which
//! sequence number the log was synced when the batch was written; bad bytes at or below the
//! highest such number are damage, which stays as evidence and is reported. Above it they are a
//! torn tail.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use symlog_crypto::CryptoProvider;
use symlog_keys::Keyring;
use symlog_sink::{ObjectName, Sink, Storage};

use super::units::{OpenRequest, Unit};
use crate::error::LoggingError;
use crate::format::{Body, ControlKind, EntryLine, Line, LineError, UnitBody, parse_line};
use crate::integrity::CompactRange;
use crate::interaction::EntryId;
use crate::read::{LineRead, Lines, SegmentTable, header_range, segment_body};
use crate::seal::open_unit_line;

/// Where a log ends.
#[derive(Debug, Default)]
pub(crate) struct LogState {
    pub(crate) next_sequence: u64,
    pub(crate) next_segment: u64,
    pub(crate) epoch: u64,
    pub(crate) period: Option<String>,
    /// Whether the next segment must begin a new object.
    pub(crate) roll: bool,
    pub(crate) range: CompactRange,
    /// The segment that the active object begins with.
    pub(crate) object_segment: Option<u64>,
    pub(crate) open_requests: Vec<(EntryId, OpenRequest)>,
    /// The body of a `recovered` line, where something was mended or found broken.
    pub(crate) recovered: Option<String>,
}

/// Beyond this an object is not appended to after a restart, so that opening stays quick.
const APPEND_BELOW: u64 = 8 << 20;

/// Reads the end of the log, cuts a torn tail, and makes sure that what is left is synced.
pub(super) fn recover(
    storage: &dyn Storage,
    sink: &mut dyn Sink,
    path: &Path,
    keyring: &Keyring,
    provider: &CryptoProvider,
) -> Result<LogState, LoggingError> {
    let mut scan = Scan::new(path, keyring, provider);
    if sink.is_empty() {
        // Nothing to mend; the last sealed object says where the log ends.
        let objects = storage.objects()?;
        if let Some(last) = objects.iter().rev().find(|o| **o != ObjectName::Active) {
            scan.read(Lines::new(storage.source(last)?))?;
        }
        let mut state = scan.finish()?;
        state.object_segment = None;
        return Ok(state);
    }
    scan.read(Lines::new(storage.source(&ObjectName::Active)?))?;
    if scan.range.is_none() && !scan.is_ours {
        return Err(LoggingError::Unreadable {
            path: path.to_owned(),
            message: "this file is no log of this format, and it is left as it is; \
                      choose another `log_file_path`, or, for a log of the Symbiont runtime, \
                      `format = \"symbiont\"`"
                .to_owned(),
        });
    }
    let torn_from = scan.torn_from();
    let mut state = scan.finish()?;
    if let Some(offset) = torn_from {
        let bytes = sink.len() - offset;
        tracing::warn!(bytes, path = %path.display(), "cut a torn tail that was never acknowledged");
        sink.truncate(offset)?;
        state.recovered = Some(format!("{{\"cut_bytes\":{bytes},\"offset\":{offset}}}"));
    }
    // Lines may have outlived the process that never came to sync them.
    sink.sync()?;
    if sink.is_empty() {
        state.object_segment = None;
    }
    state.roll |= sink.len() > APPEND_BELOW;
    Ok(state)
}

/// What is gathered while the lines go by.
struct Scan<'a> {
    path: &'a Path,
    keyring: &'a Keyring,
    segments: SegmentTable<'a>,
    /// The tree of the good lines before any bad one; `None` before the first header.
    range: Option<CompactRange>,
    first_segment: Option<u64>,
    last_segment: u64,
    epoch: u64,
    period: Option<String>,
    /// Offset of the first bad line.
    bad_from: Option<u64>,
    bad_lines: u64,
    /// Good lines behind the first bad one.
    behind: Vec<Line>,
    durable: Option<u64>,
    /// Whether the bytes are at least the beginning of a line of ours.
    is_ours: bool,
    open: HashMap<EntryId, (Box<EntryLine<'static>>, [u8; 32])>,
    units: Vec<(u64, u64, UnitBody)>,
}

impl<'a> Scan<'a> {
    fn new(path: &'a Path, keyring: &'a Keyring, provider: &'a CryptoProvider) -> Self {
        Self {
            path,
            keyring,
            segments: SegmentTable::new(keyring, provider),
            range: None,
            first_segment: None,
            last_segment: 0,
            epoch: 0,
            period: None,
            bad_from: None,
            bad_lines: 0,
            behind: Vec::new(),
            durable: None,
            is_ours: false,
            open: HashMap::new(),
            units: Vec::new(),
        }
    }

    fn read(&mut self, mut lines: Lines) -> Result<(), LoggingError> {
        while let Some(line) = lines.next()? {
            let terminated = line.terminated;
            self.line(&line)?;
            if !terminated {
                break;
            }
        }
        Ok(())
    }

    fn line(&mut self, read: &LineRead<'_>) -> Result<(), LoggingError> {
        if self.range.is_none() && self.bad_from.is_none() {
            self.is_ours = looks_like_ours(read.bytes);
        }
        let parsed = if read.terminated && !read.too_long {
            parse_line(read.bytes)
        } else {
            Err(LineError::NotCanonical)
        };
        let line = match parsed {
            Ok(line) if line.leaf == line.expected_leaf(&self.keyring.log_id()) => line,
            Err(error @ (LineError::Newer(_) | LineError::CriticalExtension(_))) => {
                return Err(self.unreadable(read.offset, &error.to_string()));
            }
            _ => {
                self.bad(read.offset);
                return Ok(());
            }
        };
        self.refuse_unknown_critical(&line, read.offset)?;
        if self.range.is_none()
            && let Some(body) = segment_body(&line.body)
        {
            self.range = header_range(&body);
            self.first_segment = Some(line.segment());
        }
        let expected = self.range.as_ref().map(CompactRange::size);
        self.durable = self.durable.max(line.durable);
        if expected == Some(line.sequence()) && self.bad_from.is_none() {
            self.take(line);
        } else {
            self.bad_from.get_or_insert(read.offset);
            self.behind.push(line);
        }
        Ok(())
    }

    fn bad(&mut self, offset: u64) {
        self.bad_lines += 1;
        self.bad_from.get_or_insert(offset);
    }

    fn unreadable(&self, offset: u64, why: &str) -> LoggingError {
        LoggingError::Unreadable {
            path: self.path.to_owned(),
            message: format!(
                "at byte {offset}: {why}; until then write to another `log_file_path`"
            ),
        }
    }

    fn refuse_unknown_critical(&self, line: &Line, offset: u64) -> Result<(), LoggingError> {
        match &line.body {
            Body::Control(control) if control.critical && control.kind().is_none() => Err(self
                .unreadable(
                    offset,
                    "a critical control line that this version does not know; update symlog",
                )),
            _ => Ok(()),
        }
    }

    /// Adds a good line to what the log is.
    fn take(&mut self, line: Line) {
        if let Some(range) = &mut self.range {
            range.push(line.leaf);
        }
        self.last_segment = self.last_segment.max(line.segment());
        if let Some(body) = segment_body(&line.body) {
            self.epoch = self.epoch.max(body.epoch);
            self.period = Some(body.period.clone());
            self.segments.insert(line.segment(), body);
        }
        match line.body {
            Body::Entry {
                line,
                metadata_digest,
                ..
            } => {
                if line.response.is_none() {
                    self.open.insert(line.id, (line, metadata_digest));
                } else if line.request.is_none() {
                    self.open.remove(&line.id);
                }
            }
            Body::Control(line) if line.kind() == Some(ControlKind::Unit) => {
                if let Ok(body) = serde_json::from_str(&line.body) {
                    self.units.push((line.segment, line.sequence, body));
                }
            }
            Body::Control(_) | Body::Chunk(_) => {}
        }
    }

    /// Where a torn tail begins; `None` if all is well, or if it is damage.
    fn torn_from(&self) -> Option<u64> {
        let expected = self.range.as_ref().map_or(0, CompactRange::size);
        let acknowledged = self.durable.is_some_and(|durable| durable >= expected);
        self.bad_from.filter(|_| !acknowledged)
    }

    fn finish(mut self) -> Result<LogState, LoggingError> {
        let torn = self.torn_from().is_some();
        let damaged_from = self.bad_from.filter(|_| !torn);
        let mut recovered = None;
        if let Some(offset) = damaged_from {
            let sequence = self.range.as_ref().map_or(0, CompactRange::size);
            tracing::warn!(
                path = %self.path.display(), offset, sequence,
                "the log is damaged below what was acknowledged; it is kept as it is, and a new object begins"
            );
            self.take_behind();
            recovered = Some(format!(
                "{{\"damaged_lines\":{},\"offset\":{offset},\"sequence\":{sequence}}}",
                self.bad_lines
            ));
        }
        self.assign_units()?;
        let open_requests = self.open_requests();
        let range = self.range.unwrap_or_default();
        Ok(LogState {
            next_sequence: range.size(),
            next_segment: self.first_segment.map_or(0, |_| self.last_segment + 1),
            epoch: self.epoch + u64::from(damaged_from.is_some()),
            period: self.period,
            roll: damaged_from.is_some(),
            range,
            object_segment: self.first_segment,
            open_requests,
            recovered,
        })
    }

    /// Goes on behind damage. A line that cannot be read has the zero leaf in the tree of the
    /// epoch that begins with this.
    fn take_behind(&mut self) {
        for line in std::mem::take(&mut self.behind) {
            let range = self.range.get_or_insert_default();
            if line.sequence() < range.size() {
                continue;
            }
            while range.size() < line.sequence() {
                range.push([0; 32]);
            }
            self.first_segment.get_or_insert(line.segment());
            self.take(line);
        }
    }

    /// The keyring learns of units that were named in the log and not yet in its own table.
    fn assign_units(&mut self) -> Result<(), LoggingError> {
        let log = self.keyring.log_id();
        let mut assigned = Vec::with_capacity(self.units.len());
        for (segment, sequence, body) in std::mem::take(&mut self.units) {
            let secrets = self.segments.secrets(segment)?;
            let (unit, digest) =
                open_unit_line(&secrets, self.segments.provider(), log, sequence, &body)?;
            assigned.push((digest, unit.0));
        }
        if !assigned.is_empty() {
            self.keyring.assign_units(&assigned)?;
        }
        Ok(())
    }

    /// Requests whose response may still come. One whose unit was erased meanwhile is left out.
    fn open_requests(&mut self) -> Vec<(EntryId, OpenRequest)> {
        let mut open: Vec<_> = std::mem::take(&mut self.open).into_iter().collect();
        open.sort_unstable_by_key(|(_, (line, _))| line.sequence);
        open.into_iter()
            .filter_map(|(id, (line, digest))| {
                let reference = self.segments.unit_of(&line, &digest).ok()?;
                let key = self.segments.unit_key(reference).ok()?;
                Some((
                    id,
                    OpenRequest {
                        class: line.class,
                        unit: key.map(|key| Arc::new(Unit { reference, key })),
                    },
                ))
            })
            .collect()
    }
}

/// Whether bytes that are no whole line may be the beginning of one of ours: a first line torn by
/// a crash, or the zeros that some file systems leave in the place of what was never synced.
fn looks_like_ours(bytes: &[u8]) -> bool {
    const START: &[u8] = b"{\"v\":";
    let shared = START.len().min(bytes.len());
    bytes[..shared] == START[..shared] || bytes.iter().all(|&b| b == 0)
}
