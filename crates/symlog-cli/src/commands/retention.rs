//! `symlog retention`

mod apply;
mod hold;
mod plan;

use std::path::Path;

use anyhow::{Context, Result, bail};
use symlog_core::{Config, Maintenance, Retention};

use crate::keys::Search;
use crate::log::archives;
use crate::options::Common;
use crate::output::Answer;

const AFTER_HELP: &str = "\
Examples:
  symlog retention plan                          what would go now, and why
  symlog retention apply                         let it go
  symlog retention hold \"case 7\" --until 2026-03 --reason \"court order\"
  symlog retention release \"case 7\"

A logger applies retention by itself while it runs. What is kept for how long stands in the
configuration: retention_days in [logging], and [[retention]] for classes by agent, model, type and
tenant. Entries go by whole months (UTC), so up to 31 days late and never early.";

/// Let entries go when their time is over, or hold them
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Plan(plan::Options),
    Apply(apply::Options),
    Hold(hold::Options),
    Release(hold::ReleaseOptions),
}

pub(crate) fn run(common: &Common, options: &Options) -> Result<Answer> {
    let opened = Opened::of(common)?;
    match &options.command {
        Command::Plan(_) => plan::run(common, &opened),
        Command::Apply(options) => apply::run(common, &opened, options),
        Command::Hold(options) => hold::run(common, &opened, options),
        Command::Release(options) => hold::release(common, &opened, options),
    }
}

struct Opened {
    log: Maintenance,
    retention: Retention,
    config: Config,
}

impl Opened {
    fn of(common: &Common) -> Result<Self> {
        let config: Config = common.configuration()?;
        let path = Path::new(&config.logging.log_file_path);
        if !Search::new(&config)?.has_log() {
            bail!(
                "there is no log {} yet, so there is nothing to let go; `symlog init` makes one",
                path.display()
            );
        }
        let log = Maintenance::open(&config)
            .with_context(|| format!("cannot look after the log {}", path.display()))?
            .with_archives(archives());
        Ok(Self {
            log,
            retention: Retention::of(&config),
            config,
        })
    }
}
