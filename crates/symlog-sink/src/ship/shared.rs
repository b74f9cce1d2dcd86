//! What the writer and the shippers tell each other.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::options::{AtCeiling, ShipOptions};
use super::status::{ShipState, ShipStatus};
use crate::SinkError;

#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    written: Written,
    sinks: Vec<SinkEntry>,
    /// Which holder of the sink this is; shippers of earlier ones must stop.
    turn: u64,
    is_closing: bool,
}

#[derive(Debug)]
struct SinkEntry {
    status: ShipStatus,
    ceiling: u64,
    at_ceiling: AtCeiling,
    drain: Duration,
    is_running: bool,
}

/// What is known to be synced of the local log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    /// Counts the seals since the log was opened.
    pub(super) rolls: u64,
    /// Bytes of the active object that a sync has covered. None before the
    /// first one: what an earlier process left may be in memory only.
    pub(super) synced: u64,
    /// Sealed objects whose end was never synced, with the length that was.
    pub(super) unsound: BTreeMap<String, u64>,
}

impl Shared {
    pub(super) fn new(sinks: &[ShipOptions]) -> Self {
        let sinks = sinks
            .iter()
            .map(|options| SinkEntry {
                status: ShipStatus::new(&options.name),
                ceiling: options.spool_bytes,
                at_ceiling: options.at_ceiling,
                drain: options.drain,
                is_running: false,
            })
            .collect();
        Self {
            state: Mutex::new(State {
                written: Written::default(),
                sinks,
                turn: 0,
                is_closing: false,
            }),
            changed: Condvar::new(),
        }
    }

    fn guard(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn status(&self) -> Vec<ShipStatus> {
        let state = self.guard();
        state.sinks.iter().map(|s| s.status.clone()).collect()
    }

    pub(super) fn turn(&self) -> u64 {
        self.guard().turn
    }

    /// Somebody begins to write.
    pub(super) fn begin(&self) {
        let mut state = self.guard();
        state.turn += 1;
        state.is_closing = false;
        state.written = Written::default();
    }

    pub(super) fn update(&self, sink: usize, change: impl FnOnce(&mut ShipStatus)) {
        let mut state = self.guard();
        change(&mut state.sinks[sink].status);
        drop(state);
        self.changed.notify_all();
    }

    /// Tells that the exact number of bytes that wait is `waiting`.
    pub(super) fn set_waiting(&self, sink: usize, waiting: u64) {
        self.update(sink, |status| {
            status.waiting_bytes = waiting;
            if waiting == 0 {
                status.behind_since = None;
            } else {
                status.behind_since.get_or_insert_with(SystemTime::now);
            }
        });
    }

    pub(super) fn set_running(&self, sink: usize, is_running: bool) {
        let mut state = self.guard();
        state.sinks[sink].is_running = is_running;
        state.sinks[sink].status.state = match is_running {
            true => ShipState::Connecting,
            false => ShipState::Stopped,
        };
        drop(state);
        self.changed.notify_all();
    }

    pub(super) fn write(&self, change: impl FnOnce(&mut Written)) {
        let mut state = self.guard();
        change(&mut state.written);
        drop(state);
        self.changed.notify_all();
    }

    pub(super) fn written(&self) -> Written {
        self.guard().written.clone()
    }

    /// Tells that as many bytes were appended.
    pub(super) fn appended(&self, bytes: u64) {
        let mut state = self.guard();
        for sink in &mut state.sinks {
            let status = &mut sink.status;
            status.waiting_bytes += bytes;
            status.behind_since.get_or_insert_with(SystemTime::now);
        }
    }

    /// Whether there is room for `bytes` more below every ceiling.
    pub(super) fn room(&self, bytes: u64) -> Room {
        Self::room_in(&self.guard(), bytes)
    }

    fn room_in(state: &State, bytes: u64) -> Room {
        let mut room = Room::Enough;
        for sink in &state.sinks {
            let waiting = sink.status.waiting_bytes;
            // What is longer than the ceiling is let in alone.
            if sink.ceiling == 0 || waiting == 0 || waiting + bytes <= sink.ceiling {
                continue;
            }
            match sink.at_ceiling {
                AtCeiling::Exceed => {}
                AtCeiling::Block => room = Room::Wait,
                AtCeiling::Reject => {
                    return Room::None(SinkError::SpoolFull {
                        sink: sink.status.name.clone(),
                        waiting,
                        ceiling: sink.ceiling,
                    });
                }
            }
        }
        room
    }

    /// Waits until there is room.
    pub(super) fn wait_for_room(&self, bytes: u64) -> Result<(), SinkError> {
        let mut state = self.guard();
        loop {
            match Self::room_in(&state, bytes) {
                Room::Enough => return Ok(()),
                Room::None(error) => return Err(error),
                Room::Wait => {}
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits until `known` is no longer what is written, or time is up, or the
    /// shippers of this turn must stop.
    pub(super) fn wait(&self, turn: u64, known: Option<&Written>, until: Option<Instant>) -> Wake {
        let mut state = self.guard();
        loop {
            if state.turn != turn {
                return Wake::Stop;
            }
            if state.is_closing {
                return Wake::Closing;
            }
            if known.is_some_and(|known| *known != state.written) {
                return Wake::Written;
            }
            let Some(until) = until else {
                state = self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Wake::TimeIsUp;
            }
            state = self
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Whether the shippers of `turn` may go on, and whether they should hurry.
    pub(super) fn look(&self, turn: u64) -> Wake {
        let state = self.guard();
        match () {
            () if state.turn != turn => Wake::Stop,
            () if state.is_closing => Wake::Closing,
            () => Wake::Written,
        }
    }

    /// Lets the shippers ship what is left, within their bounds, and stops them.
    pub(super) fn close(&self) {
        let mut state = self.guard();
        state.is_closing = true;
        self.changed.notify_all();
        let begun = Instant::now();
        loop {
            let longest = state
                .sinks
                .iter()
                .filter(|sink| sink.is_running)
                .map(|sink| sink.drain.saturating_sub(begun.elapsed()))
                .max()
                .unwrap_or_default();
            if longest.is_zero() {
                break;
            }
            state = self
                .changed
                .wait_timeout(state, longest)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        // One that hangs in a request finds out when it returns.
        state.turn += 1;
        for sink in &mut state.sinks {
            sink.status.state = ShipState::Stopped;
        }
    }
}

#[derive(Debug)]
pub(super) enum Room {
    Enough,
    Wait,
    None(SinkError),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wake {
    /// More was written.
    Written,
    TimeIsUp,
    /// The writer is gone: ship what is left and stop.
    Closing,
    /// Somebody else may write the log by now.
    Stop,
}
