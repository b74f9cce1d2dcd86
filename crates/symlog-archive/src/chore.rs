use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;
use symlog_core::archive::{ArchiveError, LineCodec};
use symlog_core::{
    ArchiveConfig, ArchivePriority, Chore, Config, LoggingError, Maintenance, Permit,
};
use symlog_sink::{ObjectName, SinkError, Snapshot, Source, Storage, shipped_through};

use crate::make::{Made, holds_entries, make};
use crate::open::{as_sink_error, tidy};

/// Archives the sealed objects of a log, oldest first.
///
/// Of each object: both files are written and durable, then read back and compared with the object,
/// then the log says so, signed and synced, with both hashes; only then is the object removed. After a
/// crash at any point the object is there or its archive is, and an object that is there is archived
/// anew.
#[derive(Clone, Debug)]
pub struct Archiver {
    memory_limit: u64,
    priority: ArchivePriority,
    /// The log, and the names of the sinks that must have an object before it is archived.
    shipped: Option<(PathBuf, Vec<String>)>,
    /// What the chore has found to be nothing to archive, or not to be archived.
    passed_over: BTreeSet<ObjectName>,
}

/// What one round of archiving did.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// The objects that are archived now.
    pub made: Vec<Made>,
    /// The objects that stay as they are, and why.
    pub kept: Vec<(String, String)>,
    /// Whether the log was closed before all was done.
    pub is_cut_short: bool,
}

/// How often the chore looks for sealed objects.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

impl Archiver {
    /// One with the memory limit and the priority of `[archive]`.
    #[must_use]
    pub fn new(config: &ArchiveConfig) -> Self {
        Self {
            memory_limit: config.memory_limit,
            priority: config.priority,
            shipped: None,
            passed_over: BTreeSet::new(),
        }
    }

    /// One for the log of a configuration, which leaves alone what some `[[sink]]` does not have yet.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let sinks: Vec<_> = config.sinks.iter().map(|sink| sink.name.clone()).collect();
        let path = PathBuf::from(&config.logging.log_file_path);
        Self {
            shipped: (!sinks.is_empty()).then_some((path, sinks)),
            ..Self::new(&config.archive)
        }
    }

    /// Whether every sink has the object.
    fn is_shipped(&self, object: &ObjectName) -> bool {
        self.shipped.as_ref().is_none_or(|(path, sinks)| {
            let sinks = sinks.iter().map(String::as_str);
            shipped_through(path, sinks).is_some_and(|newest| newest >= *object)
        })
    }

    /// Seals the active object of a log, if it holds anything but control lines.
    ///
    /// # Errors
    ///
    /// As [`Maintenance::seal`].
    pub fn seal(log: &Maintenance) -> Result<(), LoggingError> {
        match Snapshot::take(&**log.storage())?.active {
            Some(active) => match holds_entries(active) {
                true => log.seal(),
                false => Ok(()),
            },
            None => Ok(()),
        }
    }

    /// Archives all that can be. What is wrong with one object keeps none of the others. An object
    /// that holds control lines and no entry is left alone: there is nothing to gain, and saying that
    /// it is archived would take a line of the same kind.
    ///
    /// # Errors
    ///
    /// When the log cannot be listed or written.
    pub fn run(&self, log: &Maintenance) -> Result<Report, LoggingError> {
        self.round(log, &mut BTreeSet::new())
    }

    fn round(
        &self,
        log: &Maintenance,
        passed_over: &mut BTreeSet<ObjectName>,
    ) -> Result<Report, LoggingError> {
        let storage = &**log.storage();
        let mut report = Report::default();
        let objects = Snapshot::take(storage)?.sealed;
        for object in &objects {
            if log.is_ending() {
                report.is_cut_short = true;
                break;
            }
            let ObjectName::Sealed(name) = object else {
                continue;
            };
            if passed_over.contains(object) {
                continue;
            }
            if !holds_entries(storage.source(object)?) {
                passed_over.insert(object.clone());
                continue;
            }
            if !self.is_shipped(object) {
                let why = "not every [[sink]] has it yet; see `symlog ship`".to_owned();
                report.kept.push((name.clone(), why));
                continue;
            }
            let made = make(storage, object, log.keyring(), self.memory_limit, &|| {
                log.is_ending()
            });
            match made {
                Ok(Some(made)) => match commit(log, object, &made)? {
                    Committed::Removed => report.made.push(made),
                    Committed::Kept(why) => {
                        passed_over.insert(object.clone());
                        report.kept.push((name.clone(), why.to_owned()));
                    }
                },
                Ok(None) => report.is_cut_short = true,
                // Of a full disk the next object knows as little as this one.
                Err(ArchiveError::Storage(error)) if is_of_all(&error) => return Err(error.into()),
                Err(error) => {
                    if matches!(
                        error,
                        ArchiveError::Line { .. } | ArchiveError::Sealed { .. }
                    ) {
                        passed_over.insert(object.clone());
                    }
                    report.kept.push((name.clone(), error.to_string()));
                }
            }
        }
        // It can be made another time, and whoever looks for an id does without.
        if let Err(error) = tidy(storage) {
            tracing::warn!(%error, "the catalogue of archived ids is not up to date; this is tried again");
        }
        Ok(report)
    }
}

/// Only what the log went on behind is all of it synced, and nothing of it given up.
const NOTHING_BEHIND: &str = "the log did not go on behind its last line";

fn is_of_all(error: &SinkError) -> bool {
    use std::io::ErrorKind;
    match error {
        SinkError::Full { .. } => true,
        SinkError::Io { source, .. } => matches!(
            source.kind(),
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::PermissionDenied
        ),
        _ => false,
    }
}

enum Committed {
    Removed,
    Kept(&'static str),
}

/// Has the log say it, and lets the object go.
fn commit(log: &Maintenance, object: &ObjectName, made: &Made) -> Result<Committed, LoggingError> {
    let storage = &**log.storage();
    let (first, last) = made.sequences;
    let says = |what: &(u64, String)| json!({ "bytes": what.0, "sha256": what.1 });
    let body = json!({
        "object": made.object,
        "sequences": [[first, last]],
        "parquet": says(&made.parquet),
        "frames": says(&made.frames),
    });
    let serde_json::Value::Object(body) = body else {
        return Ok(Committed::Kept("it could not be said"));
    };
    log.say(Permit::Archived, &body)?;
    let goes_on = successor(storage, object)?;
    if goes_on != last.checked_add(1) {
        return Ok(Committed::Kept(NOTHING_BEHIND));
    }
    match storage.remove(object) {
        Ok(()) | Err(SinkError::Missing { .. }) => Ok(Committed::Removed),
        Err(error) => Err(error.into()),
    }
}

/// The sequence number that the object behind `object` begins with, archived or not.
fn successor(storage: &dyn Storage, object: &ObjectName) -> Result<Option<u64>, SinkError> {
    let snapshot = Snapshot::take(storage)?;
    let sealed = snapshot.sealed.iter().find(|other| *other > object);
    let source = match sealed {
        Some(sealed) => Some(storage.source(sealed)?),
        None => snapshot.active,
    };
    source.map_or(Ok(None), |source| first_sequence(&*source))
}

/// The sequence number of a first line that begins a segment.
fn first_sequence(source: &dyn Source) -> Result<Option<u64>, SinkError> {
    let mut line = vec![0; 1 << 20];
    let read = source.read_at(0, &mut line)?;
    line.truncate(read);
    let Some(end) = line.iter().position(|byte| *byte == b'\n') else {
        return Ok(None);
    };
    match LineCodec::keyless().read(&line[..end]) {
        Ok((row, _)) if row.control.as_deref() == Some("segment") => Ok(Some(row.sequence)),
        Ok(_) => Ok(None),
        Err(ArchiveError::Storage(error)) => Err(as_sink_error(ArchiveError::Storage(error))),
        Err(_) => Ok(None),
    }
}

/// On a thread that gets what others leave of the processors, and is gone afterwards: its priority could
/// not be raised again.
fn in_background(
    priority: ArchivePriority,
    work: impl FnOnce() -> Result<Report, LoggingError> + Send,
) -> Result<Report, LoggingError> {
    let died = |message: String| LoggingError::Worker {
        thread: "archiving",
        message,
    };
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("symlog-archive".to_owned())
            .spawn_scoped(scope, || {
                if priority == ArchivePriority::Low {
                    lower_priority();
                }
                work()
            })
            .map_err(|error| died(error.to_string()))?
            .join()
            .unwrap_or_else(|_| Err(died("it panicked".to_owned())))
    })
}

/// Where this is not possible the work is done all the same.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), LOWEST)
    {
        tracing::debug!(%error, "the archiver has the priority of the others");
    }
}

#[cfg(target_os = "linux")]
const LOWEST: i32 = 19;

impl Chore for Archiver {
    fn name(&self) -> &'static str {
        "archive"
    }

    fn run(&mut self, log: &Maintenance) -> Result<Duration, LoggingError> {
        let mut passed_over = std::mem::take(&mut self.passed_over);
        let report = in_background(self.priority, || self.round(log, &mut passed_over));
        self.passed_over = passed_over;
        let report = report?;
        for made in &report.made {
            tracing::info!(
                object = made.object,
                bytes = made.object_bytes,
                archived = made.parquet.0 + made.frames.0,
                "archived"
            );
        }
        for (object, why) in &report.kept {
            tracing::debug!(object, why, "not archived");
        }
        Ok(LOOK_AGAIN)
    }
}
