use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use backon::{BackoffBuilder, ExponentialBuilder};

use super::cursor::Cursor;
use super::options::ShipOptions;
use super::replica::Replica;
use super::shared::{Shared, Wake};
use super::status::ShipState;
use crate::{Operation, Sink, SinkError, Storage};

/// The thread that ships to one sink.
#[derive(Debug)]
pub(super) struct Shipper {
    pub(super) index: usize,
    pub(super) local: Arc<dyn Storage>,
    pub(super) log: String,
    pub(super) options: ShipOptions,
    pub(super) shared: Arc<Shared>,
}

/// Names that a log may go on under, after others wrote to those before.
const NAMES: usize = 100;
const SHORTEST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

impl Shipper {
    pub(super) fn start(self, inner: &dyn Sink) -> Result<(), SinkError> {
        self.shared.set_waiting(self.index, self.waiting(inner));
        self.shared.set_running(self.index, true);
        let turn = self.shared.turn();
        let shared = Arc::clone(&self.shared);
        let index = self.index;
        let name = self.options.name.clone();
        let spawned = std::thread::Builder::new()
            .name("symlog-ship".to_owned())
            .spawn(move || {
                self.run(turn);
                self.shared.set_running(self.index, false);
            });
        spawned.map(drop).map_err(|source| {
            shared.set_running(index, false);
            SinkError::io(Operation::Open, name, source)
        })
    }

    /// What waits to be shipped, as far as the cursor knows.
    fn waiting(&self, inner: &dyn Sink) -> u64 {
        let cursor = self.options.cursor.as_deref().and_then(Cursor::read);
        let (sealed, offset) = cursor.map_or((None, 0), |at| (at.sealed, at.offset));
        let objects = self.local.objects().unwrap_or_default();
        let behind = objects
            .iter()
            .filter(|object| sealed.as_ref().is_none_or(|sealed| *object > sealed));
        let len = |object| self.local.source(object).and_then(|source| source.len());
        let all: u64 = behind.map(|object| len(object).unwrap_or_default()).sum();
        // A log without a file yet has nothing but what its sink has.
        all.max(inner.len()).saturating_sub(offset)
    }

    fn run(&self, turn: u64) {
        let mut waits = backoff();
        loop {
            let failed = match self.connect().and_then(|mut replica| {
                // Once it answers, the next trouble is a new one.
                waits = backoff();
                self.ship(turn, &mut replica)
            }) {
                Ok(()) => return,
                Err(error) => error,
            };
            self.shared.update(self.index, |status| {
                status.state = ShipState::Retrying;
                status.failures += 1;
                status.error = Some(chain(&failed));
            });
            self.note(None);
            let wait = waits.next().unwrap_or(LONGEST_WAIT);
            match self.shared.wait(turn, None, Some(Instant::now() + wait)) {
                Wake::Stop => return,
                // A last try; the log is whole without it.
                Wake::Closing => {
                    let _ = self
                        .connect()
                        .and_then(|mut replica| self.ship(turn, &mut replica));
                    return;
                }
                Wake::Written | Wake::TimeIsUp => {}
            }
        }
    }

    /// Opens the copy, or another one where others have written to it.
    fn connect(&self) -> Result<Replica, SinkError> {
        self.shared
            .update(self.index, |status| status.state = ShipState::Connecting);
        self.options.remote.probe()?;
        let mut last = None;
        for number in 1..=NAMES {
            let name = match number {
                1 => self.log.clone(),
                number => format!("{}_{number}", self.log),
            };
            let copy = self.options.remote.log(&name)?;
            match Replica::open(&*self.local, copy) {
                Ok(replica) => {
                    self.shared.update(self.index, |status| {
                        status.state = ShipState::Shipping;
                        status.replica = Some(name);
                    });
                    return Ok(replica);
                }
                Err(SinkError::Diverged { object, offset, .. }) => {
                    last = Some(SinkError::Diverged {
                        path: self.options.remote.address().join(name),
                        object,
                        offset,
                    });
                }
                Err(error) => return Err(error),
            }
        }
        Err(last.unwrap_or(SinkError::InvalidName {
            name: self.log.clone(),
            reason: "it has no copy",
        }))
    }

    fn ship(&self, turn: u64, replica: &mut Replica) -> Result<(), SinkError> {
        loop {
            if self.shared.look(turn) == Wake::Stop {
                return Ok(());
            }
            let known = self.shared.written();
            let begun = Instant::now();
            let step = replica.advance(
                &*self.local,
                &|| self.shared.written(),
                self.options.part_bytes,
            )?;
            if step.shipped > 0 {
                self.shared.update(self.index, |status| {
                    status.shipped_bytes += step.shipped;
                    status.shipped_at = Some(SystemTime::now());
                    status.busy += begun.elapsed();
                });
            }
            self.shared.set_waiting(self.index, step.waiting);
            if step.shipped > 0 || step.more {
                self.note(Some(replica));
            }
            if step.more {
                continue;
            }
            // More comes with what is there at the end of the interval, unless
            // a whole part has come before.
            let until = begun + self.options.interval;
            let mut wake = self.shared.wait(turn, Some(&known), None);
            let mut known = known;
            while wake == Wake::Written && Instant::now() < until {
                let written = self.shared.written();
                let full = written.rolls != known.rolls
                    || written.synced.saturating_sub(replica.position().offset)
                        >= self.options.part_bytes as u64;
                if full {
                    break;
                }
                known = written;
                wake = self.shared.wait(turn, Some(&known), Some(until));
            }
            match wake {
                Wake::Stop => return Ok(()),
                Wake::Closing => return self.finish(turn, replica),
                Wake::Written | Wake::TimeIsUp => {}
            }
        }
    }

    fn finish(&self, turn: u64, replica: &mut Replica) -> Result<(), SinkError> {
        loop {
            if self.shared.look(turn) == Wake::Stop {
                return Ok(());
            }
            let written = || self.shared.written();
            let step = replica.advance(&*self.local, &written, self.options.part_bytes)?;
            self.shared.update(self.index, |status| {
                status.shipped_bytes += step.shipped;
            });
            self.shared.set_waiting(self.index, step.waiting);
            self.note(Some(replica));
            if !step.more {
                return Ok(());
            }
        }
    }

    /// Writes down how far the copy is. The copy itself knows better, so that
    /// what cannot be written is no failure: it only keeps the archive waiting.
    fn note(&self, replica: Option<&Replica>) {
        let Some(path) = &self.options.cursor else {
            return;
        };
        let Some(status) = self.shared.status().into_iter().nth(self.index) else {
            return;
        };
        let old = Cursor::read(path);
        let position = replica.map(Replica::position);
        let cursor = Cursor::new(status, position, old);
        let _ = cursor.write(path);
    }
}

fn backoff() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(SHORTEST_WAIT)
        .with_max_delay(LONGEST_WAIT)
        .with_jitter()
        .without_max_times()
        .build()
}

/// An error with its causes, which are the ones to look after.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        next = cause.source();
    }
    text
}
