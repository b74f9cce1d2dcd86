use std::sync::Arc;

use super::shared::{Room, Shared};
use crate::{Sink, SinkError};

/// Tells the shippers what was synced, and holds the writer back at the ceiling.
#[derive(Debug)]
pub(super) struct ShippedSink {
    inner: Box<dyn Sink>,
    shared: Arc<Shared>,
    /// Whether the next seal happens without a sync.
    is_poisoned: bool,
    synced: u64,
}

impl ShippedSink {
    pub(super) fn new(inner: Box<dyn Sink>, shared: Arc<Shared>) -> Self {
        Self {
            inner,
            shared,
            is_poisoned: false,
            synced: 0,
        }
    }

    fn noticed<T>(&mut self, result: Result<T, SinkError>) -> Result<T, SinkError> {
        if let Err(error) = &result
            && !error.left_sink_usable()
        {
            self.is_poisoned = true;
        }
        result
    }

    fn set_synced(&mut self) {
        self.synced = self.inner.len();
        let synced = self.synced;
        self.shared.write(|written| written.synced = synced);
    }
}

#[deny(clippy::missing_trait_methods)]
impl Sink for ShippedSink {
    fn append(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        let len = bytes.len() as u64;
        match self.shared.room(len) {
            Room::Enough => {}
            Room::None(error) => return Err(error),
            Room::Wait => {
                // Only what is synced is shipped, so that without this there
                // might be nothing that could make room.
                self.sync()?;
                self.shared.wait_for_room(len)?;
            }
        }
        let appended = self.inner.append(bytes);
        self.noticed(appended)?;
        self.shared.appended(len);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), SinkError> {
        let synced = self.inner.sync();
        self.noticed(synced)?;
        self.set_synced();
        Ok(())
    }

    fn len(&self) -> u64 {
        self.inner.len()
    }

    fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    fn truncate(&mut self, len: u64) -> Result<(), SinkError> {
        let cut = self.inner.truncate(len);
        self.noticed(cut)?;
        self.set_synced();
        Ok(())
    }

    fn roll(&mut self, sealed_name: &str) -> Result<(), SinkError> {
        let synced = self.synced;
        let unsound = self.is_poisoned.then(|| (sealed_name.to_owned(), synced));
        self.inner.roll(sealed_name).inspect_err(|error| {
            self.is_poisoned |= !error.left_sink_usable();
        })?;
        self.is_poisoned = false;
        self.synced = 0;
        self.shared.write(|written| {
            written.rolls += 1;
            written.synced = 0;
            written.unsound.extend(unsound);
        });
        Ok(())
    }
}

impl Drop for ShippedSink {
    fn drop(&mut self) {
        self.shared.close();
    }
}
