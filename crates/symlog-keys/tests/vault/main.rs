//! The Vault store against a real OpenBao, and against answers no real server gives.
#![cfg(feature = "vault")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a failed step is a failed test, and a skipped one says so"
)]

mod fake;
mod login;
mod real;
mod server;
mod slots;

use symlog_crypto::SecretBytes;
use symlog_keys::{SecretsConfig, VaultConfig};

fn secret(text: &str) -> SecretBytes {
    SecretBytes::from(text.to_owned())
}

/// The configuration a user would write, with `url` and `auth` put in.
fn config(url: &str, auth: &str, more: &str) -> VaultConfig {
    let text = format!("type = 'vault'\nurl = '{url}'\n{more}\n[auth]\n{auth}");
    match toml::from_str(&text).unwrap() {
        SecretsConfig::Vault(vault) => *vault,
        other => panic!("{other:?}"),
    }
}

fn with_token(url: &str, token: &str) -> VaultConfig {
    let auth = format!("method = 'token'\ntoken = '{token}'");
    config(url, &auth, "common = { enable_cache = false }")
}

fn run<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}
