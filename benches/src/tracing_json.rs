//! The peer of the write path: tracing-appender writing plaintext JSON, no
//! line dropped.

use std::path::Path;

use tracing::{Dispatch, dispatcher};
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};

use crate::Entry;

/// Events go through tracing-subscriber's JSON format and tracing-appender's
/// non-blocking writer, lossless, into one file.
#[derive(Debug)]
pub struct TracingJson {
    dispatch: Dispatch,
    guard: WorkerGuard,
}

impl TracingJson {
    /// Opens `<folder>/peer.log`.
    pub fn open(folder: &Path) -> Self {
        let file = tracing_appender::rolling::never(folder, "peer.log");
        let (writer, guard) = NonBlockingBuilder::default().lossy(false).finish(file);
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_writer(writer)
            .with_max_level(tracing::Level::INFO)
            .finish();
        Self {
            dispatch: Dispatch::new(subscriber),
            guard,
        }
    }

    /// Runs `body` with this as the subscriber of its thread.
    pub fn with<R>(&self, body: impl FnOnce() -> R) -> R {
        dispatcher::with_default(&self.dispatch, body)
    }

    /// Logs one entry with the fields that ours has.
    pub fn log(entry: &Entry) {
        tracing::info!(
            agent_id = "agent_123",
            interaction_type = "Completion",
            model_identifier = "gpt-4",
            latency_ms = 150,
            input_tokens = 10,
            output_tokens = 15,
            total_tokens = 25,
            prompt = entry.prompt.as_str(),
            response = entry.response.as_str(),
        );
    }

    /// Waits until everything is in the file.
    pub fn close(self) {
        let Self { dispatch, guard } = self;
        drop(dispatch);
        drop(guard);
    }
}
