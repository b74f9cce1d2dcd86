//! The record of who looked at what: a log of the same form, beside the one that was looked at.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::Value;
use symlog_core::logging::ModelLogger;
use symlog_core::{
    Config, Interaction, KeyAudit, KeysUsed, LogReader, LoggingError, ModelInteractionType,
    RequestData,
};
use symlog_sink::SinkError;

/// How long another command's record is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
const TRY_AGAIN: Duration = Duration::from_millis(20);

/// An access that is about to happen.
pub(crate) struct Access<'a> {
    /// The command.
    pub(crate) action: &'a str,
    /// What is looked at, without any of its content.
    pub(crate) details: Vec<(&'a str, Value)>,
    pub(crate) tenant: Option<&'a str>,
}

impl Access<'_> {
    /// Writes the record and waits until it is on the disk: what cannot be recorded does not
    /// happen.
    pub(crate) fn record(self, config: &Config, reader: &LogReader) -> Result<()> {
        let failed = || {
            format!(
                "this is done only where it is recorded, and the access log {}.access cannot be written",
                config.logging.log_file_path
            )
        };
        let Some(logger) = open(config, reader).with_context(failed)? else {
            return Ok(());
        };
        let Self {
            action,
            details,
            tenant,
        } = self;
        let mut request = RequestData {
            tool_name: Some(action.to_owned()),
            ..RequestData::default()
        };
        let user = std::env::var("SUDO_USER").or_else(|_| std::env::var("USER"));
        request.parameters.insert(
            "user".to_owned(),
            Value::from(user.unwrap_or_else(|_| "unknown".to_owned())),
        );
        request.parameters.extend(
            details
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value)),
        );
        tracing::info!(action, "recorded in the access log");
        let mut interaction =
            Interaction::new("symlog", ModelInteractionType::ToolCall, "").request(request);
        if let Some(tenant) = tenant {
            interaction = interaction.tenant(tenant);
        }
        let recorded = logger
            .submit(interaction)
            .and_then(|receipt| receipt.wait());
        recorded.with_context(failed)?;
        logger.close_blocking().with_context(failed)
    }

    /// The same for what may happen without a record, unless the configuration says that it may not.
    fn record_if_possible(self, config: &Config, reader: &LogReader) -> Result<()> {
        match self.record(config, reader) {
            Err(error) if !must_record(config) => {
                tracing::warn!("this access is not recorded: {error:#}");
                Ok(())
            }
            recorded => recorded,
        }
    }
}

fn must_record(config: &Config) -> bool {
    config.strict || config.keys.audit == KeyAudit::Log
}

/// The access log, once no other command writes it.
fn open(config: &Config, reader: &LogReader) -> Result<Option<ModelLogger>, LoggingError> {
    let start = Instant::now();
    loop {
        match reader.access_log(config) {
            Err(LoggingError::IoError { source })
                if matches!(*source, SinkError::Locked { .. }) && start.elapsed() < PATIENCE =>
            {
                std::thread::sleep(TRY_AGAIN);
            }
            opened => return opened,
        }
    }
}

/// Records that the log is about to be read in clear, and by which command line; no key is ever in one.
pub(crate) fn reading(action: &str, config: &Config, reader: &LogReader) -> Result<()> {
    let arguments = std::env::args().skip(1).map(Value::from).collect();
    Access {
        action,
        details: vec![("arguments", arguments)],
        tenant: None,
    }
    .record_if_possible(config, reader)
}

/// What came of reading.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) shown: u64,
    pub(crate) unreadable: u64,
    pub(crate) keys: KeysUsed,
    /// Why the first could not be read.
    pub(crate) why: Option<String>,
}

impl Outcome {
    /// Records what could not be read, and, where the log tells everything about keys, also what could.
    pub(crate) fn record(self, action: &str, config: &Config, reader: &LogReader) -> Result<()> {
        let Self {
            shown,
            unreadable,
            keys,
            why,
        } = self;
        if unreadable == 0 && config.keys.audit != KeyAudit::Log {
            return Ok(());
        }
        Access {
            action: &format!("{action}: done"),
            details: vec![
                ("shown", shown.into()),
                ("unreadable", unreadable.into()),
                ("segments_opened", keys.segments.into()),
                ("unit_keys_used", keys.units.into()),
                ("why", why.into()),
            ],
            tenant: None,
        }
        .record_if_possible(config, reader)
    }
}
