use std::fmt;
use std::sync::Arc;

use symlog_keys::LoggingKey;

use crate::error::LoggingError;

/// A logging key that was found, and the body of the `key` line that tells from where.
#[derive(Debug)]
pub(crate) struct FoundKey {
    pub(crate) key: LoggingKey,
    pub(crate) note: String,
}

type Find = dyn Fn() -> Result<FoundKey, LoggingError> + Send + Sync;

/// Where the logging key is looked for again when the one that the log was opened with was taken away. Answers
/// within a bound.
#[derive(Clone)]
pub(crate) struct KeySupply(Arc<Find>);

impl KeySupply {
    pub(crate) fn new(
        find: impl Fn() -> Result<FoundKey, LoggingError> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(find))
    }

    pub(super) fn find(&self) -> Result<FoundKey, LoggingError> {
        (self.0)()
    }
}

impl fmt::Debug for KeySupply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySupply").finish_non_exhaustive()
    }
}
