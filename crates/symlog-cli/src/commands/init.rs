//! `symlog init`

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Serialize;
use symlog_core::Config;
use symlog_core::logging::ModelLogger;

use crate::keys::{Search, keyring_path};
use crate::options::Common;
use crate::output::{Answer, Paint, Results};

const AFTER_HELP: &str = "\
Examples:
  symlog init                 here
  symlog init /srv/agent      in a directory, which is made if it is not there

Nothing that exists is overwritten. Afterwards:
  symlog record chats.jsonl
  symlog cat";

/// The name under which the configuration is found later.
const FILE: &str = "symlog.toml";

/// Write a configuration, make a key where there is none, and start an empty log
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Options {
    /// The directory
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,
}

#[derive(Debug, Serialize)]
struct Made {
    config: String,
    log: String,
    keyring: String,
    key: String,
}

pub(crate) fn run(common: &Common, options: &Options) -> Result<Answer> {
    let directory = make_directory(&options.directory)?;
    let config_path = directory.join(FILE);
    let log_path = match &common.log {
        Some(log) => {
            std::path::absolute(log).with_context(|| format!("--log {}", log.display()))?
        }
        None => directory.join("logs").join("model_io.encrypted.log"),
    };
    refuse_existing(&config_path)?;
    refuse_existing(&log_path)?;
    let text = configuration(&log_path)?;
    let config =
        Config::from_toml(&text, FILE).context("the new configuration does not hold together")?;
    start_log(&config, &log_path)?;
    write_new(&config_path, &text)?;
    let key = match Search::new(&config)?.key {
        Ok(found) => found.source.to_string(),
        Err(error) => return Err(error).context("the key that the new log was made with is gone"),
    };
    let made = Made {
        config: config_path.display().to_string(),
        keyring: keyring_path(&log_path).display().to_string(),
        log: log_path.display().to_string(),
        key,
    };
    let mut results = Results::open();
    if common.json {
        results.json(&made)?;
    } else if !common.quiet {
        show(&mut results, Paint::for_stdout(), &made)?;
    }
    results.flush()?;
    Ok(Answer::Fine)
}

fn show(out: &mut impl Write, paint: Paint, made: &Made) -> Result<()> {
    writeln!(out, "configuration  {}", paint.good(&made.config))?;
    writeln!(out, "log            {} (empty)", paint.good(&made.log))?;
    writeln!(out, "keyring        {}", paint.good(&made.keyring))?;
    writeln!(out, "key            {}", paint.good(&made.key))?;
    writeln!(
        out,
        "\nBack up the keyring and the key: the log cannot be read without them."
    )?;
    writeln!(
        out,
        "Next: `symlog record FILE` there, and `symlog doctor` to see that all is well."
    )?;
    Ok(())
}

fn make_directory(directory: &Path) -> Result<PathBuf> {
    fs::create_dir_all(directory)
        .and_then(|()| directory.canonicalize())
        .with_context(|| {
            format!(
                "cannot make the directory {}; choose one that you may write to",
                directory.display()
            )
        })
}

fn refuse_existing(path: &Path) -> Result<()> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error).with_context(|| format!("cannot look at {}", path.display())),
        Ok(_) => bail!(
            "{} is there already and is not overwritten; use it, or choose another directory",
            path.display()
        ),
    }
}

/// Opens the log once, which makes its key, its keyring and its first lines.
fn start_log(config: &Config, path: &Path) -> Result<()> {
    ModelLogger::from_config(config)
        .and_then(|logger| logger.close_blocking())
        .with_context(|| format!("cannot start the log {}", path.display()))
}

fn write_new(path: &Path, text: &str) -> Result<()> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| {
            format!(
                "cannot write {}; choose a directory that you may write to",
                path.display()
            )
        })
}

/// A configuration whose log is found from every directory.
fn configuration(log: &Path) -> Result<String> {
    let Some(log) = log.to_str() else {
        bail!(
            "{}: the path is not UTF-8; choose another directory",
            log.display()
        );
    };
    // Escaped as JSON, which TOML's basic strings are a superset of; a `${` of the path stays one.
    let log = serde_json::to_string(&log.replace("${", "$${"))?;
    Ok(format!(
        r#"# What symlog writes and where. `symlog doctor` checks it.
# Every other key, with its default, is in the documentation.

[logging]
log_file_path = {log}
# The key is looked for in the secret store below, then in this variable, then in the
# keychain of the operating system, and last among the keys that were generated here.
encryption_key_name = "symbiont/logging/encryption_key"
encryption_key_env = "SYMBIONT_LOGGING_KEY"
retention_days = 90
durability = "batch"      # buffered | batch | entry

[masking]
profile = "default"       # default | hipaa | gdpr | pci | secrets | off | a file

# Where the key comes from first:
# [security.secrets]
# type = "vault"
# url = "https://vault.example.com"
# mount_path = "secret"
# [security.secrets.auth]
# method = "token"
# token = "${{VAULT_TOKEN}}"
"#
    ))
}
