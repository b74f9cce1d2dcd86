//! An open log of this format.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use parking_lot::Mutex;
use symlog_crypto::{Argon2Params, CryptoProvider, Key, hmac_sha256};
use symlog_keys::LoggingKey;
use symlog_sink::{ObjectName, Storage};

use super::appender::{Appender, Limits};
use super::cipher::{FieldSealer, Opener};
use super::inspect::{fitting_key, holds_symbiont, mend_tail};
use crate::clock::Clock;
use crate::config::{Durability, LoggingConfig, MetadataMode, Settings};
use crate::error::LoggingError;
use crate::mask::MaskStep;
use crate::masking::Maskers;
use crate::pipeline::Intake;

/// Everything that a log of this format is made of.
pub(crate) struct SymbiontOpening {
    pub(crate) path: PathBuf,
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) key: LoggingKey,
    pub(crate) provider: CryptoProvider,
    pub(crate) maskers: Maskers,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) config: LoggingConfig,
    pub(crate) settings: Settings,
}

/// The write path of one log. Dropping it writes what is queued, within a bound.
///
/// One thread masks, seals, appends and commits in groups: the format is for others to read, and
/// not for speed.
#[derive(Debug)]
pub(crate) struct SymbiontLog {
    intake: Intake,
    stopping: Arc<AtomicBool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

const THREAD: &str = "symlog-symbiont";

impl SymbiontLog {
    pub(crate) fn open(opening: SymbiontOpening) -> Result<Self, LoggingError> {
        let SymbiontOpening {
            path,
            storage,
            key,
            provider,
            maskers,
            clock,
            config,
            settings,
        } = opening;
        if settings.metadata == MetadataMode::Sealed {
            return Err(LoggingError::ConfigurationError {
                message: "`format = \"symbiont\"` has no place for sealed metadata; set `metadata = \"clear\"` or `format = \"symlog\"`".to_owned(),
                source: None,
            });
        }
        let mut sink = storage.lock()?;
        for warning in storage.warnings() {
            tracing::warn!("{warning}");
        }
        let mut first_key = None;
        if !sink.is_empty() {
            let source = storage.source(&ObjectName::Active)?;
            if !holds_symbiont(&*storage)? {
                return Err(LoggingError::Unreadable {
                    path,
                    message: "is no log of `format = \"symbiont\"`, so nothing is appended to it; set the format that it has, or choose another `log_file_path`".to_owned(),
                });
            }
            // Before the tail is touched: a wrong key changes nothing.
            let mut opener = Opener::new(key.text().duplicate(), provider.clone());
            first_key = fitting_key(storage.source(&ObjectName::Active)?, &mut opener, &path)?;
            mend_tail(&*source, &mut *sink, &path)?;
        }
        let sealer = FieldSealer::new(provider, key.text().duplicate(), Argon2Params::DEFAULT)?;
        let pseudonyms = pseudonym_key(first_key.as_deref().unwrap_or(sealer.key()));
        let mask = MaskStep::new(maskers, pseudonyms).with_whole_errors();
        tracing::warn!(
            path = %path.display(),
            "`format = \"symbiont\"` encrypts and masks, and promises nothing else: no integrity, no erasure, no retention, no chunks; use `format = \"symlog\"` where no other program needs this one"
        );
        let intake = Intake::new(&config, &settings, clock);
        let stopping = Arc::new(AtomicBool::new(false));
        let limits = Limits {
            durability: settings.durability,
            lines: match settings.durability {
                Durability::Entry => 1,
                Durability::Batch => config.batch_size,
                Durability::Buffered => 0,
            },
        };
        let appender = Appender::new(
            &intake,
            Arc::clone(&stopping),
            storage,
            sink,
            mask,
            sealer,
            limits,
        );
        let thread = std::thread::Builder::new()
            .name(THREAD.to_owned())
            .spawn(move || appender.run())
            .map_err(|error| LoggingError::Worker {
                thread: THREAD,
                message: error.to_string(),
            })?;
        Ok(Self {
            intake,
            stopping,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// The way in.
    pub(crate) fn intake(&self) -> &Intake {
        &self.intake
    }

    /// Lets the thread end and waits for it; the lock on the log goes with it.
    pub(crate) fn stop(&self) {
        let mut thread = self.thread.lock();
        self.let_end();
        if thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("a thread of the logger died; entries may be missing");
        }
    }

    fn let_end(&self) {
        self.stopping.store(true, Ordering::Release);
        self.intake.doorbell().ring();
    }
}

impl Drop for SymbiontLog {
    fn drop(&mut self) {
        if self.intake.close_within_bound() {
            self.stop();
        } else {
            self.let_end();
        }
    }
}

/// Names keep their pseudonyms for as long as the first line of the file stands: a key from the
/// logging key alone would have to be as slow as the others, or it would tell who guesses it.
fn pseudonym_key(first: &Key) -> Key {
    Key::from_bytes(hmac_sha256(first, &[b"symlog symbiont pseudonyms"]))
}
