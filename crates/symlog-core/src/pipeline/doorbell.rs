use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering, fence};
use std::thread::Thread;
use std::time::Duration;

const AWAKE: u8 = 0;
/// Looks again by itself within a moment.
const DOZING: u8 = 1;
/// Sleeps until somebody rings.
const ASLEEP: u8 = 2;

/// How callers reach the worker that watches the queue, at no cost while it is awake.
///
/// Waking a thread costs the caller several microseconds. So a busy worker dozes instead of
/// sleeping: it looks at the queue by itself every [`DOZE`], and handing over wakes nobody. Only
/// a logger that has been idle for a while sleeps for good, and its next caller wakes it.
///
/// Aligned so that the worker's changes of state do not share a cache line with the count of the
/// receipts that hold it.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(crate) struct Doorbell {
    state: AtomicU8,
    worker: OnceLock<Thread>,
}

/// Short against a person's patience, long against the cost of a wake-up.
pub(crate) const DOZE: Duration = Duration::from_micros(500);

impl Doorbell {
    /// Called once by the worker that watches the queue.
    pub(crate) fn answer(&self) {
        let _ = self.worker.set(std::thread::current());
    }

    /// Wakes the worker whatever it does.
    pub(crate) fn ring(&self) {
        fence(Ordering::SeqCst);
        if self.state.load(Ordering::Relaxed) != AWAKE {
            self.wake();
        }
    }

    /// Wakes the worker unless it will look by itself.
    pub(crate) fn ring_if_asleep(&self) {
        // Pairs with the fence in `sleep`: either the worker sees what was pushed before, or this
        // sees that it sleeps.
        fence(Ordering::SeqCst);
        if self.state.load(Ordering::Relaxed) == ASLEEP {
            self.wake();
        }
    }

    #[cold]
    fn wake(&self) {
        if self.state.swap(AWAKE, Ordering::SeqCst) != AWAKE
            && let Some(worker) = self.worker.get()
        {
            worker.unpark();
        }
    }

    /// Rests until rung, or for a doze; `nothing_to_do` is asked once more before.
    pub(crate) fn rest(&self, deeply: bool, nothing_to_do: impl FnOnce() -> bool) {
        self.state
            .store(if deeply { ASLEEP } else { DOZING }, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        if nothing_to_do() {
            if deeply {
                std::thread::park();
            } else {
                std::thread::park_timeout(DOZE);
            }
        }
        self.state.store(AWAKE, Ordering::SeqCst);
    }
}
