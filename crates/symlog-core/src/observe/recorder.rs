use std::fmt;
use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use serde_json::Value;

use super::RecordedStream;
use super::journal::Journal;
use super::outcome::{ObserveError, Outcome};
use crate::interaction::{EntryId, TokenUsage};
use crate::pipeline::{Feed, Feeding, Intake, block_on, slices};

/// Takes a stream as it arrives, and logs it as one response when it is finished.
///
/// Dropped half-way, it logs what it has seen, with the error class `cancelled`, or `panicked`
/// while the thread unwinds, and `"incomplete": true` in the response's metadata.
///
/// Text above `max_entry_size` is masked, sealed and written while more of it arrives, so that a
/// stream occupies the same memory however long it is; where the process is killed, the log holds
/// what came before. The format of the reference logger has no place for that: there all text is
/// kept until the end.
#[must_use = "a recorder that is dropped logs an incomplete stream"]
pub struct StreamRecorder {
    journal: Journal,
    outcome: Outcome,
    /// The text, once it is too long to be kept.
    feed: Option<Feed>,
    /// Whether no more of the text is taken.
    is_lost: bool,
    /// Whether somebody sees to it that there is room before more text comes.
    is_wrapped: bool,
}

impl StreamRecorder {
    pub(super) async fn open(mut journal: Journal) -> Result<Self, ObserveError> {
        poll_fn(|cx| journal.poll_intent(cx)).await?;
        Ok(Self {
            journal,
            outcome: Outcome::new(),
            feed: None,
            is_lost: false,
            is_wrapped: false,
        })
    }

    /// The identity under which the stream is logged.
    pub fn id(&self) -> EntryId {
        self.journal.id()
    }

    /// Adds text that arrived.
    ///
    /// Waits only when the text is long, the queue is full and `overflow` is `block`; in async
    /// code, where that would hold up a thread of the runtime, see
    /// [`push_async`](Self::push_async). With another policy the text ends there, and the log
    /// says that it is incomplete.
    pub fn push(&mut self, text: &str) {
        for slice in slices(text) {
            self.take(slice);
            if self.feed.is_some() && !self.is_wrapped {
                block_on(poll_fn(|cx| self.poll_room(cx)));
            }
        }
    }

    /// As [`push`](Self::push), but gives the thread back while the queue is full.
    pub async fn push_async(&mut self, text: &str) {
        for slice in slices(text) {
            self.take(slice);
            poll_fn(|cx| self.poll_room(cx)).await;
        }
    }

    /// Takes text without handing it over.
    fn take(&mut self, text: &str) {
        if self.is_lost || !self.journal.is_running() {
            return;
        }
        if let Some(feed) = &mut self.feed {
            slices(text).for_each(|slice| feed.text().push(slice));
            return;
        }
        let content = &mut self.outcome.response.content;
        content.push_str(text);
        let is_long = |feeding: &Feeding| content.len() > feeding.above();
        if self
            .journal
            .intake()
            .and_then(Intake::by_pieces)
            .is_some_and(is_long)
        {
            let text = std::mem::take(content);
            self.feed = self.journal.begin_feed();
            match &mut self.feed {
                Some(feed) => slices(&text).for_each(|slice| feed.text().push(slice)),
                None => *content = text,
            }
        }
    }

    /// Ready once there is room for more text, or nothing to be done about it.
    pub(super) fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let (Some(feed), Some(intake)) = (&mut self.feed, self.journal.intake()) else {
            return Poll::Ready(());
        };
        if !self.is_lost
            && let Err(error) = ready!(feed.poll_hand_over(intake, cx))
        {
            tracing::warn!(id = %feed.id(), "the rest of a stream is not logged: {error}");
            self.is_lost = true;
        }
        Poll::Ready(())
    }

    /// Leaves it to a wrapper to ask for room.
    pub(super) fn wrapped(self) -> Self {
        // A struct with a destructor cannot be taken apart.
        let mut recorder = self;
        recorder.is_wrapped = true;
        recorder
    }

    /// Sets the tokens used. Of several reports the last one counts.
    pub fn tokens(&mut self, tokens: TokenUsage) {
        self.outcome.tokens = Some(tokens);
    }

    /// Sets the tool calls that the model asked for, or the result of a tool.
    pub fn tool_result(&mut self, result: Value) {
        self.outcome.response.tool_result = Some(result);
    }

    /// Adds a value to the metadata of the response, which is sealed with it.
    pub fn meta(&mut self, key: impl Into<String>, value: impl Into<Value>) {
        let metadata = &mut self.outcome.response.metadata;
        metadata.insert(key.into(), value.into());
    }

    /// Notes that the stream failed. A class such as `timeout`, alone or before a colon, stands on
    /// the line; the text is masked and sealed.
    pub fn fail(&mut self, error: impl Into<String>) {
        self.outcome.error = Some(error.into());
    }

    /// Logs the stream as complete.
    ///
    /// # Errors
    ///
    /// With `failure = "closed"`, when it could not be logged.
    pub async fn finish(mut self) -> Result<(), ObserveError> {
        self.settle();
        poll_fn(|cx| self.poll_settled(cx)).await
    }

    /// Passes `stream` on and records it: `note` tells the recorder what is in each item.
    ///
    /// ```
    /// # use futures_util::{Stream, StreamExt};
    /// # use symlog_core::{Interaction, ModelLogger};
    /// # async fn example(
    /// #     logger: ModelLogger,
    /// #     intent: Interaction,
    /// #     deltas: impl Stream<Item = Result<String, std::io::Error>>,
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut deltas = logger
    ///     .record_stream(intent)
    ///     .await?
    ///     .wrap(deltas, |delta, recorder| match delta {
    ///         Ok(text) => recorder.push(text),
    ///         Err(error) => recorder.fail(error.to_string()),
    ///     });
    /// while let Some(delta) = deltas.next().await {
    ///     print!("{}", delta?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn wrap<S, N>(self, stream: S, note: N) -> RecordedStream<S, N>
    where
        S: Stream,
        N: FnMut(&S::Item, &mut Self),
    {
        RecordedStream::new(self.wrapped(), stream, note)
    }

    pub(super) fn journal(&mut self) -> &mut Journal {
        &mut self.journal
    }

    pub(super) fn settle(&mut self) {
        let (outcome, feed) = self.rest();
        self.journal.settle(outcome, feed);
    }

    /// What is not handed over yet.
    fn rest(&mut self) -> (Outcome, Option<Feed>) {
        if self.is_lost {
            self.meta("incomplete", true);
            if let Some(feed) = &mut self.feed {
                feed.text().cut_text();
            }
        }
        (std::mem::take(&mut self.outcome), self.feed.take())
    }

    pub(super) fn poll_settled(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ObserveError>> {
        self.journal.poll_settled(cx)
    }

    /// Marks what was seen as a part only.
    pub(super) fn cut_short(&mut self) {
        self.meta("incomplete", true);
        if std::thread::panicking() {
            self.outcome.error.get_or_insert_with(|| "panicked".into());
        }
    }
}

impl Drop for StreamRecorder {
    fn drop(&mut self) {
        if self.journal.is_running() {
            self.cut_short();
        }
        let (outcome, feed) = self.rest();
        self.journal.abandon(outcome, feed);
    }
}

impl fmt::Debug for StreamRecorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamRecorder")
            .field("id", &self.id())
            .field("outcome", &self.outcome)
            .field("feed", &self.feed)
            .finish()
    }
}
