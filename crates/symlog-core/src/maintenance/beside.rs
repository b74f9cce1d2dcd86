//! Asking the process that writes a log, through the log's keyring.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use symlog_keys::Keyring;
use symlog_sink::SinkError;

use super::{Permit, SEAL_RECORD};
use crate::error::LoggingError;

/// A writer looks once a second, and needs a sync or two.
const BOUND: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

#[derive(Clone, Debug)]
pub(super) struct Beside {
    keyring: Keyring,
    /// Who holds the log.
    holder: Arc<SinkError>,
}

impl Beside {
    pub(super) fn new(keyring: Keyring, holder: Arc<SinkError>) -> Self {
        Self { keyring, holder }
    }

    pub(super) fn seal(&self) -> Result<(), LoggingError> {
        self.keyring.set_record(SEAL_RECORD, Some(b"asked"))?;
        self.wait("seal the active file", || {
            Ok(self.keyring.record(SEAL_RECORD)?.is_none())
        })
    }

    /// Gives the number under which the line is found.
    pub(super) fn say(
        &self,
        permit: Permit,
        body: &serde_json::Map<String, serde_json::Value>,
        now: SystemTime,
    ) -> Result<u64, LoggingError> {
        let body = serde_json::Value::Object(body.clone());
        let number = self.keyring.request_line(permit.change(), now, &body)?;
        self.wait("say in the log what was asked", || {
            let waiting = self.keyring.changes()?;
            Ok(waiting.iter().all(|change| change.number != number))
        })?;
        Ok(number)
    }

    fn wait(
        &self,
        what: &str,
        mut done: impl FnMut() -> Result<bool, LoggingError>,
    ) -> Result<(), LoggingError> {
        let deadline = Instant::now() + BOUND;
        while !done()? {
            if Instant::now() >= deadline {
                let pid = match &*self.holder {
                    SinkError::Locked { pid: Some(pid), .. } => format!("process {pid}"),
                    _ => "the process".to_owned(),
                };
                return Err(LoggingError::Worker {
                    thread: "writing",
                    message: format!(
                        "{pid}, which writes this log, did not {what} within {} seconds; it may be stopped or of an older version: restart it, or close it and try again",
                        BOUND.as_secs()
                    ),
                });
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        Ok(())
    }
}
