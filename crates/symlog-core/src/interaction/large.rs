//! Texts that are too large to be held.

use std::fmt;
use std::io::Read;

use parking_lot::Mutex;

use super::Interaction;

/// Where a text comes from. In a lock only so that an interaction can be shared.
pub(crate) type Source = Mutex<Box<dyn Read + Send>>;

/// The texts of an interaction that are read while it is handed over.
#[derive(Default)]
pub(crate) struct Large {
    pub(crate) prompt: Option<Source>,
    pub(crate) content: Option<Source>,
    pub(crate) tool_result: Option<Source>,
}

impl Interaction {
    /// Sets a prompt that is read from `reader` while the interaction is handed over, so that it
    /// is never held as a whole. It takes the place of the request's own.
    ///
    /// [`submit`](crate::logging::ModelLogger::submit) then returns only once all of it is read,
    /// and [`submit_async`](crate::logging::ModelLogger::submit_async) reads on the thread that
    /// polls it. What is no UTF-8 becomes U+FFFD. A text above `max_entry_size` is masked as it
    /// comes: one that is JSON and longer than 8 MiB is masked as text. The format of the
    /// reference logger has no place for pieces; there it is read as a whole, up to a limit.
    ///
    /// ```
    /// # use symlog_core::{Interaction, LoggingError, ModelInteractionType, ModelLogger};
    /// # fn example(logger: &ModelLogger) -> Result<(), Box<dyn std::error::Error>> {
    /// let log = std::fs::File::open("build.log")?;
    /// let call = Interaction::new("agent_7", ModelInteractionType::ToolCall, "make")
    ///     .request("make all")
    ///     .tool_result_from(log);
    /// logger.submit(call)?.wait()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn prompt_from(mut self, reader: impl Read + Send + 'static) -> Self {
        self.large().prompt = Some(source(reader));
        self
    }

    /// Sets the text of the answer, as [`prompt_from`](Self::prompt_from) does the prompt.
    pub fn content_from(mut self, reader: impl Read + Send + 'static) -> Self {
        self.large().content = Some(source(reader));
        self
    }

    /// Sets the result of a tool, a text, as [`prompt_from`](Self::prompt_from) does the prompt.
    pub fn tool_result_from(mut self, reader: impl Read + Send + 'static) -> Self {
        self.large().tool_result = Some(source(reader));
        self
    }

    /// Takes away what was given by [`prompt_from`](Self::prompt_from),
    /// [`content_from`](Self::content_from) and [`tool_result_from`](Self::tool_result_from), in
    /// this order, for a use other than logging it.
    pub fn take_readers(&mut self) -> [Option<Box<dyn Read + Send>>; 3] {
        let Large {
            prompt,
            content,
            tool_result,
        } = self
            .parts
            .large
            .take()
            .map_or_else(Large::default, |it| *it);
        [prompt, content, tool_result].map(|source| source.map(Mutex::into_inner))
    }

    fn large(&mut self) -> &mut Large {
        self.parts.large.get_or_insert_default()
    }
}

fn source(reader: impl Read + Send + 'static) -> Source {
    Mutex::new(Box::new(reader))
}

impl fmt::Debug for Large {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Large")
            .field("prompt", &self.prompt.is_some())
            .field("content", &self.content.is_some())
            .field("tool_result", &self.tool_result.is_some())
            .finish()
    }
}
