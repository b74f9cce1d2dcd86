use std::fmt::{Debug, Display};
use std::sync::Arc;

use symlog_core::logging::{ModelInteractionType, ModelLogger};
use symlog_core::{Interaction, LoggingError};

use crate::model::{Completion, complete};

/// Finds what a question is about.
pub trait ContextManager: Debug + Send + Sync {
    /// The documents that bear on `query`, the best first.
    fn retrieve(&self, query: &str) -> Vec<String>;
}

/// A handful of documents, found by the words that they share with the query.
#[derive(Clone, Debug)]
pub struct Documents(Vec<String>);

impl<const N: usize> From<[&str; N]> for Documents {
    fn from(documents: [&str; N]) -> Self {
        Self(documents.map(str::to_owned).into())
    }
}

impl ContextManager for Documents {
    fn retrieve(&self, query: &str) -> Vec<String> {
        let query = query.to_lowercase();
        let words = query.split(|c: char| !c.is_alphanumeric());
        let words: Vec<_> = words.filter(|word| word.len() > 4).collect();
        let shared = |document: &&String| {
            let document = document.to_lowercase();
            words.iter().any(|word| document.contains(word))
        };
        self.0.iter().filter(shared).cloned().collect()
    }
}

/// Retrieval, then generation. Every answer is logged.
#[derive(Debug)]
pub struct StandardRAGEngine {
    context_manager: Arc<dyn ContextManager>,
    logger: Arc<ModelLogger>,
}

impl StandardRAGEngine {
    /// An engine that logs to `logger`.
    pub fn with_logger(context_manager: Arc<dyn ContextManager>, logger: Arc<ModelLogger>) -> Self {
        // Logger is automatically used in generate_response method
        Self {
            context_manager,
            logger,
        }
    }

    /// Answers `query` from the documents.
    ///
    /// # Errors
    ///
    /// When it could not be logged and `failure = "closed"`.
    pub async fn generate_response(
        &self,
        agent_id: impl Display,
        query: &str,
    ) -> Result<String, LoggingError> {
        let documents = self.context_manager.retrieve(query);
        let prompt = format!("{query}\nContext: {}", documents.join(" "));
        let intent = Interaction::new(agent_id, ModelInteractionType::RagQuery, "gpt-4")
            .request(&*prompt)
            .meta("rag_pipeline", "generate_response")
            .meta("documents_retrieved", documents.len().to_string());
        let Ok(answer) = self
            .logger
            .observe(intent, complete(&prompt))
            .on_ok(Completion::outcome)
            .await?;
        Ok(answer.text)
    }
}
