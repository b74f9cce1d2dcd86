//! The record of who looked at what: a log of the same form, beside the one that was looked at.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::Value;
use symlog_core::logging::ModelLogger;
use symlog_core::{
    Config, Durability, Interaction, LoggerBuilder, ModelInteractionType, RequestData,
};

/// What the access log of a log is called.
fn path(config: &Config) -> PathBuf {
    PathBuf::from(format!("{}.access", config.logging.log_file_path))
}

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
    pub(crate) fn record(self, config: &Config) -> Result<()> {
        let path = path(config);
        let failed = || {
            format!(
                "this is done only where it is recorded, and the access log {} cannot be written",
                path.display()
            )
        };
        let mut own = config.clone();
        own.logging.log_file_path = path.display().to_string();
        own.logging.enabled = true;
        own.settings.durability = Durability::Entry;
        let logger: ModelLogger = LoggerBuilder::from_config(&own)
            .build()
            .with_context(failed)?;
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
}
