//! One writer for each log in a process: loggers on the same path share it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Weak};

use parking_lot::Mutex;

use crate::error::LoggingError;
use crate::pipeline::Pipeline;

static OPEN: LazyLock<Mutex<HashMap<PathBuf, Entry>>> = LazyLock::new(Mutex::default);

struct Entry {
    pipeline: Weak<Pipeline>,
    /// What the log was opened with, to tell when somebody asks for something else.
    settings: String,
}

/// The pipeline that is open on `path`, or the one that `open` makes.
///
/// The lock is held meanwhile, so that two loggers opened at once do not race for the log.
pub(super) fn share(
    path: &Path,
    settings: String,
    open: impl FnOnce() -> Result<Pipeline, LoggingError>,
) -> Result<Arc<Pipeline>, LoggingError> {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    // Two ways to the same directory are the same log.
    let path = match (path.parent().map(Path::canonicalize), path.file_name()) {
        (Some(Ok(parent)), Some(name)) => parent.join(name),
        _ => path,
    };
    let mut open_logs = OPEN.lock();
    open_logs.retain(|_, entry| entry.pipeline.strong_count() > 0);
    if let Some(entry) = open_logs.get(&path)
        && let Some(pipeline) = entry.pipeline.upgrade()
        && !pipeline.is_closed()
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
        return Ok(pipeline);
    }
    let pipeline = Arc::new(open()?);
    open_logs.insert(
        path,
        Entry {
            pipeline: Arc::downgrade(&pipeline),
            settings,
        },
    );
    Ok(pipeline)
}
