//! The command line as it is typed.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use symlog_core::Config;

use crate::commands::{
    archive, cat, completions, doctor, init, keys, man, mask, record, retention, reveal, scan,
    ship, show, tail, verify,
};

const AFTER_HELP: &str = "\
Examples:
  symlog init                       a configuration, a key and an empty log
  symlog record chats.jsonl         record interactions, masked and encrypted
  symlog cat --since yesterday      print entries, decrypted, as JSON lines
  symlog verify                     check that nothing was changed
  symlog doctor                     check permissions, keys, disk, clock and log
  symlog mask notes.txt             mask personal data and secrets in a text
  symlog scan --json src/           what stands where, one JSON object a line

Exit codes: 0 fine, 1 the answer is no, 2 it could not be done.";

/// The flight recorder for AI agents: masks, encrypts and durably appends every model interaction.
#[derive(Debug, Parser)]
#[command(name = "symlog", version, after_help = AFTER_HELP, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options that every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Common options")]
pub(crate) struct Common {
    /// The configuration [default: $SYMLOG_CONFIG, ./symlog.toml, ./symbiont.toml]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The log; wins over the configuration. `cat` and `verify` take s3://BUCKET/PREFIX,
    /// nats://HOST:PORT/STREAM and kafka://HOST:PORT/TOPIC, too
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) log: Option<PathBuf>,
    /// Write JSON, for machines
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Say nothing but errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say more; twice for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

impl Common {
    /// The place that `--log` names, where it is not on this machine.
    pub(crate) fn remote_log(&self) -> Option<&str> {
        let log = self.log.as_ref()?.to_str()?;
        crate::sinks::is_remote(log).then_some(log)
    }

    /// The configuration of who reads logs of others: `--log` names those.
    pub(crate) fn configuration_of_reader(&self) -> Result<Config> {
        Ok(Config::discover(self.config.as_deref())?)
    }

    /// The configuration that is in force, with the options of the command line applied.
    pub(crate) fn configuration(&self) -> Result<Config> {
        let mut config = Config::discover(self.config.as_deref())?;
        if let Some(url) = self.remote_log() {
            anyhow::bail!(
                "--log {url}: only `cat` and `verify` read logs that lie elsewhere (`symlog cat --log {url} --id ID` finds one entry); name a file"
            );
        }
        if let Some(log) = &self.log {
            config.logging.log_file_path = log
                .to_str()
                .ok_or_else(|| {
                    anyhow::anyhow!(
                        "--log {}: the path is not UTF-8; rename the file",
                        log.display()
                    )
                })?
                .to_owned();
        }
        Ok(config)
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(init::Options),
    Record(record::Options),
    Cat(cat::Options),
    Tail(tail::Options),
    Show(show::Options),
    Ship(ship::Options),
    Mask(mask::Options),
    Reveal(reveal::Options),
    Scan(scan::Options),
    Verify(verify::Options),
    Archive(archive::Options),
    Keys(keys::Options),
    Retention(retention::Options),
    Doctor(doctor::Options),
    Completions(completions::Options),
    Man(man::Options),
}
