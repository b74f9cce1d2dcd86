use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{
    AttachmentName, Attachments, NewAttachment, ObjectName, Poisonable, Sink, SinkError, Source,
    Storage, name,
};

/// A log in memory, for tests and for processes that keep nothing.
///
/// Clones share the log. It knows which bytes were synced, so a power cut can
/// be tried on it: see [`MemoryStorage::after_crash`].
#[derive(Clone, Debug, Default)]
pub struct MemoryStorage {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    locked: bool,
    objects: BTreeMap<ObjectName, Arc<Mutex<Object>>>,
    attachments: BTreeMap<AttachmentName, Arc<Mutex<Object>>>,
    /// Attachments that are being written.
    begun: BTreeSet<AttachmentName>,
}

#[derive(Default)]
struct Object {
    bytes: Vec<u8>,
    synced: usize,
}

impl std::fmt::Debug for Object {
    /// Lengths only: the bytes are the log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Object")
            .field("len", &self.bytes.len())
            .field("synced", &self.synced)
            .finish()
    }
}

impl MemoryStorage {
    /// An empty log.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A log as a reader would find it on a disk. All bytes count as synced.
    ///
    /// # Errors
    ///
    /// [`SinkError::InvalidName`] for a name that [`ObjectName::sealed`] does
    /// not accept.
    pub fn from_objects(
        objects: impl IntoIterator<Item = (ObjectName, Vec<u8>)>,
    ) -> Result<Self, SinkError> {
        let storage = Self::new();
        for (object, bytes) in objects {
            if let ObjectName::Sealed(name) = &object {
                name::check(name)?;
            }
            let synced = bytes.len();
            let content = Arc::new(Mutex::new(Object { bytes, synced }));
            guard(&storage.state).objects.insert(object, content);
        }
        Ok(storage)
    }

    /// What a power cut at this moment would leave: a log of its own, without a
    /// writer, that holds every synced byte and no other. This one goes on.
    #[must_use]
    pub fn after_crash(&self) -> Self {
        let state = guard(&self.state);
        let objects = state
            .objects
            .iter()
            .map(|(name, object)| {
                let object = guard(object);
                let survivor = Object {
                    bytes: object.bytes[..object.synced].to_vec(),
                    synced: object.synced,
                };
                (name.clone(), Arc::new(Mutex::new(survivor)))
            })
            .collect();
        Self {
            state: Arc::new(Mutex::new(State {
                locked: false,
                objects,
                // Committed whole, so synced whole.
                attachments: state.attachments.clone(),
                begun: BTreeSet::new(),
            })),
        }
    }
}

impl Storage for MemoryStorage {
    fn lock(&self) -> Result<Box<dyn Sink>, SinkError> {
        let mut state = guard(&self.state);
        if state.locked {
            return Err(SinkError::Locked {
                path: path(),
                pid: Some(std::process::id()),
            });
        }
        state.locked = true;
        let active = Arc::clone(state.objects.entry(ObjectName::Active).or_default());
        Ok(Box::new(Poisonable::new(MemorySink {
            storage: self.clone(),
            active,
        })))
    }

    fn objects(&self) -> Result<Vec<ObjectName>, SinkError> {
        Ok(guard(&self.state).objects.keys().cloned().collect())
    }

    fn source(&self, object: &ObjectName) -> Result<Box<dyn Source>, SinkError> {
        match guard(&self.state).objects.get(object) {
            Some(content) => Ok(Box::new(MemorySource(Arc::clone(content)))),
            None => Err(missing(object)),
        }
    }

    fn remove(&self, object: &ObjectName) -> Result<(), SinkError> {
        name::check_removable(object)?;
        match guard(&self.state).objects.remove(object) {
            Some(_) => Ok(()),
            None => Err(missing(object)),
        }
    }

    fn attachments(&self) -> Option<&dyn Attachments> {
        Some(self)
    }
}

impl Attachments for MemoryStorage {
    fn create(&self, name: &AttachmentName) -> Result<Box<dyn NewAttachment>, SinkError> {
        if !guard(&self.state).begun.insert(name.clone()) {
            return Err(SinkError::Locked {
                path: path().join(name.to_string()),
                pid: Some(std::process::id()),
            });
        }
        Ok(Box::new(MemoryAttachment {
            storage: self.clone(),
            name: name.clone(),
            content: Object::default(),
        }))
    }

    fn open(&self, name: &AttachmentName) -> Result<Box<dyn Source>, SinkError> {
        match guard(&self.state).attachments.get(name) {
            Some(content) => Ok(Box::new(MemorySource(Arc::clone(content)))),
            None => Err(missing(name)),
        }
    }

    fn list(&self) -> Result<Vec<AttachmentName>, SinkError> {
        Ok(guard(&self.state).attachments.keys().cloned().collect())
    }

    fn remove(&self, name: &AttachmentName) -> Result<(), SinkError> {
        match guard(&self.state).attachments.remove(name) {
            Some(_) => Ok(()),
            None => Err(missing(name)),
        }
    }
}

#[derive(Debug)]
struct MemoryAttachment {
    storage: MemoryStorage,
    name: AttachmentName,
    content: Object,
}

impl NewAttachment for MemoryAttachment {
    fn append(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        self.content.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn commit(mut self: Box<Self>) -> Result<(), SinkError> {
        let mut content = std::mem::take(&mut self.content);
        content.synced = content.bytes.len();
        guard(&self.storage.state)
            .attachments
            .insert(self.name.clone(), Arc::new(Mutex::new(content)));
        Ok(())
    }
}

impl Drop for MemoryAttachment {
    fn drop(&mut self) {
        guard(&self.storage.state).begun.remove(&self.name);
    }
}

#[derive(Debug)]
struct MemorySink {
    storage: MemoryStorage,
    active: Arc<Mutex<Object>>,
}

impl Sink for MemorySink {
    fn append(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        guard(&self.active).bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), SinkError> {
        let mut object = guard(&self.active);
        object.synced = object.bytes.len();
        Ok(())
    }

    fn len(&self) -> u64 {
        guard(&self.active).bytes.len() as u64
    }

    fn truncate(&mut self, len: u64) -> Result<(), SinkError> {
        let mut object = guard(&self.active);
        let actual = object.bytes.len();
        match usize::try_from(len) {
            Ok(len) if len <= actual => {
                object.bytes.truncate(len);
                object.synced = len;
                Ok(())
            }
            _ => Err(SinkError::BeyondEnd {
                len,
                actual: actual as u64,
            }),
        }
    }

    fn roll(&mut self, sealed_name: &str) -> Result<(), SinkError> {
        let mut state = guard(&self.storage.state);
        let last = state.objects.keys().rev().find_map(|object| match object {
            ObjectName::Sealed(name) => Some(name.as_str()),
            ObjectName::Active => None,
        });
        name::check_next(sealed_name, last)?;
        let fresh = Arc::default();
        let sealed = std::mem::replace(&mut self.active, Arc::clone(&fresh));
        state
            .objects
            .insert(ObjectName::Sealed(sealed_name.to_owned()), sealed);
        state.objects.insert(ObjectName::Active, fresh);
        Ok(())
    }
}

impl Drop for MemorySink {
    fn drop(&mut self) {
        guard(&self.storage.state).locked = false;
    }
}

#[derive(Debug)]
struct MemorySource(Arc<Mutex<Object>>);

impl Source for MemorySource {
    fn len(&self) -> Result<u64, SinkError> {
        Ok(guard(&self.0).bytes.len() as u64)
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, SinkError> {
        let object = guard(&self.0);
        let rest = usize::try_from(offset)
            .ok()
            .and_then(|offset| object.bytes.get(offset..))
            .unwrap_or_default();
        let len = rest.len().min(buf.len());
        buf[..len].copy_from_slice(&rest[..len]);
        Ok(len)
    }
}

fn missing(object: &impl ToString) -> SinkError {
    SinkError::Missing {
        path: path().join(object.to_string()),
    }
}

fn path() -> PathBuf {
    PathBuf::from("<memory>")
}

/// No code panics between two changes that belong together, so a lock whose
/// holder panicked elsewhere guards a sound value.
fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
