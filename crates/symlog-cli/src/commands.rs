//! One module for each command.

pub(crate) mod completions;
pub(crate) mod man;
pub(crate) mod mask;
pub(crate) mod scan;

use anyhow::Result;

use crate::options::{Cli, Command};
use crate::output::Answer;

pub(crate) fn run(cli: Cli) -> Result<Answer> {
    let common = &cli.common;
    match cli.command {
        Command::Mask(options) => mask::run(common, &options),
        Command::Scan(options) => scan::run(common, &options),
        Command::Completions(options) => completions::run(&options),
        Command::Man(options) => man::run(&options),
    }
}
