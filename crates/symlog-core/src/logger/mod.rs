//! The logger: what a runtime holds.

mod builder;
mod calls;
mod open;
mod registry;

pub use builder::LoggerBuilder;
pub(crate) use open::{
    LogFor, find_identity, keyring_path, open_or_create_keyring, resolve_key, writable_keyring,
};

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use symlog_keys::SecretStore;
use symlog_pii::Masker;
use symlog_sink::ShipStatus;

use crate::config::{Config, FailureMode, LoggingConfig};
use crate::error::LoggingError;
use crate::interaction::Interaction;
use crate::maintenance::Maintenance;
use crate::pipeline::{Intake, Pipeline, Receipt, Stats, hand_over_large};
use crate::symbiont::SymbiontLog;

/// Logs model interactions: masks them, encrypts them and appends them durably.
///
/// Clones are handles on the same log. When the last one is dropped, what is queued is written,
/// within five seconds; [`close`](Self::close) waits for it without that bound and says how it
/// went.
#[derive(Clone)]
pub struct ModelLogger {
    inner: Arc<Inner>,
}

struct Inner {
    masker: Masker,
    backend: Backend,
    path: PathBuf,
    failure: FailureMode,
}

/// Where entries go.
#[derive(Clone)]
enum Backend {
    /// `enabled = false`.
    Disabled,
    Pipeline(Arc<Pipeline>),
    Symbiont(Arc<SymbiontLog>),
}

impl Backend {
    fn intake(&self) -> Option<&Intake> {
        match self {
            Self::Disabled => None,
            Self::Pipeline(pipeline) => Some(pipeline.intake()),
            Self::Symbiont(log) => Some(log.intake()),
        }
    }

    /// Ends the threads of the log once it was closed.
    fn stop(&self) {
        match self {
            Self::Disabled => {}
            Self::Pipeline(pipeline) => pipeline.stop(),
            Self::Symbiont(log) => log.stop(),
        }
    }
}

impl ModelLogger {
    /// A logger as the configuration says, with everything else at its default.
    ///
    /// The key is looked for in `store`, then in the environment, the OS keychain, and at last a
    /// new one is made for a new log. This blocks for as long as that takes, fifteen seconds at
    /// the most, and may be called inside and outside of any async runtime.
    ///
    /// # Errors
    ///
    /// When there is no key, it does not fit the log, or the log cannot be written.
    pub fn new(
        config: LoggingConfig,
        store: Option<Arc<dyn SecretStore>>,
    ) -> Result<Self, LoggingError> {
        let mut builder = Self::builder(config);
        if let Some(store) = store {
            builder = builder.secret_store(store);
        }
        builder.build()
    }

    /// A logger with the default configuration and no secret store.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_defaults() -> Result<Self, LoggingError> {
        Self::new(LoggingConfig::default(), None)
    }

    /// A logger as a configuration file says, its secret store included.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new); and when the masking section does not make sense.
    pub fn from_config(config: &Config) -> Result<Self, LoggingError> {
        if !config.sinks.is_empty() {
            tracing::warn!(
                "the configuration has [[sink]] sections that this program does not ship to; \
                 give the logger their clients by `LoggerBuilder::ship`, or run `symlog ship`"
            );
        }
        LoggerBuilder::from_config(config).build()
    }

    /// Starts from `config`; everything that is not one of its eight fields is set on the builder.
    pub fn builder(config: LoggingConfig) -> LoggerBuilder {
        LoggerBuilder::new(config)
    }

    /// Whether entries are logged at all.
    pub fn is_enabled(&self) -> bool {
        !matches!(self.inner.backend, Backend::Disabled)
    }

    /// The log.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// What callers must do when an entry could not be logged.
    pub fn failure_mode(&self) -> FailureMode {
        self.inner.failure
    }

    /// Hands an interaction over and returns at once. It is logged when the receipt says so.
    ///
    /// Waits only when the queue is full and `overflow` is `block`; in async code, where that
    /// would hold up a thread of the runtime, see [`submit_async`](Self::submit_async).
    ///
    /// # Errors
    ///
    /// When the logger is closed, or the policy for a full queue or a large payload is to refuse.
    pub fn submit(&self, mut interaction: Interaction) -> Result<Receipt, LoggingError> {
        match (self.inner.backend.intake(), interaction.parts.large.take()) {
            (None, _) => Ok(Receipt::disabled(interaction.parts.id)),
            (Some(intake), None) => intake.submit(interaction),
            (Some(intake), Some(large)) => {
                crate::pipeline::block_on(hand_over_large(intake, interaction, *large))
            }
        }
    }

    /// As [`submit`](Self::submit), but gives the thread back while the queue is full.
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit).
    pub async fn submit_async(
        &self,
        mut interaction: Interaction,
    ) -> Result<Receipt, LoggingError> {
        match (self.inner.backend.intake(), interaction.parts.large.take()) {
            (None, _) => Ok(Receipt::disabled(interaction.parts.id)),
            (Some(intake), None) => intake.submit_async(interaction).await,
            (Some(intake), Some(large)) => hand_over_large(intake, interaction, *large).await,
        }
    }

    /// Resolves once everything handed over before is synced, whatever the durability.
    ///
    /// # Errors
    ///
    /// When the sync fails, or the logger is closed.
    pub async fn flush(&self) -> Result<(), LoggingError> {
        match self.inner.backend.intake() {
            None => Ok(()),
            Some(intake) => intake.barrier()?.await,
        }
    }

    /// Takes nothing more, syncs everything handed over before, and says in the log that it was
    /// closed in order. The log is free for another writer when this returns.
    ///
    /// # Errors
    ///
    /// When the last sync fails, or the logger was closed already.
    pub async fn close(&self) -> Result<(), LoggingError> {
        let Some(intake) = self.inner.backend.intake() else {
            return Ok(());
        };
        let outcome = intake.close()?.await;
        self.inner.backend.stop();
        outcome
    }

    /// [`flush`](Self::flush) for code that is not async.
    ///
    /// # Errors
    ///
    /// As [`flush`](Self::flush).
    pub fn flush_blocking(&self) -> Result<(), LoggingError> {
        crate::pipeline::block_on(self.flush())
    }

    /// [`close`](Self::close) for code that is not async.
    ///
    /// # Errors
    ///
    /// As [`close`](Self::close).
    pub fn close_blocking(&self) -> Result<(), LoggingError> {
        crate::pipeline::block_on(self.close())
    }

    /// A handle for what is done with the log as a whole.
    ///
    /// # Errors
    ///
    /// When logging is disabled, or the log is of a format without that.
    pub fn maintenance(&self) -> Result<Maintenance, LoggingError> {
        match &self.inner.backend {
            Backend::Pipeline(pipeline) => Ok(pipeline.maintenance()),
            Backend::Disabled | Backend::Symbiont(_) => Err(LoggingError::ConfigurationError {
                message: "sealing, archiving and retention need a log that is written, of `format = \"symlog\"`; set `enabled = true` and that format".to_owned(),
                source: None,
            }),
        }
    }

    /// The way in, unless logging is disabled.
    pub(crate) fn intake(&self) -> Option<&Intake> {
        self.inner.backend.intake()
    }

    /// Counts an entry that an observer gave up.
    pub(crate) fn note_failure(&self) {
        if let Some(intake) = self.inner.backend.intake() {
            intake.note_failure();
        }
    }

    /// What was logged, masked and lost since the log was opened.
    pub fn stats(&self) -> Stats {
        self.inner
            .backend
            .intake()
            .map(Intake::stats)
            .unwrap_or_default()
    }

    /// How far the copies in other places are, in the order in which they were given.
    pub fn shipping(&self) -> Vec<ShipStatus> {
        match &self.inner.backend {
            Backend::Pipeline(pipeline) => pipeline.shipping(),
            Backend::Disabled | Backend::Symbiont(_) => Vec::new(),
        }
    }
}

impl fmt::Debug for ModelLogger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelLogger")
            .field("path", &self.inner.path)
            .field("enabled", &self.is_enabled())
            .finish_non_exhaustive()
    }
}
