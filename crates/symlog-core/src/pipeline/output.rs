//! Sealed batches, put back into order for the writer.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use super::queue::Credit;
use super::receipt::Completion;
use super::segment::Segment;
use crate::seal::Sealed;

/// What a worker hands to the writer.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) number: u64,
    pub(super) segment: Arc<Segment>,
    /// Whether the segment begins with this batch.
    pub(super) opens: bool,
    /// The sequence number of the line that seals the segment, where it ends with this batch.
    pub(super) closes: Option<u64>,
    /// Whether the object is sealed then.
    pub(super) rolls: bool,
    pub(super) sealed: Sealed,
    /// Those who wait for lines of this batch.
    pub(super) completions: Vec<Arc<Completion>>,
    /// Those who wait for everything up to here to be synced.
    pub(super) barriers: Vec<Arc<Completion>>,
    /// The same, for what was asked of the log itself.
    pub(super) asked: Vec<Arc<Completion>>,
    /// Entries that are worth nothing without another one before them: that one second.
    pub(super) needs: Vec<(Arc<Completion>, Arc<Completion>)>,
    /// Entries among the lines.
    pub(super) entries: u64,
    /// Queue bytes to give back.
    pub(super) credit: Credit,
}

impl Batch {
    /// Whether there is nothing in it but those who wait for what came before.
    pub(super) fn has_no_lines(&self) -> bool {
        !self.opens && self.closes.is_none() && self.sealed.line_count() == 0
    }
}

#[derive(Debug, Default)]
struct State {
    ready: BTreeMap<u64, Batch>,
    next: u64,
    bytes: usize,
    writer_sleeps: bool,
    stopping: bool,
    /// Buffers that were written and can be filled again.
    spare: Vec<Sealed>,
}

/// Buffers that are kept for the next batches; fresh memory costs a page fault for every 4 KiB.
const SPARE: usize = 64;
/// A buffer that grew larger than this is given back.
const SPARE_BYTES: usize = 1 << 20;

/// The reorder buffer between workers and writer, bounded in bytes.
#[derive(Debug)]
pub(super) struct Output {
    state: Mutex<State>,
    readable: Condvar,
    writable: Condvar,
    limit: usize,
}

impl Output {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            state: Mutex::default(),
            readable: Condvar::new(),
            writable: Condvar::new(),
            limit,
        }
    }

    /// Hands a batch over. Waits while the buffer is full, except with the batch that the writer
    /// needs next, since nothing else could empty the buffer.
    pub(super) fn put(&self, batch: Batch) {
        let mut state = self.state.lock();
        while state.bytes > self.limit && batch.number != state.next && !state.stopping {
            self.writable.wait(&mut state);
        }
        state.bytes += batch.sealed.byte_len();
        let wanted = batch.number == state.next;
        state.ready.insert(batch.number, batch);
        if wanted && state.writer_sleeps {
            self.readable.notify_one();
        }
    }

    /// The batches that come next: at least one, and as many as are ready within the limits
    /// (0 for no limit on lines). `None` once the writer should stop.
    pub(super) fn take(&self, max_lines: usize, max_bytes: usize) -> Option<Vec<Batch>> {
        let mut state = self.state.lock();
        let mut taken = Vec::new();
        let (mut lines, mut bytes) = (0, 0);
        loop {
            let next = state.next;
            if let Some(entry) = state.ready.get(&next) {
                let (more_lines, more_bytes) = (entry.sealed.line_count(), entry.sealed.byte_len());
                let full = !taken.is_empty()
                    && ((max_lines > 0 && lines + more_lines > max_lines)
                        || bytes + more_bytes > max_bytes);
                if full {
                    break;
                }
                lines += more_lines;
                bytes += more_bytes;
                state.next += 1;
                taken.extend(state.ready.remove(&next));
            } else if !taken.is_empty() {
                break;
            } else if state.stopping {
                return None;
            } else {
                state.writer_sleeps = true;
                self.readable.wait(&mut state);
                state.writer_sleeps = false;
            }
        }
        state.bytes -= bytes;
        drop(state);
        self.writable.notify_all();
        Some(taken)
    }

    /// An empty buffer for a batch.
    pub(super) fn buffer(&self) -> Sealed {
        self.state.lock().spare.pop().unwrap_or_default()
    }

    /// Gives a written buffer back.
    pub(super) fn recycle(&self, sealed: Sealed) {
        if sealed.byte_len() <= SPARE_BYTES {
            let sealed = sealed.recycled();
            let mut state = self.state.lock();
            if state.spare.len() < SPARE {
                state.spare.push(sealed);
            }
        }
    }

    /// Lets the writer stop once nothing is left.
    pub(super) fn stop(&self) {
        self.state.lock().stopping = true;
        self.readable.notify_all();
        self.writable.notify_all();
    }
}
