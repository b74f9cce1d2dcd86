use std::fmt;
use std::sync::Arc;

use symlog_crypto::clear_stack;
use symlog_crypto::{CryptoProvider, default_provider};
use symlog_keys::{Keyring, SecretStore, SecretsConfig};
use symlog_pii::Masker;
use symlog_sink::{ShipOptions, Storage};

use super::ModelLogger;
use crate::archive::Archives;
use crate::clock::{Clock, SystemClock};
use crate::config::{
    ArchiveConfig, Config, Durability, KeysConfig, LoggingConfig, MaskingConfig, RetentionClass,
    Settings,
};
use crate::error::LoggingError;
use crate::maintenance::Chore;

/// Settings of a logger beyond the eight of [`LoggingConfig`].
#[must_use = "a builder makes a logger only when `build` is called"]
pub struct LoggerBuilder {
    pub(super) config: LoggingConfig,
    pub(super) settings: Settings,
    pub(super) keys: KeysConfig,
    pub(super) masking: MaskingConfig,
    pub(super) masker: Option<Masker>,
    pub(super) secrets: Option<SecretsConfig>,
    pub(super) store: Option<Arc<dyn SecretStore>>,
    pub(super) strict: bool,
    pub(super) retention: Vec<RetentionClass>,
    pub(super) archive: ArchiveConfig,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) storage: Option<Arc<dyn Storage>>,
    pub(super) keyring: Option<Keyring>,
    pub(super) provider: CryptoProvider,
    pub(super) chores: Vec<Box<dyn Chore>>,
    pub(super) own_chores: bool,
    pub(super) ships: Vec<ShipOptions>,
    pub(super) archives: Option<Arc<dyn Archives>>,
}

impl LoggerBuilder {
    pub(super) fn new(config: LoggingConfig) -> Self {
        Self {
            config,
            settings: Settings::default(),
            keys: KeysConfig::default(),
            masking: MaskingConfig::default(),
            masker: None,
            secrets: None,
            store: None,
            strict: false,
            retention: Vec::new(),
            archive: ArchiveConfig::default(),
            clock: Arc::new(SystemClock),
            storage: None,
            keyring: None,
            provider: default_provider(),
            chores: Vec::new(),
            own_chores: true,
            ships: Vec::new(),
            archives: None,
        }
    }

    /// Everything that a configuration file says.
    pub fn from_config(config: &Config) -> Self {
        let mut builder = Self::new(config.logging.clone());
        builder.settings = config.settings.clone();
        builder.keys = config.keys.clone();
        builder.masking = config.masking.clone();
        builder.secrets = config.secrets.clone();
        builder.strict = config.strict;
        builder.retention = config.retention.clone();
        builder.archive = config.archive.clone();
        builder
    }

    /// Adds work on the log that the logger is to do beside the writing. Of loggers that share a
    /// log, only those of the first count.
    pub fn chore(mut self, chore: Box<dyn Chore>) -> Self {
        self.chores.push(chore);
        self
    }

    /// With `false`, the logger neither seals by age nor lets entries go when their time is over:
    /// somebody else does, through [`Maintenance`](crate::Maintenance).
    pub fn upkeep(mut self, by_itself: bool) -> Self {
        self.own_chores = by_itself;
        self
    }

    /// Sets everything else of `[logging]`.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Sets what "logged" means.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.settings.durability = durability;
        self
    }

    /// Sets how the keys of the log are looked after.
    pub fn keys(mut self, keys: KeysConfig) -> Self {
        self.keys = keys;
        self
    }

    /// Sets the masking section.
    pub fn masking(mut self, masking: MaskingConfig) -> Self {
        self.masking = masking;
        self
    }

    /// Sets the masker itself, with detectors and operators of the caller's own. The masking
    /// section is then passed over.
    pub fn masker(mut self, masker: Masker) -> Self {
        self.masker = Some(masker);
        self
    }

    /// Sets where the key is looked for first.
    pub fn secret_store(mut self, store: Arc<dyn SecretStore>) -> Self {
        self.store = Some(store);
        self
    }

    /// With `true`, the key comes from the first configured source or not at all.
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// Sets the retention classes besides the default one.
    pub fn retention(mut self, retention: Vec<RetentionClass>) -> Self {
        self.retention = retention;
        self
    }

    /// Sets when the active file is sealed.
    pub fn archive(mut self, archive: ArchiveConfig) -> Self {
        self.archive = archive;
        self
    }

    /// Sets where the time comes from.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets where the log lies, in place of the file at `log_file_path`, which then only names
    /// the log in messages and, unless [`keyring`](Self::keyring) is set too, leads to its keyring.
    ///
    /// A storage lets one writer in at a time: a second logger over the same one is refused, where
    /// two loggers on one path share a writer. Read the log with
    /// [`LogReader::over`](crate::LogReader::over).
    pub fn storage(mut self, storage: Arc<dyn Storage>) -> Self {
        self.storage = Some(storage);
        self
    }

    /// Sets the keys of the log, in place of the keyring beside it. No logging key is looked for
    /// then. A log opens only with the keyring that it was begun with.
    pub fn keyring(mut self, keyring: Keyring) -> Self {
        self.keyring = Some(keyring);
        self
    }

    /// Sets what encrypts, and where keys, nonces and salts come from, in place of
    /// [`symlog_crypto::default_provider`]. A backend that is one writes the same bytes, so that
    /// any other reads them.
    pub fn crypto(mut self, provider: CryptoProvider) -> Self {
        self.provider = provider;
        self
    }

    /// Ships the log to another place while it is written. Several may be given.
    ///
    /// The clients of remote places are crates of their own, so that a `[[sink]]` of the
    /// configuration is shipped to by programs that call this, as the `symlog` command does.
    pub fn ship(mut self, to: ShipOptions) -> Self {
        self.ships.push(to);
        self
    }

    /// Sets how archived objects of the log are read: needed where a request may be answered after
    /// its object was archived.
    pub fn archives(mut self, archives: Arc<dyn Archives>) -> Self {
        self.archives = Some(archives);
        self
    }

    /// Opens the log, or makes it.
    ///
    /// # Errors
    ///
    /// As [`ModelLogger::new`].
    pub fn build(self) -> Result<ModelLogger, LoggingError> {
        let opened = super::open::open(self);
        // The log's keys went through the calls that are over now.
        clear_stack();
        opened
    }
}

impl fmt::Debug for LoggerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoggerBuilder")
            .field("config", &self.config)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
