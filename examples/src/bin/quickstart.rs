//! An agent's call to its model, logged by one line around it.
#![allow(clippy::print_stdout, reason = "printing is what an example is for")]

use std::error::Error;

use symlog_core::{Interaction, ModelInteractionType, ModelLogger};
use symlog_examples::{Completion, Workspace, complete, print_log};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let workspace = Workspace::new().await?;
    let logger = ModelLogger::from_config(&workspace.config)?;

    let prompt = "Mail jane@example.com that her card 4532-1234-5678-9012 was charged.";
    let intent =
        Interaction::new("agent_7", ModelInteractionType::Completion, "gpt-4").request(prompt);
    let answer = logger
        .observe(intent, complete(prompt))
        .on_ok(Completion::outcome)
        .await??;

    println!("The agent got: {}", answer.text);
    logger.close().await?;
    print_log(&workspace.config)
}
