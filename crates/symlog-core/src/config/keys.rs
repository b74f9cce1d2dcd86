//! `[logging.keys]`: how the keys of a log are looked after.

use super::choice::choices;
use super::section::Section;

choices! {
    /// Where it is told what was done with keys.
    KeyAudit {
        /// In `tracing` events; the log tells where its key came from, and every change of its keys.
        #[default]
        Events = "events",
        /// In control lines of the log as well: every use and failure. With `strict` of
        /// `[security.secrets]` a log that cannot tell is not opened.
        Log = "log",
    }
}

/// `[logging.keys]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeysConfig {
    /// Days after which the master key is replaced by a new one; 0 for never.
    pub rotate_after_days: u32,
    /// Bytes of log after which it is; 0 for no limit.
    pub rotate_after_bytes: u64,
    /// Where it is told what was done with keys.
    pub audit: KeyAudit,
    /// The public keys of those who may read, where the host that writes may not: `x25519:` and
    /// base64 of 32 bytes. Empty: who may write may read.
    pub recipients: Vec<String>,
    /// The name of the private key in the secret store and in the keychain, for reading.
    pub identity_name: String,
    /// The environment variable that holds the private key where the store has none.
    pub identity_env: Option<String>,
}

impl Default for KeysConfig {
    fn default() -> Self {
        Self {
            rotate_after_days: 0,
            rotate_after_bytes: 0,
            audit: KeyAudit::default(),
            recipients: Vec::new(),
            identity_name: "symlog/identity".to_owned(),
            identity_env: Some("SYMLOG_IDENTITY".to_owned()),
        }
    }
}

impl KeysConfig {
    pub(super) fn read(&mut self, mut section: Section<'_>) {
        let Self {
            rotate_after_days,
            rotate_after_bytes,
            audit,
            recipients,
            identity_name,
            identity_env,
        } = self;
        section.integer("rotate_after_days", rotate_after_days);
        section.integer("rotate_after_bytes", rotate_after_bytes);
        section.choice("audit", audit);
        section.texts("recipients", recipients);
        section.name("identity_name", identity_name);
        if let Some(variable) = section.text("identity_env") {
            *identity_env = Some(variable).filter(|name| !name.is_empty());
        }
        section.finish();
    }
}
