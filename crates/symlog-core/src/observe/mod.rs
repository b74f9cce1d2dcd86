//! Logging around what somebody else does: the intent before, the outcome after.

mod journal;
mod outcome;
mod recorder;
mod stream;

pub use outcome::{Describe, ErrorsOnly, ObserveError, OnOk, OnOutput, Outcome};
pub use recorder::StreamRecorder;
pub use stream::RecordedStream;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::interaction::{EntryId, Interaction};
use crate::logger::ModelLogger;
use journal::Journal;

impl ModelLogger {
    /// Logs what a future does: `intent` before it is first polled, its outcome when it ends.
    ///
    /// What `intent` itself says of an answer, an error, a latency or tokens is passed over. The
    /// outcome holds the latency and, of a `Result`, the error; [`on_ok`](Observed::on_ok) and
    /// [`describe`](Observed::describe) add the response. Dropped before its end, the future is
    /// logged as `cancelled`; when it panics, as `panicked`, and the panic goes on. Killed between,
    /// the process leaves an open request.
    ///
    /// What cannot be logged is warned of and counted in [`Stats`](crate::Stats), and the future
    /// goes on. With `failure = "closed"` it starts only once the intent has reached the log's
    /// durability, and gives its output only once the outcome has.
    ///
    /// ```
    /// # use symlog_core::{Interaction, ModelInteractionType, ModelLogger, Outcome};
    /// # async fn complete(prompt: &str) -> Result<String, std::io::Error> { Ok(prompt.to_uppercase()) }
    /// # async fn example(logger: ModelLogger) -> Result<(), Box<dyn std::error::Error>> {
    /// let intent = Interaction::new("agent_7", ModelInteractionType::Completion, "gpt-4")
    ///     .request("What is the weather like?");
    /// let answer = logger
    ///     .observe(intent, complete("What is the weather like?"))
    ///     .on_ok(|answer| Outcome::text(answer))
    ///     .await??;
    /// # let _ = answer; Ok(())
    /// # }
    /// ```
    pub fn observe<F: Future>(&self, intent: Interaction, future: F) -> Observed<F> {
        Observed {
            future: Box::pin(future),
            describe: Some(ErrorsOnly),
            output: None,
            journal: Journal::new(self, intent),
        }
    }

    /// Logs a stream: `intent` now, and whatever the recorder has been given when it is finished
    /// or dropped. Failures are dealt with as in [`observe`](Self::observe).
    ///
    /// # Errors
    ///
    /// With `failure = "closed"`, when the intent could not be logged.
    pub fn record_stream(
        &self,
        intent: Interaction,
    ) -> impl Future<Output = Result<StreamRecorder, ObserveError>> + Send + use<> {
        let journal = Journal::new(self, intent);
        StreamRecorder::open(journal)
    }
}

/// A future under observation, made by [`ModelLogger::observe`].
///
/// Gives what the future gives, or an [`ObserveError`] where `failure = "closed"` forbids to go on.
#[must_use = "futures do nothing unless they are awaited"]
pub struct Observed<F: Future, D = ErrorsOnly> {
    // Dropped before the journal, which logs that it was.
    future: Pin<Box<F>>,
    describe: Option<D>,
    output: Option<F::Output>,
    journal: Journal,
}

impl<F: Future> Observed<F> {
    /// Logs what `describe` makes of the value of a `Result`: an [`Outcome`], or its text alone.
    /// The error is logged by itself.
    pub fn on_ok<T, E, O, D>(self, describe: D) -> Observed<F, OnOk<D>>
    where
        F: Future<Output = Result<T, E>>,
        D: FnOnce(&T) -> O,
        O: Into<Outcome>,
    {
        self.with(OnOk(describe))
    }

    /// Logs what `describe` makes of the output, be it a `Result` or not.
    pub fn describe<O, D>(self, describe: D) -> Observed<F, OnOutput<D>>
    where
        D: FnOnce(&F::Output) -> O,
        O: Into<Outcome>,
    {
        self.with(OnOutput(describe))
    }

    fn with<D>(self, describe: D) -> Observed<F, D> {
        let Self {
            future,
            describe: _,
            output,
            journal,
        } = self;
        Observed {
            future,
            describe: Some(describe),
            output,
            journal,
        }
    }
}

impl<F: Future, D> Observed<F, D> {
    /// The identity under which the intent and the outcome are logged.
    pub fn id(&self) -> EntryId {
        self.journal.id()
    }
}

// The future is pinned in its box, and nothing else in here is ever pinned.
impl<F: Future, D> Unpin for Observed<F, D> {}

impl<F: Future, D: Describe<F::Output>> Future for Observed<F, D> {
    type Output = Result<F::Output, ObserveError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self {
            future,
            describe,
            output,
            journal,
        } = self.get_mut();
        ready!(journal.poll_intent(cx))?;
        let value = match output.take() {
            Some(value) => value,
            None => {
                let value = ready!(journal.inside(|| future.as_mut().poll(cx)));
                if let Some(describe) = describe.take() {
                    let outcome = journal.inside(|| describe.describe(&value));
                    journal.settle(outcome, None);
                }
                value
            }
        };
        match journal.poll_settled(cx) {
            Poll::Ready(settled) => Poll::Ready(settled.map(|()| value)),
            Poll::Pending => {
                *output = Some(value);
                Poll::Pending
            }
        }
    }
}

impl<F: Future, D> fmt::Debug for Observed<F, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observed")
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}
