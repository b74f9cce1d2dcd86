//! The `symlog` command.

mod access;
mod commands;
mod diagnostics;
mod dumps;
mod filter;
mod input;
mod keys;
mod log;
mod masking;
mod moment;
mod options;
mod output;
mod progress;
mod sinks;
mod text;
mod units;

use std::process::ExitCode;

use clap::Parser;

use crate::options::Cli;
use crate::output::{Answer, Results};

fn main() -> ExitCode {
    let cli = Cli::parse();
    diagnostics::init(&cli.common);
    dumps::forbid();
    match commands::run(cli) {
        Ok(Answer::Fine) => ExitCode::SUCCESS,
        Ok(Answer::No) => ExitCode::from(1),
        // Whoever read the results has seen enough, as `head` does.
        Err(error) if Results::were_closed(&error) => ExitCode::SUCCESS,
        Err(error) => {
            diagnostics::error(&error);
            ExitCode::from(2)
        }
    }
}
