use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use super::outcome::{ObserveError, Outcome};
use crate::config::FailureMode;
use crate::error::LoggingError;
use crate::interaction::{About, EntryId, Interaction, ResponseData};
use crate::logger::ModelLogger;
use crate::pipeline::{Feed, Intake, Receipt, block_on};

/// The two entries of one observed operation: its intent, and the outcome that is owed once the
/// intent was handed over. Dropped with the debt open, it pays at once.
pub(super) struct Journal {
    logger: ModelLogger,
    id: EntryId,
    /// What the request is about, and so the answer.
    about: About,
    step: Step,
}

enum Step {
    Fresh(Interaction),
    Intending(Submission),
    Running {
        since: Instant,
        /// Whether the observed code has the thread now. Still set when the journal is dropped,
        /// that code panicked: it neither returned nor was it dropped while it waited.
        inside: bool,
    },
    Settling(Submission),
    Over,
}

impl Journal {
    pub(super) fn new(logger: &ModelLogger, mut intent: Interaction) -> Self {
        let id = *intent.parts.id.get_or_insert_with(EntryId::generate);
        // These say how it ended, which nobody knows yet.
        intent.parts.response = None;
        intent.parts.error = None;
        intent.parts.latency = None;
        intent.parts.tokens = None;
        Self {
            logger: logger.clone(),
            id,
            about: intent.parts.about(),
            step: Step::Fresh(intent),
        }
    }

    pub(super) fn id(&self) -> EntryId {
        self.id
    }

    /// Ready once the operation may start.
    pub(super) fn poll_intent(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ObserveError>> {
        if let Step::Fresh(_) = &self.step
            && let Step::Fresh(intent) = std::mem::replace(&mut self.step, Step::Over)
        {
            self.step = Step::Intending(Submission::new(&self.logger, intent));
        }
        let Step::Intending(submission) = &mut self.step else {
            return Poll::Ready(Ok(()));
        };
        match ready!(submission.poll(cx)) {
            Ok(()) => {
                self.step = Step::Running {
                    since: Instant::now(),
                    inside: false,
                };
                Poll::Ready(Ok(()))
            }
            Err(source) => {
                self.step = Step::Over;
                match self.forgive(&source) {
                    true => Poll::Ready(Ok(())),
                    false => Poll::Ready(Err(ObserveError::NotStarted { source })),
                }
            }
        }
    }

    /// Runs code that belongs to the operation, to tell its panic from its being dropped.
    pub(super) fn inside<R>(&mut self, run: impl FnOnce() -> R) -> R {
        self.enter();
        let result = run();
        self.leave();
        result
    }

    pub(super) fn enter(&mut self) {
        self.set_inside(true);
    }

    pub(super) fn leave(&mut self) {
        self.set_inside(false);
    }

    fn set_inside(&mut self, now: bool) {
        if let Step::Running { inside, .. } = &mut self.step {
            *inside = now;
        }
    }

    /// Whether the operation has begun and has not been said to have ended.
    pub(super) fn is_running(&self) -> bool {
        matches!(self.step, Step::Running { .. })
    }

    /// Begins to log how it ended; [`poll_settled`](Self::poll_settled) goes on with it.
    /// Of a text that came in pieces, `feed` has what came before.
    pub(super) fn settle(&mut self, outcome: Outcome, feed: Option<Feed>) {
        if let Step::Running { since, .. } = self.step {
            let answer = self.answer(outcome).latency(since.elapsed());
            self.step = Step::Settling(self.submission(answer, feed));
        }
    }

    fn answer(&self, outcome: Outcome) -> Interaction {
        let mut answer = outcome.answer(self.id);
        answer.parts.about = Some(Box::new(self.about.clone()));
        answer
    }

    fn submission(&self, answer: Interaction, feed: Option<Feed>) -> Submission {
        match feed {
            None => Submission::new(&self.logger, answer),
            Some(feed) => Submission::of_stream(&self.logger, answer, feed),
        }
    }

    /// The way into the log, unless logging is disabled.
    pub(super) fn intake(&self) -> Option<&Intake> {
        self.logger.intake()
    }

    /// Begins an answer whose text comes in pieces. `None` where it must come whole.
    pub(super) fn begin_feed(&self) -> Option<Feed> {
        let head = self.answer(Outcome::from(ResponseData::default()));
        let mut feed = Feed::open(self.logger.intake()?, head)?;
        feed.begin_response();
        feed.text().open_text();
        Some(feed)
    }

    /// Ready once the outcome is logged, as far as the failure mode cares.
    pub(super) fn poll_settled(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ObserveError>> {
        let Step::Settling(submission) = &mut self.step else {
            return Poll::Ready(Ok(()));
        };
        let settled = ready!(submission.poll(cx));
        self.step = Step::Over;
        match settled {
            Err(source) if !self.forgive(&source) => {
                Poll::Ready(Err(ObserveError::NotRecorded { source }))
            }
            _ => Poll::Ready(Ok(())),
        }
    }

    /// Logs that the operation was given up half-way, unless its outcome is logged already. Blocks
    /// only where handing over does: while the queue is full, if that is the policy.
    pub(super) fn abandon(&mut self, mut outcome: Outcome, feed: Option<Feed>) {
        let unfinished = match std::mem::replace(&mut self.step, Step::Over) {
            Step::Running { since, inside } => {
                let class = if inside { "panicked" } else { "cancelled" };
                outcome.error.get_or_insert_with(|| class.to_owned());
                let answer = self.answer(outcome);
                self.submission(answer.latency(since.elapsed()), feed)
            }
            // The intent is in the log, and the operation was never begun.
            Step::Intending(submission) if submission.is_handed_over() => {
                let answer = self.answer(outcome.error("cancelled"));
                Submission::new(&self.logger, answer)
            }
            Step::Settling(submission) => submission,
            Step::Fresh(_) | Step::Intending(_) | Step::Over => return,
        };
        if let Err(error) = unfinished.hand_over() {
            self.forgive(&error);
        }
    }

    /// Warns; says whether the operation goes on all the same.
    fn forgive(&self, error: &LoggingError) -> bool {
        tracing::warn!(id = %self.id, "Failed to log model interaction: {error}");
        self.logger.failure_mode() == FailureMode::Open
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.abandon(Outcome::new(), None);
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// An entry on its way: handed over, and with `failure = "closed"` awaited.
enum Submission {
    Queueing {
        handing: Pin<Box<dyn Future<Output = Result<Receipt, LoggingError>> + Send>>,
        must_last: bool,
    },
    Awaiting(Receipt),
}

impl Submission {
    fn new(logger: &ModelLogger, interaction: Interaction) -> Self {
        let must_last = logger.failure_mode() == FailureMode::Closed;
        let logger = logger.clone();
        Self::Queueing {
            handing: Box::pin(async move {
                let handed = logger.submit_async(interaction).await;
                // What fails later, the pipeline counts.
                handed.inspect_err(|_| logger.note_failure())
            }),
            must_last,
        }
    }

    fn of_stream(logger: &ModelLogger, answer: Interaction, feed: Feed) -> Self {
        let must_last = logger.failure_mode() == FailureMode::Closed;
        let logger = logger.clone();
        Self::Queueing {
            handing: Box::pin(async move {
                let handed = end_stream(&logger, answer, feed).await;
                handed.inspect_err(|_| logger.note_failure())
            }),
            must_last,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), LoggingError>> {
        if let Self::Queueing { handing, must_last } = self {
            let receipt = ready!(handing.as_mut().poll(cx))?;
            if !*must_last {
                // What fails later, the pipeline warns of. An entry that the overflow policy
                // dropped has failed by now.
                return Poll::Ready(receipt.outcome().unwrap_or(Ok(())));
            }
            *self = Self::Awaiting(receipt);
        }
        match self {
            Self::Awaiting(receipt) => Pin::new(receipt).poll(cx),
            Self::Queueing { .. } => Poll::Pending,
        }
    }

    fn is_handed_over(&self) -> bool {
        matches!(self, Self::Awaiting(_))
    }

    /// Puts the entry into the queue if it is not there yet; nobody is left to await it.
    fn hand_over(self) -> Result<(), LoggingError> {
        match self {
            Self::Queueing { handing, .. } => block_on(handing).map(drop),
            Self::Awaiting(_) => Ok(()),
        }
    }
}

/// Ends a text that came in pieces, and the answer with it.
async fn end_stream(
    logger: &ModelLogger,
    mut answer: Interaction,
    mut feed: Feed,
) -> Result<Receipt, LoggingError> {
    let Some(intake) = logger.intake() else {
        return logger.submit_async(answer).await;
    };
    if feed.is_lost() {
        // Its lines are not in the log, or not all of them: the answer stands without the text.
        let response = answer.parts.response.get_or_insert_default();
        response
            .metadata
            .insert("incomplete".to_owned(), true.into());
        drop(feed);
        return intake.submit_async(answer).await;
    }
    let ResponseData {
        content: _,
        tool_result,
        confidence,
        metadata,
    } = answer.parts.response.take().unwrap_or_default();
    let text = feed.text();
    text.close_text();
    text.begin_tool_result();
    text.value(tool_result);
    text.end_response(confidence, metadata);
    // The end of what was let in before: whatever the policy for a full queue, it has a place.
    feed.insist();
    feed.end_part(intake).await?;
    Ok(feed.close(intake, answer))
}
