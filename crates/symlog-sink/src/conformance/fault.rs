use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::{
    AttachmentName, Attachments, NewAttachment, ObjectName, Operation, Poisonable, Sink, SinkError,
    Source, Storage, Warning,
};

/// How a chosen call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It does nothing.
    Refused(io::ErrorKind),
    /// It does its work, and an error is reported all the same.
    Late(io::ErrorKind),
    /// An append, of which only so many bytes arrive. Any other call does
    /// nothing.
    Short(usize),
    /// An append for which there is no room; the sink stays usable. For any
    /// other call as [`Fault::Short`].
    Full,
}

impl Fault {
    fn kind(self) -> io::ErrorKind {
        match self {
            Self::Refused(kind) | Self::Late(kind) => kind,
            Self::Short(_) => io::ErrorKind::WriteZero,
            Self::Full => io::ErrorKind::StorageFull,
        }
    }
}

/// Which calls fail. Clones share the plan and its counters.
#[derive(Clone, Debug, Default)]
pub struct FaultPlan(Arc<Mutex<Plan>>);

#[derive(Debug, Default)]
struct Plan {
    calls: HashMap<Operation, usize>,
    faults: Vec<(Operation, usize, Fault)>,
}

impl FaultPlan {
    /// A plan by which nothing fails.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Let the `nth` call (from 1) of `operation` from now on fail. Knows
    /// [`Operation::Lock`], [`List`](Operation::List), [`Read`](Operation::Read),
    /// [`Append`](Operation::Append), [`Sync`](Operation::Sync),
    /// [`Truncate`](Operation::Truncate), [`Roll`](Operation::Roll) and
    /// [`Remove`](Operation::Remove); of attachments also
    /// [`Open`](Operation::Open), when one is begun, [`Write`](Operation::Write)
    /// and [`Commit`](Operation::Commit).
    pub fn fail(&self, operation: Operation, nth: usize, fault: Fault) {
        let mut plan = self.plan();
        let nth = plan.count(operation) + nth;
        plan.faults.push((operation, nth, fault));
    }

    /// How many calls of `operation` there were, the failed ones included.
    #[must_use]
    pub fn calls(&self, operation: Operation) -> usize {
        self.plan().count(operation)
    }

    fn plan(&self) -> std::sync::MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self, operation: Operation) -> Option<Fault> {
        let mut plan = self.plan();
        let calls = plan.calls.entry(operation).or_default();
        *calls += 1;
        let nth = *calls;
        plan.faults
            .iter()
            .find(|(planned, at, _)| *planned == operation && *at == nth)
            .map(|(_, _, fault)| *fault)
    }

    /// Runs `act` as the plan has it.
    fn run<T>(
        &self,
        operation: Operation,
        act: impl FnOnce() -> Result<T, SinkError>,
    ) -> Result<T, SinkError> {
        let Some(fault) = self.next(operation) else {
            return act();
        };
        if let Fault::Late(_) = fault {
            act()?;
        }
        Err(injected(operation, fault.kind()))
    }
}

impl Plan {
    fn count(&self, operation: Operation) -> usize {
        self.calls.get(&operation).copied().unwrap_or_default()
    }
}

fn injected(operation: Operation, kind: io::ErrorKind) -> SinkError {
    SinkError::Io {
        operation,
        path: PathBuf::from("<fault>"),
        source: kind.into(),
    }
}

/// A storage of which the calls in a [`FaultPlan`] fail.
#[derive(Debug)]
pub struct FaultyStorage<S> {
    inner: S,
    plan: FaultPlan,
}

impl<S: Storage> FaultyStorage<S> {
    /// Wraps `inner`.
    pub fn new(inner: S, plan: FaultPlan) -> Self {
        Self { inner, plan }
    }

    /// The storage below.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// The plan, to add to it.
    pub fn plan(&self) -> &FaultPlan {
        &self.plan
    }
}

#[deny(clippy::missing_trait_methods)]
impl<S: Storage> Storage for FaultyStorage<S> {
    fn lock(&self) -> Result<Box<dyn Sink>, SinkError> {
        self.plan.run(Operation::Lock, || {
            Ok(Box::new(Poisonable::new(FaultySink {
                inner: self.inner.lock()?,
                plan: self.plan.clone(),
                late_roll: None,
            })) as Box<dyn Sink>)
        })
    }

    fn objects(&self) -> Result<Vec<ObjectName>, SinkError> {
        self.plan.run(Operation::List, || self.inner.objects())
    }

    fn source(&self, object: &ObjectName) -> Result<Box<dyn Source>, SinkError> {
        Ok(Box::new(FaultySource {
            inner: self.inner.source(object)?,
            plan: self.plan.clone(),
        }))
    }

    fn remove(&self, object: &ObjectName) -> Result<(), SinkError> {
        self.plan
            .run(Operation::Remove, || self.inner.remove(object))
    }

    fn attachments(&self) -> Option<&dyn Attachments> {
        self.inner.attachments().map(|_| self as &dyn Attachments)
    }

    fn warnings(&self) -> Vec<Warning> {
        self.inner.warnings()
    }
}

impl<S: Storage> FaultyStorage<S> {
    fn below(&self) -> &dyn Attachments {
        self.inner
            .attachments()
            .expect("only handed out where the storage below has it")
    }
}

#[deny(clippy::missing_trait_methods)]
impl<S: Storage> Attachments for FaultyStorage<S> {
    fn create(&self, name: &AttachmentName) -> Result<Box<dyn NewAttachment>, SinkError> {
        Ok(Box::new(FaultyAttachment {
            inner: self
                .plan
                .run(Operation::Open, || self.below().create(name))?,
            plan: self.plan.clone(),
        }))
    }

    fn open(&self, name: &AttachmentName) -> Result<Box<dyn Source>, SinkError> {
        Ok(Box::new(FaultySource {
            inner: self.below().open(name)?,
            plan: self.plan.clone(),
        }))
    }

    fn list(&self) -> Result<Vec<AttachmentName>, SinkError> {
        self.plan.run(Operation::List, || self.below().list())
    }

    fn remove(&self, name: &AttachmentName) -> Result<(), SinkError> {
        self.plan
            .run(Operation::Remove, || self.below().remove(name))
    }
}

#[derive(Debug)]
struct FaultyAttachment {
    inner: Box<dyn NewAttachment>,
    plan: FaultPlan,
}

#[deny(clippy::missing_trait_methods)]
impl NewAttachment for FaultyAttachment {
    fn append(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        let Some(fault) = self.plan.next(Operation::Write) else {
            return self.inner.append(bytes);
        };
        if fault == Fault::Full {
            return Err(full(bytes.len(), fault));
        }
        Err(injected(Operation::Write, fault.kind()))
    }

    fn commit(self: Box<Self>) -> Result<(), SinkError> {
        let Self { inner, plan } = *self;
        plan.run(Operation::Commit, || inner.commit())
    }
}

fn full(wanted: usize, fault: Fault) -> SinkError {
    SinkError::Full {
        path: PathBuf::from("<fault>"),
        wanted: wanted as u64,
        source: fault.kind().into(),
    }
}

#[derive(Debug)]
struct FaultySink {
    inner: Box<dyn Sink>,
    plan: FaultPlan,
    late_roll: Option<String>,
}

#[deny(clippy::missing_trait_methods)]
impl Sink for FaultySink {
    fn append(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        let Some(fault) = self.plan.next(Operation::Append) else {
            return self.inner.append(bytes);
        };
        match fault {
            Fault::Refused(_) => {}
            Fault::Late(_) => self.inner.append(bytes)?,
            Fault::Short(kept) => self.inner.append(&bytes[..kept.min(bytes.len())])?,
            Fault::Full => {
                return Err(full(bytes.len(), fault));
            }
        }
        Err(injected(Operation::Append, fault.kind()))
    }

    fn sync(&mut self) -> Result<(), SinkError> {
        self.plan.run(Operation::Sync, || self.inner.sync())
    }

    fn len(&self) -> u64 {
        self.inner.len()
    }

    fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    fn truncate(&mut self, len: u64) -> Result<(), SinkError> {
        self.plan
            .run(Operation::Truncate, || self.inner.truncate(len))
    }

    fn roll(&mut self, sealed_name: &str) -> Result<(), SinkError> {
        let fault = self.plan.next(Operation::Roll);
        if self.late_roll.as_deref() != Some(sealed_name) {
            if let Some(fault @ (Fault::Refused(_) | Fault::Short(_) | Fault::Full)) = fault {
                return Err(injected(Operation::Roll, fault.kind()));
            }
            self.inner.roll(sealed_name)?;
        }
        self.late_roll = None;
        match fault {
            None => Ok(()),
            Some(fault) => {
                // A caller tries again with the same name, as it may.
                self.late_roll = Some(sealed_name.to_owned());
                Err(injected(Operation::Roll, fault.kind()))
            }
        }
    }
}

#[derive(Debug)]
struct FaultySource {
    inner: Box<dyn Source>,
    plan: FaultPlan,
}

#[deny(clippy::missing_trait_methods)]
impl Source for FaultySource {
    fn len(&self) -> Result<u64, SinkError> {
        self.inner.len()
    }

    fn is_empty(&self) -> Result<bool, SinkError> {
        self.inner.is_empty()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, SinkError> {
        self.plan
            .run(Operation::Read, || self.inner.read_at(offset, buf))
    }
}
