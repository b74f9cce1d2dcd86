//! The one writer: puts sealed batches on the sink in order and commits them as a group.

use std::sync::Arc;

use symlog_sink::Sink;

use super::output::Batch;
use super::queue::Credit;
use super::receipt::Completion;
use super::recovery::LogState;
use super::segment::Segment;
use super::shared::{Shared, WriteFailure};
use crate::config::Durability;
use crate::error::LoggingError;
use crate::format::{ControlKind, PreviousBody, SegmentBody, Timestamp, base64};
use crate::integrity::CompactRange;
use crate::seal::{Sealed, Sealer};

/// Bytes that one group holds at most, so that the first of a long queue need not wait for all.
const GROUP_BYTES: usize = 8 << 20;

#[derive(Debug)]
pub(super) struct Writer {
    sink: Box<dyn Sink>,
    sealer: Sealer,
    /// The tree of what the sink was given.
    range: CompactRange,
    /// The tree and the length of the active object as of the last successful sync.
    synced: Synced,
    /// The number of the segment that the active object begins with.
    object_segment: Option<u64>,
    /// Failures so far, and the last one: what has its place from before can no longer be written,
    /// since its numbers go on from what is not there.
    failures: u64,
    failed: Option<LoggingError>,
    /// Whether there is something in the object, or about it, that could not be mended: nothing more
    /// may be written to it.
    must_roll: bool,
    /// Why entries were lost that no barrier has reported yet.
    lost: Option<LoggingError>,
    /// What the first line of the present segment said.
    body: Option<SegmentBody>,
}

#[derive(Clone, Debug)]
struct Synced {
    range: CompactRange,
    len: u64,
}

impl Writer {
    pub(super) fn new(sink: Box<dyn Sink>, sealer: Sealer, state: &LogState) -> Self {
        let synced = Synced {
            range: state.range.clone(),
            len: sink.len(),
        };
        Self {
            sink,
            sealer,
            range: state.range.clone(),
            synced,
            object_segment: state.object_segment,
            failures: 0,
            failed: None,
            must_roll: false,
            lost: None,
            body: None,
        }
    }

    pub(super) fn run(mut self, shared: &Shared) {
        while let Some(group) = shared.output.take(shared.group_lines, GROUP_BYTES) {
            self.commit(shared, group);
        }
    }

    /// Appends a group and syncs it as the durability asks; completes everybody who waits.
    fn commit(&mut self, shared: &Shared, group: Vec<Batch>) {
        let mut waiting: Vec<Arc<Completion>> = Vec::new();
        let mut barriers: Vec<Arc<Completion>> = Vec::new();
        let mut asked: Vec<Arc<Completion>> = Vec::new();
        let (mut entries, mut bytes) = (0, 0);
        let mut credit = Credit::default();
        let mut outcome = Ok(());
        let mut last_segment = None;
        let mut first = true;
        // Pieces are waited for only with the entry's last line.
        let mut has_pieces = false;
        let mut refused = Vec::new();
        for mut batch in group {
            credit += batch.credit;
            if batch.has_no_lines() {
                barriers.append(&mut batch.barriers);
                asked.append(&mut batch.asked);
                continue;
            }
            if let Some(error) = self.failure_of(&batch.segment) {
                self.refuse(shared, batch, &error);
                continue;
            }
            if outcome.is_err() {
                refused.push(batch);
                continue;
            }
            last_segment = Some(Arc::clone(&batch.segment));
            let before = self.sink.len();
            outcome = self.append(shared, &mut batch, &mut first);
            if outcome.is_err() {
                refused.push(batch);
                continue;
            }
            bytes += self.sink.len().saturating_sub(before);
            entries += batch.entries;
            entries -= fail_without(shared, &batch.needs);
            has_pieces |= batch.credit.pieces > 0;
            if shared.durability == Durability::Buffered {
                // The page cache is the level asked for.
                batch.completions.drain(..).for_each(|done| done.succeed());
            } else {
                waiting.append(&mut batch.completions);
            }
            barriers.append(&mut batch.barriers);
            asked.append(&mut batch.asked);
            shared.output.recycle(batch.sealed);
        }
        let must_sync =
            shared.durability != Durability::Buffered || !barriers.is_empty() || !asked.is_empty();
        if outcome.is_ok() && must_sync && self.is_unsynced() {
            outcome = self.sync(shared);
        }
        shared.queue.release(credit);
        let written = last_segment.as_ref().map(|segment| segment.number);
        match outcome {
            Ok(()) => {
                waiting.iter().chain(&asked).for_each(|done| done.succeed());
                let lost = self.lost.take_if(|_| !barriers.is_empty());
                for done in &barriers {
                    match &lost {
                        Some(error) => done.fail(error.clone()),
                        None => done.succeed(),
                    }
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a batch could not be written; its entries are not logged");
                let lost = waiting.len() as u64;
                entries -= lost;
                shared.stats.update(|stats| stats.failed += lost);
                if !barriers.is_empty() {
                    self.lost = None;
                } else if lost > 0 || has_pieces {
                    self.lost = Some(error.clone());
                }
                // Before anybody is told, so that what they log next is not refused as well.
                self.give_up(shared, error.clone());
                for done in waiting.iter().chain(&barriers).chain(&asked) {
                    done.fail(error.clone());
                }
                for batch in refused {
                    self.refuse(shared, batch, &error);
                }
            }
        }
        shared.stats.update(|stats| {
            stats.entries += entries;
            stats.bytes += bytes;
        });
        if self.sink.len() >= shared.object_bytes
            && let Some(segment) = written
        {
            shared.set_object_full(segment);
        }
    }

    fn failure_of(&self, segment: &Segment) -> Option<LoggingError> {
        self.failed
            .clone()
            .filter(|_| segment.after_failures < self.failures)
    }

    fn is_unsynced(&self) -> bool {
        self.range.size() != self.synced.range.size()
    }

    fn refuse(&mut self, shared: &Shared, batch: Batch, error: &LoggingError) {
        let lost = batch.completions.len() as u64;
        if !batch.barriers.is_empty() {
            self.lost = None;
        } else if lost > 0 || batch.credit.pieces > 0 {
            self.lost = Some(error.clone());
        }
        let all = batch.completions.iter().chain(&batch.barriers);
        for done in all.chain(&batch.asked) {
            done.fail(error.clone());
        }
        shared.stats.update(|stats| stats.failed += lost);
    }

    fn append(
        &mut self,
        shared: &Shared,
        batch: &mut Batch,
        first: &mut bool,
    ) -> Result<(), LoggingError> {
        if batch.opens {
            self.open_segment(shared, &batch.segment, first)?;
        }
        self.write(&mut batch.sealed, first)?;
        if let Some(sequence) = batch.closes {
            self.seal_segment(shared, &batch.segment, sequence, first)?;
        }
        if batch.rolls {
            self.roll(shared, first)?;
        }
        Ok(())
    }

    /// Ends the object, and begins an empty one.
    fn roll(&mut self, shared: &Shared, first: &mut bool) -> Result<(), LoggingError> {
        let Some(object) = self.object_segment else {
            return Ok(());
        };
        // What is broken would only say so again; a roll is the one way on.
        if !self.must_roll && self.is_unsynced() {
            self.sync(shared)?;
        }
        self.sink.roll(&object_name(object))?;
        self.must_roll = false;
        self.object_segment = None;
        self.synced.len = 0;
        *first = true;
        Ok(())
    }

    /// Repeats what the segment's first line said, so that one damaged line loses no secret.
    fn seal_segment(
        &mut self,
        shared: &Shared,
        segment: &Segment,
        sequence: u64,
        first: &mut bool,
    ) -> Result<(), LoggingError> {
        let body = serde_json::to_string(&self.body).map_err(LoggingError::encryption)?;
        let mut sealed = Sealed::default();
        self.sealer.control(
            &mut sealed,
            segment.number,
            sequence,
            Timestamp::from_system_time(shared.clock.now()),
            ControlKind::Sealed,
            body,
        );
        self.write(&mut sealed, first)
    }

    /// Appends lines; the first line of a group carries what is known to be synced.
    fn write(&mut self, sealed: &mut Sealed, first: &mut bool) -> Result<(), LoggingError> {
        if sealed.line_count() == 0 {
            return Ok(());
        }
        if std::mem::take(first) {
            sealed.set_durable(self.synced.range.size().checked_sub(1));
        }
        self.sink.append(sealed.as_bytes())?;
        sealed.leaves().for_each(|leaf| self.range.push(leaf));
        Ok(())
    }

    fn open_segment(
        &mut self,
        shared: &Shared,
        segment: &Segment,
        first: &mut bool,
    ) -> Result<(), LoggingError> {
        if self.must_roll || (segment.rolls && !self.sink.is_empty()) {
            self.roll(shared, first)?;
        }
        let body = SegmentBody {
            log: uuid::Uuid::from_bytes(shared.log_id).to_string(),
            epoch: segment.epoch,
            previous: PreviousBody {
                size: self.range.size(),
                root: base64(&self.range.root()),
                range: self.range.roots().iter().map(|root| base64(root)).collect(),
            },
            writer: base64(&segment.signer.public_key()),
            keyring: segment.keyring_generation,
            period: segment.period.clone(),
            classes: segment.classes.clone(),
        };
        let text = serde_json::to_string(&body).map_err(LoggingError::encryption)?;
        self.body = Some(body);
        let mut sealed = Sealed::default();
        self.sealer.control(
            &mut sealed,
            segment.number,
            segment.first_sequence,
            segment.opened_at,
            ControlKind::Segment,
            text,
        );
        if self.sink.is_empty() {
            self.object_segment = Some(segment.number);
        }
        self.write(&mut sealed, first)
    }

    fn sync(&mut self, shared: &Shared) -> Result<(), LoggingError> {
        self.sink.sync()?;
        self.synced = Synced {
            range: self.range.clone(),
            len: self.sink.len(),
        };
        shared.set_synced(self.range.size());
        shared.stats.update(|stats| stats.syncs += 1);
        Ok(())
    }

    /// Ends a segment that can no longer be written, and takes the log back to what is known to
    /// be there: synced, or, where that is not asked for, appended.
    ///
    /// After a failed sync the kernel may have dropped the pages, and a second sync would report
    /// success all the same; so nothing is retried in this segment.
    fn give_up(&mut self, shared: &Shared, error: LoggingError) {
        self.must_roll |= if shared.durability == Durability::Buffered {
            // What was appended counts as logged; the object can go on unless it is broken.
            let is_broken = !left_sink_usable(&error);
            if is_broken && self.is_unsynced() {
                // Nobody will ever know whether it was synced.
                self.lost = Some(error.clone());
            }
            is_broken
        } else {
            self.range = self.synced.range.clone();
            // What cannot be cut off must not be followed by anything in the same object.
            self.sink.truncate(self.synced.len).is_err()
        };
        self.failures += 1;
        self.failed = Some(error.clone());
        shared.report_failure(WriteFailure {
            resume: self.range.size(),
            error,
        });
    }
}

/// Fails entries of which a part stood in another one that was lost: how many.
fn fail_without(shared: &Shared, needs: &[(Arc<Completion>, Arc<Completion>)]) -> u64 {
    let mut failed = 0;
    for (entry, holder) in needs {
        if let Some(Err(error)) = holder.outcome()
            && entry.outcome().is_none()
        {
            entry.fail(error);
            failed += 1;
        }
    }
    if failed > 0 {
        shared.stats.update(|stats| stats.failed += failed);
    }
    failed
}

fn left_sink_usable(error: &LoggingError) -> bool {
    matches!(error, LoggingError::IoError { source } if source.left_sink_usable())
}

/// The name of a sealed object: the number of its first segment, so that names sort in order.
pub(super) fn object_name(first_segment: u64) -> String {
    format!("{first_segment:010}")
}
