//! The queue behind [`Queue`](super::queue::Queue): in order for each thread that pushes, lock-free
//! and without allocation while its consumer keeps up, and without a bound of its own.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_queue::ArrayQueue;
use parking_lot::Mutex;

/// Items in the ring: half a second of heavy traffic, and small enough to stay in the cache.
const RING: usize = 2048;

/// A ring, and a list for what comes while the ring is full.
///
/// Only one thread pops at a time; any number push.
#[derive(Debug)]
pub(super) struct Fifo<T> {
    ring: ArrayQueue<T>,
    /// Set and cleared under the lock of `spilled`: while it is set, nobody who saw it uses the
    /// ring, so that nothing overtakes what lies in the list.
    spills: AtomicBool,
    spilled: Mutex<VecDeque<T>>,
}

impl<T> Fifo<T> {
    pub(super) fn new() -> Self {
        Self::with_ring(RING)
    }

    fn with_ring(capacity: usize) -> Self {
        Self {
            ring: ArrayQueue::new(capacity),
            spills: AtomicBool::new(false),
            spilled: Mutex::default(),
        }
    }

    pub(super) fn push(&self, item: T) {
        let item = if self.spills.load(Ordering::Acquire) {
            item
        } else {
            match self.ring.push(item) {
                Ok(()) => return,
                Err(item) => item,
            }
        };
        let mut spilled = self.spilled.lock();
        // The list may have run empty meanwhile, and the ring may have room again: an item goes to
        // the list all the same, and those behind it as well until it is taken.
        self.spills.store(true, Ordering::Release);
        spilled.push_back(item);
    }

    pub(super) fn pop(&self) -> Option<T> {
        if let Some(item) = self.ring.pop() {
            return Some(item);
        }
        if !self.spills.load(Ordering::Acquire) {
            return None;
        }
        let mut spilled = self.spilled.lock();
        // Whoever put something into the list put what came before it into the ring, perhaps only
        // after it was found empty above.
        if let Some(item) = self.ring.pop() {
            return Some(item);
        }
        let item = spilled.pop_front();
        if spilled.is_empty() {
            self.spills.store(false, Ordering::Release);
            // A burst is over; its memory goes with it.
            spilled.shrink_to(RING);
        }
        item
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ring.is_empty() && !self.spills.load(Ordering::Acquire)
    }

    pub(super) fn len(&self) -> usize {
        let spilled = if self.spills.load(Ordering::Acquire) {
            self.spilled.lock().len()
        } else {
            0
        };
        self.ring.len() + spilled
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;

    #[test]
    fn what_does_not_fit_the_ring_comes_behind_it() {
        let fifo = Fifo::with_ring(2);
        (0..5).for_each(|n| fifo.push(n));
        assert_eq!(fifo.len(), 5);
        assert_eq!(fifo.pop(), Some(0));
        // There is room in the ring now, but 2 to 4 are not taken yet.
        fifo.push(5);
        let rest: Vec<_> = std::iter::from_fn(|| fifo.pop()).collect();
        assert_eq!(rest, [1, 2, 3, 4, 5]);
        assert!(fifo.is_empty());
        fifo.push(6);
        assert_eq!((fifo.pop(), fifo.pop()), (Some(6), None));
    }

    #[test]
    fn every_thread_keeps_its_order_and_nothing_is_lost() {
        const THREADS: u32 = 3;
        const EACH: u32 = 20_000;
        for ring in [1, 2, 7] {
            let fifo = Arc::new(Fifo::with_ring(ring));
            let pushers: Vec<_> = (0..THREADS)
                .map(|thread| {
                    let fifo = Arc::clone(&fifo);
                    thread::spawn(move || (0..EACH).for_each(|n| fifo.push((thread, n))))
                })
                .collect();
            let mut next = [0; THREADS as usize];
            let mut taken = 0;
            while taken < THREADS * EACH {
                let Some((thread, n)) = fifo.pop() else {
                    thread::yield_now();
                    continue;
                };
                assert_eq!(n, next[thread as usize], "thread {thread}, ring of {ring}");
                next[thread as usize] += 1;
                taken += 1;
            }
            pushers.into_iter().for_each(|it| it.join().unwrap());
            assert!(fifo.is_empty());
        }
    }
}
