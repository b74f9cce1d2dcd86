//! `cargo xtask crash`: the long form of the tests that kill a logging process again and again,
//! and let its disk and its system calls fail.

use anyhow::{Context, Result};

use crate::shell::{self, Workspace};

/// Tells the test how often; see `crates/symlog-core/tests/it/kill.rs`.
const RUNS: &str = "SYMLOG_TEST_KILL_RUNS";

/// Tells how many calls of each kind fail; see `crates/symlog-core/tests/it/system.rs`.
const SYSTEM_RUNS: &str = "SYMLOG_TEST_SYSTEM_RUNS";

/// Tells which share of all power cuts is tried; see `crates/symlog-core/tests/it/power.rs`.
const POWER_ONE_IN: &str = "SYMLOG_TEST_POWER_ONE_IN";

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
        .args(["--", "kill::", "system::", "power::", "--nocapture"])
        .env(RUNS, args.runs.to_string())
        .env(SYSTEM_RUNS, args.runs.div_ceil(10).to_string())
        .env(POWER_ONE_IN, "1")
        .status()
        .context("starting cargo test")?;
    Ok(status.success())
}
