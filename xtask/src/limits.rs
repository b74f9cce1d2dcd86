//! `cargo xtask limits`: the tests under hard memory limits, all at full size.

use anyhow::{Context, Result};

use crate::shell::{self, Workspace};

/// Tells the tests; see `crates/symlog-cli/tests/it/limits.rs`.
const FULL: &str = "SYMLOG_TEST_LIMITS_FULL";

pub(crate) fn run(workspace: &Workspace) -> Result<bool> {
    let mut command = workspace.cargo();
    command.args(["test", "-p", "symlog-cli", "--release", "--test", "it"]);
    if shell::is_ci() {
        command.arg("--locked");
    }
    let status = command
        .args(["limits::", "--", "--nocapture", "--test-threads=1"])
        .env(FULL, "1")
        .status()
        .context("starting cargo test")?;
    Ok(status.success())
}
