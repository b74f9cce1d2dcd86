//! `symlog keys slots`

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Serialize;
use symlog_crypto::default_provider;
use symlog_keys::{Access, Id, Keyring, LoggingKey, SlotInfo, new_key_wrap};

use super::{NewKey, Opened, open};
use crate::keys::hex;
use crate::options::Common;
use crate::output::{Answer, Paint, Results};

const AFTER_HELP: &str = "\
Examples:
  symlog keys slots                                       which keys open the log
  AUDITOR=\"a passphrase\" symlog keys slots add --label auditor --new-key-env AUDITOR
  symlog keys slots add --label vault --transit           a key that Vault wraps, see [security.secrets.transit]
  symlog keys slots remove auditor

Each slot is a key of its own that opens the log: a passphrase, base64: and 32 bytes, or a key that
a service wraps. Taking one away rotates the master key. The last one cannot be taken away.";

/// Let more keys open a log, or fewer
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP, args_conflicts_with_subcommands = true)]
pub(super) struct Options {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the keys that open the log
    List,
    /// Let one more key open the log
    Add(Add),
    /// Take a key away: it opens nothing any more
    Remove {
        /// Its label, or the beginning of its id
        #[arg(value_name = "SLOT")]
        slot: String,
    },
}

#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("from").required(true).args(["new_key_env", "new_key_file", "transit"]))]
struct Add {
    /// What to call it
    #[arg(long, value_name = "TEXT")]
    label: String,
    #[command(flatten)]
    new_key: NewKey,
    /// A new key, wrapped by Vault Transit as [security.secrets.transit] says
    #[arg(long)]
    transit: bool,
}

#[derive(Debug, Serialize)]
struct Slot {
    id: String,
    label: String,
    kind: String,
    in_use: bool,
}

pub(super) fn run(common: &Common, options: &Options) -> Result<Answer> {
    match &options.command {
        None | Some(Command::List) => {
            let Opened { keyring, .. } = open(common, Access::ReadOnly)?;
            list(common, &keyring)?;
        }
        Some(Command::Add(add)) => {
            let opened = open(common, Access::ReadWrite)?;
            let key = add.key(&opened)?;
            opened.keyring.add_slot(&key, &add.label)?;
            list(common, &opened.keyring)?;
        }
        Some(Command::Remove { slot }) => {
            let Opened { keyring, .. } = open(common, Access::ReadWrite)?;
            let id = find(&keyring.inventory()?.slots, slot)?;
            keyring.remove_slot(&id)?;
            list(common, &keyring)?;
        }
    }
    Ok(Answer::Fine)
}

impl Add {
    fn key(&self, opened: &Opened) -> Result<LoggingKey> {
        if !self.transit {
            return self.new_key.read()?.context("no new key was given");
        }
        let wrap = match &opened.config.secrets {
            Some(secrets) => new_key_wrap(secrets)?,
            None => None,
        };
        let Some(wrap) = wrap else {
            bail!(
                "{} names no Transit key; add [security.secrets.transit] with `key = \"…\"`",
                opened
                    .config
                    .source
                    .as_deref()
                    .unwrap_or(Path::new("the configuration"))
                    .display()
            );
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        Ok(runtime.block_on(LoggingKey::wrapped_by(&*wrap, default_provider().random))?)
    }
}

/// The one slot that is meant.
fn find(slots: &[SlotInfo], wanted: &str) -> Result<Id> {
    if let Some(slot) = slots.iter().find(|slot| slot.label == wanted) {
        return Ok(slot.id);
    }
    let mut meant = slots
        .iter()
        .filter(|slot| wanted.len() >= 4 && hex(&slot.id).starts_with(wanted));
    match (meant.next(), meant.next()) {
        (Some(slot), None) => Ok(slot.id),
        (Some(_), Some(_)) => {
            bail!("{wanted} is the beginning of more than one id; give more of it")
        }
        (None, _) => bail!("no slot is called {wanted}; `symlog keys slots` lists them"),
    }
}

fn list(common: &Common, keyring: &Keyring) -> Result<()> {
    let slots: Vec<Slot> = keyring
        .inventory()?
        .slots
        .into_iter()
        .map(|slot| Slot {
            id: hex(&slot.id),
            label: slot.label,
            kind: slot.kind,
            in_use: slot.in_use,
        })
        .collect();
    let mut results = Results::open();
    if common.json {
        results.json(&slots)?;
    } else if !common.quiet {
        show(&mut results, Paint::for_stdout(), &slots)?;
    }
    Ok(results.flush()?)
}

fn show(out: &mut impl Write, paint: Paint, slots: &[Slot]) -> Result<()> {
    let head = format_args!("{:<34} {:<28} {:<8} label", "slot", "kind", "in use").to_string();
    writeln!(out, "{}", paint.heading(head))?;
    for slot in slots {
        let in_use = if slot.in_use { "yes" } else { "no" };
        writeln!(
            out,
            "{:<34} {:<28} {in_use:<8} {}",
            slot.id, slot.kind, slot.label
        )?;
    }
    Ok(())
}
