//! The one thread of a log: masks, seals, appends and commits in groups.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use memchr::memmem::Finder;
use serde_json::Value;
use symlog_crypto::Envelope;
use symlog_pii::Counts;
use symlog_sink::{ObjectName, Sink, Storage};

use super::cipher::FieldSealer;
use super::line::{Head, Outcome, SealedLines};
use crate::config::Durability;
use crate::error::LoggingError;
use crate::format::{MAX_LINE_BYTES, MetaMap, Timestamp};
use crate::interaction::{EntryId, Interaction};
use crate::mask::{MaskStep, Masked};
use crate::pipeline::{Completion, Counters, Credit, Doorbell, Intake, Item, Queue};
use crate::read::Lines;

/// Bytes that one group holds at most, so that the first of a long queue need not wait for all.
const GROUP_BYTES: usize = 8 << 20;
/// How long the thread dozes before it sleeps.
const AWAKE_FOR: Duration = Duration::from_millis(50);
/// Open requests that are remembered; the others are looked up in the file.
const REMEMBERED: usize = 1 << 16;

#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) durability: Durability,
    /// Lines that one sync covers at most; 0 for no limit.
    pub(super) lines: usize,
}

#[derive(Debug)]
pub(super) struct Appender {
    queue: Arc<Queue>,
    doorbell: Arc<Doorbell>,
    stats: Arc<Counters>,
    stopping: Arc<AtomicBool>,
    storage: Arc<dyn Storage>,
    sink: Box<dyn Sink>,
    mask: MaskStep,
    sealer: FieldSealer,
    limits: Limits,
    open_requests: HashSet<EntryId>,
    /// Appended and not yet synced.
    unsynced: bool,
    /// What broke the file. Nothing is appended behind bytes that perhaps do not exist.
    broken: Option<LoggingError>,
}

/// Lines that are appended and synced together, and those who wait for them.
#[derive(Debug, Default)]
struct Group {
    lines: SealedLines,
    waiting: Vec<Arc<Completion>>,
    barriers: Vec<Arc<Completion>>,
    counts: Counts,
    /// Queue bytes to give back.
    credit: Credit,
    taken: usize,
}

impl Appender {
    pub(super) fn new(
        intake: &Intake,
        stopping: Arc<AtomicBool>,
        storage: Arc<dyn Storage>,
        sink: Box<dyn Sink>,
        mask: MaskStep,
        sealer: FieldSealer,
        limits: Limits,
    ) -> Self {
        Self {
            queue: intake.queue(),
            doorbell: intake.doorbell(),
            stats: intake.counters(),
            stopping,
            storage,
            sink,
            mask,
            sealer,
            limits,
            open_requests: HashSet::new(),
            // What an earlier run appended last was perhaps never synced.
            unsynced: true,
            broken: None,
        }
    }

    pub(super) fn run(mut self) {
        self.doorbell.answer();
        let mut last_work = Instant::now();
        loop {
            let group = self.gather();
            if group.taken > 0 {
                self.commit(group);
                last_work = Instant::now();
            } else if self.stopping.load(Ordering::Acquire) {
                break;
            } else {
                let deeply = last_work.elapsed() > AWAKE_FOR;
                self.doorbell.rest(deeply, || {
                    self.queue.is_empty() && !self.stopping.load(Ordering::Acquire)
                });
            }
        }
    }

    /// Seals what is queued, up to the limits of a group.
    fn gather(&mut self) -> Group {
        let mut group = Group::default();
        let dropped = self.queue.take_drops();
        if dropped > 0 {
            tracing::warn!(
                dropped,
                "entries were dropped since the queue was full; this format cannot say so in the log"
            );
        }
        while (self.limits.lines == 0 || group.taken < self.limits.lines)
            && group.lines.as_bytes().len() < GROUP_BYTES
        {
            match self.queue.pop() {
                None => break,
                Some(Item::Entry(interaction)) => {
                    group.taken += 1;
                    group.credit += Credit::entry(interaction.parts.charge);
                    self.entry(&mut group, interaction);
                }
                // Only a log with chunk lines lets a payload in by pieces.
                Some(Item::Part(part)) => {
                    group.credit += part.credit;
                    part.completion.fail(misplaced());
                }
                // This format has neither control lines nor sealed objects.
                Some(Item::Upkeep(upkeep)) => upkeep.completion.fail(misplaced()),
                Some(Item::Barrier(completion) | Item::Close(completion)) => {
                    group.taken += 1;
                    group.barriers.push(completion);
                    break;
                }
            }
        }
        group
    }

    fn entry(&mut self, group: &mut Group, interaction: Interaction) {
        let completion = Arc::clone(&interaction.parts.completion);
        let length = group.lines.as_bytes().len();
        let id = completion.id();
        let sealed = catch_unwind(AssertUnwindSafe(|| self.seal(group, interaction, id)))
            .unwrap_or_else(|_| {
                Err(LoggingError::Worker {
                    thread: "sealing",
                    message: "it panicked on this entry, which was not written".to_owned(),
                })
            });
        let line = group.lines.as_bytes().len().saturating_sub(length);
        let outcome = sealed.and_then(|()| {
            if line <= MAX_LINE_BYTES {
                return Ok(());
            }
            Err(LoggingError::ConfigurationError {
                message: format!(
                    "an entry was refused, since its line would have {line} bytes and one of `format = \"symbiont\"` may have {MAX_LINE_BYTES}; set `format = \"symlog\"`, which stores it in chunks"
                ),
                source: None,
            })
        });
        match outcome {
            Ok(()) => group.waiting.push(completion),
            Err(error) => {
                group.lines.truncate(length);
                self.open_requests.remove(&id);
                tracing::warn!(%error, "an entry could not be logged");
                self.stats.update(|stats| stats.failed += 1);
                completion.fail(error);
            }
        }
    }

    fn seal(
        &mut self,
        group: &mut Group,
        mut interaction: Interaction,
        id: EntryId,
    ) -> Result<(), LoggingError> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        let at = interaction
            .parts
            .timestamp
            .unwrap_or(SystemTime::UNIX_EPOCH);
        let answers = interaction.parts.kind.is_none();
        if answers {
            self.admit_answer(group, &mut interaction, id)?;
        }
        let timestamp = Timestamp::from_system_time(at);
        let Masked {
            meta,
            request,
            response,
            counts,
            ..
        } = self.mask.mask(*interaction.parts, id, timestamp);
        group.counts.merge(&counts);
        let outcome = Outcome {
            latency_ms: meta.latency_ms.unwrap_or(0),
            error: meta.error.as_deref(),
            tokens: meta.tokens,
            response: self.field(response)?,
        };
        if answers {
            group.lines.push_update(id, at, &outcome);
            return Ok(());
        }
        let mut metadata = match meta.metadata {
            MetaMap::Clear(pairs) => pairs,
            MetaMap::Sealed(_) => Vec::new(),
        };
        // The format has no slots; the keys that fill them elsewhere keep them here.
        for (key, slot) in [
            ("conversation_id", meta.conversation),
            ("parent_id", meta.parent),
            ("tenant", meta.tenant),
            ("trace_id", meta.trace),
        ] {
            if let Some(value) = slot
                && let Err(at) = metadata.binary_search_by(|(known, _)| (**known).cmp(key))
            {
                metadata.insert(at, (key.into(), value));
            }
        }
        let head = Head {
            agent_id: meta.agent_id.as_deref().unwrap_or_default(),
            kind: meta.kind.ok_or_else(misplaced)?,
            model: meta.model.as_deref().unwrap_or_default(),
            request: self
                .field(Some(request.unwrap_or_else(|| b"{}".to_vec())))?
                .ok_or_else(misplaced)?,
            metadata: &metadata,
        };
        group.lines.push_entry(id, at, &head, &outcome);
        if outcome.response.is_none() {
            if self.open_requests.len() >= REMEMBERED {
                self.open_requests.clear();
            }
            self.open_requests.insert(id);
        }
        Ok(())
    }

    fn field(&mut self, plaintext: Option<Vec<u8>>) -> Result<Option<Envelope>, LoggingError> {
        plaintext
            .map(|plaintext| self.sealer.seal(plaintext))
            .transpose()
    }

    /// An `UPDATE` line has a place for the response and its figures only.
    fn admit_answer(
        &mut self,
        group: &Group,
        interaction: &mut Interaction,
        id: EntryId,
    ) -> Result<(), LoggingError> {
        let parts = &mut *interaction.parts;
        if parts.request.is_some() {
            return Err(misplaced());
        }
        if !self.open_requests.remove(&id) && !self.holds_request(group, id)? {
            return Err(LoggingError::UnknownRequest { id: id.to_string() });
        }
        // Nothing that was handed over gets lost: it goes where responses keep such things.
        let metadata = std::mem::take(&mut parts.metadata);
        if !metadata.is_empty() {
            let response = parts.response.get_or_insert_default();
            for (key, value) in metadata {
                response.metadata.entry(key).or_insert(Value::String(value));
            }
        }
        Ok(())
    }

    /// Looks for a request in the lines that wait to be appended, and then in the file.
    fn holds_request(&self, group: &Group, id: EntryId) -> Result<bool, LoggingError> {
        let start = format!("{{\"id\":\"{id}\",");
        // Quotes within a string are escaped, so this can only be the start of a line.
        if Finder::new(&start).find(group.lines.as_bytes()).is_some() {
            return Ok(true);
        }
        let mut lines = Lines::new(self.storage.source(&ObjectName::Active)?);
        while let Some(read) = lines.next()? {
            if read.bytes.starts_with(start.as_bytes()) {
                return Ok(true);
            }
            if !read.terminated {
                break;
            }
        }
        Ok(false)
    }

    /// Appends a group and syncs it as the durability asks; completes everybody who waits.
    fn commit(&mut self, group: Group) {
        let must_sync =
            self.limits.durability != Durability::Buffered || !group.barriers.is_empty();
        let written = self.write(&group.lines, must_sync);
        self.queue.release(group.credit);
        let entries = group.waiting.len() as u64;
        let done = group.waiting.iter().chain(&group.barriers);
        match written {
            Ok(synced) => {
                self.stats.update(|stats| {
                    stats.entries += entries;
                    stats.bytes += group.lines.as_bytes().len() as u64;
                    stats.syncs += u64::from(synced);
                    stats.masked.merge(&group.counts);
                });
                done.for_each(|done| done.succeed());
            }
            Err(error) => {
                tracing::warn!(%error, "a batch could not be written; its entries are not logged");
                self.stats.update(|stats| stats.failed += entries);
                // Requests among them are known to nobody now.
                self.open_requests.clear();
                done.for_each(|done| done.fail(error.clone()));
            }
        }
    }

    /// Whether it took a sync.
    fn write(&mut self, lines: &SealedLines, must_sync: bool) -> Result<bool, LoggingError> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        let written = (|| {
            if !lines.as_bytes().is_empty() {
                self.sink.append(lines.as_bytes())?;
                self.unsynced = true;
            }
            let sync = must_sync && self.unsynced;
            if sync {
                self.sink.sync()?;
                self.unsynced = false;
            }
            Ok(sync)
        })();
        written.map_err(|error: symlog_sink::SinkError| {
            let usable = error.left_sink_usable();
            let error = LoggingError::from(error);
            if !usable {
                self.broken = Some(error.clone());
            }
            error
        })
    }
}

fn misplaced() -> LoggingError {
    LoggingError::ConfigurationError {
        message: "an answer was refused, since it also holds a request, for which a line of `format = \"symbiont\"` has no place; hand the request over first, or set `format = \"symlog\"`".to_owned(),
        source: None,
    }
}
