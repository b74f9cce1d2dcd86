//! What can be checked of a file of this format, which is little.

use std::collections::HashSet;

use symlog_sink::{ObjectName, Storage};

use super::cipher::Opener;
use super::error::{EnvelopeProblem, LineError};
use super::line::{RawEnvelope, UPDATE_PREFIX, parse_entry, parse_update, update_id};
use crate::error::LoggingError;
use crate::interaction::EntryId;
use crate::read::{LineRead, Lines, object_label};
use crate::verify::{Check, Problem, VerifyReport};

/// Checks the shape of every line; needs no key.
pub(crate) fn verify(storage: &dyn Storage) -> Result<VerifyReport, LoggingError> {
    run(storage, None)
}

/// As [`verify`], and with `opener` that every envelope opens.
pub(super) fn run(
    storage: &dyn Storage,
    opener: Option<Opener>,
) -> Result<VerifyReport, LoggingError> {
    let mut report = VerifyReport::new();
    report.order = Check::NotChecked;
    report.leaves = Check::NotChecked;
    if opener.is_some() {
        report.envelopes = Check::Ok;
    }
    let mut scan = Scan {
        report,
        opener,
        requests: HashSet::new(),
        open: HashSet::new(),
    };
    let mut lines = Lines::new(storage.source(&ObjectName::Active)?);
    while let Some(read) = lines.next()? {
        if !scan.read(&read) {
            break;
        }
    }
    Ok(scan.finish())
}

struct Scan {
    report: VerifyReport,
    opener: Option<Opener>,
    /// All requests so far: an answer must have one.
    requests: HashSet<EntryId>,
    open: HashSet<EntryId>,
}

impl Scan {
    /// Checks a line; `false` behind the last one.
    fn read(&mut self, read: &LineRead<'_>) -> bool {
        self.report.lines += 1;
        let outcome = if read.too_long {
            Err(LineError::TooLong)
        } else if let Some(json) = read.bytes.strip_prefix(UPDATE_PREFIX) {
            self.update(json)
        } else if read.bytes.trim_ascii().is_empty() {
            Ok(())
        } else {
            self.entry(read.bytes)
        };
        if let Err(why) = outcome {
            if !read.terminated {
                self.report.lines -= 1;
                self.report.notes.push(format!(
                    "the file ends in {} bytes without a newline: a line that is being written, or a torn tail that the next writer will cut",
                    read.bytes.len()
                ));
                return false;
            }
            if matches!(why, LineError::Envelope { .. }) {
                self.report.envelopes = Check::Failed;
            }
            self.report.add(Problem {
                object: object_label(&ObjectName::Active),
                line: self.report.lines,
                offset: read.offset,
                sequence: None,
                what: why.to_string(),
            });
        }
        read.terminated
    }

    fn entry(&mut self, line: &[u8]) -> Result<(), LineError> {
        let line = parse_entry(line)?;
        self.report.entries += 1;
        self.requests.insert(line.id);
        match &line.response_data {
            Some(envelope) => self.envelope("response_data", envelope)?,
            None => drop(self.open.insert(line.id)),
        }
        let request = line.request_data.as_ref().ok_or(LineError::NoRequest)?;
        self.envelope("request_data", request)
    }

    fn update(&mut self, json: &[u8]) -> Result<(), LineError> {
        let id = update_id(json)?;
        let update = parse_update(json)?;
        if let Some(envelope) = &update.response_data {
            self.envelope("response_data", envelope)?;
        }
        self.open.remove(&id);
        if self.requests.contains(&id) {
            Ok(())
        } else {
            Err(LineError::Orphan)
        }
    }

    fn envelope(
        &mut self,
        name: &'static str,
        envelope: &RawEnvelope<'_>,
    ) -> Result<(), LineError> {
        let outcome: Result<(), EnvelopeProblem> = match &mut self.opener {
            Some(opener) => opener.open(envelope).map(drop),
            None => Opener::check(envelope),
        };
        outcome.map_err(|source| LineError::Envelope {
            envelope: name,
            source,
        })
    }

    fn finish(mut self) -> VerifyReport {
        self.report.note_open(self.open.len());
        self.report.notes.push(
            "the file is of `format = \"symbiont\"`, which has no order, no leaves and no signatures: lines that were removed, repeated, moved or exchanged cannot be found"
                .to_owned(),
        );
        self.report
    }
}
