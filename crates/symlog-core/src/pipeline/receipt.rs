use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Instant;

use atomic_waker::AtomicWaker;

use super::doorbell::Doorbell;
use crate::error::LoggingError;
use crate::interaction::EntryId;

const PENDING: u8 = 0;
const DONE: u8 = 1;
const FAILED: u8 = 2;

/// One entry's way to its receipt.
#[derive(Debug, Default)]
pub(crate) struct Completion {
    state: AtomicU8,
    waker: AtomicWaker,
    id: OnceLock<EntryId>,
    error: OnceLock<LoggingError>,
}

impl Completion {
    pub(crate) fn new(id: Option<EntryId>) -> Arc<Self> {
        let completion = Arc::<Self>::default();
        completion.name(id);
        completion
    }

    /// Gives the entry the id that its caller chose, if any.
    pub(super) fn name(&self, id: Option<EntryId>) {
        if let Some(id) = id {
            let _ = self.id.set(id);
        }
    }

    /// The entry's id, made when it is first asked for, which is rarely on the caller's thread.
    pub(crate) fn id(&self) -> EntryId {
        self.id_or(EntryId::generate)
    }

    /// The entry's id, which is `make`'s if nobody has asked for it before.
    pub(super) fn id_or(&self, make: impl FnOnce() -> EntryId) -> EntryId {
        *self.id.get_or_init(make)
    }

    pub(crate) fn succeed(&self) {
        // Of an entry that came in pieces one may have been lost before the last was written.
        if self.error.get().is_some() {
            return;
        }
        self.state.store(DONE, Ordering::Release);
        self.waker.wake();
    }

    pub(crate) fn fail(&self, error: LoggingError) {
        // Two failures of one entry can only be the same one reported twice.
        let _ = self.error.set(error);
        self.state.store(FAILED, Ordering::Release);
        self.waker.wake();
    }

    pub(crate) fn outcome(&self) -> Option<Result<(), LoggingError>> {
        match self.state.load(Ordering::Acquire) {
            PENDING => None,
            DONE => Some(Ok(())),
            _ => Some(Err(self
                .error
                .get()
                .cloned()
                .unwrap_or(LoggingError::Closed))),
        }
    }
}

/// The promise that an entry will be logged: resolves once the log's durability level is reached
/// for it, or to the reason why it was not.
///
/// Dropping it does not take the entry back.
#[must_use = "an entry counts as logged only when its receipt says so"]
pub struct Receipt {
    completion: Arc<Completion>,
    doorbell: Option<Arc<Doorbell>>,
}

impl Receipt {
    pub(super) fn new(completion: Arc<Completion>, doorbell: Arc<Doorbell>) -> Self {
        Self {
            completion,
            doorbell: Some(doorbell),
        }
    }

    /// A receipt for what needs no logging, because logging is disabled.
    pub(crate) fn disabled(id: Option<EntryId>) -> Self {
        let completion = Completion::new(id);
        completion.succeed();
        Self {
            completion,
            doorbell: None,
        }
    }

    /// The entry's identity.
    pub fn id(&self) -> EntryId {
        self.completion.id()
    }

    /// How it went, if that is known already.
    pub(crate) fn outcome(&self) -> Option<Result<(), LoggingError>> {
        self.completion.outcome()
    }

    /// Blocks until the entry is logged. In async code, await the receipt instead.
    ///
    /// # Errors
    ///
    /// What kept the entry from being logged at the log's durability level.
    pub fn wait(self) -> Result<(), LoggingError> {
        block_on(self)
    }

    /// As [`wait`](Self::wait), but gives up at `deadline` with `None`.
    pub(super) fn wait_until(mut self, deadline: Instant) -> Option<Result<(), LoggingError>> {
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        let mut cx = Context::from_waker(&waker);
        loop {
            if let Poll::Ready(outcome) = Pin::new(&mut self).poll(&mut cx) {
                return Some(outcome);
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            std::thread::park_timeout(left);
        }
    }
}

impl Future for Receipt {
    type Output = Result<(), LoggingError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(outcome) = self.completion.outcome() {
            return Poll::Ready(outcome);
        }
        self.completion.waker.register(cx.waker());
        // Completed between the look and the registration: the wake-up went nowhere.
        if let Some(outcome) = self.completion.outcome() {
            return Poll::Ready(outcome);
        }
        // Handing over wakes nobody; somebody who waits may pay for a wake-up.
        if let Some(doorbell) = &self.doorbell {
            doorbell.ring();
        }
        Poll::Pending
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt")
            .field("id", &self.id())
            .field("outcome", &self.outcome())
            .finish()
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Drives a future on this thread, which sleeps in between.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut cx = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        std::thread::park();
    }
}
