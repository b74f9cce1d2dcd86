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
use crate::seal::{SecretsError, open_unit_line};

/// Where a log ends.
#[derive(Debug)]
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
    let mut sealed = storage.objects()?;
    sealed.retain(|object| *object != ObjectName::Active);
    let begins_with_header = |object: &_| begins_with_header(storage, object, &keyring.log_id());
    if !begins_with_header(&ObjectName::Active)? {
        // Only the objects before it know how much of the log there was.
        let mut from = sealed.len().saturating_sub(1);
        while from > 0 && !begins_with_header(&sealed[from])? {
            from -= 1;
        }
        for object in sealed.get(from..).unwrap_or_default() {
            scan.read(Lines::new(storage.source(object)?))?;
        }
    }
    scan.in_active = true;
    if !sink.is_empty() {
        scan.read(Lines::new(storage.source(&ObjectName::Active)?))?;
        if !scan.is_ours {
            return Err(LoggingError::Unreadable {
                path: path.to_owned(),
                message: "this file is no log of this format, and it is left as it is; \
                          choose another `log_file_path`, or, for a log of the Symbiont runtime, \
                          `format = \"symbiont\"`"
                    .to_owned(),
            });
        }
    }
    let cut = scan.cut_from.filter(|_| scan.is_torn());
    let mut state = scan.finish()?;
    if let Some(offset) = cut {
        let bytes = sink.len() - offset;
        tracing::warn!(bytes, path = %path.display(), "cut a torn tail that was never acknowledged");
        sink.truncate(offset)?;
        state.recovered = Some(format!("{{\"cut_bytes\":{bytes},\"offset\":{offset}}}"));
    }
    // Lines may have outlived the process that never came to sync them.
    sink.sync()?;
    // An object that lost its first line left no trace but its name.
    if let Some(ObjectName::Sealed(name)) = sealed.last()
        && let Ok(number) = name.parse::<u64>()
    {
        state.next_segment = state.next_segment.max(number.saturating_add(1));
    }
    state.roll |= sink.len() > APPEND_BELOW;
    Ok(state)
}

/// Whether an object's first line is the first line of a segment, and whole.
fn begins_with_header(
    storage: &dyn Storage,
    object: &ObjectName,
    log: &[u8; 16],
) -> Result<bool, LoggingError> {
    let mut lines = Lines::new(storage.source(object)?);
    let Some(read) = lines.next()?.filter(|read| read.terminated) else {
        return Ok(false);
    };
    Ok(parse_line(read.bytes)
        .ok()
        .filter(|line| line.has_its_leaf(log))
        .and_then(|line| segment_body(&line.body))
        .is_some_and(|body| header_range(&body).is_some()))
}

/// What is gathered while the lines go by.
struct Scan<'a> {
    path: &'a Path,
    keyring: &'a Keyring,
    segments: SegmentTable<'a>,
    /// The tree of the good lines before any bad one; `None` before the first header.
    range: Option<CompactRange>,
    /// Whether the active object is being read.
    in_active: bool,
    /// The segment that the active object begins with.
    object_segment: Option<u64>,
    last_segment: Option<u64>,
    epoch: u64,
    period: Option<String>,
    /// Offset in its object of the first bad line.
    bad_from: Option<u64>,
    bad_lines: u64,
    /// Offset in the active object of the first line that cannot be continued from.
    cut_from: Option<u64>,
    /// Good lines behind the first bad one.
    behind: Vec<Line>,
    durable: Option<u64>,
    /// Whether the active object's bytes are at least the beginning of a line of ours.
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
            in_active: false,
            object_segment: None,
            last_segment: None,
            epoch: 0,
            period: None,
            bad_from: None,
            bad_lines: 0,
            cut_from: None,
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
        if self.in_active && read.offset == 0 {
            self.is_ours = looks_like_ours(read);
        }
        let parsed = if read.terminated && !read.too_long {
            parse_line(read.bytes)
        } else {
            Err(LineError::NotCanonical)
        };
        let line = match parsed {
            Ok(line) if line.has_its_leaf(&self.keyring.log_id()) => line,
            Err(error @ (LineError::Newer(_) | LineError::CriticalExtension(_))) => {
                return Err(self.unreadable(read.offset, &error.to_string()));
            }
            _ => {
                self.bad(read.offset);
                return Ok(());
            }
        };
        self.refuse_unknown_critical(&line, read.offset)?;
        // Behind a bad line a header would hide that something is missing before it.
        if self.range.is_none()
            && self.bad_from.is_none()
            && let Some(body) = segment_body(&line.body)
        {
            self.range = header_range(&body);
        }
        let expected = self.range.as_ref().map(CompactRange::size);
        self.durable = self.durable.max(line.durable);
        if let Body::Tombstone(tombstone) = &line.body {
            // Nothing is erased before the line that allows it is synced.
            self.durable = self.durable.max(Some(tombstone.allowed_by));
        }
        if expected == Some(line.sequence()) && self.bad_from.is_none() {
            self.take(line);
        } else {
            self.cannot_continue(read.offset);
            if self.in_active {
                self.object_segment.get_or_insert(line.segment());
            }
            self.behind.push(line);
        }
        Ok(())
    }

    fn bad(&mut self, offset: u64) {
        self.bad_lines += 1;
        self.cannot_continue(offset);
    }

    fn cannot_continue(&mut self, offset: u64) {
        self.bad_from.get_or_insert(offset);
        if self.in_active {
            self.cut_from.get_or_insert(offset);
        }
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
        self.last_segment = self.last_segment.max(Some(line.segment()));
        if self.in_active {
            self.object_segment.get_or_insert(line.segment());
        }
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
            Body::Control(_) | Body::Chunk(_) | Body::Tombstone(_) => {}
        }
    }

    /// Whether what cannot be continued from was never acknowledged.
    fn is_torn(&self) -> bool {
        let expected = self.range.as_ref().map_or(0, CompactRange::size);
        let acknowledged = self.durable.is_some_and(|durable| durable >= expected);
        self.bad_from.is_some() && !acknowledged
    }

    fn finish(mut self) -> Result<LogState, LoggingError> {
        let is_torn = self.is_torn();
        let damaged_from = self.bad_from.filter(|_| !is_torn);
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
            next_segment: self.last_segment.map_or(0, |last| last + 1),
            epoch: self.epoch + u64::from(damaged_from.is_some()),
            period: self.period,
            roll: damaged_from.is_some(),
            range,
            object_segment: self.object_segment,
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
            self.take(line);
        }
    }

    /// The keyring learns of units that were named in the log and not yet in its own table.
    fn assign_units(&mut self) -> Result<(), LoggingError> {
        let log = self.keyring.log_id();
        let mut assigned = Vec::with_capacity(self.units.len());
        for (segment, sequence, body) in std::mem::take(&mut self.units) {
            let secrets = match self.segments.secrets(segment) {
                Ok(secrets) => secrets,
                // The host may not read it; what it named was assigned before.
                Err(SecretsError::NoIdentity { .. }) => continue,
                // With the segment's first line its secrets are lost, and whatever they sealed.
                Err(SecretsError::NoHeader { segment }) => {
                    tracing::warn!(
                        segment,
                        "units that were named in it are not known any more"
                    );
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            match open_unit_line(&secrets, self.segments.provider(), log, sequence, &body) {
                Ok((unit, digest)) => assigned.push((digest, unit.0)),
                // It was assigned long ago.
                Err(SecretsError::Expired { .. }) => {}
                Err(error) => return Err(error.into()),
            }
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

/// Whether an object that begins with these bytes may be cut: a line of ours, one torn by a crash,
/// or the zeros that file systems leave in the place of what was never synced.
fn looks_like_ours(first: &LineRead<'_>) -> bool {
    const START: &[u8] = b"{\"v\":";
    const SECTOR: usize = 512;
    let zeros = first.bytes.iter().take_while(|&&b| b == 0).count();
    let rest = &first.bytes[zeros..];
    rest.starts_with(START)
        || (!first.terminated && START.starts_with(rest))
        || (zeros > 0 && zeros % SECTOR == 0)
}
