use std::fmt::Debug;
use std::sync::Arc;

use crate::{Attachments, ObjectName, SinkError, Warning};

/// One log's storage: an active object that a single writer appends to, and
/// older, sealed objects that never change.
///
/// # Contract
///
/// - At most one [`Sink`] can make bytes durable at a time, over all processes
///   that can reach the storage. Dropping it, or the death of its process, frees
///   the place. Where a storage cannot tell whether a writer still lives, as a
///   bucket cannot, the next writer takes the place, and the one before is
///   fenced: nothing that it does from then on changes anything, and it gets
///   [`SinkError::Fenced`] from the next call that would have.
/// - Reading needs no lock and never waits for the writer.
/// - Values are cheap handles: two of them for the same place are the same log.
pub trait Storage: Debug + Send + Sync {
    /// Become the one writer; the active object is created if there is none,
    /// and survives a crash from then on.
    ///
    /// # Errors
    ///
    /// [`SinkError::Locked`] while another writer holds the log, at once and
    /// without waiting, unless the storage fences it; anything else where the
    /// storage cannot be written.
    fn lock(&self) -> Result<Box<dyn Sink>, SinkError>;

    /// The sealed objects in order, then the active one if it exists. A storage
    /// that was never written to is empty, not an error.
    ///
    /// Where an object is listed, all older ones are, also while a writer rolls.
    /// To read a log while it is written, take a [`Snapshot`](crate::Snapshot).
    ///
    /// # Errors
    ///
    /// Where the storage exists and cannot be listed.
    fn objects(&self) -> Result<Vec<ObjectName>, SinkError>;

    /// Open an object for reading. The source stays with the bytes it was
    /// opened on: when the active object is sealed meanwhile, it goes on
    /// reading what is now the sealed one.
    ///
    /// # Errors
    ///
    /// [`SinkError::Missing`] if there is no such object.
    fn source(&self, object: &ObjectName) -> Result<Box<dyn Source>, SinkError>;

    /// Remove a sealed object for good; survives a power cut when this returns
    /// `Ok`. No lock is needed, since nobody appends to it: whoever removes sees
    /// to it that the log says so before, and that nobody else does it at the
    /// same time. A source that was opened before may go on or fail.
    ///
    /// # Errors
    ///
    /// [`SinkError::Missing`] if there is no such object, and
    /// [`SinkError::InvalidName`] for the active one; nothing changed.
    fn remove(&self, object: &ObjectName) -> Result<(), SinkError>;

    /// The files beside the log, where this storage can keep any.
    fn attachments(&self) -> Option<&dyn Attachments> {
        None
    }

    /// What the last [`lock`](Storage::lock) found that deserves attention but
    /// does not stop the writer, such as a directory that others may read.
    fn warnings(&self) -> Vec<Warning> {
        Vec::new()
    }
}

/// Bytes in: the writer's end of the active object.
///
/// # Contract
///
/// - Appends become visible to sources in order and without gaps, at the latest
///   when [`sync`](Sink::sync) returns. What was not synced may be gone when the
///   sink is dropped.
/// - After [`append`](Sink::append), [`sync`](Sink::sync) or
///   [`truncate`](Sink::truncate) has failed with anything but
///   [`SinkError::Full`], the sink is poisoned: everything except
///   [`roll`](Sink::roll) fails with [`SinkError::Poisoned`] and changes
///   nothing. [`Poisonable`](crate::Poisonable) gives a backend this behaviour
///   and says why it must be so.
pub trait Sink: Debug + Send {
    /// Append all of `bytes`, or fail.
    ///
    /// # Errors
    ///
    /// [`SinkError::Full`]: nothing of `bytes` is in the object and the sink is
    /// still usable. Any other error: a part of `bytes` may be there, and the
    /// sink is poisoned.
    fn append(&mut self, bytes: &[u8]) -> Result<(), SinkError>;

    /// `Ok` means that everything appended before survives a power cut.
    ///
    /// # Errors
    ///
    /// Nothing is known about the bytes since the last successful sync, and the
    /// sink is poisoned.
    fn sync(&mut self) -> Result<(), SinkError>;

    /// Length of the active object in bytes, synced or not.
    fn len(&self) -> u64;

    /// Whether the active object holds no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Recovery only: cut a torn tail. What is left survives a power cut, in its
    /// new length, when this returns `Ok`.
    ///
    /// # Errors
    ///
    /// [`SinkError::BeyondEnd`] when `len` is more than [`len`](Sink::len), and
    /// nothing changed. After any other error the sink is poisoned.
    fn truncate(&mut self, len: u64) -> Result<(), SinkError>;

    /// Seal the active object as `sealed_name` and begin a new, empty one. Its
    /// bytes are synced before its name changes, and all of it survives a power
    /// cut when this returns `Ok`: the bytes, the name, and the new object. In
    /// between a reader may find no active object, and a power cut leave none.
    ///
    /// On a poisoned sink this is the only way on, and it does not sync: nothing
    /// is then promised about the bytes after the last successful sync.
    ///
    /// # Errors
    ///
    /// [`SinkError::InvalidName`] if the name is not one that
    /// [`ObjectName::sealed`] accepts or does not come after every sealed one;
    /// nothing changed. After any other error the sink is poisoned, and `roll`
    /// may be tried again with the same name.
    fn roll(&mut self, sealed_name: &str) -> Result<(), SinkError>;
}

/// Bytes out: ranged reads of one object, from any number of threads.
pub trait Source: Debug + Send + Sync {
    /// Length in bytes at this moment; that of the active object grows.
    ///
    /// # Errors
    ///
    /// Where the object cannot be inspected any more.
    fn len(&self) -> Result<u64, SinkError>;

    /// Whether the object holds no bytes at this moment.
    ///
    /// # Errors
    ///
    /// Those of [`len`](Source::len).
    fn is_empty(&self) -> Result<bool, SinkError> {
        Ok(self.len()? == 0)
    }

    /// Read from `offset` on and return how many bytes were read: all of `buf`,
    /// or fewer where the object ends; 0 at and past its end.
    ///
    /// # Errors
    ///
    /// Where the storage fails to read.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, SinkError>;
}

#[deny(clippy::missing_trait_methods)]
impl<S: Storage + ?Sized> Storage for Arc<S> {
    fn lock(&self) -> Result<Box<dyn Sink>, SinkError> {
        (**self).lock()
    }

    fn objects(&self) -> Result<Vec<ObjectName>, SinkError> {
        (**self).objects()
    }

    fn source(&self, object: &ObjectName) -> Result<Box<dyn Source>, SinkError> {
        (**self).source(object)
    }

    fn remove(&self, object: &ObjectName) -> Result<(), SinkError> {
        (**self).remove(object)
    }

    fn attachments(&self) -> Option<&dyn Attachments> {
        (**self).attachments()
    }

    fn warnings(&self) -> Vec<Warning> {
        (**self).warnings()
    }
}

#[deny(clippy::missing_trait_methods)]
impl<S: Sink + ?Sized> Sink for Box<S> {
    fn append(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        (**self).append(bytes)
    }

    fn sync(&mut self) -> Result<(), SinkError> {
        (**self).sync()
    }

    fn len(&self) -> u64 {
        (**self).len()
    }

    fn is_empty(&self) -> bool {
        (**self).is_empty()
    }

    fn truncate(&mut self, len: u64) -> Result<(), SinkError> {
        (**self).truncate(len)
    }

    fn roll(&mut self, sealed_name: &str) -> Result<(), SinkError> {
        (**self).roll(sealed_name)
    }
}
