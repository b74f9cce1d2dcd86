//! What the threads of a pipeline share, and the handle that owns them.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use parking_lot::Mutex;
use symlog_crypto::{CryptoProvider, Recipient};
use symlog_keys::Keyring;
use symlog_sink::{ShipMonitor, ShipStatus, Storage};

use super::classes::Classes;
use super::doorbell::Doorbell;
use super::feed::Feeding;
use super::intake::Intake;
use super::key_supply::KeySupply;
use super::key_watch::KeyWatch;
use super::output::Output;
use super::queue::Queue;
use super::receipt::block_on;
use super::recovery::recover;
use super::sequencer::Sequencer;
use super::stats::Counters;
use super::units::Units;
use super::upkeep::{self, Desk, UpkeepPlan};
use super::worker::{self, Helper};
use super::writer::Writer;
use crate::archive::{Archives, LogFiles};
use crate::clock::Clock;
use crate::config::{
    Durability, KeyAudit, KeysConfig, LoggingConfig, MetadataMode, RetentionClass, Settings,
};
use crate::error::LoggingError;
use crate::format::{ControlKind, Timestamp};
use crate::interaction::{EntryId, Interaction};
use crate::maintenance::Maintenance;
use crate::mask::{MaskStep, Masked};
use crate::masking::Maskers;
use crate::read::{FoundRequest, find_request};
use crate::seal::Sealer;

/// Everything that a pipeline is made of.
pub(crate) struct Opening {
    pub(crate) path: PathBuf,
    pub(crate) storage: Arc<dyn Storage>,
    /// Where requests are looked for that were answered after their object was archived.
    pub(crate) archives: Option<Arc<dyn Archives>>,
    pub(crate) keyring: Keyring,
    pub(crate) provider: CryptoProvider,
    pub(crate) maskers: Maskers,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) config: LoggingConfig,
    pub(crate) settings: Settings,
    pub(crate) retention: Vec<RetentionClass>,
    pub(crate) keys: KeysConfig,
    /// Those who may read, where this host may not.
    pub(crate) recipients: Vec<Recipient>,
    /// Whether the log must not be opened where it cannot tell what was done with keys.
    pub(crate) strict: bool,
    /// Length at which the active object is sealed.
    pub(crate) object_bytes: u64,
    /// The body of the `key` line: where the key came from.
    pub(crate) key_note: Option<String>,
    /// Where another key is looked for, should that be taken away; none where the program gave a keyring.
    pub(crate) key_supply: Option<KeySupply>,
    pub(crate) upkeep: UpkeepPlan,
    /// Tells how far the copies of the log are, where there are any.
    pub(crate) shipping: Option<ShipMonitor>,
}

/// Nothing that has its place already can be written any more. There is at most one that the
/// sequencer does not know of, because the writer refuses everything until it does.
#[derive(Debug)]
pub(super) struct WriteFailure {
    /// The sequence number to go on with.
    pub(super) resume: u64,
    pub(super) error: LoggingError,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) queue: Arc<Queue>,
    pub(super) doorbell: Arc<Doorbell>,
    pub(super) helpers: Vec<Helper>,
    pub(super) sequencer: Mutex<Sequencer>,
    pub(super) output: Output,
    pub(super) stats: Arc<Counters>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) keyring: Keyring,
    pub(super) provider: CryptoProvider,
    pub(super) recipients: Vec<Recipient>,
    pub(super) log_id: [u8; 16],
    pub(super) classes: Classes,
    pub(super) durability: Durability,
    /// Lines that a worker takes at a time.
    pub(super) max_lines: usize,
    /// Lines that one sync covers at most; 0 for no limit.
    pub(super) group_lines: usize,
    /// Payload bytes above which an entry is chunked.
    pub(super) chunk_above: usize,
    pub(super) chunk_bytes: usize,
    /// Length at which the active object is sealed.
    pub(super) object_bytes: u64,
    mask_step: Arc<MaskStep>,
    sealed_metadata: bool,
    storage: Arc<dyn Storage>,
    pub(super) archives: Option<Arc<dyn Archives>>,
    /// One more than the segment whose object is full; 0 for none.
    full_in: AtomicU64,
    /// Lines that are known to be synced.
    synced: AtomicU64,
    failed: AtomicBool,
    failure: Mutex<Option<WriteFailure>>,
    stopping: AtomicBool,
    /// Whether the log is about to stop: nothing that takes long is begun.
    ending: AtomicBool,
}

impl Shared {
    pub(super) fn sealer(&self) -> Sealer {
        Sealer::new(self.log_id, self.provider.aes_256_gcm, self.sealed_metadata)
    }

    pub(super) fn mask(&self, interaction: Interaction, id: EntryId) -> Masked {
        let at = interaction
            .parts
            .timestamp
            .unwrap_or_else(|| self.clock.now());
        self.mask_step
            .mask(*interaction.parts, id, Timestamp::from_system_time(at))
    }

    pub(super) fn find_request(&self, id: EntryId) -> Result<Option<FoundRequest>, LoggingError> {
        let files = LogFiles {
            keyring: Some(self.keyring.clone()),
            ..LogFiles::plain(&self.storage)
        }
        .with_archives(self.archives.clone());
        find_request(&files, &self.keyring, &self.provider, id)
    }

    /// Lines that a worker takes now: what is queued is shared out, so that those who wait for a
    /// short queue do not wait for one worker.
    pub(super) fn lines_at_a_time(&self) -> usize {
        let share = self.queue.len() / (1 + self.helpers.len());
        share.max(WORTH_A_WAKE_UP).min(self.max_lines)
    }

    /// Wakes the workers that help where there is something left for them.
    pub(super) fn wake_helpers(&self) {
        if self.queue.len() >= WORTH_A_WAKE_UP {
            self.helpers.iter().for_each(|helper| helper.wake());
        }
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    pub(super) fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Acquire) || self.is_stopping()
    }

    pub(super) fn storage(&self) -> &Arc<dyn Storage> {
        &self.storage
    }

    /// Notes that the object is full which `segment` writes to.
    pub(super) fn set_object_full(&self, segment: u64) {
        self.full_in.store(segment + 1, Ordering::Release);
    }

    /// Whether the object is full which `segment` writes to. What an earlier segment filled has
    /// been sealed meanwhile.
    pub(super) fn is_object_full(&self, segment: u64) -> bool {
        self.full_in.load(Ordering::Acquire) == segment + 1
    }

    pub(super) fn set_synced(&self, lines: u64) {
        self.synced.store(lines, Ordering::Release);
    }

    /// Every sequence number below is known to be synced.
    pub(super) fn synced(&self) -> u64 {
        self.synced.load(Ordering::Acquire)
    }

    pub(super) fn report_failure(&self, failure: WriteFailure) {
        *self.failure.lock() = Some(failure);
        self.failed.store(true, Ordering::Release);
    }

    pub(super) fn take_failure(&self) -> Option<WriteFailure> {
        if !self.failed.load(Ordering::Acquire) {
            return None;
        }
        self.failed.store(false, Ordering::Release);
        self.failure.lock().take()
    }
}

/// The write path of one log. Dropping it writes what is queued, within a bound.
#[derive(Debug)]
pub(crate) struct Pipeline {
    shared: Arc<Shared>,
    intake: Intake,
    maintenance: Maintenance,
    threads: Mutex<Threads>,
    shipping: Option<ShipMonitor>,
}

#[derive(Debug, Default)]
struct Threads {
    workers: Vec<JoinHandle<()>>,
    writer: Option<JoinHandle<()>>,
    upkeep: Option<JoinHandle<()>>,
}

/// Lines of which the sealing takes longer than to wake a worker for them.
const WORTH_A_WAKE_UP: usize = 8;
/// Sealed bytes that may wait for the writer while it syncs.
const OUTPUT_BYTES: usize = 16 << 20;
/// The same where it only appends: what is written while it is still in the processor's cache
/// costs half.
const OUTPUT_BYTES_BUFFERED: usize = 1 << 20;
const MIN_CHUNK: usize = 4 << 10;
const MAX_CHUNK: usize = 1 << 20;
/// Pieces of a payload that comes in pieces: small, so that many are no more than one large chunk.
const PIECE: usize = 256 << 10;

impl Pipeline {
    pub(crate) fn open(opening: Opening) -> Result<Self, LoggingError> {
        let Opening {
            path,
            storage,
            archives,
            keyring,
            provider,
            maskers,
            clock,
            config,
            settings,
            retention,
            keys,
            recipients,
            strict,
            object_bytes,
            key_note,
            key_supply,
            upkeep,
            shipping,
        } = opening;
        let now = clock.now();
        let must_tell = keys.audit == KeyAudit::Log;
        let mut sink = storage.lock()?;
        for warning in storage.warnings() {
            tracing::warn!("{warning}");
        }
        let mut state = recover(&*storage, &mut *sink, &path, &keyring, &provider)?;
        let log_id = keyring.log_id();
        let mut notes = Vec::new();
        notes.extend(key_note.map(|body| (ControlKind::Key, body)));
        notes.extend(
            state
                .recovered
                .take()
                .map(|body| (ControlKind::Recovered, body)),
        );
        let sealed_metadata = settings.metadata == MetadataMode::Sealed;
        let writer_sealer = Sealer::new(log_id, provider.aes_256_gcm, sealed_metadata);
        let writer = Writer::new(sink, writer_sealer, &state);
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let group_lines = match settings.durability {
            Durability::Entry => 1,
            Durability::Batch => config.batch_size,
            Durability::Buffered => 0,
        };
        let chunk_bytes = config.max_entry_size.clamp(MIN_CHUNK, MAX_CHUNK);
        let mask_step = Arc::new(MaskStep::new(maskers, keyring.purpose_key("pseudonyms")?));
        let intake = Intake::new(&config, &settings, Arc::clone(&clock)).feeding(Feeding::new(
            Arc::clone(&mask_step),
            config.max_entry_size,
            chunk_bytes.min(PIECE),
        ));
        let units = Units::new(keyring.clone()).assigning_at_once(!recipients.is_empty());
        let shared = Arc::new(Shared {
            queue: intake.queue(),
            doorbell: intake.doorbell(),
            helpers: (1..cores.min(4)).map(|_| Helper::default()).collect(),
            output: Output::new(match settings.durability {
                Durability::Buffered => OUTPUT_BYTES_BUFFERED,
                Durability::Batch | Durability::Entry => OUTPUT_BYTES,
            }),
            stats: intake.counters(),
            clock,
            log_id,
            classes: Classes::new(retention),
            durability: settings.durability,
            max_lines: if group_lines == 0 {
                64
            } else {
                group_lines.min(64)
            },
            group_lines,
            chunk_above: config.max_entry_size,
            chunk_bytes,
            object_bytes,
            mask_step,
            sealed_metadata,
            storage,
            archives,
            full_in: AtomicU64::new(0),
            synced: AtomicU64::new(0),
            failed: AtomicBool::new(false),
            failure: Mutex::new(None),
            stopping: AtomicBool::new(false),
            ending: AtomicBool::new(false),
            sequencer: Mutex::new(Sequencer::new(
                state,
                units,
                KeyWatch::new(keys, key_supply, now),
                notes,
                now,
            )),
            keyring,
            provider,
            recipients,
        });
        let maintenance = Maintenance::of_writer(path, Desk::new(Arc::clone(&shared)));
        let threads = start(&shared, writer, maintenance.clone(), upkeep)?;
        let pipeline = Self {
            shared,
            intake,
            maintenance,
            threads: Mutex::new(threads),
            shipping,
        };
        if must_tell {
            pipeline.tell_of_keys(strict)?;
        }
        Ok(pipeline)
    }

    /// Has the log tell where its key came from before anything is logged.
    fn tell_of_keys(&self, strict: bool) -> Result<(), LoggingError> {
        match block_on(self.intake.barrier()?) {
            Err(error) if strict => {
                self.stop();
                Err(LoggingError::key(
                    "with `strict`, a log is not opened that cannot record what is done with its keys; see to its disk, or set `audit = \"events\"` in [logging.keys]",
                    error,
                ))
            }
            Err(error) => {
                tracing::warn!(%error, "the log cannot tell yet where its key came from");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// How far the copies of the log are.
    pub(crate) fn shipping(&self) -> Vec<ShipStatus> {
        let shipping = self.shipping.as_ref();
        shipping.map(ShipMonitor::status).unwrap_or_default()
    }

    /// The way in.
    pub(crate) fn intake(&self) -> &Intake {
        &self.intake
    }

    /// For what is done with the log as a whole.
    pub(crate) fn maintenance(&self) -> Maintenance {
        self.maintenance.clone()
    }

    /// Lets the threads end and waits for them; the lock on the log goes with them.
    pub(crate) fn stop(&self) {
        let mut threads = self.threads.lock();
        // It may be asking something of the other threads, which must be there to answer.
        self.shared.ending.store(true, Ordering::Release);
        if let Some(upkeep) = threads.upkeep.take() {
            upkeep.thread().unpark();
            if upkeep.join().is_err() {
                tracing::error!("the thread that looks after the log died");
            }
        }
        self.shared.stopping.store(true, Ordering::Release);
        self.shared.doorbell.ring();
        let died = |thread: JoinHandle<()>| thread.join().is_err();
        let mut lost = threads
            .workers
            .drain(..)
            .map(died)
            .fold(false, |any, died| any | died);
        self.shared.output.stop();
        lost |= threads.writer.take().is_some_and(died);
        self.shared.sequencer.lock().settle(&self.shared);
        if lost {
            tracing::error!("a thread of the logger died; entries may be missing");
        }
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        if self.intake.close_within_bound() {
            self.stop();
        } else {
            self.shared.stopping.store(true, Ordering::Release);
        }
    }
}

fn start(
    shared: &Arc<Shared>,
    writer: Writer,
    maintenance: Maintenance,
    plan: UpkeepPlan,
) -> Result<Threads, LoggingError> {
    let mut threads = Threads::default();
    let spawn = |name: &'static str, run: Box<dyn FnOnce() + Send>| {
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(run)
            .map_err(|error| LoggingError::Worker {
                thread: name,
                message: error.to_string(),
            })
    };
    let own = Arc::clone(shared);
    threads.writer = Some(spawn("symlog-write", Box::new(move || writer.run(&own)))?);
    let own = Arc::clone(shared);
    let mut started = spawn("symlog-seal-0", Box::new(move || worker::watch(&own)));
    for at in 0..shared.helpers.len() {
        let Ok(thread) = started else { break };
        threads.workers.push(thread);
        let own = Arc::clone(shared);
        started = spawn("symlog-seal", Box::new(move || own.helpers[at].run(&own)));
    }
    let started = started.and_then(|thread| {
        threads.workers.push(thread);
        let own = Arc::clone(shared);
        spawn(
            "symlog-upkeep",
            Box::new(move || upkeep::run(&own, &maintenance, plan)),
        )
    });
    match started {
        Ok(thread) => {
            threads.upkeep = Some(thread);
            Ok(threads)
        }
        Err(error) => {
            shared.stopping.store(true, Ordering::Release);
            shared.output.stop();
            Err(error)
        }
    }
}
