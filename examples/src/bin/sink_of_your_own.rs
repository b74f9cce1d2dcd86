//! A log that is shipped to a database, by a sink that the project does not know.
#![allow(clippy::print_stdout, reason = "printing is what an example is for")]

use std::error::Error;
use std::sync::Arc;

use symlog_core::{Interaction, LoggerBuilder, ModelInteractionType, verify_in};
use symlog_examples::{Completion, Database, Workspace, complete, print_log};
use symlog_sink::{Remote, ShipOptions};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let workspace = Workspace::new().await?;
    let database = Database::new(&workspace.path().join("copies.sqlite"));
    let logger = LoggerBuilder::from_config(&workspace.config)
        .ship(ShipOptions::new("database", Arc::new(database.clone())))
        .build()?;

    let prompt = "Mail jane@example.com that her card 4532-1234-5678-9012 was charged.";
    let intent =
        Interaction::new("agent_7", ModelInteractionType::Completion, "gpt-4").request(prompt);
    logger
        .observe(intent, complete(prompt))
        .on_ok(Completion::outcome)
        .await??;
    logger.close().await?;

    for copy in logger.shipping() {
        println!("{}: {} bytes wait", copy.name, copy.waiting_bytes);
    }
    for log in database.logs()? {
        let report = verify_in(database.log(&log)?, None)?;
        println!(
            "The database has {} entry, verified: {}",
            report.entries,
            report.is_ok()
        );
    }
    print_log(&workspace.config)
}
