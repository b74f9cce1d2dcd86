//! The callers' side of a log: what is admitted to the queue, and what callers get for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime};

use super::doorbell::Doorbell;
use super::feed::Feeding;
use super::queue::{Item, Queue};
use super::receipt::{Completion, Receipt, block_on};
use super::stats::{Counters, Stats};
use crate::clock::Clock;
use crate::config::{LoggingConfig, Overflow, Oversize, Settings};
use crate::error::LoggingError;
use crate::interaction::Interaction;

/// What an entry occupies besides its payload.
const ENTRY_OVERHEAD: usize = 1024;
/// How long dropping a logger waits for what is still queued.
const DROP_BOUND: Duration = Duration::from_secs(5);

/// Takes entries in as the policies for a full queue and for large payloads say.
#[derive(Debug)]
pub(crate) struct Intake {
    queue: Arc<Queue>,
    doorbell: Arc<Doorbell>,
    stats: Arc<Counters>,
    clock: Arc<dyn Clock>,
    overflow: Overflow,
    /// Bytes of payload above which an entry is refused.
    refuse_above: Option<usize>,
    /// How payloads come in piece by piece, where the log's format has a place for that.
    feeding: Option<Feeding>,
    closed: AtomicBool,
}

impl Intake {
    pub(crate) fn new(config: &LoggingConfig, settings: &Settings, clock: Arc<dyn Clock>) -> Self {
        Self {
            queue: Arc::new(Queue::new(settings.queue_bytes)),
            doorbell: Arc::default(),
            stats: Arc::default(),
            clock,
            overflow: settings.overflow,
            refuse_above: (settings.oversize == Oversize::Reject).then_some(config.max_entry_size),
            feeding: None,
            closed: AtomicBool::new(false),
        }
    }

    /// Lets payloads in piece by piece, too.
    pub(super) fn feeding(self, feeding: Feeding) -> Self {
        Self {
            feeding: Some(feeding),
            ..self
        }
    }

    /// How payloads come in piece by piece; `None` where they must come whole.
    pub(crate) fn by_pieces(&self) -> Option<&Feeding> {
        // A payload above the limit is refused, in pieces or whole.
        self.feeding
            .as_ref()
            .filter(|_| self.refuse_above.is_none())
    }

    /// Bytes of payload above which an entry is refused.
    pub(super) fn refuse_above(&self) -> Option<usize> {
        self.refuse_above
    }

    pub(crate) fn queue(&self) -> Arc<Queue> {
        Arc::clone(&self.queue)
    }

    pub(crate) fn doorbell(&self) -> Arc<Doorbell> {
        Arc::clone(&self.doorbell)
    }

    pub(crate) fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.stats)
    }

    /// Hands an entry over. Waits only where the overflow policy is to wait and the queue is full.
    pub(crate) fn submit(&self, mut interaction: Interaction) -> Result<Receipt, LoggingError> {
        let bytes = self.admit(&mut interaction)?;
        if !self.queue.reserve(bytes) {
            match self.overflow {
                Overflow::Block => block_on(self.room(bytes)),
                Overflow::Reject => return Err(self.full()),
                Overflow::Drop => return Ok(self.dropped(&interaction)),
            }
        }
        Ok(self.push(interaction, bytes))
    }

    /// As [`submit`](Self::submit), but waits without blocking the thread.
    pub(crate) async fn submit_async(
        &self,
        mut interaction: Interaction,
    ) -> Result<Receipt, LoggingError> {
        let bytes = self.admit(&mut interaction)?;
        if !self.queue.reserve(bytes) {
            match self.overflow {
                Overflow::Block => self.room(bytes).await,
                Overflow::Reject => return Err(self.full()),
                Overflow::Drop => return Ok(self.dropped(&interaction)),
            }
        }
        Ok(self.push(interaction, bytes))
    }

    fn admit(&self, interaction: &mut Interaction) -> Result<usize, LoggingError> {
        if self.is_closed() {
            return Err(LoggingError::Closed);
        }
        let payload = interaction.payload_bytes();
        if let Some(limit) = self.refuse_above
            && payload > limit
        {
            return Err(LoggingError::TooLarge {
                bytes: payload,
                limit,
            });
        }
        if interaction.parts.timestamp.is_none() {
            interaction.parts.timestamp = Some(self.clock.now());
        }
        Ok(payload + ENTRY_OVERHEAD)
    }

    async fn room(&self, bytes: usize) {
        std::future::poll_fn(|cx| {
            let room = self
                .queue
                .poll_room(cx.waker(), |queue| queue.reserve(bytes));
            if room.is_pending() {
                self.doorbell.ring();
            }
            room
        })
        .await;
    }

    /// Ready once there is room for a piece of a payload, which is then taken.
    pub(super) fn poll_piece(
        &self,
        bytes: usize,
        insists: bool,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), LoggingError>> {
        if self.is_closed() {
            return Poll::Ready(Err(LoggingError::Closed));
        }
        if self.queue.reserve_piece(bytes) {
            return Poll::Ready(Ok(()));
        }
        // That other pieces are under way is no overflow.
        if self.overflow != Overflow::Block && self.queue.used() + bytes > self.queue.limit() {
            if insists {
                self.queue.reserve_piece_anyway(bytes);
                return Poll::Ready(Ok(()));
            }
            return Poll::Ready(Err(self.full()));
        }
        let room = self
            .queue
            .poll_room(cx.waker(), |queue| queue.reserve_piece(bytes));
        if room.is_pending() {
            self.doorbell.ring();
        }
        room.map(Ok)
    }

    /// Says that something was put into the queue.
    pub(super) fn ring(&self) {
        self.doorbell.ring_if_asleep();
    }

    pub(super) fn receipt(&self, completion: Arc<Completion>) -> Receipt {
        Receipt::new(completion, self.doorbell())
    }

    pub(super) fn now(&self) -> SystemTime {
        self.clock.now()
    }

    fn full(&self) -> LoggingError {
        LoggingError::QueueFull {
            queued: self.queue.used(),
            limit: self.queue.limit(),
        }
    }

    fn dropped(&self, interaction: &Interaction) -> Receipt {
        self.queue.note_drop();
        self.stats.update(|stats| stats.dropped += 1);
        let completion = Completion::new(interaction.parts.id);
        completion.fail(self.full());
        self.doorbell.ring_if_asleep();
        Receipt::new(completion, self.doorbell())
    }

    fn push(&self, mut interaction: Interaction, bytes: usize) -> Receipt {
        let parts = &mut *interaction.parts;
        parts.charge = bytes;
        parts.completion.name(parts.id);
        let receipt = Receipt::new(Arc::clone(&parts.completion), self.doorbell());
        self.queue.push(Item::Entry(interaction));
        self.doorbell.ring_if_asleep();
        receipt
    }

    /// Resolves once everything handed over before is synced.
    pub(crate) fn barrier(&self) -> Result<Receipt, LoggingError> {
        if self.is_closed() {
            return Err(LoggingError::Closed);
        }
        Ok(self.push_barrier(Item::Barrier))
    }

    fn push_barrier(&self, item: fn(Arc<Completion>) -> Item) -> Receipt {
        let completion = Completion::new(None);
        let receipt = Receipt::new(Arc::clone(&completion), self.doorbell());
        self.queue.push(item(completion));
        self.doorbell.ring();
        receipt
    }

    /// Takes nothing more; resolves once everything handed over before is synced and the log says
    /// that it was closed in order.
    pub(crate) fn close(&self) -> Result<Receipt, LoggingError> {
        if self.closed.swap(true, Ordering::AcqRel) {
            return Err(LoggingError::Closed);
        }
        Ok(self.push_barrier(Item::Close))
    }

    /// Closes on behalf of a logger that was dropped, within a bound. `false` when that was too
    /// short: the threads must then be left to finish by themselves.
    pub(crate) fn close_within_bound(&self) -> bool {
        let Ok(receipt) = self.close() else {
            return true;
        };
        match receipt.wait_until(Instant::now() + DROP_BOUND) {
            Some(Ok(())) => true,
            Some(Err(error)) => {
                tracing::warn!(%error, "entries were lost when the logger was dropped");
                true
            }
            None => {
                tracing::warn!(
                    queued = self.queue.len(),
                    "the logger was dropped with entries still queued; call `close` and wait for it"
                );
                false
            }
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub(crate) fn note_failure(&self) {
        self.stats.update(|stats| stats.failed += 1);
    }

    pub(crate) fn stats(&self) -> Stats {
        self.stats.snapshot()
    }
}
