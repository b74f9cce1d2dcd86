//! One module for each command.

pub(crate) mod archive;
pub(crate) mod cat;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod init;
pub(crate) mod keys;
pub(crate) mod man;
pub(crate) mod mask;
pub(crate) mod record;
pub(crate) mod retention;
pub(crate) mod reveal;
pub(crate) mod scan;
pub(crate) mod ship;
pub(crate) mod show;
pub(crate) mod tail;
pub(crate) mod verify;

use anyhow::Result;

use crate::options::{Cli, Command};
use crate::output::Answer;

pub(crate) fn run(cli: Cli) -> Result<Answer> {
    let common = &cli.common;
    match cli.command {
        Command::Init(options) => init::run(common, &options),
        Command::Record(options) => record::run(common, &options),
        Command::Cat(options) => cat::run(common, &options),
        Command::Tail(options) => tail::run(common, &options),
        Command::Show(options) => show::run(common, &options),
        Command::Ship(options) => ship::run(common, &options),
        Command::Mask(options) => mask::run(common, &options),
        Command::Reveal(options) => reveal::run(common, &options),
        Command::Scan(options) => scan::run(common, &options),
        Command::Verify(options) => verify::run(common, &options),
        Command::Archive(_) => archive::run(common),
        Command::Keys(options) => keys::run(common, &options),
        Command::Retention(options) => retention::run(common, &options),
        Command::Doctor(_) => doctor::run(common),
        Command::Completions(options) => completions::run(&options),
        Command::Man(options) => man::run(&options),
    }
}
