use std::io;

use crate::{Operation, Sink, SinkError};

/// Gives a sink the sticky failure that [`Sink`] demands.
///
/// After a failed `fsync`, Linux marks the pages that it could not write as
/// clean and reports the error once. The next `fsync` then succeeds although
/// those bytes are nowhere but in memory ("fsyncgate", see
/// <https://wiki.postgresql.org/wiki/Fsync_Errors>). So a failed sync must
/// never be tried again, and nothing may be appended behind bytes that perhaps
/// do not exist. The only way on is a new object.
///
/// The inner sink's [`roll`](Sink::roll) is called after a successful sync, or
/// on a poisoned sink without one; it must not sync the old bytes itself.
#[derive(Debug)]
pub struct Poisonable<S> {
    inner: S,
    poison: Option<Poison>,
}

#[derive(Clone, Copy, Debug)]
struct Poison {
    operation: Operation,
    kind: io::ErrorKind,
}

impl<S: Sink> Poisonable<S> {
    /// Wraps a sink that has not failed so far.
    pub fn new(inner: S) -> Self {
        Self {
            inner,
            poison: None,
        }
    }

    fn guarded(
        &mut self,
        operation: Operation,
        act: impl FnOnce(&mut S) -> Result<(), SinkError>,
    ) -> Result<(), SinkError> {
        if let Some(Poison { operation, kind }) = self.poison {
            return Err(SinkError::Poisoned { operation, kind });
        }
        act(&mut self.inner).inspect_err(|error| {
            if !error.left_sink_usable() {
                self.poison = Some(Poison {
                    operation,
                    kind: error.kind(),
                });
            }
        })
    }
}

#[deny(clippy::missing_trait_methods)]
impl<S: Sink> Sink for Poisonable<S> {
    fn append(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        self.guarded(Operation::Append, |inner| inner.append(bytes))
    }

    fn sync(&mut self) -> Result<(), SinkError> {
        self.guarded(Operation::Sync, Sink::sync)
    }

    fn len(&self) -> u64 {
        self.inner.len()
    }

    fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    fn truncate(&mut self, len: u64) -> Result<(), SinkError> {
        self.guarded(Operation::Truncate, |inner| inner.truncate(len))
    }

    fn roll(&mut self, sealed_name: &str) -> Result<(), SinkError> {
        if self.poison.is_none() {
            self.sync()?;
        }
        match self.inner.roll(sealed_name) {
            Ok(()) => {
                self.poison = None;
                Ok(())
            }
            Err(error) => {
                if !error.left_sink_usable() {
                    self.poison = Some(Poison {
                        operation: Operation::Roll,
                        kind: error.kind(),
                    });
                }
                Err(error)
            }
        }
    }
}
