use std::cell::Cell;
use std::sync::Arc;

use symlog_sink::conformance::{Backend, SecondWriter};
use symlog_sink::{Attachments, ObjectName, Remote, Sink, SinkError, Source, Storage, Warning};

/// The logs of a remote place, for the conformance suite.
pub struct RemoteLogs<M> {
    connect: M,
    can_remove: bool,
    made: Cell<u32>,
}

impl<M: Fn() -> Arc<dyn Remote>> RemoteLogs<M> {
    /// Logs in the place that `connect` makes a client of, each time a new one.
    pub fn new(connect: M) -> Self {
        Self {
            connect,
            can_remove: true,
            made: Cell::new(0),
        }
    }

    /// The same where objects go by themselves, and not one by one.
    #[must_use]
    pub fn without_removal(mut self) -> Self {
        self.can_remove = false;
        self
    }

    /// How many logs were made.
    pub fn made(&self) -> usize {
        usize::try_from(self.made.get()).unwrap()
    }

    fn open(&self, name: String) -> RemoteLog {
        RemoteLog {
            log: (self.connect)().log(&name).unwrap(),
            name,
        }
    }
}

impl<M> std::fmt::Debug for RemoteLogs<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RemoteLogs").finish_non_exhaustive()
    }
}

impl<M: Fn() -> Arc<dyn Remote>> Backend for RemoteLogs<M> {
    type Storage = RemoteLog;

    fn create(&self) -> RemoteLog {
        self.made.set(self.made.get() + 1);
        self.open(format!("log-{}", self.made.get()))
    }

    fn reopen(&self, log: &RemoteLog) -> RemoteLog {
        self.open(log.name.clone())
    }

    fn second_writer(&self) -> SecondWriter {
        SecondWriter::TakesOver
    }

    fn can_remove(&self) -> bool {
        self.can_remove
    }

    fn shows_unsynced(&self) -> bool {
        false
    }
}

/// One of them; the suite needs a type of its own.
#[derive(Debug)]
pub struct RemoteLog {
    name: String,
    log: Arc<dyn Storage>,
}

#[deny(clippy::missing_trait_methods)]
impl Storage for RemoteLog {
    fn lock(&self) -> Result<Box<dyn Sink>, SinkError> {
        self.log.lock()
    }

    fn objects(&self) -> Result<Vec<ObjectName>, SinkError> {
        self.log.objects()
    }

    fn source(&self, object: &ObjectName) -> Result<Box<dyn Source>, SinkError> {
        self.log.source(object)
    }

    fn remove(&self, object: &ObjectName) -> Result<(), SinkError> {
        self.log.remove(object)
    }

    fn attachments(&self) -> Option<&dyn Attachments> {
        self.log.attachments()
    }

    fn warnings(&self) -> Vec<Warning> {
        self.log.warnings()
    }
}
