use std::io;
use std::sync::Arc;

use crate::ship::Replica;
use crate::{
    Attachments, ObjectName, Operation, Poisonable, Sink, SinkError, Source, Storage, Warning,
};

/// A log in two places at once: what was synced is in both.
///
/// Where the second place is far away or may be down, that is a high price: then
/// a [`ShippedStorage`](crate::ShippedStorage) brings it there a little later.
///
/// Reading is from the first place. [`lock`](Storage::lock) brings the second up
/// to what the first has, which a crash may have left ahead of it.
#[derive(Clone, Debug)]
pub struct Tee {
    first: Arc<dyn Storage>,
    second: Arc<dyn Storage>,
}

/// What is copied at once while the second place catches up.
const STEP: usize = 8 << 20;

impl Tee {
    /// The log in `first`, with a copy in `second`.
    #[must_use]
    pub fn new(first: Arc<dyn Storage>, second: Arc<dyn Storage>) -> Self {
        Self { first, second }
    }
}

#[deny(clippy::missing_trait_methods)]
impl Storage for Tee {
    /// Fails with [`SinkError::Diverged`] where the second place holds what the
    /// first does not.
    fn lock(&self) -> Result<Box<dyn Sink>, SinkError> {
        let mut first = self.first.lock()?;
        first.sync()?;
        let mut replica = Replica::open(&*self.first, Arc::clone(&self.second))?;
        replica.catch_up(&*self.first, first.len(), STEP)?;
        Ok(Box::new(Poisonable::new(TeeSink {
            sinks: [first, replica.into_sink()],
            rolled: [false; 2],
        })))
    }

    fn objects(&self) -> Result<Vec<ObjectName>, SinkError> {
        self.first.objects()
    }

    fn source(&self, object: &ObjectName) -> Result<Box<dyn Source>, SinkError> {
        self.first.source(object)
    }

    /// Removes it from both places; the first one says whether it was there.
    fn remove(&self, object: &ObjectName) -> Result<(), SinkError> {
        match self.second.remove(object) {
            Ok(()) | Err(SinkError::Missing { .. }) => self.first.remove(object),
            Err(error) => Err(error),
        }
    }

    fn attachments(&self) -> Option<&dyn Attachments> {
        self.first.attachments()
    }

    fn warnings(&self) -> Vec<Warning> {
        let mut warnings = self.first.warnings();
        warnings.extend(self.second.warnings());
        warnings
    }
}

/// Without the sticky failure, which [`Poisonable`] adds.
#[derive(Debug)]
struct TeeSink {
    sinks: [Box<dyn Sink>; 2],
    /// Which of them a roll that failed has sealed already.
    rolled: [bool; 2],
}

impl TeeSink {
    /// An error that leaves one sink usable leaves the two unlike each other.
    fn split(operation: Operation) -> impl Fn(SinkError) -> SinkError {
        move |error| match error.left_sink_usable() {
            false => error,
            true => SinkError::io(operation, "the second place", io::Error::other(error)),
        }
    }
}

impl Sink for TeeSink {
    fn append(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        let [first, second] = &mut self.sinks;
        first.append(bytes)?;
        second.append(bytes).map_err(Self::split(Operation::Append))
    }

    fn sync(&mut self) -> Result<(), SinkError> {
        self.sinks.iter_mut().try_for_each(|sink| sink.sync())
    }

    fn len(&self) -> u64 {
        self.sinks[0].len()
    }

    fn truncate(&mut self, len: u64) -> Result<(), SinkError> {
        let [first, second] = &mut self.sinks;
        first.truncate(len)?;
        second
            .truncate(len)
            .map_err(Self::split(Operation::Truncate))
    }

    fn roll(&mut self, sealed_name: &str) -> Result<(), SinkError> {
        for (sink, rolled) in self.sinks.iter_mut().zip(&mut self.rolled) {
            if !*rolled {
                sink.roll(sealed_name)?;
                *rolled = true;
            }
        }
        self.rolled = [false; 2];
        Ok(())
    }
}
