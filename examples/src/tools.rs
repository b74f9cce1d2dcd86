use std::fmt::Display;
use std::sync::Arc;

use serde_json::{Value, json};
use symlog_core::logging::{ModelInteractionType, ModelLogger, RequestData};
use symlog_core::{Interaction, LoggingError, Outcome};

/// What tools may be used.
#[derive(Clone, Debug)]
pub struct InvocationEnforcementConfig {
    /// Their names.
    pub allowed_tools: Vec<String>,
}

/// Why a tool gave no result.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// It is not on the list.
    #[error("denied: the tool {0} may not be used here; add it to `allowed_tools`")]
    Denied(String),
    /// It did not understand what it was given.
    #[error("bad_arguments: {0} needs two numbers, `a` and `b`")]
    Arguments(String),
    /// It could not be logged, and so was not run.
    #[error(transparent)]
    Logging(#[from] LoggingError),
}

/// Runs tools that may be run. Every attempt is logged, refused ones too.
#[derive(Debug)]
pub struct DefaultToolInvocationEnforcer {
    config: InvocationEnforcementConfig,
    logger: Arc<ModelLogger>,
}

impl DefaultToolInvocationEnforcer {
    /// An enforcer that logs to `logger`.
    pub fn with_logger(config: InvocationEnforcementConfig, logger: Arc<ModelLogger>) -> Self {
        // Logger is automatically used in execute_tool_with_enforcement method
        Self { config, logger }
    }

    /// Runs `tool` with `arguments`, if it may be run.
    ///
    /// # Errors
    ///
    /// When it may not, fails, or could not be logged and `failure = "closed"`.
    pub async fn execute_tool_with_enforcement(
        &self,
        agent_id: impl Display,
        tool: &str,
        arguments: Value,
    ) -> Result<Value, ToolError> {
        let request = RequestData {
            tool_name: Some(tool.to_owned()),
            tool_arguments: Some(arguments.clone()),
            ..RequestData::default()
        };
        let intent =
            Interaction::new(agent_id, ModelInteractionType::ToolCall, tool).request(request);
        self.logger
            .observe(intent, self.execute(tool, &arguments))
            .on_ok(|result| Outcome::new().tool_result(result.clone()))
            .await
            .map_err(LoggingError::from)?
    }

    async fn execute(&self, tool: &str, arguments: &Value) -> Result<Value, ToolError> {
        if !self.config.allowed_tools.iter().any(|name| name == tool) {
            return Err(ToolError::Denied(tool.to_owned()));
        }
        match (arguments["a"].as_f64(), arguments["b"].as_f64()) {
            (Some(a), Some(b)) => Ok(json!(a + b)),
            _ => Err(ToolError::Arguments(tool.to_owned())),
        }
    }
}
