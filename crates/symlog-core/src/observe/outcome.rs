use std::fmt::{self, Display};

use serde_json::Value;

use crate::error::LoggingError;
use crate::interaction::{EntryId, Interaction, ResponseData, TokenUsage};

/// How an observed operation ended: what came back, what it cost, what went wrong.
#[derive(Clone, Default, PartialEq)]
pub struct Outcome {
    pub(crate) response: ResponseData,
    pub(crate) tokens: Option<TokenUsage>,
    pub(crate) error: Option<String>,
}

impl Outcome {
    /// It ended, and there is nothing more to say.
    pub fn new() -> Self {
        Self::default()
    }

    /// It ended with this text.
    pub fn text(content: impl Into<String>) -> Self {
        let mut new = Self::default();
        new.response.content = content.into();
        new
    }

    /// It failed. A class such as `timeout` or `http_500`, alone or before a colon, stands on the
    /// line; the text is masked and sealed.
    pub fn failed(error: impl Into<String>) -> Self {
        Self::default().error(error)
    }

    /// Sets the error, as [`failed`](Self::failed).
    pub fn error(mut self, error: impl Into<String>) -> Self {
        self.error = Some(error.into());
        self
    }

    /// Sets the tokens used.
    pub fn tokens(mut self, tokens: TokenUsage) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// Sets the result of a tool, or the tool calls that the model asked for.
    pub fn tool_result(mut self, result: Value) -> Self {
        self.response.tool_result = Some(result);
        self
    }

    /// Sets how sure the model was.
    pub fn confidence(mut self, confidence: f64) -> Self {
        self.response.confidence = Some(confidence);
        self
    }

    /// Adds a value to the metadata of the response, which is sealed with it.
    pub fn meta(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.response.metadata.insert(key.into(), value.into());
        self
    }

    /// The entry that answers `id`.
    pub(super) fn answer(self, id: EntryId) -> Interaction {
        let Self {
            response,
            tokens,
            error,
        } = self;
        let mut answer = Interaction::response_to(id).response(response);
        answer.parts.tokens = tokens;
        answer.parts.error = error;
        answer
    }
}

impl From<ResponseData> for Outcome {
    fn from(response: ResponseData) -> Self {
        Self {
            response,
            ..Self::default()
        }
    }
}

impl From<String> for Outcome {
    fn from(content: String) -> Self {
        Self::text(content)
    }
}

impl From<&str> for Outcome {
    fn from(content: &str) -> Self {
        Self::text(content)
    }
}

// An error's text may quote the payload.
impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcome")
            .field("response", &self.response)
            .field("tokens", &self.tokens)
            .field("failed", &self.error.is_some())
            .finish()
    }
}

/// Why an observed operation has no result. Only a logger with `failure = "closed"` gives one.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ObserveError {
    /// The intent could not be logged, so the operation was not started.
    #[error(
        "nothing was done, since it could not be logged first and `failure` is \"closed\": {source}"
    )]
    NotStarted {
        /// What kept the intent from being logged.
        #[source]
        source: LoggingError,
    },
    /// The operation was carried out, but how it ended could not be logged. Its result is
    /// withheld; in the log it is an open request.
    #[error(
        "it was done, but its outcome could not be logged and `failure` is \"closed\": {source}"
    )]
    NotRecorded {
        /// What kept the outcome from being logged.
        #[source]
        source: LoggingError,
    },
}

impl From<ObserveError> for LoggingError {
    fn from(error: ObserveError) -> Self {
        match error {
            ObserveError::NotStarted { source } | ObserveError::NotRecorded { source } => source,
        }
    }
}

/// Tells the log what a future's output means.
#[diagnostic::on_unimplemented(
    message = "the log cannot tell from `{T}` how the operation ended",
    note = "a `Result` whose error displays is understood as it is; for anything else call `.describe(|output| …)`"
)]
pub trait Describe<T> {
    /// What is to be logged of `output`.
    fn describe(self, output: &T) -> Outcome;
}

/// Logs that it ended, and the error if it failed.
#[derive(Clone, Copy, Debug)]
pub struct ErrorsOnly;

impl<T, E: Display> Describe<Result<T, E>> for ErrorsOnly {
    fn describe(self, output: &Result<T, E>) -> Outcome {
        match output {
            Ok(_) => Outcome::new(),
            Err(error) => Outcome::failed(error.to_string()),
        }
    }
}

/// Logs what a closure makes of the value, or the error.
#[derive(Clone, Copy)]
pub struct OnOk<D>(pub(super) D);

impl<T, E: Display, O: Into<Outcome>, D: FnOnce(&T) -> O> Describe<Result<T, E>> for OnOk<D> {
    fn describe(self, output: &Result<T, E>) -> Outcome {
        match output {
            Ok(value) => (self.0)(value).into(),
            Err(error) => Outcome::failed(error.to_string()),
        }
    }
}

/// Logs what a closure makes of the output.
#[derive(Clone, Copy)]
pub struct OnOutput<D>(pub(super) D);

impl<T, O: Into<Outcome>, D: FnOnce(&T) -> O> Describe<T> for OnOutput<D> {
    fn describe(self, output: &T) -> Outcome {
        (self.0)(output).into()
    }
}

impl<D> fmt::Debug for OnOk<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnOk(..)")
    }
}

impl<D> fmt::Debug for OnOutput<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnOutput(..)")
    }
}
