//! `symlog man`

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::CommandFactory;

use crate::options::Cli;
use crate::output::{Answer, Results};

const AFTER_HELP: &str = "\
Examples:
  symlog man | man -l -             read the manual page
  symlog man record | man -l -      the one of a command
  symlog man --to /usr/local/share/man/man1";

/// Write the manual pages
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Options {
    /// The page of this command
    command: Option<String>,
    /// Write the pages of all commands into this directory
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    to: Option<PathBuf>,
}

pub(crate) fn run(options: &Options) -> Result<Answer> {
    let mut root = Cli::command();
    root.build();
    if let Some(directory) = &options.to {
        let cannot_write = || {
            format!(
                "cannot write the pages into {}; make it and let yourself write there",
                directory.display()
            )
        };
        std::fs::create_dir_all(directory).with_context(cannot_write)?;
        clap_mangen::generate_to(root, directory).with_context(cannot_write)?;
        return Ok(Answer::Fine);
    }
    let command = match &options.command {
        None => root,
        Some(name) => match root.find_subcommand(name) {
            Some(command) => command.clone(),
            None => bail!("there is no command {name:?}; `symlog --help` lists them"),
        },
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    let mut results = Results::open();
    results.write_all(&page)?;
    results.flush()?;
    Ok(Answer::Fine)
}
