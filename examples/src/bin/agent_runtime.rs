//! A runtime whose configuration turns logging on, and whose components share one logger.
#![allow(clippy::print_stdout, reason = "printing is what an example is for")]

use std::error::Error;

use symlog_examples::{AgentRuntime, RuntimeConfig, Workspace, print_log};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let workspace = Workspace::new().await?;

    let mut runtime_config = RuntimeConfig::default();
    runtime_config.logging.enabled = true;
    runtime_config.logging.enable_pii_masking = true;
    runtime_config.logging.log_file_path = workspace.config.logging.log_file_path.clone();
    runtime_config.secrets = workspace.config.secrets.clone();
    let runtime = AgentRuntime::new(runtime_config).await?;

    let answer = runtime
        .run(
            "agent_7",
            "How long does a refund take? My number is 555-123-4567.",
        )
        .await?;

    println!("The user got: {answer}");
    runtime.shutdown().await?;
    print_log(&workspace.config)
}
