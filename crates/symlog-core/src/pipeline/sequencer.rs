//! The one place that gives out sequence numbers, and so decides what the log's order is.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

use symlog_keys::KeyringError;

use super::feed::{Part, Step};
use super::key_watch::KeyWatch;
use super::media::{MediaPlaces, holds_media};
use super::note::Note;
use super::queue::{Credit, Item, Upkeep, UpkeepTask};
use super::recovery::LogState;
use super::segment::Segment;
use super::shared::{Shared, WriteFailure};
use super::streams::Streams;
use super::taken::Taken;
use super::units::{OpenRequest, OpenRequests, Units};
use super::work::{Job, Work};
use crate::error::LoggingError;
use crate::format::{ClassSecretsBody, ControlKind, Timestamp, sign_permit};
use crate::interaction::{Interaction, Parts};
use crate::read::FoundRequest;
use crate::seal::SegmentSecrets;

/// What the sequencer has to say.
#[derive(Debug)]
pub(super) enum Next {
    Work(Box<Work>),
    /// Nothing is queued.
    Idle,
    /// The last segment failed a moment ago; try again later.
    Later,
}

#[derive(Debug)]
pub(super) struct Sequencer {
    next_sequence: u64,
    next_batch: u64,
    next_segment: u64,
    epoch: u64,
    segment: Option<Arc<Segment>>,
    /// The month of the newest segment.
    period: String,
    roll: bool,
    /// Whether there is anything in the active object, and since when.
    object_since: Option<SystemTime>,
    /// Whether the log was closed: nothing more is said in it.
    closed: bool,
    retry_at: Option<Instant>,
    /// The newest segment that was opened, whatever became of it.
    last: Option<Arc<Segment>>,
    /// Failures of the writer so far.
    failures: u64,
    /// Why entries were refused that no barrier has reported yet.
    lost: Option<LoggingError>,
    units: Units,
    watch: KeyWatch,
    requests: OpenRequests,
    streams: Streams,
    media: MediaPlaces,
    /// Lines for the next segment.
    notes: Vec<Note>,
    /// Those of them that are in the log and perhaps not synced: said again should that fail.
    said: Vec<(u64, Note)>,
}

const RETRY_AFTER: Duration = Duration::from_millis(250);
/// Payload bytes after which a batch is long enough to be worth a worker's while.
const BATCH_BYTES: usize = 512 << 10;

impl Sequencer {
    pub(super) fn new(
        state: LogState,
        units: Units,
        watch: KeyWatch,
        notes: Vec<(ControlKind, String)>,
        now: SystemTime,
    ) -> Self {
        let mut requests = OpenRequests::default();
        for (id, request) in state.open_requests {
            requests.insert(id, request);
        }
        Self {
            next_sequence: state.next_sequence,
            next_batch: 0,
            next_segment: state.next_segment,
            epoch: state.epoch,
            segment: None,
            period: state.period.unwrap_or_default(),
            roll: state.roll,
            object_since: state.object_segment.map(|_| now),
            closed: false,
            retry_at: None,
            last: None,
            failures: 0,
            lost: None,
            units,
            watch,
            requests,
            streams: Streams::default(),
            media: MediaPlaces::default(),
            notes: notes
                .into_iter()
                .map(|(kind, body)| Note::Control(kind, body))
                .collect(),
            said: Vec::new(),
        }
    }

    /// Takes the next run of items off the queue and gives them their places.
    pub(super) fn next(&mut self, shared: &Shared) -> Next {
        if let Some(failure) = shared.take_failure() {
            self.go_back(shared, &failure);
        }
        if let Some(at) = self.retry_at {
            if Instant::now() < at && !shared.is_stopping() {
                return Next::Later;
            }
            self.retry_at = None;
        }
        if shared.queue.is_empty() && !shared.queue.has_drops() {
            return Next::Idle;
        }
        if let Some(work) = self.seal_segment_if_over(shared) {
            return Next::Work(Box::new(work));
        }
        let mut taken = Taken::default();
        let most = shared.lines_at_a_time();
        while let Some(item) = shared.queue.pop() {
            let large = taken.push(item, shared.chunk_above);
            if large || taken.items.len() >= most || taken.bytes >= BATCH_BYTES {
                break;
            }
        }
        if taken.items.is_empty() && !shared.queue.has_drops() {
            return Next::Idle;
        }
        match self.place(shared, &mut taken) {
            Ok(Some(work)) => Next::Work(Box::new(work)),
            Ok(None) => {
                // Only barriers, and nothing was ever written: nothing before them is unsynced.
                taken.end(self.lost.take());
                Next::Idle
            }
            Err(error) => {
                tracing::warn!(%error, "could not open a segment; its entries are refused");
                self.lost = taken
                    .fail(shared, &mut self.streams, &error)
                    .then_some(error);
                self.segment = None;
                self.retry_at = Some(Instant::now() + RETRY_AFTER);
                Next::Later
            }
        }
    }

    fn place(&mut self, shared: &Shared, taken: &mut Taken) -> Result<Option<Work>, LoggingError> {
        let now = Timestamp::from_system_time(shared.clock.now());
        let writes = taken.has_entries
            || shared.queue.has_drops()
            || self.watch.tells_at_once()
            || taken.items.iter().any(|item| self.must_write_for(item));
        let opens = writes
            && match self.open_segment_if_needed(shared, now) {
                Err(_) if self.watch.finds_key(shared) => {
                    self.open_segment_if_needed(shared, now)?
                }
                opened => opened?,
            };
        // Barriers wait for what the writer still has, also of a segment that is over.
        let Some(segment) = self.segment.clone().or_else(|| self.last.clone()) else {
            return Ok(None);
        };
        let mut work = Work {
            number: self.next_batch,
            numbers: 1,
            segment,
            opens,
            closes: None,
            rolls: false,
            jobs: Vec::with_capacity(taken.items.len() + 2),
            barriers: Vec::new(),
            asked: Vec::new(),
            credit: Credit::default(),
        };
        if opens {
            for note in std::mem::take(&mut self.notes) {
                self.say(&mut work, note);
            }
        }
        let drops = shared.queue.take_drops();
        if drops > 0 {
            let body = format!("{{\"count\":{drops}}}");
            self.say(&mut work, Note::Control(ControlKind::Dropped, body));
        }
        for item in std::mem::take(&mut taken.items) {
            let close = matches!(item, Item::Close(_));
            match item {
                Item::Entry(interaction) => {
                    work.credit += Credit::entry(interaction.parts.charge);
                    self.entry(shared, &mut work, interaction);
                }
                Item::Part(part) => {
                    work.credit += part.credit;
                    self.part(shared, &mut work, *part);
                }
                Item::Upkeep(upkeep) => self.upkeep(shared, &mut work, *upkeep),
                Item::Barrier(completion) | Item::Close(completion) => {
                    if let Err(error) = self.units.assign() {
                        // Recovery finds them in the log.
                        tracing::warn!(%error, "the keyring's table of units is behind");
                    }
                    self.closed |= close;
                    if close && self.segment.is_some() {
                        self.control(&mut work, ControlKind::Shutdown, "{}".to_owned());
                    }
                    match self.lost.take() {
                        Some(error) => completion.fail(error),
                        None => work.barriers.push(completion),
                    }
                }
            }
        }
        self.next_batch += work.numbers;
        Ok(Some(work))
    }

    /// Whether a segment must be open for what is asked of the log itself.
    fn must_write_for(&self, item: &Item) -> bool {
        match item {
            Item::Upkeep(upkeep) if !self.closed => match upkeep.task {
                // The line that seals an object stands in a segment of this process.
                UpkeepTask::Seal => self.object_since.is_some(),
                UpkeepTask::Tell | UpkeepTask::Say { .. } => true,
            },
            _ => false,
        }
    }

    fn upkeep(&mut self, shared: &Shared, work: &mut Work, upkeep: Upkeep) {
        let Upkeep { task, completion } = upkeep;
        if self.closed {
            return completion.fail(LoggingError::Closed);
        }
        match task {
            UpkeepTask::Say {
                kind,
                body,
                said_at,
            } => {
                said_at.store(self.next_sequence, Ordering::Release);
                self.control(work, kind, body);
            }
            UpkeepTask::Tell => {
                for (change, kind, body) in self.watch.untold(shared) {
                    self.say(work, Note::of(change, kind, body));
                }
            }
            UpkeepTask::Seal => {
                if self.segment.take().is_some() {
                    work.closes = Some(self.take_sequence());
                    work.rolls = true;
                    self.roll = false;
                    self.object_since = None;
                }
            }
        }
        work.asked.push(completion);
    }

    /// Since when the active object holds something, if it does.
    pub(super) fn object_since(&self) -> Option<SystemTime> {
        self.object_since
    }

    /// Lets the keyring forget what the log tells for good.
    pub(super) fn forget_told(&mut self, shared: &Shared) {
        self.watch.forget_told(shared);
    }

    fn entry(&mut self, shared: &Shared, work: &mut Work, interaction: Interaction) {
        let seat = match self.seat_with_any_key(shared, work, &interaction) {
            Ok(seat) => seat,
            Err(error) => {
                tracing::warn!(%error, "an entry could not be logged");
                if let Some(body) = self.watch.failure(&error) {
                    self.control(work, ControlKind::Key, body);
                }
                shared.stats.update(|stats| stats.failed += 1);
                return interaction.parts.completion.fail(error);
            }
        };
        if interaction.parts.charge > shared.chunk_above || holds_media(&seat, &interaction) {
            // Masked here, under the lock, because only then the number of lines is known; the
            // order of entries is worth more than the parallelism of giants.
            let completion = Arc::clone(&interaction.parts.completion);
            let masked = shared.mask(interaction, completion.id());
            let first_sequence = self.next_sequence;
            let (plan, cuts) = self.media.plan(
                work.segment.number,
                &seat,
                first_sequence,
                &masked,
                &completion,
                shared.chunk_bytes,
            );
            self.next_sequence += plan.lines() + 1;
            work.numbers += plan.batches();
            work.jobs.push(Job::Chunked {
                first_sequence,
                class: seat.class,
                unit: seat.unit,
                masked: Box::new(masked),
                plan,
                cuts,
                completion,
            });
            return;
        }
        let sequence = self.take_sequence();
        work.jobs.push(Job::Entry {
            sequence,
            class: seat.class,
            unit: seat.unit,
            interaction,
        });
    }

    /// One part of an entry that comes in pieces.
    fn part(&mut self, shared: &Shared, work: &mut Work, part: Part) {
        let Part {
            number,
            completion,
            step,
            credit: _,
        } = part;
        match step {
            Step::Open(head) => match self.seat_with_any_key(shared, work, &head) {
                Ok(seat) => self.streams.open(number, seat, completion),
                Err(error) => {
                    tracing::warn!(%error, "an entry could not be logged");
                    shared.stats.update(|stats| stats.failed += 1);
                    completion.fail(error);
                }
            },
            Step::Piece(piece) => {
                let sequence = self.next_sequence;
                if let Some((seat, place)) = self.streams.piece(number, piece.part, sequence) {
                    self.next_sequence += 1;
                    work.jobs.push(Job::Piece {
                        sequence,
                        class: seat.class,
                        unit: seat.unit,
                        place,
                        piece,
                        stream: completion,
                    });
                }
            }
            Step::Close(closing) => {
                if let Some((seat, chains)) = self.streams.close(number) {
                    work.jobs.push(Job::Closing {
                        sequence: self.take_sequence(),
                        class: seat.class,
                        unit: seat.unit,
                        closing,
                        chains,
                        completion,
                    });
                }
            }
            Step::Abandon => self.streams.abandon(number),
        }
    }

    /// The same as [`seat`](Self::seat), also when the key of the log was replaced meanwhile.
    fn seat_with_any_key(
        &mut self,
        shared: &Shared,
        work: &mut Work,
        interaction: &Interaction,
    ) -> Result<OpenRequest, LoggingError> {
        match self.seat(shared, work, interaction) {
            Err(_) if self.watch.finds_key(shared) => self.seat(shared, work, interaction),
            seat => seat,
        }
    }

    /// The class and unit of an entry. A response belongs where its request does.
    fn seat(
        &mut self,
        shared: &Shared,
        work: &mut Work,
        interaction: &Interaction,
    ) -> Result<OpenRequest, LoggingError> {
        let parts = &*interaction.parts;
        let is_response_alone =
            parts.request.is_none() && parts.agent_id.is_none() && parts.response.is_some();
        if is_response_alone && let Some(id) = parts.id {
            if let Some(request) = self.requests.take(&id) {
                return Ok(request);
            }
            match shared.find_request(id)? {
                Some(FoundRequest {
                    class,
                    unit: Some(unit),
                }) => {
                    let unit = self.units.by_reference(unit)?;
                    return Ok(OpenRequest { class, unit });
                }
                // Only the caller can tell here whose it is.
                Some(found) if parts.subject.is_some() || parts.conversation.is_some() => {
                    return self.seat_in(found.class, work, parts);
                }
                Some(_) => return Err(LoggingError::SealedRequest { id: id.to_string() }),
                None => return Err(LoggingError::UnknownRequest { id: id.to_string() }),
            }
        }
        let seat = self.seat_in(shared.classes.class_of(parts), work, parts)?;
        if parts.response.is_none() && parts.error.is_none() {
            self.requests.insert(parts.completion.id(), seat.clone());
        }
        Ok(seat)
    }

    /// The seat in a class, by the names in the entry.
    fn seat_in(
        &mut self,
        class: u16,
        work: &mut Work,
        parts: &Parts,
    ) -> Result<OpenRequest, LoggingError> {
        let (unit, new) = self
            .units
            .of(
                parts.subject.as_deref(),
                parts.conversation.as_deref(),
                parts.tenant.as_deref(),
            )
            .map_err(|error: KeyringError| LoggingError::from(error))?;
        if let Some(new) = new {
            self.say(work, Note::Unit(class, new));
            if let Err(error) = self.units.assign_if_many() {
                tracing::warn!(%error, "the keyring's table of units is behind");
            }
        }
        Ok(OpenRequest { class, unit })
    }

    fn say(&mut self, work: &mut Work, note: Note) {
        self.said.push((self.next_sequence, note.clone()));
        match note {
            Note::Control(kind, body) => self.control(work, kind, body),
            Note::Change(number, kind, body) => {
                self.watch.telling(self.next_sequence, number);
                self.control(work, kind, body);
            }
            Note::Unit(class, new) => {
                let sequence = self.take_sequence();
                work.jobs.push(Job::UnitOpened {
                    sequence,
                    class,
                    new,
                });
            }
        }
    }

    /// Goes on from what is known to be in the log.
    fn go_back(&mut self, shared: &Shared, failure: &WriteFailure) {
        self.failures += 1;
        self.next_sequence = failure.resume;
        let lost = self.streams.fail_from(failure.resume, &failure.error);
        shared.stats.update(|stats| stats.failed += lost);
        let segment = self.segment.take();
        self.roll |= segment.is_some_and(|it| it.rolls && it.first_sequence >= failure.resume);
        // A roll may have failed: at worst the next one ends an object that holds little.
        self.object_since.get_or_insert_with(|| shared.clock.now());
        let said = std::mem::take(&mut self.said);
        let unsaid = said.into_iter().filter(|(at, _)| *at >= failure.resume);
        self.notes.extend(unsaid.map(|(_, note)| note));
        self.watch.go_back(failure.resume);
        self.retry_at = Some(Instant::now() + RETRY_AFTER);
    }

    fn control(&mut self, work: &mut Work, kind: ControlKind, mut body: String) {
        let sequence = self.take_sequence();
        if kind.is_permit() {
            let segment = &work.segment;
            body = sign_permit(&segment.signer, &segment.log, sequence, &body);
        }
        work.jobs.push(Job::Control {
            sequence,
            kind,
            body,
        });
    }

    /// To be called once when nothing more is written.
    pub(super) fn settle(&mut self, shared: &Shared) {
        self.watch.settle(shared);
    }

    fn take_sequence(&mut self) -> u64 {
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        sequence
    }

    /// Ends the segment if its month is over or its object is full, and the next one begins a new
    /// object; or if the keys that it is written under are no longer those to write with.
    fn seal_segment_if_over(&mut self, shared: &Shared) -> Option<Work> {
        let month = self.period_at(Timestamp::from_system_time(shared.clock.now()));
        let (watch, roll) = (&mut self.watch, &mut self.roll);
        let segment = self.segment.take_if(|segment| {
            *roll |= month != segment.period || shared.is_object_full(segment.number);
            *roll || watch.ends_segment(shared, segment.keyring_generation)
        })?;
        let work = Work {
            number: self.next_batch,
            numbers: 1,
            segment,
            opens: false,
            closes: Some(self.take_sequence()),
            rolls: false,
            jobs: Vec::new(),
            barriers: Vec::new(),
            asked: Vec::new(),
            credit: Credit::default(),
        };
        self.next_batch += 1;
        Some(work)
    }

    /// The month that entries belong to now; it never goes back, whatever the clock does.
    fn period_at(&self, now: Timestamp) -> String {
        let (year, month) = now.month();
        format!("{year:04}-{month:02}").max(self.period.clone())
    }

    fn open_segment_if_needed(
        &mut self,
        shared: &Shared,
        now: Timestamp,
    ) -> Result<bool, LoggingError> {
        if self.segment.is_some() {
            return Ok(false);
        }
        let period = self.period_at(now);
        if let Err(error) = self.units.assign() {
            tracing::warn!(%error, "the keyring's table of units is behind");
        }
        self.watch.rotate_if_due(shared);
        let (secrets, classes) = SegmentSecrets::create(
            &shared.keyring,
            &shared.provider,
            self.next_segment,
            &period,
            shared.classes.names(),
            &shared.recipients,
        )?;
        let keyring_generation = shared.keyring.refresh()?;
        let signer = shared.keyring.signing_key()?;
        let segment = Arc::new(Segment {
            log: shared.log_id,
            number: self.next_segment,
            first_sequence: self.take_sequence(),
            secrets,
            period: period.clone(),
            classes,
            keyring_generation,
            signer,
            epoch: self.epoch,
            opened_at: now,
            rolls: std::mem::take(&mut self.roll),
            after_failures: self.failures,
        });
        self.last = Some(Arc::clone(&segment));
        self.segment = Some(segment);
        self.object_since.get_or_insert_with(|| shared.clock.now());
        self.period = period;
        self.next_segment += 1;
        let period_keys: Vec<String> = self
            .segment
            .iter()
            .flat_map(|segment| segment.classes.iter().flat_map(ClassSecretsBody::key_ids))
            .map(str::to_owned)
            .collect();
        let news = self.watch.news(shared, &period_keys);
        self.notes.extend(
            news.into_iter()
                .map(|(change, kind, body)| Note::of(change, kind, body)),
        );
        let synced = shared.synced();
        self.said.retain(|(at, _)| *at >= synced);
        Ok(true)
    }
}
