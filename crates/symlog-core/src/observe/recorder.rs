use std::fmt;
use std::future::poll_fn;
use std::task::{Context, Poll};

use futures_util::Stream;
use serde_json::Value;

use super::RecordedStream;
use super::journal::Journal;
use super::outcome::{ObserveError, Outcome};
use crate::interaction::{EntryId, TokenUsage};

/// Takes a stream as it arrives, and logs it as one response when it is finished.
///
/// Dropped half-way, it logs what it has seen, with the error class `cancelled`, or `panicked`
/// while the thread unwinds, and `"incomplete": true` in the response's metadata.
///
/// What was pushed is kept in memory until then: a stream occupies as much as its text is long.
#[must_use = "a recorder that is dropped logs an incomplete stream"]
pub struct StreamRecorder {
    journal: Journal,
    outcome: Outcome,
}

impl StreamRecorder {
    pub(super) async fn open(mut journal: Journal) -> Result<Self, ObserveError> {
        poll_fn(|cx| journal.poll_intent(cx)).await?;
        Ok(Self {
            journal,
            outcome: Outcome::new(),
        })
    }

    /// The identity under which the stream is logged.
    pub fn id(&self) -> EntryId {
        self.journal.id()
    }

    /// Adds text that arrived.
    pub fn push(&mut self, text: &str) {
        self.outcome.response.content.push_str(text);
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
        RecordedStream::new(self, stream, note)
    }

    pub(super) fn journal(&mut self) -> &mut Journal {
        &mut self.journal
    }

    pub(super) fn settle(&mut self) {
        let outcome = std::mem::take(&mut self.outcome);
        self.journal.settle(outcome);
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
        self.journal.abandon(std::mem::take(&mut self.outcome));
    }
}

impl fmt::Debug for StreamRecorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamRecorder")
            .field("id", &self.id())
            .field("outcome", &self.outcome)
            .finish()
    }
}
