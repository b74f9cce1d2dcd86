//! `symlog keys rotate`

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde::Serialize;
use symlog_crypto::default_provider;
use symlog_keys::{
    Access, Id, KeySource, Keyring, LoggingKey, Rotation, SlotInfo, replace_key, resolve_blocking,
};

use super::{NewKey, Opened, open};
use crate::keys::{REPLACES, hex, keyring_path, request};
use crate::options::Common;
use crate::output::{Answer, Paint, Results};
use crate::units::counted;

const AFTER_HELP: &str = "\
Examples:
  symlog keys rotate                       a new master key, now
  symlog keys rotate --key logging         a new key to open the log with, kept where the old one is
  NEW=\"a new passphrase\" symlog keys rotate --key logging --new-key-env NEW
  symlog keys rotate --key signing         a new key to sign with, too

Nothing in the log is rewritten, and who writes it goes on: what is written from about now on is
under the new keys. Interrupted, it leaves a log that opens; run it again. [logging.keys] in the
configuration has it done by itself, by age or volume.";

/// Replace a key by a new one, while writing goes on
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Options {
    /// Which key
    #[arg(long, value_enum, default_value = "master")]
    key: Kind,
    #[command(flatten)]
    new_key: NewKey,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Kind {
    /// The master key of the keyring, and the period keys that are written with
    Master,
    /// The key that opens the log, and the master key
    Logging,
    /// The key that the writer signs with, and the master key
    Signing,
}

#[derive(Debug, Serialize)]
struct Report {
    keyring: String,
    master_version: u32,
    retired_period_keys: usize,
    generation: u64,
    milliseconds: u128,
    /// Where the new logging key is kept now.
    logging_key: Option<String>,
    /// What is left to do by hand.
    next: Option<String>,
}

pub(super) fn run(common: &Common, options: &Options) -> Result<Answer> {
    if options.key != Kind::Logging
        && (options.new_key.new_key_env.is_some() || options.new_key.new_key_file.is_some())
    {
        bail!("only `--key logging` takes a new key; other keys are made here");
    }
    let start = Instant::now();
    let opened = open(common, Access::ReadWrite)?;
    let path = keyring_path(Path::new(&opened.config.logging.log_file_path));
    finish_replacement(&opened.keyring)?;
    let mut logging_key = None;
    let mut next = None;
    let rotation = match options.key {
        Kind::Master => opened.keyring.rotate()?,
        Kind::Signing => opened.keyring.rotate_signing_key()?,
        Kind::Logging => {
            let done = replace_logging_key(&opened, options.new_key.read()?, &path)?;
            (logging_key, next) = (done.kept_in, done.next);
            done.rotation
        }
    };
    let report = Report {
        keyring: path.display().to_string(),
        master_version: rotation.master,
        retired_period_keys: rotation.retired,
        generation: rotation.generation,
        milliseconds: start.elapsed().as_millis(),
        logging_key,
        next,
    };
    let mut results = Results::open();
    if common.json {
        results.json(&report)?;
    } else if !common.quiet {
        show(&mut results, Paint::for_stdout(), &report)?;
    }
    results.flush()?;
    Ok(Answer::Fine)
}

fn show(out: &mut impl Write, paint: Paint, report: &Report) -> Result<()> {
    writeln!(
        out,
        "keyring   {} (generation {})",
        report.keyring, report.generation
    )?;
    writeln!(
        out,
        "master    {}, in {} ms",
        paint.good(format_args!("version {}", report.master_version)),
        report.milliseconds
    )?;
    writeln!(
        out,
        "retired   {}, kept for what was written so far",
        counted(
            report.retired_period_keys as u64,
            "period key",
            "period keys"
        )
    )?;
    if let Some(kept_in) = &report.logging_key {
        writeln!(out, "logging   a new key, in {}", paint.good(kept_in))?;
    }
    if let Some(next) = &report.next {
        writeln!(out, "{}      {next}", paint.warn("next"))?;
    }
    Ok(())
}

struct Replaced {
    rotation: Rotation,
    kept_in: Option<String>,
    next: Option<String>,
}

/// The new key opens the log before it is stored, and the old one goes only when the stored one was found again and
/// opens the log: whatever happens in between, there is a key that does.
fn replace_logging_key(
    opened: &Opened,
    given: Option<LoggingKey>,
    path: &Path,
) -> Result<Replaced> {
    let Opened {
        config,
        keyring,
        found,
    } = opened;
    let provider = default_provider();
    let is_ours = matches!(
        found.source,
        KeySource::Store(_)
            | KeySource::Keychain
            | KeySource::GeneratedKeychain
            | KeySource::GeneratedFile(_)
    );
    let new = match given {
        Some(key) => key,
        None if is_ours => LoggingKey::generate(provider.random)?,
        None => bail!(
            "the key comes from the {}, which only you can change; give the new key with --new-key-env or --new-key-file",
            found.source
        ),
    };
    let old = keyring.slot_in_use();
    remove_unfinished(keyring, &old)?;
    let label = format!("{REPLACES}{}", hex(&old));
    keyring.add_slot(&new, &label)?;
    if !is_ours {
        return Ok(Replaced {
            rotation: keyring.rotate()?,
            kept_in: None,
            next: Some(format!(
                "both keys open the log: put the new one into the {}, restart what writes the log, and run `symlog keys rotate` again to take the old one away",
                found.source
            )),
        });
    }
    replace_key(&request(config, true)?, &found.source, new.text())?;
    let again = resolve_blocking(request(config, true)?)
        .context("the new key was stored and is not found; the old one still opens the log")?;
    let keyring = Keyring::open(path, &again.key, Access::ReadWrite, &provider)?;
    let rotation = finish_replacement(&keyring)?
        .context("the key that is found is still the old one; the old one still opens the log")?;
    Ok(Replaced {
        rotation,
        kept_in: Some(again.source.to_string()),
        next: None,
    })
}

fn replaced_by(slot: &SlotInfo) -> Option<&str> {
    slot.label.strip_prefix(REPLACES)
}

/// Takes away the key that the one in use replaces, where that is still to be done.
fn finish_replacement(keyring: &Keyring) -> Result<Option<Rotation>> {
    let slots = keyring.inventory()?.slots;
    let old = slots
        .iter()
        .find(|slot| slot.in_use)
        .and_then(replaced_by)
        .and_then(|old| slots.iter().find(|slot| hex(&slot.id) == old));
    Ok(match old {
        Some(old) => Some(keyring.remove_slot(&old.id)?),
        None => None,
    })
}

/// Takes away slots of keys that were to replace this one and were never stored.
fn remove_unfinished(keyring: &Keyring, old: &Id) -> Result<()> {
    for slot in keyring.inventory()?.slots {
        if replaced_by(&slot) == Some(&hex(old)) {
            keyring.remove_slot(&slot.id)?;
        }
    }
    Ok(())
}
