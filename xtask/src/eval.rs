//! `cargo xtask eval` and `train`: the masking engine against labelled text.

use anyhow::Result;

use crate::shell::{self, Workspace};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Passed on to the tool
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

pub(crate) fn run(workspace: &Workspace, command: &str, args: &Args) -> Result<bool> {
    shell::run(
        workspace
            .cargo()
            .args(["run", "--release", "--package", "symlog-pii-eval", "--"])
            .arg(command)
            .args(&args.rest),
    )?;
    Ok(true)
}
