//! `symlog completions`

use std::io::Write;

use anyhow::Result;
use clap::CommandFactory;
use clap_complete::Shell;

use crate::options::Cli;
use crate::output::{Answer, Results};

const AFTER_HELP: &str = "\
Examples:
  symlog completions bash > ~/.local/share/bash-completion/completions/symlog
  symlog completions zsh > ~/.zfunc/_symlog
  symlog completions fish > ~/.config/fish/completions/symlog.fish";

/// Write the completions of a shell
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Options {
    /// For which shell
    shell: Shell,
}

pub(crate) fn run(options: &Options) -> Result<Answer> {
    // Generated in memory first: the generator panics when it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut Cli::command(), "symlog", &mut script);
    let mut results = Results::open();
    results.write_all(&script)?;
    results.flush()?;
    Ok(Answer::Fine)
}
