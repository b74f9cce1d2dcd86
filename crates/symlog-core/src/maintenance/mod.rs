//! What is done with a log as a whole: sealing its active object, saying things in it, taking
//! objects away.

mod beside;
mod find;

use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use symlog_keys::{ChangeKind, Keyring};
use symlog_sink::{SinkError, Storage};

use self::beside::Beside;
use crate::archive::Archives;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::error::LoggingError;
use crate::format::ControlKind;
use crate::logger::{LoggerBuilder, ModelLogger, writable_keyring};
use crate::pipeline::Desk;

/// The record of the keyring by which another process asks the writer to seal the active object.
pub(crate) const SEAL_RECORD: &str = "seal";

/// A line about what is not in the log any more, signed by its writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Permit {
    /// Objects were archived.
    Archived,
    /// Somebody's entries were erased.
    Erased,
    /// Entries outlived their retention, or are held although they did.
    Expired,
}

impl Permit {
    fn control(self) -> ControlKind {
        match self {
            Self::Archived => ControlKind::Archived,
            Self::Erased => ControlKind::Erased,
            Self::Expired => ControlKind::Expired,
        }
    }

    fn change(self) -> ChangeKind {
        match self {
            Self::Archived => ChangeKind::Archived,
            Self::Erased => ChangeKind::Erased,
            Self::Expired => ChangeKind::Expired,
        }
    }
}

/// Work on a log that comes up again and again, such as archiving.
///
/// The logger runs it on a thread of its own, beside the writing.
pub trait Chore: Debug + Send {
    /// What it is, for log lines: `archive`.
    fn name(&self) -> &'static str;

    /// Does what is due, and says when to come again. What takes long asks
    /// [`Maintenance::is_ending`] in between.
    ///
    /// # Errors
    ///
    /// What kept it from being done; it is tried again after a minute.
    fn run(&mut self, log: &Maintenance) -> Result<Duration, LoggingError>;
}

/// A handle for what is done with a log as a whole, by its writer or beside it.
#[derive(Clone, Debug)]
pub struct Maintenance {
    path: PathBuf,
    place: Place,
    storage: Arc<dyn Storage>,
    keyring: Keyring,
    clock: Arc<dyn Clock>,
    archives: Option<Arc<dyn Archives>>,
}

#[derive(Clone, Debug)]
enum Place {
    /// In the process that writes the log, which may have been opened for this alone.
    Writer {
        desk: Desk,
        _logger: Option<ModelLogger>,
    },
    /// In another one.
    Beside(Beside),
}

impl Maintenance {
    /// The log that a configuration names. Where another process writes it, that process is asked,
    /// through the keyring, for what only the writer can do.
    ///
    /// # Errors
    ///
    /// When there is no log of this format, or its keys cannot be had.
    pub fn open(config: &Config) -> Result<Self, LoggingError> {
        let mut quiet = config.clone();
        quiet.logging.enabled = true;
        match LoggerBuilder::from_config(&quiet).upkeep(false).build() {
            Ok(logger) => {
                let mut maintenance = logger.maintenance()?;
                if let Place::Writer { _logger, .. } = &mut maintenance.place {
                    *_logger = Some(logger);
                }
                Ok(maintenance)
            }
            Err(LoggingError::IoError { source })
                if matches!(*source, SinkError::Locked { .. }) =>
            {
                let path = PathBuf::from(&config.logging.log_file_path);
                let keyring = writable_keyring(config)?;
                Ok(Self {
                    storage: Arc::new(symlog_sink::FileStorage::new(&path)?),
                    place: Place::Beside(Beside::new(keyring.clone(), source)),
                    path,
                    keyring,
                    clock: Arc::new(SystemClock),
                    archives: None,
                })
            }
            Err(error) => Err(error),
        }
    }

    pub(crate) fn of_writer(path: PathBuf, desk: Desk) -> Self {
        Self {
            path,
            storage: Arc::clone(desk.storage()),
            keyring: desk.keyring().clone(),
            clock: Arc::clone(desk.clock()),
            archives: desk.archives().cloned(),
            place: Place::Writer {
                desk,
                _logger: None,
            },
        }
    }

    /// Sets how archived objects of the log are read and removed.
    #[must_use]
    pub fn with_archives(self, archives: Arc<dyn Archives>) -> Self {
        Self {
            archives: Some(archives),
            ..self
        }
    }

    /// Seals the active object, if there is anything in it; what comes next goes into a new one.
    ///
    /// # Errors
    ///
    /// When it cannot be written, or, beside a writer, when that does not answer.
    pub fn seal(&self) -> Result<(), LoggingError> {
        match &self.place {
            Place::Writer { desk, .. } => desk.seal(),
            Place::Beside(beside) => beside.seal(),
        }
    }

    /// Has the log say, signed and synced, what is or will be gone, and gives the sequence number of
    /// the line. `body` is what the line says, without `signature`.
    ///
    /// # Errors
    ///
    /// When it cannot be written, or, beside a writer, when that does not answer; the line may then
    /// come later.
    pub fn say(
        &self,
        permit: Permit,
        body: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<u64, LoggingError> {
        match &self.place {
            Place::Writer { desk, .. } => {
                let text = serde_json::to_string(body).map_err(LoggingError::encryption)?;
                desk.say(permit.control(), text)
            }
            Place::Beside(beside) => {
                let number = beside.say(permit, body, self.clock.now())?;
                find::numbered(&self.storage, permit.control(), number)
            }
        }
    }

    /// Whether the log is being closed: what takes long should end and go on another time.
    pub fn is_ending(&self) -> bool {
        match &self.place {
            Place::Writer { desk, .. } => desk.is_ending(),
            Place::Beside(_) => false,
        }
    }

    /// The log's objects. Of these, sealed ones may be removed once the log says so.
    pub fn storage(&self) -> &Arc<dyn Storage> {
        &self.storage
    }

    pub(crate) fn archives(&self) -> Option<&Arc<dyn Archives>> {
        self.archives.as_ref()
    }

    /// The log's keys.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// The log's path, as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The clock by which the log is written.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }
}
