//! The key of a log: where it is looked for, and whether it fits.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use symlog_core::{Config, LogReader, LoggingError, access_log_owner};
use symlog_keys::{
    Id, KeyError, KeyRequest, ResolvedKey, new_key_wrap, new_secret_store, resolve_blocking,
};

/// What the keyring of `log` is called.
pub(crate) fn keyring_path(log: &Path) -> PathBuf {
    let mut path = log.as_os_str().to_owned();
    path.push(".keyring");
    path.into()
}

/// What the search for the key of a log came to. Nothing is generated.
#[derive(Debug)]
pub(crate) struct Search {
    log: PathBuf,
    /// The key, or why there is none.
    pub(crate) key: Result<ResolvedKey, KeyError>,
    /// Whether it opens the log; `None` where there is no key or no log.
    pub(crate) opens: Option<Result<(), LoggingError>>,
}

impl Search {
    /// Looks for the key that `config` describes and tries it on the log.
    pub(crate) fn new(config: &Config) -> Result<Self> {
        // As if there were a log, so that looking never makes a key.
        let key = resolve_blocking(request(config, true)?);
        let log = PathBuf::from(&config.logging.log_file_path);
        let mut search = Self {
            log,
            key,
            opens: None,
        };
        if let (Ok(found), true) = (&search.key, search.has_log()) {
            search.opens = Some(LogReader::open(&search.log, &found.key).map(drop));
        }
        Ok(search)
    }

    /// Whether there is a log, which misses its key.
    pub(crate) fn has_log(&self) -> bool {
        self.log.exists() || keyring_path(&self.log).exists()
    }

    /// Why there is no key, for a person. A search that must not make one says so of logs that do
    /// not exist, too.
    pub(crate) fn why_none(&self, error: &KeyError) -> String {
        match error {
            KeyError::NotFound { .. } if !self.has_log() => {
                "there is no key yet; `symlog init`, or the first entry, makes one".to_owned()
            }
            error => Chain(error).to_string(),
        }
    }
}

/// Asks for the key as the logger does.
pub(crate) fn request(config: &Config, log_exists: bool) -> Result<KeyRequest> {
    let mut request = KeyRequest::new(config.logging.encryption_key_name.clone());
    request.env = config.logging.encryption_key_env.clone();
    request.strict = config.strict;
    request.log_exists = log_exists;
    // An access log opens with the key of its log.
    let log = Path::new(&config.logging.log_file_path);
    let owner = access_log_owner(log);
    request.keyring = Some(keyring_path(owner.as_deref().unwrap_or(log)));
    if let Some(secrets) = &config.secrets {
        request.wrap = new_key_wrap(secrets)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        match runtime.block_on(new_secret_store(secrets, "symlog")) {
            Ok(store) => request.store = Some(Arc::new(store)),
            Err(error) => request.store_failed = Some(Chain(&error).to_string()),
        }
    }
    Ok(request)
}

/// The label of the slot of a key that takes another one's place, up to the other slot's id.
pub(crate) const REPLACES: &str = "replaces ";

/// An id as it is shown and typed.
pub(crate) fn hex(id: &Id) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An error with all its causes, on one line.
pub(crate) struct Chain<'a>(pub(crate) &'a dyn std::error::Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.0.to_string();
        f.write_str(&shown)?;
        let mut next = self.0.source();
        while let Some(cause) = next {
            let text = cause.to_string();
            if !shown.contains(&text) {
                write!(f, ": {text}")?;
            }
            shown = text;
            next = cause.source();
        }
        Ok(())
    }
}
