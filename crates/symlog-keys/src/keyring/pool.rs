//! Unit keys at hand, so that a batch that opens a new unit waits for no disk.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use parking_lot::{Condvar, Mutex};
use symlog_crypto::{Key, clear_stack};

use super::{Id, Inner, Keyring, KeyringError};

/// The first claim is small, so that a program that records one entry leaves little behind if it is killed.
const FIRST_BATCH: usize = 32;
const LARGEST_BATCH: usize = 1024;

#[derive(Debug)]
pub(super) struct Pool {
    state: Mutex<State>,
    refilled: Condvar,
}

#[derive(Debug)]
struct State {
    ready: VecDeque<(Id, Key)>,
    refilling: bool,
    batch: usize,
}

impl Pool {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                ready: VecDeque::new(),
                refilling: false,
                batch: FIRST_BATCH,
            }),
            refilled: Condvar::new(),
        }
    }
}

impl Keyring {
    /// A unit key that nobody had, already durable: a line sealed with it can always be read. To be named with
    /// [`assign_units`](Keyring::assign_units) later.
    ///
    /// Refilled in the background when half is used; waits for the disk only when the pool is empty. Keys that
    /// were not taken go back when the last handle is dropped. After a crash, keys that were claimed and never
    /// assigned are not handed out again, because a line in the log may have been sealed with them; they can be
    /// read by their id as long as the keyring exists.
    ///
    /// # Errors
    /// [`KeyringError::ReadOnly`], or those of the file when the pool is empty and cannot be filled.
    pub fn take_pool_key(&self) -> Result<(Id, Key), KeyringError> {
        let inner = &self.inner;
        inner.writable()?;
        let mut state = inner.pool.state.lock();
        loop {
            if let Some(taken) = state.ready.pop_front() {
                // Half of what was claimed last: the next claim is twice as large.
                if state.ready.len() < state.batch / 4 && !state.refilling {
                    state.refilling = refill_in_background(inner);
                }
                return Ok(taken);
            }
            if state.refilling {
                inner.pool.refilled.wait(&mut state);
                continue;
            }
            state.refilling = true;
            let batch = state.batch;
            drop(state);
            let claimed = inner.claim_units(batch);
            state = inner.pool.state.lock();
            state.refilling = false;
            inner.pool.refilled.notify_all();
            state.ready.extend(claimed?);
            state.batch = (batch * 2).min(LARGEST_BATCH);
        }
    }
}

/// Whether a thread was started. Without one the next caller that finds the pool empty fills it.
fn refill_in_background(inner: &Arc<Inner>) -> bool {
    let weak = Arc::downgrade(inner);
    std::thread::Builder::new()
        .name("symlog-unit-keys".to_owned())
        .spawn(move || refill(&weak))
        .is_ok()
}

fn refill(inner: &Weak<Inner>) {
    let Some(inner) = inner.upgrade() else {
        return;
    };
    let batch = inner.pool.state.lock().batch;
    let claimed = inner.claim_units(batch);
    let mut state = inner.pool.state.lock();
    state.refilling = false;
    match claimed {
        Ok(claimed) => {
            state.ready.extend(claimed);
            state.batch = (batch * 2).min(LARGEST_BATCH);
        }
        // Whoever finds the pool empty tries again and gets the error.
        Err(error) => tracing::warn!(%error, "unit keys could not be made in advance"),
    }
    inner.pool.refilled.notify_all();
}

impl Drop for Inner {
    fn drop(&mut self) {
        let ready = std::mem::take(&mut self.pool.state.get_mut().ready);
        let ids: Vec<Id> = ready.iter().map(|(id, _)| *id).collect();
        if !ids.is_empty()
            && let Err(error) = self.release_units(&ids)
        {
            tracing::warn!(%error, count = ids.len(), "unused unit keys were not given back; they stay unused");
        }
        clear_stack();
    }
}
