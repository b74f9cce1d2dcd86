//! Letting entries go when their time is over.
//!
//! What is written in a calendar month (UTC) under one retention class is under one period key. When
//! the month's last day is as old as the class says, the key is destroyed, and with it everything that
//! it opened, in whatever copy; then the objects that hold nothing else are removed. A signed line in
//! the log says so before anything is done, and another when it is.

mod apply;
mod chore;
mod hold;
mod look;
mod plan;
mod time;

pub use apply::RetentionReceipt;
pub(crate) use chore::RetentionChore;
pub use hold::{LegalHold, holds, place_hold, release_hold};
pub use plan::{Decision, KeyPlan, ObjectPlan, RetentionPlan};
pub use time::{TimeTrust, trust_clock};

use std::sync::Arc;
use std::time::Duration;

use symlog_sink::{Cursor, ShipOptions, Storage};

use crate::config::{Config, LoggingConfig, RetentionClass};
use crate::error::LoggingError;
use crate::maintenance::Maintenance;

const DAY: Duration = Duration::from_secs(86_400);

/// The copies of a log at the places that it is shipped to, under the names that they have there by
/// now. A copy that was given up, because another host had written to it, is none of them.
///
/// # Errors
///
/// When one of them cannot be named.
pub fn replicas(
    log: &Maintenance,
    ships: &[ShipOptions],
) -> Result<Vec<Arc<dyn Storage>>, LoggingError> {
    let own = uuid::Uuid::from_bytes(log.keyring().log_id()).to_string();
    let of = |ship: &ShipOptions| {
        let path = match &ship.cursor {
            Some(path) => path.clone(),
            None => Cursor::path(log.path(), &ship.name),
        };
        let name = Cursor::read(&path).and_then(|cursor| cursor.replica);
        Ok(ship.remote.log(name.as_ref().unwrap_or(&own))?)
    };
    ships.iter().map(of).collect()
}

/// How long entries are kept, by class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Class name and days; the first is `default`.
    classes: Vec<(String, u32)>,
    /// The sinks that copies go to: what they do not have yet is not removed.
    sinks: Vec<String>,
}

impl Retention {
    /// What a configuration says: `retention_days`, and `[[retention]]`.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let sinks = config.sinks.iter().map(|sink| sink.name.clone());
        Self::new(&config.logging, &config.retention, sinks.collect())
    }

    pub(crate) fn new(
        logging: &LoggingConfig,
        classes: &[RetentionClass],
        sinks: Vec<String>,
    ) -> Self {
        let default = ("default".to_owned(), logging.retention_days);
        let others = classes
            .iter()
            .map(|class| (class.class.clone(), class.days));
        Self {
            classes: std::iter::once(default).chain(others).collect(),
            sinks,
        }
    }

    /// Days that entries of a class are kept; `None` for a class that is not configured, or for
    /// ever.
    fn days(&self, class: &str) -> Option<u32> {
        let (_, days) = self.classes.iter().find(|(name, _)| name == class)?;
        (*days > 0).then_some(*days)
    }

    fn knows(&self, class: &str) -> bool {
        self.classes.iter().any(|(name, _)| name == class)
    }
}
