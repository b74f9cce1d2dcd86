//! Copies of a log in other places, kept up to date while it is written.

mod cursor;
mod options;
mod replica;
mod shared;
mod shipper;
mod sink;
mod status;

use std::sync::Arc;

use self::shared::Shared;
use self::shipper::Shipper;
use self::sink::ShippedSink;
use crate::{Attachments, ObjectName, Sink, SinkError, Source, Storage, Warning};

pub use cursor::{Cursor, shipped_through};
pub use options::{AtCeiling, ShipOptions};
pub(crate) use replica::Replica;
pub use status::{ShipState, ShipStatus};

/// A log that is shipped to other places while it is written.
///
/// The local log is the spool: what it holds is shipped from there, in order,
/// after it was synced, so that no copy ever knows more than the log. A place
/// that is down is tried again until it is back; an acknowledged entry waits
/// for it in the local log. Whether a copy is up to date is read from the copy
/// itself, so that neither side's restart leaves a gap or a duplicate.
///
/// A copy that is found to differ, since another host wrote to it, is left as
/// it is, and the log goes on, whole, under another name: `LOG_2`, `LOG_3`, ….
///
/// Threads ship while somebody holds the sink of [`lock`](Storage::lock).
#[derive(Debug)]
pub struct ShippedStorage {
    local: Arc<dyn Storage>,
    log: String,
    sinks: Vec<ShipOptions>,
    shared: Arc<Shared>,
}

impl ShippedStorage {
    /// Ships `local` under the name `log` to each of `sinks`.
    ///
    /// # Errors
    ///
    /// [`SinkError::InvalidName`] where [`check_log_name`](crate::check_log_name)
    /// does not accept `log`.
    pub fn new(
        local: Arc<dyn Storage>,
        log: &str,
        sinks: Vec<ShipOptions>,
    ) -> Result<Self, SinkError> {
        crate::check_log_name(log)?;
        let shared = Arc::new(Shared::new(&sinks));
        Ok(Self {
            local,
            log: log.to_owned(),
            sinks,
            shared,
        })
    }

    /// How far each copy is, in the order in which the sinks were given.
    #[must_use]
    pub fn status(&self) -> Vec<ShipStatus> {
        self.shared.status()
    }

    /// A handle that tells the status for as long as anybody wants to know.
    #[must_use]
    pub fn monitor(&self) -> ShipMonitor {
        ShipMonitor(Arc::clone(&self.shared))
    }
}

/// Tells how far the copies of a log are.
#[derive(Clone, Debug)]
pub struct ShipMonitor(Arc<Shared>);

impl ShipMonitor {
    /// How far each copy is, in the order in which the sinks were given.
    #[must_use]
    pub fn status(&self) -> Vec<ShipStatus> {
        self.0.status()
    }
}

#[deny(clippy::missing_trait_methods)]
impl Storage for ShippedStorage {
    fn lock(&self) -> Result<Box<dyn Sink>, SinkError> {
        let inner = self.local.lock()?;
        self.shared.begin();
        let shippers: Vec<_> = (0..self.sinks.len())
            .map(|index| Shipper {
                index,
                local: Arc::clone(&self.local),
                log: self.log.clone(),
                options: self.sinks[index].clone(),
                shared: Arc::clone(&self.shared),
            })
            .collect();
        for shipper in shippers {
            shipper.start(&*inner)?;
        }
        Ok(Box::new(ShippedSink::new(inner, Arc::clone(&self.shared))))
    }

    fn objects(&self) -> Result<Vec<ObjectName>, SinkError> {
        self.local.objects()
    }

    fn source(&self, object: &ObjectName) -> Result<Box<dyn Source>, SinkError> {
        self.local.source(object)
    }

    fn remove(&self, object: &ObjectName) -> Result<(), SinkError> {
        self.local.remove(object)
    }

    fn attachments(&self) -> Option<&dyn Attachments> {
        self.local.attachments()
    }

    fn warnings(&self) -> Vec<Warning> {
        self.local.warnings()
    }
}
