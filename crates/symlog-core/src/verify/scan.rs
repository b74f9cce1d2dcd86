//! Reads every line once and checks all that needs no other line but the ones before.

use std::collections::HashSet;
use std::sync::Arc;

use symlog_sink::{ObjectName, SinkError, Storage};

use super::archived::Archived;
use super::envelopes::Envelopes;
use super::permits::{Permits, Run};
use super::report::{Check, Problem, VerifyReport};
use crate::archive::LogFiles;
use crate::error::LoggingError;
use crate::format::{
    Body, ControlKind, ControlLine, Line, LineError, SegmentBody, base64, fixed, parse_line,
    permit_is_signed,
};
use crate::integrity::CompactRange;
use crate::interaction::EntryId;
use crate::read::{LineRead, Objects, SymlogReader, header_range, object_label, segment_body};

pub(super) fn run(
    files: &LogFiles,
    reader: Option<&SymlogReader>,
    from: usize,
) -> Result<VerifyReport, LoggingError> {
    let objects = Objects::take(files)?;
    if objects.len() == 0 {
        return Err(LoggingError::from(symlog_sink::SinkError::Missing {
            path: reader_path(&files.storage),
        }));
    }
    let mut scan = Scan {
        report: VerifyReport::new(),
        envelopes: reader.map(Envelopes::new),
        log: None,
        skipped: from > 0,
        range: None,
        segment: None,
        open: HashSet::new(),
        permits: Permits::default(),
        archived: Archived::default(),
        missing: Vec::new(),
        object: String::new(),
        line_number: 0,
        offset: 0,
        ends_before: u64::MAX,
        outlines: 0,
    };
    for at in from..objects.len() {
        scan.object = object_label(objects.name(at));
        scan.ends_before = objects.ends_before(at);
        scan.line_number = 0;
        let is_active = *objects.name(at) == ObjectName::Active;
        match (
            scan.object(&objects, at, is_active),
            objects.is_archived(at),
        ) {
            (Err(error), true) => scan.wrong(Part::Leaves, None, why(&error)),
            (done, _) => done?,
        }
    }
    for at in from..objects.len() {
        if !objects.is_archived(at) {
            continue;
        }
        if let Some(what) = scan.archived.check(&*files.storage, objects.name(at))? {
            scan.report.leaves = Check::Failed;
            scan.report.add(Problem {
                object: object_label(objects.name(at)),
                line: 0,
                offset: 0,
                sequence: None,
                what,
            });
        }
    }
    Ok(scan.finish())
}

fn reader_path(storage: &Arc<dyn Storage>) -> std::path::PathBuf {
    match storage.source(&ObjectName::Active) {
        Err(symlog_sink::SinkError::Missing { path }) => path,
        _ => std::path::PathBuf::new(),
    }
}

struct Scan<'a> {
    report: VerifyReport,
    envelopes: Option<Envelopes<'a>>,
    log: Option<[u8; 16]>,
    /// Whether there are objects before that are not looked at.
    skipped: bool,
    /// The tree of all lines so far.
    range: Option<CompactRange>,
    /// The current segment and what its first line says.
    segment: Option<(u64, SegmentBody)>,
    /// Requests without response so far.
    open: HashSet<EntryId>,
    permits: Permits,
    archived: Archived,
    /// Lines that are not there, with where that was seen.
    missing: Vec<Run>,
    object: String,
    line_number: u64,
    offset: u64,
    ends_before: u64,
    /// Lines of archived objects of which only the outline could be had.
    outlines: u64,
}

/// An error with what it came from.
fn why(error: &SinkError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

impl Scan<'_> {
    fn object(&mut self, objects: &Objects, at: usize, is_active: bool) -> Result<(), SinkError> {
        let mut lines = objects.lines(at, 0)?;
        while let Some(read) = lines.next()? {
            if !self.read(&read, is_active) {
                break;
            }
        }
        Ok(())
    }

    /// Checks a line; `false` when nothing behind it belongs to the log.
    fn read(&mut self, read: &LineRead<'_>, is_active: bool) -> bool {
        self.line_number += 1;
        self.offset = read.offset;
        let size = self.range.as_ref().map_or(0, CompactRange::size);
        if size >= self.ends_before {
            self.report.notes.push(format!(
                "{} from byte {} on: written and never synced; the log went on without it",
                self.object, self.offset
            ));
            return false;
        }
        if !read.terminated {
            if is_active && !read.too_long {
                self.report.notes.push(format!(
                    "{} ends in {} bytes without a newline: a line that is being written, or a torn tail that the next writer will cut",
                    self.object,
                    read.bytes.len()
                ));
            } else {
                self.wrong(Part::Order, None, "the last line has no end".to_owned());
            }
            return false;
        }
        let parsed = if read.too_long {
            Err(LineError::NotCanonical)
        } else {
            parse_line(read.bytes)
        };
        match parsed {
            Ok(line) => self.line(line, read.whole),
            Err(error) => {
                let expected = self.range.as_ref().map(CompactRange::size);
                self.wrong(Part::Leaves, expected, error.to_string());
                // Its leaf is not known; the rest can still be checked by itself.
                if let Some(range) = &mut self.range {
                    range.push([0; 32]);
                }
            }
        }
        true
    }

    fn line(&mut self, line: Line, is_whole: bool) {
        self.report.lines += 1;
        let sequence = line.sequence();
        if let Some(body) = segment_body(&line.body) {
            self.segment_begins(&line, body);
        }
        let is_sealed = matches!(line.body, Body::Entry { .. } | Body::Chunk(_));
        self.outlines += u64::from(is_sealed && !is_whole);
        let Some(log) = self.log else {
            return self.wrong(
                Part::Order,
                Some(sequence),
                "a line before the first line of any segment".to_owned(),
            );
        };
        if (is_whole || !is_sealed) && !line.has_its_leaf(&log) {
            self.wrong(
                Part::Leaves,
                Some(sequence),
                "the leaf does not fit the line: it was changed".to_owned(),
            );
        }
        let expected = self.range.as_ref().map_or(0, CompactRange::size);
        if sequence != expected {
            self.wrong(
                Part::Order,
                Some(sequence),
                format!(
                    "expected sequence number {expected}: lines were left out, repeated or moved"
                ),
            );
        }
        if let Some((segment, _)) = &self.segment
            && *segment != line.segment()
        {
            let what = format!(
                "it belongs to segment {} and stands in {segment}",
                line.segment()
            );
            self.wrong(Part::Order, Some(sequence), what);
        }
        if line.durable.is_some_and(|durable| durable >= sequence) {
            self.wrong(
                Part::Order,
                Some(sequence),
                "it says that it was synced before it was written".to_owned(),
            );
        }
        if let Some(range) = &mut self.range {
            // After a gap the tree goes on where the line says that it is.
            while range.size() < sequence {
                range.push([0; 32]);
            }
            if range.size() == sequence {
                range.push(line.leaf);
            }
        }
        self.body(line.body, sequence);
    }

    fn body(&mut self, body: Body, sequence: u64) {
        if let Body::Entry { line, .. } = &body {
            self.report.entries += u64::from(line.request.is_some());
            if line.response.is_none() {
                self.open.insert(line.id);
            } else if line.request.is_none() {
                self.open.remove(&line.id);
            }
        }
        if let Body::Tombstone(tombstone) = &body {
            self.permits
                .add(tombstone, &self.object, self.line_number, self.offset);
            if tombstone.allowed_by <= sequence {
                let what = "a tombstone that names no later line as what allows it";
                self.wrong(Part::Order, Some(sequence), what.to_owned());
            }
        }
        if let Body::Control(control) = &body {
            match control.kind() {
                Some(kind) if kind.is_permit() => self.permit(control),
                Some(ControlKind::Recovered | ControlKind::Dropped | ControlKind::Void) => {
                    self.report.notes.push(format!(
                        "sequence {sequence}: {} {}",
                        control.control, control.body
                    ));
                }
                None if control.critical => self.wrong(
                    Part::Order,
                    Some(sequence),
                    "a critical control line that this version does not know; update symlog"
                        .to_owned(),
                ),
                None => self.report.notes.push(format!(
                    "sequence {sequence}: a control line {:?} that this version does not know",
                    control.control
                )),
                _ => {}
            }
        }
        if let Some(envelopes) = &mut self.envelopes
            && let Err(what) = envelopes.check(body)
        {
            self.wrong(Part::Envelopes, Some(sequence), what);
        }
    }

    /// Checks a signed line, and what it is to allow.
    fn permit(&mut self, control: &ControlLine<'_>) {
        let Some(log) = self.log else { return };
        let writer = self
            .segment
            .as_ref()
            .and_then(|(_, body)| fixed(&body.writer));
        let signed = writer
            .is_some_and(|writer| permit_is_signed(&writer, &log, control.sequence, &control.body));
        if !signed {
            let what = format!(
                "the signature of this `{}` line is not that of the log's writer",
                control.control
            );
            self.wrong(Part::Signatures, Some(control.sequence), what);
        } else if self.report.signatures == Check::NotChecked {
            self.report.signatures = Check::Ok;
        }
        if signed && control.kind() == Some(ControlKind::Archived) {
            self.archived.add(&control.body);
        }
        if control.kind() == Some(ControlKind::Archived) {
            return;
        }
        for (run, why) in self.permits.check(control, signed) {
            self.not_allowed(run, why);
        }
    }

    fn is_missing(&mut self, first: u64, last: u64) {
        self.missing.push(Run {
            first,
            last,
            object: self.object.clone(),
            line: self.line_number,
            offset: self.offset,
        });
    }

    /// What is missing must have been let go by a line that comes later.
    fn judge_missing(&mut self) {
        for run in std::mem::take(&mut self.missing) {
            let Run {
                first,
                last,
                object,
                line,
                offset,
            } = run;
            if self.permits.allow_absence(first, last) {
                self.report.notes.push(format!(
                    "the lines {first} to {last} are not here any more: a signed line says that their time was over"
                ));
                continue;
            }
            self.report.order = Check::Failed;
            self.report.add(Problem {
                object,
                line,
                offset,
                sequence: Some(first),
                what: format!(
                    "the lines {first} to {last} before this one are missing, and no signed line says that they may be"
                ),
            });
        }
    }

    fn not_allowed(&mut self, run: Run, why: &str) {
        let Run {
            first,
            last,
            object,
            line,
            offset,
        } = run;
        self.report.order = Check::Failed;
        self.report.add(Problem {
            object,
            line,
            offset,
            sequence: Some(first),
            what: format!("a tombstone stands for the lines {first} to {last}, and {why}"),
        });
    }

    fn segment_begins(&mut self, line: &Line, body: SegmentBody) {
        let sequence = Some(line.sequence());
        self.report.segments += 1;
        let log = uuid::Uuid::try_parse(&body.log)
            .ok()
            .map(uuid::Uuid::into_bytes);
        let Some(log) = log else {
            return self.wrong(
                Part::Order,
                sequence,
                "the log's identity is malformed".to_owned(),
            );
        };
        if self.log.is_some_and(|known| known != log) {
            self.wrong(
                Part::Order,
                sequence,
                "it is a line of another log".to_owned(),
            );
        }
        let previous = header_range(&body);
        match (&self.range, previous) {
            (_, None) => {
                let what = "what it says about the lines before does not agree with itself";
                self.wrong(Part::Order, sequence, what.to_owned());
                self.range.get_or_insert_default();
            }
            (None, Some(previous)) => {
                if self.skipped {
                    self.report.notes.push(format!(
                        "only what comes from sequence number {} on was looked at",
                        previous.size()
                    ));
                } else if let Some(last) = previous.size().checked_sub(1) {
                    self.is_missing(0, last);
                }
                self.range = Some(previous);
            }
            (Some(range), Some(previous)) => {
                let same_epoch = self
                    .segment
                    .as_ref()
                    .is_some_and(|(_, last)| last.epoch == body.epoch);
                if same_epoch && previous.size() > range.size() {
                    let (first, last) = (range.size(), previous.size() - 1);
                    self.is_missing(first, last);
                    self.range = Some(previous);
                } else if *range != previous {
                    let what = if same_epoch {
                        "the lines before are not those that were there when this segment began"
                    } else {
                        "the writer found lines missing or damaged before this segment"
                    };
                    self.wrong(Part::Order, sequence, what.to_owned());
                    self.range = Some(previous);
                }
            }
        }
        if self
            .segment
            .as_ref()
            .is_some_and(|(last, _)| *last >= line.segment())
        {
            self.wrong(
                Part::Order,
                sequence,
                "its segment number does not rise".to_owned(),
            );
        }
        self.log.get_or_insert(log);
        if let Some(envelopes) = &mut self.envelopes {
            envelopes.segment(line.segment(), body.clone());
        }
        self.segment = Some((line.segment(), body));
    }

    fn wrong(&mut self, part: Part, sequence: Option<u64>, what: String) {
        let check = match part {
            Part::Order => &mut self.report.order,
            Part::Leaves => &mut self.report.leaves,
            Part::Signatures => &mut self.report.signatures,
            Part::Envelopes => &mut self.report.envelopes,
        };
        *check = Check::Failed;
        self.report.add(Problem {
            object: self.object.clone(),
            line: self.line_number,
            offset: self.offset,
            sequence,
            what,
        });
    }

    fn finish(mut self) -> VerifyReport {
        if self.envelopes.is_some() && self.report.envelopes == Check::NotChecked {
            self.report.envelopes = Check::Ok;
        }
        self.judge_missing();
        for run in self.permits.rest() {
            self.not_allowed(run, "no `erased` or `expired` line is where it says");
        }
        if self.permits.tombstones > 0 {
            self.report.notes.push(format!(
                "{} lines were erased or have expired: tombstones stand for them",
                self.permits.tombstones
            ));
        }
        let range = self.range.unwrap_or_default();
        self.report.size = range.size();
        self.report.root = base64(&range.root());
        if self.outlines > 0 {
            self.report.notes.push(format!(
                "{} lines of archived objects were not rebuilt, for want of keys or because they were erased: their leaves are those that the archive gives",
                self.outlines
            ));
        }
        self.report.note_open(self.open.len());
        self.report.notes.push(
            "there are no checkpoints: order and self-consistency are proven, not that nobody wrote another log or cut the newest lines off"
                .to_owned(),
        );
        self.report
    }
}

#[derive(Clone, Copy)]
enum Part {
    Order,
    Leaves,
    Signatures,
    Envelopes,
}
