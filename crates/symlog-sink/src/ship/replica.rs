use std::sync::Arc;

use super::shared::Written;
use crate::{ObjectName, Sink, SinkError, Source, Storage};

/// A copy of a log, open for writing.
#[derive(Debug)]
pub(crate) struct Replica {
    storage: Arc<dyn Storage>,
    sink: Box<dyn Sink>,
    /// The newest object that is sealed in the copy.
    sealed: Option<ObjectName>,
    buffer: Vec<u8>,
}

/// How far a copy is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Position {
    /// The newest object that the copy has whole and sealed.
    pub(crate) sealed: Option<ObjectName>,
    /// Bytes of the object behind it.
    pub(crate) offset: u64,
}

/// What one step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(crate) shipped: u64,
    /// Bytes of the local log that the copy does not have yet.
    pub(crate) waiting: u64,
    /// Whether there is more that may be shipped at once.
    pub(crate) more: bool,
}

/// Enough that two logs that differ anywhere differ in it: each line ends in a
/// hash, and everything in it hangs on random salts.
const COMPARED: u64 = 4096;

impl Replica {
    /// Takes the place of the copy's writer and compares what it has with the
    /// log.
    ///
    /// # Errors
    ///
    /// [`SinkError::Diverged`] where the copy holds what the log does not.
    pub(crate) fn open(local: &dyn Storage, storage: Arc<dyn Storage>) -> Result<Self, SinkError> {
        let sink = storage.lock()?;
        let mut objects = storage.objects()?;
        objects.retain(|object| *object != ObjectName::Active);
        let replica = Self {
            storage,
            sink,
            sealed: objects.pop(),
            buffer: Vec::new(),
        };
        replica.compare(local)?;
        Ok(replica)
    }

    pub(super) fn position(&self) -> Position {
        Position {
            sealed: self.sealed.clone(),
            offset: self.sink.len(),
        }
    }

    fn compare(&self, local: &dyn Storage) -> Result<(), SinkError> {
        let objects = local.objects()?;
        let copied = self.sink.len();
        let (ours, theirs) = if copied > 0 {
            let next = objects.iter().find(|object| self.is_behind(object));
            (next.cloned(), ObjectName::Active)
        } else {
            match &self.sealed {
                None => return Ok(()),
                Some(sealed) if objects.contains(sealed) => (Some(sealed.clone()), sealed.clone()),
                // It was retired here since it was shipped.
                Some(_) => return Ok(()),
            }
        };
        let theirs = self.storage.source(&theirs)?;
        let end = theirs.len()?;
        let differ = |offset| SinkError::Diverged {
            path: std::path::PathBuf::from("the copy"),
            object: ours.as_ref().map_or_else(String::new, ToString::to_string),
            offset,
        };
        let Some(name) = &ours else {
            return Err(differ(end));
        };
        let ours = local.source(name)?;
        if ours.len()? < end {
            return Err(differ(end));
        }
        let begin = end.saturating_sub(COMPARED);
        let tail = |source: &dyn Source| read(source, begin, end - begin);
        if tail(&*ours)? != tail(&*theirs)? {
            return Err(differ(end));
        }
        Ok(())
    }

    fn is_behind(&self, object: &ObjectName) -> bool {
        self.sealed.as_ref().is_none_or(|sealed| object > sealed)
    }

    /// Ships up to `limit` bytes of what is known to be synced. `written` is
    /// asked again after the active object was opened, to tell whether it was
    /// sealed meanwhile.
    pub(super) fn advance(
        &mut self,
        local: &dyn Storage,
        written: &dyn Fn() -> Written,
        limit: usize,
    ) -> Result<Step, SinkError> {
        let before = written();
        let objects = local.objects()?;
        let behind: Vec<_> = objects
            .into_iter()
            .filter(|object| self.is_behind(object))
            .collect();
        let Some(name) = behind.first() else {
            return Ok(Step::NOTHING);
        };
        let source = local.source(name)?;
        if before.rolls != written().rolls {
            // Which object this is, and how much of it is synced, is not known.
            return Ok(Step {
                more: true,
                ..Step::NOTHING
            });
        }
        let local_len = source.len()?;
        let end = match name {
            ObjectName::Active => before.synced.min(local_len),
            ObjectName::Sealed(name) => {
                let sound = before.unsound.get(name).copied();
                sound.unwrap_or(local_len).min(local_len)
            }
        };
        let copied = self.sink.len();
        let shipped = end.saturating_sub(copied).min(limit as u64);
        if shipped > 0 {
            self.buffer
                .resize(usize::try_from(shipped).unwrap_or(limit), 0);
            let read = source.read_at(copied, &mut self.buffer)?;
            // A sealed name stands for what was the active object a moment ago.
            if read < self.buffer.len() {
                return Err(SinkError::Tampered {
                    path: name.to_string().into(),
                });
            }
            self.sink.append(&self.buffer)?;
            self.sink.sync()?;
        }
        let is_whole = copied + shipped >= end;
        if let (true, ObjectName::Sealed(sealed)) = (is_whole, name) {
            self.sink.roll(sealed)?;
            self.sealed = Some(name.clone());
        }
        let mut waiting = local_len.saturating_sub(copied + shipped);
        if is_whole && *name != ObjectName::Active {
            waiting = 0;
        }
        for later in &behind[1..] {
            waiting += local.source(later)?.len()?;
        }
        Ok(Step {
            shipped,
            waiting,
            more: !is_whole || *name != ObjectName::Active,
        })
    }

    /// Ships everything, of which `synced` bytes of the active object.
    pub(crate) fn catch_up(
        &mut self,
        local: &dyn Storage,
        synced: u64,
        limit: usize,
    ) -> Result<(), SinkError> {
        let written = || Written {
            synced,
            ..Written::default()
        };
        while self.advance(local, &written, limit)?.more {}
        Ok(())
    }

    /// The sink itself, for who writes to both at once.
    pub(crate) fn into_sink(self) -> Box<dyn Sink> {
        self.sink
    }
}

impl Step {
    const NOTHING: Self = Self {
        shipped: 0,
        waiting: 0,
        more: false,
    };
}

fn read(source: &dyn Source, offset: u64, len: u64) -> Result<Vec<u8>, SinkError> {
    let mut bytes = vec![0; usize::try_from(len).unwrap_or_default()];
    let read = source.read_at(offset, &mut bytes)?;
    bytes.truncate(read);
    Ok(bytes)
}
