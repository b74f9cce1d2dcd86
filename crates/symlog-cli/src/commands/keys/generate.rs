//! `symlog keys generate`

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Serialize;
use symlog_crypto::{Identity, SecretBytes, default_provider};
use symlog_keys::{KeySource, replace_key, system_keychain};

use crate::keys::request;
use crate::options::Common;
use crate::output::{Answer, Paint, Results};

const AFTER_HELP: &str = "\
Examples:
  symlog keys generate                       the private key goes to the configured secret store
  symlog keys generate --to reader.key       or to a file that only you may read
  symlog keys generate --to-keychain

Put the public key that is printed into the configuration of the host that writes:
  [logging.keys]
  recipients = [\"x25519:…\"]
That host can then not read what it wrote. Whoever has the private key reads with `symlog cat`,
where it is found under `identity_name`, or in the variable SYMLOG_IDENTITY.";

/// Make a pair of keys for a host that may write and not read
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Options {
    /// Write the private key to this new file
    #[arg(long, value_name = "FILE", conflicts_with = "to_keychain")]
    to: Option<PathBuf>,
    /// Keep the private key in the keychain of the operating system
    #[arg(long)]
    to_keychain: bool,
    /// The name of the private key in the store [default: identity_name of the configuration]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

#[derive(Debug, Serialize)]
struct Report {
    public_key: String,
    private_key_in: String,
}

pub(super) fn run(common: &Common, options: &Options) -> Result<Answer> {
    let config = common.configuration()?;
    let identity = Identity::generate(default_provider().random)?;
    let public_key = identity.recipient()?.to_text();
    let secret = identity.to_text();
    let name = options.name.as_ref().unwrap_or(&config.keys.identity_name);
    let private_key_in = if let Some(file) = &options.to {
        write_new(file, &secret)?;
        file.display().to_string()
    } else {
        let mut request = request(&config, true)?;
        request.name.clone_from(name);
        let source = match (&request.store, options.to_keychain) {
            (_, true) => {
                request.keychain = system_keychain();
                KeySource::Keychain
            }
            (Some(store), false) => KeySource::Store(store.describe()),
            (None, false) => bail!(
                "there is no secret store for the private key; say where it goes: --to FILE or --to-keychain, or set [security.secrets]"
            ),
        };
        replace_key(&request, &source, &secret)?;
        format!("{source}, as {name}")
    };
    let report = Report {
        public_key,
        private_key_in,
    };
    let mut results = Results::open();
    if common.json {
        results.json(&report)?;
    } else {
        let paint = Paint::for_stdout();
        writeln!(results, "public    {}", paint.good(&report.public_key))?;
        writeln!(results, "private   in {}", report.private_key_in)?;
        writeln!(
            results,
            "\nBack the private key up: what is written for it cannot be read without."
        )?;
    }
    results.flush()?;
    Ok(Answer::Fine)
}

fn write_new(file: &Path, secret: &SecretBytes) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
        .open(file)
        .and_then(|mut out| {
            out.write_all(secret.expose())?;
            out.write_all(b"\n")?;
            out.sync_all()
        })
        .with_context(|| {
            format!(
                "cannot write {}; choose a new file in a directory that you may write to",
                file.display()
            )
        })
}
