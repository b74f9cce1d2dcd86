//! The way in: a queue bounded in bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Poll, Waker};

use parking_lot::Mutex;

use super::feed::Part;
use super::fifo::Fifo;
use super::receipt::Completion;
use crate::format::ControlKind;
use crate::interaction::Interaction;

/// What goes through the queue.
#[derive(Debug)]
pub(crate) enum Item {
    /// An entry, which says itself how many bytes it occupies until it is written.
    Entry(Interaction),
    /// A part of an entry that is handed over piece by piece.
    Part(Box<Part>),
    /// Completes once everything before it is synced.
    Barrier(Arc<Completion>),
    /// Something to be done with the log itself.
    Upkeep(Box<Upkeep>),
    /// A barrier behind which nothing comes, and of which the log tells.
    Close(Arc<Completion>),
}

/// What is asked of the log itself. Completes once it is done and synced.
#[derive(Debug)]
pub(crate) struct Upkeep {
    pub(crate) task: UpkeepTask,
    pub(crate) completion: Arc<Completion>,
}

#[derive(Debug)]
pub(crate) enum UpkeepTask {
    /// Seal the active object.
    Seal,
    /// Tell what others noted in the keyring.
    Tell,
    /// Say something; `said_at` gets the sequence number of the line.
    Say {
        kind: ControlKind,
        body: String,
        said_at: Arc<AtomicU64>,
    },
}

// What is popped lies in the cache of the core that popped it. Places this small share cache lines,
// so that most pushes find theirs.
const _: () = assert!(size_of::<Item>() <= 16);

/// Bytes of the budget that an item occupies until it is written, and how many of them are pieces
/// of large payloads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Credit {
    pub(crate) bytes: usize,
    pub(crate) pieces: usize,
}

impl Credit {
    pub(crate) fn entry(bytes: usize) -> Self {
        Self { bytes, pieces: 0 }
    }

    pub(crate) fn piece(bytes: usize) -> Self {
        Self {
            bytes,
            pieces: bytes,
        }
    }
}

impl std::ops::AddAssign for Credit {
    fn add_assign(&mut self, more: Self) {
        self.bytes += more.bytes;
        self.pieces += more.pieces;
    }
}

/// The queue and its budget of bytes.
#[derive(Debug)]
pub(crate) struct Queue {
    items: Fifo<Item>,
    limit: usize,
    used: AtomicUsize,
    /// What of `used` are pieces of large payloads.
    pieces: AtomicUsize,
    /// Those who wait for room; looked at only when there is somebody.
    waiting: Mutex<Vec<Waker>>,
    anyone_waits: AtomicBool,
    dropped: AtomicU64,
}

/// Bytes of large payloads that are under way at once. A payload comes as fast as it can be read,
/// and would otherwise fill the whole queue, to no gain.
const PIECES: usize = 4 << 20;

impl Queue {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            items: Fifo::new(),
            limit,
            used: AtomicUsize::new(0),
            pieces: AtomicUsize::new(0),
            waiting: Mutex::new(Vec::new()),
            anyone_waits: AtomicBool::new(false),
            dropped: AtomicU64::new(0),
        }
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Takes `bytes` out of the budget. What is larger than the whole budget is admitted alone.
    pub(crate) fn reserve(&self, bytes: usize) -> bool {
        take(&self.used, bytes, self.limit)
    }

    /// Takes a piece of a large payload out of the budget.
    pub(crate) fn reserve_piece(&self, bytes: usize) -> bool {
        if !take(&self.pieces, bytes, PIECES) {
            return false;
        }
        if self.reserve(bytes) {
            return true;
        }
        // Who found no room because of this waits for what is queued, and so is woken by that.
        self.pieces.fetch_sub(bytes, Ordering::SeqCst);
        false
    }

    /// Takes `bytes` out of the budget whether they fit or not: the end of what was let in before.
    pub(crate) fn reserve_anyway(&self, bytes: usize) {
        self.used.fetch_add(bytes, Ordering::Relaxed);
    }

    /// [`reserve_anyway`](Self::reserve_anyway) for a piece of a large payload.
    pub(crate) fn reserve_piece_anyway(&self, bytes: usize) {
        self.pieces.fetch_add(bytes, Ordering::Relaxed);
        self.reserve_anyway(bytes);
    }

    /// Polls `reserve`; wakes the caller when there may be room.
    pub(crate) fn poll_room(&self, waker: &Waker, reserve: impl Fn(&Self) -> bool) -> Poll<()> {
        if reserve(self) {
            return Poll::Ready(());
        }
        self.waiting.lock().push(waker.clone());
        self.anyone_waits.store(true, Ordering::SeqCst);
        if reserve(self) {
            return Poll::Ready(());
        }
        Poll::Pending
    }

    /// Gives bytes back once they are written, or never will be.
    pub(crate) fn release(&self, credit: Credit) {
        let Credit { bytes, pieces } = credit;
        if bytes == 0 {
            return;
        }
        if pieces > 0 {
            self.pieces.fetch_sub(pieces, Ordering::SeqCst);
        }
        let left = self.used.fetch_sub(bytes, Ordering::SeqCst) - bytes;
        // Woken for every little room, callers would spend their time falling asleep again.
        if left <= self.limit / 4 * 3 || pieces > 0 {
            self.wake_waiting();
        }
    }

    fn wake_waiting(&self) {
        if self.anyone_waits.load(Ordering::SeqCst) {
            self.anyone_waits.store(false, Ordering::SeqCst);
            for waker in std::mem::take(&mut *self.waiting.lock()) {
                waker.wake();
            }
        }
    }

    pub(crate) fn push(&self, item: Item) {
        self.items.push(item);
    }

    pub(crate) fn pop(&self) -> Option<Item> {
        self.items.pop()
    }

    /// Notes an entry that the overflow policy dropped; the log will say so.
    pub(crate) fn note_drop(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn has_drops(&self) -> bool {
        self.dropped.load(Ordering::Relaxed) > 0
    }

    /// The drops since the last call.
    pub(crate) fn take_drops(&self) -> u64 {
        self.dropped.swap(0, Ordering::Relaxed)
    }
}

/// Adds `bytes` to `used` where there is room, or nothing else.
fn take(used: &AtomicUsize, bytes: usize, limit: usize) -> bool {
    // Never beyond the limit, not even for a moment: callers that wait would wake each other.
    used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
        let sum = used.saturating_add(bytes);
        (used == 0 || sum <= limit).then_some(sum)
    })
    .is_ok()
}
