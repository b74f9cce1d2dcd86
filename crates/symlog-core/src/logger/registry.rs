//! One writer for each log in a process: loggers on the same path share it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Weak};

use parking_lot::Mutex;

use super::Backend;
use crate::error::LoggingError;
use crate::pipeline::Pipeline;
use crate::symbiont::SymbiontLog;

static OPEN: LazyLock<Mutex<HashMap<PathBuf, Entry>>> = LazyLock::new(Mutex::default);

struct Entry {
    backend: WeakBackend,
    /// What the log was opened with, to tell when somebody asks for something else.
    settings: String,
}

enum WeakBackend {
    Pipeline(Weak<Pipeline>),
    Symbiont(Weak<SymbiontLog>),
}

impl WeakBackend {
    /// `None` for a backend that writes nowhere.
    fn of(backend: &Backend) -> Option<Self> {
        match backend {
            Backend::Disabled => None,
            Backend::Pipeline(pipeline) => Some(Self::Pipeline(Arc::downgrade(pipeline))),
            Backend::Symbiont(log) => Some(Self::Symbiont(Arc::downgrade(log))),
        }
    }

    fn is_dropped(&self) -> bool {
        match self {
            Self::Pipeline(pipeline) => pipeline.strong_count() == 0,
            Self::Symbiont(log) => log.strong_count() == 0,
        }
    }

    fn upgrade(&self) -> Option<Backend> {
        match self {
            Self::Pipeline(pipeline) => pipeline.upgrade().map(Backend::Pipeline),
            Self::Symbiont(log) => log.upgrade().map(Backend::Symbiont),
        }
    }
}

/// The log that is open on `path`, or the one that `open` makes.
///
/// The lock is held meanwhile, so that two loggers opened at once do not race for the log.
pub(super) fn share(
    path: &Path,
    settings: String,
    open: impl FnOnce() -> Result<Backend, LoggingError>,
) -> Result<Backend, LoggingError> {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    // Two ways to the same directory are the same log.
    let path = match (path.parent().map(Path::canonicalize), path.file_name()) {
        (Some(Ok(parent)), Some(name)) => parent.join(name),
        _ => path,
    };
    let mut open_logs = OPEN.lock();
    open_logs.retain(|_, entry| !entry.backend.is_dropped());
    if let Some(entry) = open_logs.get(&path)
        && let Some(backend) = entry.backend.upgrade()
        && !backend.intake().is_none_or(|intake| intake.is_closed())
    {
        if entry.settings != settings {
            return Err(LoggingError::ConfigurationError {
                message: format!(
                    "{} is open in this process with other settings; share that logger, or close it first",
                    path.display()
                ),
                source: None,
            });
        }
        return Ok(backend);
    }
    let backend = open()?;
    if let Some(weak) = WeakBackend::of(&backend) {
        open_logs.insert(
            path,
            Entry {
                backend: weak,
                settings,
            },
        );
    }
    Ok(backend)
}
