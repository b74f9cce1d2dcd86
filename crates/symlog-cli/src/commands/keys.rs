//! `symlog keys`

mod check;
mod generate;
mod list;
mod rotate;
mod slots;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Serialize;
use symlog_core::{Config, access_log_owner, open_keyring};
use symlog_keys::{Access, KeyError, Keyring, LoggingKey, PassedOver, ResolvedKey};

use crate::keys::{Search, keyring_path};
use crate::options::Common;
use crate::output::Answer;

const AFTER_HELP: &str = "\
Examples:
  symlog keys check     is there a key, from where, and does it open the log?
  symlog keys list      which keys the log uses
  symlog keys rotate    a new master key, and new keys for what is written from now on
  symlog keys slots     which keys open the log
  symlog keys generate  a pair of keys, for a host that may write and not read";

/// Look after the keys of a log
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Check(check::Options),
    Generate(generate::Options),
    List(list::Options),
    Rotate(rotate::Options),
    Slots(slots::Options),
}

pub(crate) fn run(common: &Common, options: &Options) -> Result<Answer> {
    match &options.command {
        Command::Check(_) => check::run(common),
        Command::Generate(options) => generate::run(common, options),
        Command::List(_) => list::run(common),
        Command::Rotate(options) => rotate::run(common, options),
        Command::Slots(options) => slots::run(common, options),
    }
}

/// The keyring of the configured log, open for changes, and how its key was found.
struct Opened {
    config: Config,
    keyring: Keyring,
    found: ResolvedKey,
}

/// Opens the keyring, whoever else writes the log meanwhile.
fn open(common: &Common, access: Access) -> Result<Opened> {
    let config = common.configuration()?;
    let log = Path::new(&config.logging.log_file_path);
    let path = keyring_path(log);
    let search = Search::new(&config)?;
    if !search.has_log() {
        bail!(
            "there is no log {} yet, so it uses no keys; `symlog init` makes one",
            log.display()
        );
    }
    if !path.exists() {
        bail!(
            "{} has no keyring: a file of the reference format has one key and no others; `symlog keys check` says where it comes from",
            log.display()
        );
    }
    if let (Access::ReadWrite, Some(owner)) = (access, access_log_owner(log)) {
        bail!(
            "{} is an access log, whose keys come from those of its log; name that with --log {}",
            log.display(),
            owner.display()
        );
    }
    let found = search
        .key
        .context("there is no key to open the keyring with")?;
    let keyring = open_keyring(log, &found.key, access)?;
    Ok(Opened {
        config,
        keyring,
        found,
    })
}

/// Where a key is given that is not the log's own yet. Never on the command line itself, which others can see.
#[derive(Debug, clap::Args)]
struct NewKey {
    /// The variable that holds the new key: a passphrase, or base64: and 32 bytes
    #[arg(long, value_name = "VARIABLE", conflicts_with = "new_key_file")]
    new_key_env: Option<String>,
    /// The file that holds the new key, readable by its owner only
    #[arg(long, value_name = "FILE")]
    new_key_file: Option<PathBuf>,
}

impl NewKey {
    fn read(&self) -> Result<Option<LoggingKey>> {
        if let Some(variable) = &self.new_key_env {
            let Some(text) = std::env::var_os(variable) else {
                bail!("the variable {variable} is not set; export the new key in it");
            };
            let key = LoggingKey::from_text(text.into_encoded_bytes().into());
            return Ok(Some(key.with_context(|| format!("variable {variable}"))?));
        }
        if let Some(file) = &self.new_key_file {
            let Some(key) = LoggingKey::from_file(file)? else {
                bail!("there is no file {}", file.display());
            };
            return Ok(Some(key.with_context(|| file.display().to_string())?));
        }
        Ok(None)
    }
}

/// A source that was asked in vain.
#[derive(Debug, Serialize)]
struct Passed {
    source: String,
    reason: String,
}

fn passed(passed_over: &[PassedOver]) -> Vec<Passed> {
    let row = |passed: &PassedOver| Passed {
        source: passed.source.to_string(),
        reason: passed.reason.clone(),
    };
    passed_over.iter().map(row).collect()
}

/// The sources that a failed search asked.
fn asked(error: &KeyError) -> &[PassedOver] {
    match error {
        KeyError::NotFound { passed_over, .. } => passed_over,
        _ => &[],
    }
}
