use std::fmt::Display;
use std::sync::Arc;

use serde_json::json;
use symlog_core::logging::{LoggingConfig, ModelInteractionType, ModelLogger};
use symlog_core::secrets::{self, SecretStore, SecretsConfig, StoreError};
use symlog_core::{Interaction, LoggingError};

use crate::rag::{Documents, StandardRAGEngine};
use crate::tools::{DefaultToolInvocationEnforcer, InvocationEnforcementConfig, ToolError};

/// The configuration of a runtime.
#[derive(Clone, Debug)]
pub struct RuntimeConfig {
    /// How its components log.
    pub logging: LoggingConfig,
    /// Where the logging key is; without it, in the environment or the keychain.
    pub secrets: Option<SecretsConfig>,
}

impl Default for RuntimeConfig {
    fn default() -> Self {
        Self {
            logging: LoggingConfig {
                enabled: false,
                ..LoggingConfig::default()
            },
            secrets: None,
        }
    }
}

/// Why a runtime did not start, or an agent did not get through its task.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuntimeError {
    /// The secret store could not be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A tool failed.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// Something could not be logged, and so was not done.
    #[error(transparent)]
    Logging(#[from] LoggingError),
}

/// Runs agents. Its components share one logger.
#[derive(Debug)]
pub struct AgentRuntime {
    logger: Arc<ModelLogger>,
    rag: StandardRAGEngine,
    tools: DefaultToolInvocationEnforcer,
}

impl AgentRuntime {
    /// A runtime as the configuration says.
    ///
    /// # Errors
    ///
    /// When logging is enabled, and the secret store or the log cannot be opened.
    pub async fn new(config: RuntimeConfig) -> Result<Self, RuntimeError> {
        let store: Option<Arc<dyn SecretStore>> = match &config.secrets {
            Some(secrets_config) => {
                let opened = secrets::new_secret_store(secrets_config, "symbiont-runtime").await?;
                Some(Arc::new(opened))
            }
            None => None,
        };
        let logger = Arc::new(ModelLogger::new(config.logging, store)?);
        let documents = Documents::from([
            "A refund takes five working days.",
            "Questions about refunds go to refunds@example.com.",
            "The office is closed on Sundays.",
        ]);
        let config = InvocationEnforcementConfig {
            allowed_tools: vec!["add".to_owned()],
        };
        Ok(Self {
            rag: StandardRAGEngine::with_logger(Arc::new(documents), Arc::clone(&logger)),
            tools: DefaultToolInvocationEnforcer::with_logger(config, Arc::clone(&logger)),
            logger,
        })
    }

    /// Has an agent answer a question about a refund of two amounts. The run is logged as a whole,
    /// and so is each step of it.
    ///
    /// # Errors
    ///
    /// When a step fails.
    pub async fn run(&self, agent_id: impl Display, task: &str) -> Result<String, RuntimeError> {
        let intent = Interaction::new(&agent_id, ModelInteractionType::AgentExecution, "support")
            .request(task);
        let steps = async {
            let found = self.rag.generate_response(&agent_id, task).await?;
            let sum = self
                .tools
                .execute_tool_with_enforcement(&agent_id, "add", json!({"a": 19.5, "b": 20.5}))
                .await?;
            Ok(format!("{found} You get {sum}."))
        };
        self.logger
            .observe(intent, steps)
            .on_ok(String::clone)
            .await
            .map_err(LoggingError::from)?
    }

    /// Ends the runtime; everything that was logged is on disk when this returns.
    ///
    /// # Errors
    ///
    /// When the last entries could not be written.
    pub async fn shutdown(self) -> Result<(), LoggingError> {
        self.logger.close().await
    }
}
