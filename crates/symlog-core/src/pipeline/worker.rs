//! Masks and seals, batch by batch.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Thread;
use std::time::{Duration, Instant, SystemTime};

use symlog_crypto::{CryptoError, Key};
use symlog_keys::Keyring;
use symlog_pii::Counts;

use super::chunks::{Digest, manifest};
use super::doorbell::DOZE;
use super::media::cut;
use super::output::Batch;
use super::receipt::Completion;
use super::sequencer::Next;
use super::shared::Shared;
use super::units::Unit;
use super::work::{Job, Work};
use crate::error::LoggingError;
use crate::format::{ChunkPart, ControlKind, SALT_LEN, Timestamp, UnitBody, base64};
use crate::interaction::EntryId;
use crate::mask::Masked;
use crate::seal::{Chunk, SealError, Sealer, Seat, UnitRef};

/// How long the worker that watches the queue dozes before it sleeps.
const AWAKE_FOR: Duration = Duration::from_millis(50);

/// The worker that watches the queue.
pub(super) fn watch(shared: &Shared) {
    shared.doorbell.answer();
    let mut sealer = shared.sealer();
    let mut last_work = Instant::now();
    loop {
        let next = shared.sequencer.lock().next(shared);
        match next {
            Next::Work(work) => {
                shared.wake_helpers();
                process(shared, &mut sealer, *work);
                last_work = Instant::now();
            }
            Next::Later => std::thread::sleep(DOZE),
            Next::Idle if shared.is_stopping() => break,
            Next::Idle => {
                let deeply = last_work.elapsed() > AWAKE_FOR;
                shared
                    .doorbell
                    .rest(deeply, || shared.queue.is_empty() && !shared.is_stopping());
            }
        }
    }
    shared.helpers.iter().for_each(|helper| helper.wake());
}

/// A worker that helps while there is more than one can do.
#[derive(Debug, Default)]
pub(super) struct Helper {
    rests: AtomicBool,
    thread: std::sync::OnceLock<Thread>,
}

impl Helper {
    pub(super) fn wake(&self) {
        if self.rests.swap(false, Ordering::SeqCst)
            && let Some(thread) = self.thread.get()
        {
            thread.unpark();
        }
    }

    pub(super) fn run(&self, shared: &Shared) {
        let _ = self.thread.set(std::thread::current());
        let mut sealer = shared.sealer();
        loop {
            // The watcher sees to the last few by itself.
            let next = if shared.queue.is_empty() {
                Next::Idle
            } else {
                shared.sequencer.lock().next(shared)
            };
            match next {
                Next::Work(work) => process(shared, &mut sealer, *work),
                Next::Later => std::thread::sleep(DOZE),
                Next::Idle if shared.is_stopping() => break,
                Next::Idle => {
                    self.rests.store(true, Ordering::SeqCst);
                    if shared.queue.is_empty() && !shared.is_stopping() {
                        std::thread::park();
                    }
                    self.rests.store(false, Ordering::SeqCst);
                }
            }
        }
    }
}

/// Seals everything in `work` and hands it to the writer, whatever happens on the way: a batch
/// that never came would hold up every later one.
fn process(shared: &Shared, sealer: &mut Sealer, mut work: Work) {
    let mut counts = Counts::default();
    let mut batch = work.batch(0, shared.output.buffer());
    let mut offset = 0;
    let jobs = std::mem::take(&mut work.jobs);
    let mut random = Random::new(shared, jobs.len());
    for job in jobs {
        if matches!(job, Job::Chunked { .. }) {
            offset += 1;
            let before = std::mem::replace(&mut batch, work.batch(offset, shared.output.buffer()));
            shared.output.put(before);
            chunked(
                shared,
                sealer,
                &work,
                &mut offset,
                &mut batch,
                job,
                &mut counts,
            );
            continue;
        }
        single(
            shared,
            sealer,
            &work,
            &mut batch,
            job,
            &mut random,
            &mut counts,
        );
    }
    batch.barriers = std::mem::take(&mut work.barriers);
    batch.asked = std::mem::take(&mut work.asked);
    batch.credit = work.credit;
    batch.closes = work.closes;
    batch.rolls = work.rolls;
    debug_assert_eq!(offset + 1, work.numbers);
    if !counts.is_empty() {
        let failed = counts.failed();
        if failed > 0 {
            tracing::warn!(
                fields = failed,
                "a detector failed, so the fields that it was asked about were masked whole"
            );
        }
        for (kind, rule, count) in counts.iter() {
            tracing::trace!(%kind, %rule, count, "masked");
        }
        shared.stats.update(|stats| stats.masked.merge(&counts));
    }
    shared.output.put(batch);
}

fn single(
    shared: &Shared,
    sealer: &mut Sealer,
    work: &Work,
    batch: &mut Batch,
    job: Job,
    random: &mut Random,
    counts: &mut Counts,
) {
    let (sequence, waiting) = match &job {
        Job::Control { sequence, .. } | Job::UnitOpened { sequence, .. } => (*sequence, None),
        Job::Entry {
            sequence,
            interaction,
            ..
        } => (*sequence, Some(Arc::clone(&interaction.parts.completion))),
        Job::Piece {
            sequence, stream, ..
        } => (*sequence, Some(Arc::clone(stream))),
        Job::Closing {
            sequence,
            completion,
            ..
        } => (*sequence, Some(Arc::clone(completion))),
        Job::Chunked { first_sequence, .. } => (*first_sequence, None),
    };
    let is_piece = matches!(job, Job::Piece { .. });
    let length = batch.sealed.mark();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        seal(shared, sealer, work, batch, job, random, counts)
    }));
    match (outcome, waiting) {
        (Ok(Ok(())), Some(completion)) if !is_piece => {
            batch.completions.push(completion);
            batch.entries += 1;
        }
        (Ok(Ok(())), _) => {}
        (failed, waiting) => {
            batch.sealed.cut_back(length);
            let error = match failed {
                Ok(Err(error)) => LoggingError::from(error),
                _ => LoggingError::Worker {
                    thread: "sealing",
                    message: "it panicked on this entry, which was not written".to_owned(),
                },
            };
            burn(shared, sealer, work, batch, sequence, waiting, &error);
        }
    }
}

/// Writes `void` in the place of a line that could not be sealed, so that absence stays provable.
fn burn(
    shared: &Shared,
    sealer: &Sealer,
    work: &Work,
    batch: &mut Batch,
    sequence: u64,
    waiting: Option<Arc<Completion>>,
    error: &LoggingError,
) {
    tracing::warn!(%error, sequence, "an entry could not be logged");
    let reason = match error {
        LoggingError::Worker { .. } => "panic",
        _ => "seal_failed",
    };
    sealer.control(
        &mut batch.sealed,
        work.segment.number,
        sequence,
        Timestamp::from_system_time(shared.clock.now()),
        ControlKind::Void,
        format!("{{\"reason\":\"{reason}\"}}"),
    );
    if let Some(completion) = waiting {
        shared.stats.update(|stats| stats.failed += 1);
        completion.fail(error.clone());
    }
}

fn seal(
    shared: &Shared,
    sealer: &mut Sealer,
    work: &Work,
    batch: &mut Batch,
    job: Job,
    random: &mut Random,
    counts: &mut Counts,
) -> Result<(), SealError> {
    let segment = work.segment.number;
    let seat = |sequence, class, unit| -> Result<Seat<'_>, SealError> {
        Ok(Seat {
            segment,
            sequence,
            class: work.segment.secrets.class(class)?,
            unit,
        })
    };
    match job {
        Job::Control {
            sequence,
            kind,
            body,
        } => {
            let now = Timestamp::from_system_time(shared.clock.now());
            sealer.control(&mut batch.sealed, segment, sequence, now, kind, body);
        }
        Job::UnitOpened {
            sequence,
            class,
            new,
        } => {
            let salt = random.salt()?;
            let seat = seat(sequence, class, unit_of(Some(&new.unit)))?;
            let body = UnitBody {
                class,
                salt: base64(&salt),
                unit: base64(&sealer.unit_opened(&seat, &new.name_digest, salt)?),
                commitment: base64(&Keyring::unit_commitment(&new.unit.key, &shared.log_id)),
            };
            let now = Timestamp::from_system_time(shared.clock.now());
            let body = serde_json::to_string(&body).map_err(|_| SealError::Body)?;
            sealer.control(
                &mut batch.sealed,
                segment,
                sequence,
                now,
                ControlKind::Unit,
                body,
            );
        }
        Job::Entry {
            sequence,
            class,
            unit,
            interaction,
        } => {
            let made = random.id()?;
            let id = interaction.parts.completion.id_or(|| made);
            let mut masked = shared.mask(interaction, id);
            masked.join_error_text();
            counts.merge(&masked.counts);
            let seat = seat(sequence, class, unit_of(unit.as_ref()))?;
            sealer.entry(
                &mut batch.sealed,
                masked,
                &seat,
                random.salt()?,
                [None, None],
            )?;
        }
        Job::Piece {
            sequence,
            class,
            unit,
            place,
            piece,
            stream,
        } => {
            let chunk = Chunk {
                id: stream.id(),
                timestamp: piece.timestamp,
                part: piece.part,
                index: place.index,
                last: piece.last,
                plaintext: piece.plaintext.as_bytes(),
            };
            let seat = seat(sequence, class, unit_of(unit.as_ref()))?;
            sealer.chunk(&mut batch.sealed, &seat, chunk, random.salt()?)?;
        }
        Job::Closing {
            sequence,
            class,
            unit,
            closing,
            chains,
            completion: _,
        } => {
            let masked = closing.masked(chains);
            counts.merge(&masked.counts);
            let seat = seat(sequence, class, unit_of(unit.as_ref()))?;
            sealer.entry(&mut batch.sealed, masked, &seat, random.salt()?, chains)?;
        }
        Job::Chunked { .. } => {}
    }
    Ok(())
}

/// Seals a chain of chunks, a batch each, and its closing line into the last batch.
fn chunked(
    shared: &Shared,
    sealer: &mut Sealer,
    work: &Work,
    offset: &mut u64,
    batch: &mut Batch,
    job: Job,
    counts: &mut Counts,
) {
    let Job::Chunked {
        first_sequence,
        class,
        unit,
        mut masked,
        plan,
        cuts,
        completion,
    } = job
    else {
        return;
    };
    counts.merge(&masked.counts);
    if plan.chain(ChunkPart::Response, 0).is_none() {
        masked.join_error_text();
    }
    let mut sequence = first_sequence;
    let mut chains = [None, None];
    let mut failed = None;
    for part in [ChunkPart::Request, ChunkPart::Response] {
        let Masked {
            id,
            timestamp,
            request,
            response,
            error_text,
            ..
        } = &mut *masked;
        let payload = match part {
            ChunkPart::Request => request,
            ChunkPart::Response => response,
        };
        let Some((chain, plaintext)) = plan.chain(part, sequence).zip(payload.as_mut()) else {
            continue;
        };
        let spans = &cuts.spans[part as usize];
        cut(plaintext, spans);
        for piece in plan.pieces(part, plaintext.len()) {
            let sealed = (|| -> Result<(), SealError> {
                let seat = Seat {
                    segment: work.segment.number,
                    sequence,
                    class: work.segment.secrets.class(class)?,
                    unit: unit_of(unit.as_ref()),
                };
                let chunk = Chunk {
                    id: *id,
                    timestamp: *timestamp,
                    part: piece.part,
                    index: piece.index,
                    last: piece.last,
                    plaintext: &plaintext[piece.range],
                };
                sealer.chunk(&mut batch.sealed, &seat, chunk, salt(shared)?)
            })();
            if let Err(error) = sealed {
                // Every place must be filled, also when its chunk could not be sealed.
                let error = LoggingError::from(error);
                burn(shared, sealer, work, batch, sequence, None, &error);
                failed = Some(error);
            }
            sequence += 1;
            *offset += 1;
            let full = std::mem::replace(batch, work.batch(*offset, shared.output.buffer()));
            shared.output.put(full);
        }
        let error = (part == ChunkPart::Response)
            .then(|| error_text.take())
            .flatten();
        *plaintext = manifest(chain, Digest::of(plaintext), spans, error.as_deref());
        chains[part as usize] = Some(chain);
    }
    let closed = match failed {
        Some(error) => Err(error),
        None => (|| -> Result<(), SealError> {
            let seat = Seat {
                segment: work.segment.number,
                sequence,
                class: work.segment.secrets.class(class)?,
                unit: unit_of(unit.as_ref()),
            };
            sealer.entry(&mut batch.sealed, *masked, &seat, salt(shared)?, chains)
        })()
        .map_err(LoggingError::from),
    };
    match closed {
        Ok(()) => {
            let needs = cuts.holders.into_iter();
            batch
                .needs
                .extend(needs.map(|holder| (Arc::clone(&completion), holder)));
            batch.completions.push(completion);
            batch.entries += 1;
        }
        Err(error) => burn(
            shared,
            sealer,
            work,
            batch,
            sequence,
            Some(completion),
            &error,
        ),
    }
}

fn unit_of(unit: Option<&Arc<Unit>>) -> Option<(UnitRef, &Key)> {
    unit.map(|unit| (unit.reference, &unit.key))
}

fn salt(shared: &Shared) -> Result<[u8; SALT_LEN], CryptoError> {
    let mut salt = [0; SALT_LEN];
    shared.provider.random.fill(&mut salt)?;
    Ok(salt)
}

/// Salts and ids for the lines of a batch: one call to the system for all of them, made when the
/// batch is sealed, so that neither a fork nor a snapshot can repeat one.
struct Random {
    bytes: Result<Vec<u8>, CryptoError>,
    at: usize,
    millis: u64,
    ids: u16,
}

const ID_RANDOM: usize = 8;

impl Random {
    fn new(shared: &Shared, lines: usize) -> Self {
        let mut bytes = vec![0; lines * (SALT_LEN + ID_RANDOM)];
        let filled = shared.provider.random.fill(&mut bytes);
        let now = shared.clock.now().duration_since(SystemTime::UNIX_EPOCH);
        Self {
            bytes: filled.map(|()| bytes),
            at: 0,
            // A clock before 1970 gives ids of 1970.
            millis: now.map_or(0, |now| u64::try_from(now.as_millis()).unwrap_or(u64::MAX)),
            ids: 0,
        }
    }

    fn salt(&mut self) -> Result<[u8; SALT_LEN], CryptoError> {
        self.take()
    }

    fn id(&mut self) -> Result<EntryId, CryptoError> {
        self.ids = self.ids.wrapping_add(1);
        Ok(EntryId::one_of(self.millis, self.ids, self.take()?))
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], CryptoError> {
        let bytes = self.bytes.as_ref().map_err(Clone::clone)?;
        let taken = bytes.get(self.at..).and_then(|bytes| bytes.first_chunk());
        self.at += N;
        taken.copied().ok_or(CryptoError::Random)
    }
}
