//! The section `[logging]`.

use serde::{Deserialize, Serialize};

use super::choice::choices;
use super::section::Section;

/// What a log is called, where its key comes from and what it holds.
///
/// These are the eight settings that programs write as a literal. Everything else that can be set
/// in `[logging]` is in [`Settings`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LoggingConfig {
    /// Whether anything is logged at all.
    pub enabled: bool,
    /// The file that is appended to. A relative path starts at the current directory.
    pub log_file_path: String,
    /// The name of the logging key in the secret store and in the keychain.
    pub encryption_key_name: String,
    /// The environment variable that holds the key where the store has none.
    pub encryption_key_env: Option<String>,
    /// The longest payload, in bytes, that is stored in one piece.
    pub max_entry_size: usize,
    /// How many days entries are kept.
    pub retention_days: u32,
    /// Whether personal data and secrets are masked; `false` is the profile `off`.
    pub enable_pii_masking: bool,
    /// How many entries one sync covers at most; 0 for no limit.
    pub batch_size: usize,
}

impl Default for LoggingConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            log_file_path: "logs/model_io.encrypted.log".to_owned(),
            encryption_key_name: "symbiont/logging/encryption_key".to_owned(),
            encryption_key_env: Some("SYMBIONT_LOGGING_KEY".to_owned()),
            max_entry_size: 1024 * 1024,
            retention_days: 90,
            enable_pii_masking: true,
            batch_size: 100,
        }
    }
}

choices! {
    /// What an acknowledged entry has reached.
    Durability {
        /// The page cache: survives the process, not a power cut.
        Buffered = "buffered",
        /// The disk, synced together with the other entries of its batch.
        #[default]
        Batch = "batch",
        /// The disk, synced for itself.
        Entry = "entry",
    }
}

choices! {
    /// What happens to a caller when the queue is full.
    Overflow {
        /// The caller waits.
        #[default]
        Block = "block",
        /// The caller gets an error.
        Reject = "reject",
        /// The entry is dropped; the drop is counted and recorded in the log.
        Drop = "drop",
    }
}

choices! {
    /// What an observer does when an entry cannot be logged.
    FailureMode {
        /// Warns, counts and goes on.
        #[default]
        Open = "open",
        /// Fails the observed operation, for those who must not act unlogged.
        Closed = "closed",
    }
}

choices! {
    /// What happens to a payload above `max_entry_size`.
    Oversize {
        /// It is stored as a chain of sealed chunks.
        #[default]
        Chunk = "chunk",
        /// It is refused with an error.
        Reject = "reject",
    }
}

choices! {
    /// How the fields beside the payloads are stored.
    MetadataMode {
        /// Masked, for ordinary tools to read.
        #[default]
        Clear = "clear",
        /// In an envelope of their own.
        Sealed = "sealed",
    }
}

choices! {
    /// Which format is written. All formats can be read whatever is set here.
    LogFormat {
        /// Version 1 of docs/format.md.
        #[default]
        Symlog = "symlog",
        /// The reference logger's fields: encryption only, none of the other promises.
        Symbiont = "symbiont",
    }
}

/// Everything in `[logging]` that is not in [`LoggingConfig`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What an acknowledged entry has reached.
    pub durability: Durability,
    /// What happens when the queue is full.
    pub overflow: Overflow,
    /// How many bytes of entries wait in memory at most.
    pub queue_bytes: usize,
    /// What an observer does when an entry cannot be logged.
    pub failure: FailureMode,
    /// What happens to a payload above `max_entry_size`.
    pub oversize: Oversize,
    /// How the fields beside the payloads are stored.
    pub metadata: MetadataMode,
    /// Which format is written.
    pub format: LogFormat,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            durability: Durability::default(),
            overflow: Overflow::default(),
            queue_bytes: 64 * 1024 * 1024,
            failure: FailureMode::default(),
            oversize: Oversize::default(),
            metadata: MetadataMode::default(),
            format: LogFormat::default(),
        }
    }
}

pub(super) fn read(mut section: Section<'_>, logging: &mut LoggingConfig, settings: &mut Settings) {
    // Destructured, so that a new field cannot be forgotten here.
    let LoggingConfig {
        enabled,
        log_file_path,
        encryption_key_name,
        encryption_key_env,
        max_entry_size,
        retention_days,
        enable_pii_masking,
        batch_size,
    } = logging;
    section.boolean("enabled", enabled);
    section.name("log_file_path", log_file_path);
    section.name("encryption_key_name", encryption_key_name);
    if let Some(variable) = section.text("encryption_key_env") {
        // TOML has no null, so the empty string stands for "no variable".
        *encryption_key_env = Some(variable).filter(|name| !name.is_empty());
    }
    section.integer("max_entry_size", max_entry_size);
    section.integer("retention_days", retention_days);
    section.boolean("enable_pii_masking", enable_pii_masking);
    section.integer("batch_size", batch_size);

    let Settings {
        durability,
        overflow,
        queue_bytes,
        failure,
        oversize,
        metadata,
        format,
    } = settings;
    section.choice("durability", durability);
    section.choice("overflow", overflow);
    section.integer("queue_bytes", queue_bytes);
    section.choice("failure", failure);
    section.choice("oversize", oversize);
    section.choice("metadata", metadata);
    section.choice("format", format);
    section.finish();
}
