//! The log that a configuration names, with what is archived of it.

use std::sync::Arc;

use symlog_archive::FileArchives;
use symlog_core::archive::Archives;
use symlog_core::{Config, LogReader, LoggingError};

/// Reads the log and its archives.
pub(crate) fn reader(config: &Config) -> Result<LogReader, LoggingError> {
    LogReader::from_config(config).map(|reader| reader.with_archives(archives()))
}

/// The archives of one log.
pub(crate) fn archives() -> Arc<dyn Archives> {
    Arc::new(FileArchives::default())
}
