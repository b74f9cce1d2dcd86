//! The limit of handing over: a bounded ring queue whose consumer is never
//! woken.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam_queue::ArrayQueue;

/// A queue with a consumer that looks once a millisecond.
#[derive(Debug)]
pub struct RingQueue<T> {
    queue: Arc<ArrayQueue<T>>,
    is_done: Arc<AtomicBool>,
    consumer: thread::JoinHandle<()>,
}

impl<T: Send + 'static> RingQueue<T> {
    /// Starts the consumer.
    pub fn start(capacity: usize) -> Self {
        let queue = Arc::new(ArrayQueue::<T>::new(capacity));
        let is_done = Arc::new(AtomicBool::new(false));
        let consumer = thread::spawn({
            let (queue, is_done) = (Arc::clone(&queue), Arc::clone(&is_done));
            move || {
                while !is_done.load(Ordering::Acquire) {
                    while queue.pop().is_some() {}
                    thread::sleep(Duration::from_millis(1));
                }
            }
        });
        Self {
            queue,
            is_done,
            consumer,
        }
    }

    /// Hands one over; false when there is no room.
    pub fn push(&self, item: T) -> bool {
        self.queue.push(item).is_ok()
    }

    /// Ends the consumer.
    pub fn close(self) {
        self.is_done.store(true, Ordering::Release);
        if self.consumer.join().is_err() {
            eprintln!("the queue's consumer panicked");
        }
    }
}
