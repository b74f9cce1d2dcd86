use std::time::Duration;

use symlog_sink::ShipOptions;

use super::{Retention, replicas};
use crate::error::LoggingError;
use crate::maintenance::{Chore, Maintenance};

/// Periods are months and the clock is looked at for days: this is often enough.
const EVERY: Duration = Duration::from_secs(3600);

/// Applies retention while a log is open.
#[derive(Debug)]
pub(crate) struct RetentionChore {
    pub(crate) retention: Retention,
    /// Where the log is shipped to.
    pub(crate) ships: Vec<ShipOptions>,
}

impl Chore for RetentionChore {
    fn name(&self) -> &'static str {
        "retention"
    }

    fn run(&mut self, log: &Maintenance) -> Result<Duration, LoggingError> {
        let replicas = replicas(log, &self.ships)?;
        let receipt = self.retention.apply(log, &replicas)?;
        if !receipt.lines.is_empty() {
            tracing::info!(
                keys = receipt.keys,
                objects = receipt.objects,
                bytes = receipt.bytes,
                "entries outlived their retention and are gone"
            );
        }
        Ok(EVERY)
    }
}
