//! The configuration file: its sections, where it is found, and what is wrong with it.

mod choice;
mod error;
mod expand;
mod keys;
mod logging;
mod masking;
mod secrets;
mod section;
mod sections;

use std::env;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use symlog_keys::SecretsConfig;
use toml::de::DeTable;

pub(crate) use error::nearest;
pub use error::{ConfigError, ConfigProblem, ConfigProblemKind};
pub use keys::{KeyAudit, KeysConfig};
pub use logging::{
    Durability, FailureMode, LogFormat, LoggingConfig, MetadataMode, Overflow, Oversize, Settings,
};
pub use masking::{MaskingConfig, MaskingField, MaskingOverride, ProfileFile};
pub use sections::{
    ArchiveConfig, ArchivePriority, AtCeiling, RetentionClass, RetentionSelector, SinkConfig,
    SinkKind,
};

use expand::Variables;
use section::{Document, Section, position};

/// A configuration is some kilobytes; what is longer than this is another kind of file.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// Everything that a configuration file says.
///
/// Sections that belong to the runtime whose file it is are passed over.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// `[logging]`, the eight settings of a literal.
    pub logging: LoggingConfig,
    /// `[logging]`, all others.
    pub settings: Settings,
    /// `[logging.keys]`.
    pub keys: KeysConfig,
    /// `[masking]`.
    pub masking: MaskingConfig,
    /// `[security.secrets]`: where secrets are kept.
    pub secrets: Option<SecretsConfig>,
    /// `strict` of `[security.secrets]`: the key comes from the secret store or not at all.
    pub strict: bool,
    /// `[[retention]]`.
    pub retention: Vec<RetentionClass>,
    /// `[archive]`.
    pub archive: ArchiveConfig,
    /// `[[sink]]`.
    pub sinks: Vec<SinkConfig>,
    /// The file that all of this was read from; `None` for defaults.
    pub source: Option<PathBuf>,
}

impl Config {
    /// Reads a configuration from `text`; `name` stands for it in messages. `${VAR}` is looked up
    /// in the environment.
    ///
    /// # Errors
    ///
    /// When it is no TOML, a key is unknown, a value does not fit, or a variable is not set.
    pub fn from_toml(text: &str, name: &str) -> Result<Self, ConfigError> {
        Self::from_toml_with(text, name, |variable| env::var_os(variable))
    }

    /// Like [`from_toml`](Self::from_toml), with variables looked up by `variables`.
    ///
    /// # Errors
    ///
    /// As [`from_toml`](Self::from_toml).
    pub fn from_toml_with(
        text: &str,
        name: &str,
        variables: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, ConfigError> {
        let variables: &Variables<'_> = &variables;
        let root = DeTable::parse(text).map_err(|error| {
            let (line, column) = position(text, error.span().map_or(0, |span| span.start));
            let message = error.message().to_owned();
            ConfigError::Syntax {
                file: name.to_owned(),
                line,
                column,
                message,
            }
        })?;
        let document = Document::new(name, text, variables);
        let config = Self::read(Section::root(&document, root.into_inner()));
        match document.into_problems() {
            problems if problems.is_empty() => Ok(config),
            problems => Err(ConfigError::Invalid(problems)),
        }
    }

    fn read(mut root: Section<'_>) -> Self {
        let mut config = Self::default();
        if let Some(mut section) = root.section("logging") {
            if let Some(section) = section.section("keys") {
                config.keys.read(section);
            }
            logging::read(section, &mut config.logging, &mut config.settings);
        }
        if let Some(section) = root.section("masking") {
            config.masking.read(section);
        }
        if let Some(mut security) = root.section("security")
            && let Some(section) = security.section("secrets")
        {
            config.secrets = secrets::read(section);
            config.strict = config.secrets.as_ref().is_some_and(SecretsConfig::strict);
        }
        config.retention = root
            .sections("retention")
            .into_iter()
            .map(RetentionClass::read)
            .collect();
        if let Some(section) = root.section("archive") {
            config.archive.read(section);
        }
        config.sinks = root
            .sections("sink")
            .into_iter()
            .map(SinkConfig::read)
            .collect();
        config
    }

    /// Reads the configuration file at `path`. Paths of rule and profile files in it start where
    /// it lies; the log's path starts at the current directory.
    ///
    /// # Errors
    ///
    /// When it cannot be read, and as [`from_toml`](Self::from_toml).
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let failed = |source| ConfigError::Read {
            path: path.to_owned(),
            source,
        };
        let mut bytes = Vec::new();
        let read = File::open(path)
            .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
            .map_err(failed)?;
        if read as u64 > MAX_BYTES {
            return Err(ConfigError::TooLong {
                path: path.to_owned(),
                limit: MAX_BYTES,
            });
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            failed(io::Error::new(
                io::ErrorKind::InvalidData,
                error.utf8_error(),
            ))
        })?;
        let mut config = Self::from_toml(&text, &path.display().to_string())?;
        if let Some(directory) = path.parent() {
            config.masking.resolve(directory);
        }
        config.source = Some(path.to_owned());
        Ok(config)
    }

    /// Finds the configuration: `explicit`, else the file named by `SYMLOG_CONFIG`, else
    /// `symlog.toml`, else `symbiont.toml` in the current directory, else the defaults.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load); a file that was named must be there.
    pub fn discover(explicit: Option<&Path>) -> Result<Self, ConfigError> {
        if let Some(path) = explicit {
            return Self::load(path);
        }
        if let Some(path) = env::var_os("SYMLOG_CONFIG").filter(|path| !path.is_empty()) {
            return Self::load(Path::new(&path));
        }
        for name in ["symlog.toml", "symbiont.toml"] {
            match Self::load(Path::new(name)) {
                Err(ConfigError::Read { source, .. })
                    if source.kind() == io::ErrorKind::NotFound => {}
                other => return other,
            }
        }
        Ok(Self::default())
    }
}

#[cfg(test)]
mod tests;
