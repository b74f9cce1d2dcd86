//! A tool enforcer that logs each attempt, refused and failed ones too.
#![allow(clippy::print_stdout, reason = "printing is what an example is for")]

use std::error::Error;
use std::sync::Arc;

use serde_json::json;
use symlog_core::ModelLogger;
use symlog_examples::{
    DefaultToolInvocationEnforcer, InvocationEnforcementConfig, Workspace, print_log,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let workspace = Workspace::new().await?;
    let logger = Arc::new(ModelLogger::from_config(&workspace.config)?);

    let config = InvocationEnforcementConfig {
        allowed_tools: vec!["add".to_owned()],
    };
    let enforcer = DefaultToolInvocationEnforcer::with_logger(config, Arc::clone(&logger));
    for (tool, arguments) in [
        ("add", json!({"a": 2, "b": 2, "api_key": "abcd1234"})),
        ("add", json!({"a": "two"})),
        ("shell", json!({"command": "rm -rf /"})),
    ] {
        match enforcer
            .execute_tool_with_enforcement("agent_7", tool, arguments)
            .await
        {
            Ok(result) => println!("The agent got: {result}"),
            Err(error) => println!("The agent was told: {error}"),
        }
    }

    logger.close().await?;
    print_log(&workspace.config)
}
