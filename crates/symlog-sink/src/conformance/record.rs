use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::crash::CrashPoint;
use super::image::Image;
use crate::{
    AttachmentName, Attachments, NewAttachment, ObjectName, Sink, SinkError, Source, Storage,
    Warning,
};

/// What a writer did. Calls that changed nothing, such as those a poisoned sink
/// refused, are left out.
#[derive(Clone, PartialEq, Eq)]
pub enum Event {
    /// A writer came and found this.
    Locked {
        /// Length of the active object.
        active_len: u64,
        /// Names of the sealed ones.
        sealed: Vec<String>,
    },
    /// The writer went.
    Unlocked,
    /// An append.
    Append {
        /// The bytes.
        bytes: Arc<[u8]>,
        /// Whether it reported an error; any part of it may then be there.
        failed: bool,
    },
    /// A sync.
    Sync {
        /// Whether it reported an error.
        failed: bool,
    },
    /// A truncation.
    Truncate {
        /// To this length.
        len: u64,
        /// Whether it reported an error.
        failed: bool,
    },
    /// A roll.
    Roll {
        /// Name of the sealed object.
        name: String,
        /// Whether it reported an error.
        failed: bool,
    },
    /// The removal of a sealed object.
    Remove {
        /// Its name.
        name: String,
        /// Whether it reported an error.
        failed: bool,
    },
    /// An attachment was committed.
    Commit {
        /// Its name.
        name: AttachmentName,
        /// What it holds.
        bytes: Arc<[u8]>,
        /// Whether it reported an error.
        failed: bool,
    },
    /// The removal of an attachment.
    RemoveAttachment {
        /// Its name.
        name: AttachmentName,
        /// Whether it reported an error.
        failed: bool,
    },
    /// See [`Trace::mark`].
    Mark(u64),
}

impl fmt::Debug for Event {
    /// Lengths only: the bytes are the log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failed = |failed: &bool| if *failed { " failed" } else { "" };
        match self {
            Self::Locked { active_len, sealed } => {
                write!(f, "locked at {active_len} after {} sealed", sealed.len())
            }
            Self::Unlocked => f.write_str("unlocked"),
            Self::Append {
                bytes,
                failed: error,
            } => write!(f, "append of {}{}", bytes.len(), failed(error)),
            Self::Sync { failed: error } => write!(f, "sync{}", failed(error)),
            Self::Truncate { len, failed: error } => {
                write!(f, "truncate to {len}{}", failed(error))
            }
            Self::Roll {
                name,
                failed: error,
            } => write!(f, "roll to {name}{}", failed(error)),
            Self::Remove {
                name,
                failed: error,
            } => write!(f, "removal of {name}{}", failed(error)),
            Self::Commit {
                name,
                bytes,
                failed: error,
            } => write!(f, "commit of {name}, {}{}", bytes.len(), failed(error)),
            Self::RemoveAttachment {
                name,
                failed: error,
            } => write!(f, "removal of {name}{}", failed(error)),
            Self::Mark(mark) => write!(f, "mark {mark}"),
        }
    }
}

/// What was recorded so far, and the marks set beside it. Clones share it.
#[derive(Clone, Debug)]
pub struct Trace(Arc<Mutex<Recording>>);

struct Recording {
    before: Image,
    events: Vec<Event>,
}

impl Trace {
    /// Notes that something was promised, such as the acknowledgement of the
    /// entry with this number. [`CrashPoint::marks`] has all that were promised
    /// when the power failed.
    pub fn mark(&self, mark: u64) {
        self.record(Event::Mark(mark));
    }

    /// The events, oldest first.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.recording().events.clone()
    }

    /// Every moment at which the power may fail: before the first event, after
    /// each, and half-way through those that are not atomic.
    pub fn points(&self) -> impl Iterator<Item = CrashPoint> + use<> {
        let recording = self.recording();
        let mut state = CrashPoint {
            image: recording.before.clone(),
            marks: Vec::new(),
            events: 0,
            during: None,
        };
        let first = state.clone();
        let events = recording.events.clone().into_iter();
        std::iter::once(first).chain(events.flat_map(move |event| {
            let mut points = state.half_way(&event);
            state.apply(event);
            points.push(state.clone());
            points
        }))
    }

    fn record(&self, event: Event) {
        self.recording().events.push(event);
    }

    fn recording(&self) -> MutexGuard<'_, Recording> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CrashPoint {
    fn apply(&mut self, event: Event) {
        self.events += 1;
        match event {
            Event::Locked { active_len, sealed } => self.image.locked(active_len, &sealed),
            Event::Unlocked => {}
            Event::Append { bytes, failed } => self.image.append(&bytes, failed),
            Event::Sync { failed } => self.image.sync(failed),
            // What these did shows when the next writer comes.
            Event::Truncate { failed: true, .. } => self.image.failed_truncate(),
            Event::Roll { failed: true, .. } => self.image.failed_roll(),
            Event::Truncate { len, failed: false } => self.image.truncate(len),
            Event::Roll {
                name,
                failed: false,
            } => {
                self.image.rename(&name);
                self.image.create();
            }
            Event::Remove { failed: true, .. } => {}
            Event::Remove {
                name,
                failed: false,
            } => self.image.remove(&name),
            Event::Commit { failed: true, .. } | Event::RemoveAttachment { failed: true, .. } => {}
            Event::Commit { name, bytes, .. } => self.image.commit(name, bytes),
            Event::RemoveAttachment { name, .. } => self.image.remove_attachment(&name),
            Event::Mark(mark) => self.marks.push(mark),
        }
    }

    /// The states between those before and after `event`, and those after it if
    /// it failed and did its work nevertheless.
    fn half_way(&self, event: &Event) -> Vec<Self> {
        let mut points = Vec::new();
        match event {
            Event::Roll { name, failed } => {
                let mut renamed = self.clone();
                renamed.during = Some("roll, renamed");
                if *failed {
                    renamed.image.failed_roll();
                }
                renamed.image.rename(name);
                points.push(renamed.clone());
                if *failed {
                    renamed.during = Some("failed roll, done");
                    renamed.image.create();
                    points.push(renamed);
                }
            }
            Event::Truncate { len, failed: true } => {
                let mut cut = self.clone();
                cut.during = Some("failed truncation, done");
                cut.image.truncate(*len);
                points.push(cut);
            }
            // Nobody knows whether a failed one was done until somebody looks.
            Event::Remove { name, .. } => {
                let mut gone = self.clone();
                gone.during = Some("removal, not synced");
                gone.image.remove(name);
                points.push(gone);
            }
            Event::Commit { name, bytes, .. } => {
                let mut there = self.clone();
                there.during = Some("commit, not synced");
                there.image.commit(name.clone(), Arc::clone(bytes));
                points.push(there);
            }
            Event::RemoveAttachment { name, .. } => {
                let mut gone = self.clone();
                gone.during = Some("removal, not synced");
                gone.image.remove_attachment(name);
                points.push(gone);
            }
            _ => {}
        }
        points
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.events).finish()
    }
}

/// A storage that records its writers.
///
/// Wrapped around a [`FaultyStorage`](super::FaultyStorage) it records failed
/// calls too, with what they leave open: bytes on which a sync failed never
/// become certain.
#[derive(Debug)]
pub struct RecordingStorage<S> {
    inner: S,
    trace: Trace,
}

impl<S: Storage> RecordingStorage<S> {
    /// Wraps `inner`. What it holds already counts as durable.
    ///
    /// # Errors
    ///
    /// Those of reading `inner`.
    pub fn new(inner: S) -> Result<Self, SinkError> {
        let recording = Recording {
            before: Image::of(&inner)?,
            events: Vec::new(),
        };
        Ok(Self {
            inner,
            trace: Trace(Arc::new(Mutex::new(recording))),
        })
    }

    /// The storage below.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// The recording, which goes on.
    pub fn trace(&self) -> Trace {
        self.trace.clone()
    }
}

#[deny(clippy::missing_trait_methods)]
impl<S: Storage> Storage for RecordingStorage<S> {
    fn lock(&self) -> Result<Box<dyn Sink>, SinkError> {
        let inner = self.inner.lock()?;
        let sealed = self.inner.objects()?.into_iter().filter_map(|object| {
            if let ObjectName::Sealed(name) = object {
                Some(name)
            } else {
                None
            }
        });
        self.trace.record(Event::Locked {
            active_len: inner.len(),
            sealed: sealed.collect(),
        });
        Ok(Box::new(RecordingSink {
            inner,
            trace: self.trace.clone(),
        }))
    }

    fn objects(&self) -> Result<Vec<ObjectName>, SinkError> {
        self.inner.objects()
    }

    fn source(&self, object: &ObjectName) -> Result<Box<dyn Source>, SinkError> {
        self.inner.source(object)
    }

    fn remove(&self, object: &ObjectName) -> Result<(), SinkError> {
        let result = self.inner.remove(object);
        if let ObjectName::Sealed(name) = object
            && !matches!(
                result,
                Err(SinkError::Missing { .. } | SinkError::InvalidName { .. })
            )
        {
            self.trace.record(Event::Remove {
                name: name.clone(),
                failed: result.is_err(),
            });
        }
        result
    }

    fn attachments(&self) -> Option<&dyn Attachments> {
        self.inner.attachments().map(|_| self as &dyn Attachments)
    }

    fn warnings(&self) -> Vec<Warning> {
        self.inner.warnings()
    }
}

impl<S: Storage> RecordingStorage<S> {
    fn below(&self) -> &dyn Attachments {
        self.inner
            .attachments()
            .expect("only handed out where the storage below has it")
    }
}

#[deny(clippy::missing_trait_methods)]
impl<S: Storage> Attachments for RecordingStorage<S> {
    fn create(&self, name: &AttachmentName) -> Result<Box<dyn NewAttachment>, SinkError> {
        Ok(Box::new(RecordingAttachment {
            inner: self.below().create(name)?,
            name: name.clone(),
            bytes: Vec::new(),
            trace: self.trace.clone(),
        }))
    }

    fn open(&self, name: &AttachmentName) -> Result<Box<dyn Source>, SinkError> {
        self.below().open(name)
    }

    fn list(&self) -> Result<Vec<AttachmentName>, SinkError> {
        self.below().list()
    }

    fn remove(&self, name: &AttachmentName) -> Result<(), SinkError> {
        let result = self.below().remove(name);
        if !matches!(result, Err(SinkError::Missing { .. })) {
            self.trace.record(Event::RemoveAttachment {
                name: name.clone(),
                failed: result.is_err(),
            });
        }
        result
    }
}

#[derive(Debug)]
struct RecordingAttachment {
    inner: Box<dyn NewAttachment>,
    name: AttachmentName,
    bytes: Vec<u8>,
    trace: Trace,
}

#[deny(clippy::missing_trait_methods)]
impl NewAttachment for RecordingAttachment {
    fn append(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        self.bytes.extend_from_slice(bytes);
        self.inner.append(bytes)
    }

    fn commit(self: Box<Self>) -> Result<(), SinkError> {
        let Self {
            inner,
            name,
            bytes,
            trace,
        } = *self;
        let result = inner.commit();
        if !matches!(result, Err(SinkError::Poisoned { .. })) {
            trace.record(Event::Commit {
                name,
                bytes: bytes.into(),
                failed: result.is_err(),
            });
        }
        result
    }
}

#[derive(Debug)]
struct RecordingSink {
    inner: Box<dyn Sink>,
    trace: Trace,
}

impl RecordingSink {
    fn record(
        &self,
        result: Result<(), SinkError>,
        event: impl FnOnce(bool) -> Event,
    ) -> Result<(), SinkError> {
        match &result {
            Err(SinkError::Poisoned { .. }) => {}
            Err(error) if error.left_sink_usable() => {}
            result => self.trace.record(event(result.is_err())),
        }
        result
    }
}

#[deny(clippy::missing_trait_methods)]
impl Sink for RecordingSink {
    fn append(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        let result = self.inner.append(bytes);
        self.record(result, |failed| Event::Append {
            bytes: bytes.into(),
            failed,
        })
    }

    fn sync(&mut self) -> Result<(), SinkError> {
        let result = self.inner.sync();
        self.record(result, |failed| Event::Sync { failed })
    }

    fn len(&self) -> u64 {
        self.inner.len()
    }

    fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    fn truncate(&mut self, len: u64) -> Result<(), SinkError> {
        let result = self.inner.truncate(len);
        self.record(result, |failed| Event::Truncate { len, failed })
    }

    fn roll(&mut self, sealed_name: &str) -> Result<(), SinkError> {
        let result = self.inner.roll(sealed_name);
        self.record(result, |failed| Event::Roll {
            name: sealed_name.to_owned(),
            failed,
        })
    }
}

impl Drop for RecordingSink {
    fn drop(&mut self) {
        self.trace.record(Event::Unlocked);
    }
}
