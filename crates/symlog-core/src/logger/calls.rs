//! The calls of the seed's runtime.

use std::collections::HashMap;
use std::fmt::Display;
use std::future::Future;
use std::time::Duration;

use super::ModelLogger;
use crate::error::LoggingError;
use crate::interaction::{
    EntryId, Interaction, ModelInteractionType, RequestData, ResponseData, TokenUsage,
};

impl ModelLogger {
    /// Logs a whole interaction; returns once it is logged at the log's durability level.
    ///
    /// The metadata keys `conversation_id`, `subject`, `tenant`, `trace_id` and `parent_id` are
    /// taken out of `metadata` and fill the slots of that meaning.
    ///
    /// # Errors
    ///
    /// When the entry is not logged at that level.
    #[expect(
        clippy::too_many_arguments,
        reason = "the call as the seed's runtime writes it"
    )]
    pub fn log_interaction(
        &self,
        agent_id: impl Display,
        interaction_type: ModelInteractionType,
        model_identifier: &str,
        request_data: RequestData,
        response_data: ResponseData,
        latency: Duration,
        metadata: HashMap<String, String>,
        token_usage: Option<TokenUsage>,
        error: Option<String>,
    ) -> impl Future<Output = Result<(), LoggingError>> + Send {
        let mut interaction = Interaction::new(agent_id, interaction_type, model_identifier)
            .request(request_data)
            .response(response_data)
            .latency(latency)
            .metadata(metadata);
        interaction.parts.tokens = token_usage;
        interaction.parts.error = error;
        async move {
            let receipt = self.submit_async(interaction).await?;
            let id = receipt.id();
            receipt.await?;
            tracing::debug!("Logged model interaction {id}");
            Ok(())
        }
    }

    /// Logs a request before its response is known; gives the id that
    /// [`log_response`](Self::log_response) takes.
    ///
    /// # Errors
    ///
    /// When the entry is not logged at the log's durability level.
    pub fn log_request(
        &self,
        agent_id: impl Display,
        interaction_type: ModelInteractionType,
        model_identifier: &str,
        request_data: RequestData,
        metadata: HashMap<String, String>,
    ) -> impl Future<Output = Result<String, LoggingError>> + Send {
        let interaction = Interaction::new(agent_id, interaction_type, model_identifier)
            .request(request_data)
            .metadata(metadata);
        async move {
            let agent = tracing::enabled!(tracing::Level::DEBUG)
                .then(|| self.inner.shown_name(&interaction));
            let receipt = self.submit_async(interaction).await?;
            let id = receipt.id();
            receipt.await?;
            if let Some(agent) = agent {
                tracing::debug!("Logged model request {id} for agent {agent}");
            }
            Ok(id.to_string())
        }
    }

    /// Logs the response to the request `entry_id`.
    ///
    /// # Errors
    ///
    /// [`LoggingError::UnknownRequest`] when the log holds no such request; and when the entry is
    /// not logged at the log's durability level.
    pub fn log_response(
        &self,
        entry_id: impl AsRef<str>,
        response_data: ResponseData,
        latency: Duration,
        token_usage: Option<TokenUsage>,
        error: Option<String>,
    ) -> impl Future<Output = Result<(), LoggingError>> + Send {
        let id = entry_id.as_ref().parse::<EntryId>();
        let unknown = LoggingError::UnknownRequest {
            id: entry_id.as_ref().chars().take(64).collect(),
        };
        async move {
            let id = id.map_err(|_| unknown)?;
            let mut interaction = Interaction::response_to(id)
                .response(response_data)
                .latency(latency);
            interaction.parts.tokens = token_usage;
            interaction.parts.error = error;
            self.submit_async(interaction).await?.await?;
            tracing::debug!("Logged model response for entry {id}");
            Ok(())
        }
    }
}

impl super::Inner {
    /// An agent's name for a debug event, unless it may be a person's.
    fn shown_name(&self, interaction: &Interaction) -> String {
        let name = interaction.parts.agent_id.as_deref().unwrap_or_default();
        self.masker.mask(name, &mut Default::default()).into_owned()
    }
}
