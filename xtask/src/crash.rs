//! `cargo xtask crash`: the long form of the test that kills a logging process again and again.

use anyhow::{Context, Result};

use crate::shell::{self, Workspace};

/// Tells the test how often; see `crates/symlog-core/tests/it/kill.rs`.
const RUNS: &str = "SYMLOG_TEST_KILL_RUNS";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How often the process is killed
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    runs: u64,
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<bool> {
    let mut command = workspace.cargo();
    command
        .args(["test", "-p", "symlog-core", "--all-features"])
        .args(["--profile", "ci", "--test", "it"]);
    if shell::is_ci() {
        command.arg("--locked");
    }
    let status = command
        .args(["kill::", "--", "--nocapture"])
        .env(RUNS, args.runs.to_string())
        .status()
        .context("starting cargo test")?;
    Ok(status.success())
}
