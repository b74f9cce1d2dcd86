//! What is done with a log beside its entries: a thread that looks once a second whether something
//! is due, and the desk at which it, and others, ask for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use symlog_keys::Keyring;
use symlog_sink::Storage;

use super::queue::{Item, Upkeep, UpkeepTask};
use super::receipt::{Completion, Receipt};
use super::shared::Shared;
use crate::archive::Archives;
use crate::clock::Clock;
use crate::error::LoggingError;
use crate::format::ControlKind;
use crate::maintenance::{Chore, Maintenance, SEAL_RECORD};

/// How often it is looked.
const TICK: Duration = Duration::from_secs(1);
/// How long what was asked may take, which is a sync or two.
const BOUND: Duration = Duration::from_secs(30);
/// How long a chore that failed is left alone.
const RETRY_AFTER: Duration = Duration::from_secs(60);

/// What the thread looks after.
#[derive(Debug, Default)]
pub(crate) struct UpkeepPlan {
    /// The age at which the active object is sealed.
    pub(crate) seal_after: Option<Duration>,
    pub(crate) chores: Vec<Box<dyn Chore>>,
}

/// Where something is asked of an open log.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    shared: Arc<Shared>,
}

impl Desk {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Seals the active object, if there is anything in it.
    pub(crate) fn seal(&self) -> Result<(), LoggingError> {
        self.ask(UpkeepTask::Seal)
    }

    /// Has the log say something, and gives the sequence number of the line.
    pub(crate) fn say(&self, kind: ControlKind, body: String) -> Result<u64, LoggingError> {
        let said_at = Arc::new(AtomicU64::new(0));
        self.ask(UpkeepTask::Say {
            kind,
            body,
            said_at: Arc::clone(&said_at),
        })?;
        Ok(said_at.load(Ordering::Acquire))
    }

    /// Has the log tell what is noted in the keyring.
    fn tell(&self) -> Result<(), LoggingError> {
        self.ask(UpkeepTask::Tell)?;
        self.shared.sequencer.lock().forget_told(&self.shared);
        Ok(())
    }

    fn ask(&self, task: UpkeepTask) -> Result<(), LoggingError> {
        if self.shared.is_stopping() {
            return Err(LoggingError::Closed);
        }
        let completion = Completion::new(None);
        let receipt = Receipt::new(Arc::clone(&completion), Arc::clone(&self.shared.doorbell));
        self.shared
            .queue
            .push(Item::Upkeep(Box::new(Upkeep { task, completion })));
        self.shared.doorbell.ring();
        receipt
            .wait_until(Instant::now() + BOUND)
            .unwrap_or_else(|| {
                Err(LoggingError::Worker {
                    thread: "writing",
                    message: format!(
                        "it did not get to what was asked of the log within {} seconds; see to the disk",
                        BOUND.as_secs()
                    ),
                })
            })
    }

    /// Whether the log is being closed: what takes long should end.
    pub(crate) fn is_ending(&self) -> bool {
        self.shared.is_ending()
    }

    pub(crate) fn storage(&self) -> &Arc<dyn Storage> {
        self.shared.storage()
    }

    pub(crate) fn archives(&self) -> Option<&Arc<dyn Archives>> {
        self.shared.archives.as_ref()
    }

    pub(crate) fn keyring(&self) -> &Keyring {
        &self.shared.keyring
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.clock
    }
}

/// The thread.
pub(super) fn run(shared: &Arc<Shared>, maintenance: &Maintenance, plan: UpkeepPlan) {
    let mut upkeep = Thread {
        desk: Desk::new(Arc::clone(shared)),
        seal_after: plan.seal_after,
        chores: plan
            .chores
            .into_iter()
            .map(|chore| Due {
                chore,
                at: Instant::now(),
            })
            .collect(),
        told_before: 0,
        failed: false,
    };
    while !shared.is_ending() {
        std::thread::park_timeout(TICK);
        if shared.is_ending() {
            break;
        }
        upkeep.tick(maintenance);
    }
}

struct Thread {
    desk: Desk,
    seal_after: Option<Duration>,
    chores: Vec<Due>,
    /// Changes of the keyring before this number are in the log.
    told_before: u64,
    /// Whether the last look failed, so that a lasting failure is told once.
    failed: bool,
}

struct Due {
    chore: Box<dyn Chore>,
    at: Instant,
}

impl Thread {
    fn tick(&mut self, maintenance: &Maintenance) {
        let looked = self.tell_changes().and_then(|()| self.seal_if_due());
        match looked {
            Ok(()) | Err(LoggingError::Closed) => self.failed = false,
            Err(error) => {
                if !std::mem::replace(&mut self.failed, true) {
                    tracing::warn!(%error, "the log could not be looked after; this is tried again");
                }
            }
        }
        for due in &mut self.chores {
            if Instant::now() < due.at || maintenance.is_ending() {
                continue;
            }
            let wait = match due.chore.run(maintenance) {
                Ok(wait) => wait,
                Err(LoggingError::Closed) => RETRY_AFTER,
                Err(error) => {
                    tracing::warn!(%error, chore = due.chore.name(), "this could not be done and is tried again");
                    RETRY_AFTER
                }
            };
            due.at = Instant::now() + wait;
        }
    }

    fn tell_changes(&mut self) -> Result<(), LoggingError> {
        let changes = self.desk.keyring().changes()?;
        let Some(last) = changes.last() else {
            return Ok(());
        };
        if last.number >= self.told_before {
            self.desk.tell()?;
            self.told_before = last.number + 1;
        }
        Ok(())
    }

    fn seal_if_due(&mut self) -> Result<(), LoggingError> {
        let keyring = self.desk.keyring();
        let asked = keyring.record(SEAL_RECORD)?.is_some();
        if asked || self.is_old() {
            self.desk.seal()?;
        }
        if asked {
            keyring.set_record(SEAL_RECORD, None)?;
        }
        Ok(())
    }

    fn is_old(&self) -> bool {
        let shared = &self.desk.shared;
        let age = |since: SystemTime| shared.clock.now().duration_since(since).unwrap_or_default();
        self.seal_after.is_some_and(|limit| {
            shared
                .sequencer
                .lock()
                .object_since()
                .is_some_and(|since| age(since) >= limit)
        })
    }
}
