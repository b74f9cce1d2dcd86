//! A RAG engine that logs each answer.
#![allow(clippy::print_stdout, reason = "printing is what an example is for")]

use std::error::Error;
use std::sync::Arc;

use symlog_core::ModelLogger;
use symlog_examples::{Documents, StandardRAGEngine, Workspace, print_log};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let workspace = Workspace::new().await?;
    let logger = Arc::new(ModelLogger::from_config(&workspace.config)?);

    let documents = Documents::from([
        "The warranty lasts two years.",
        "Warranty claims go to claims@example.com.",
        "The office is closed on Sundays.",
    ]);
    let engine = StandardRAGEngine::with_logger(Arc::new(documents), Arc::clone(&logger));
    let answer = engine
        .generate_response("agent_7", "How long is the warranty?")
        .await?;

    println!("The agent got: {answer}");
    logger.close().await?;
    print_log(&workspace.config)
}
