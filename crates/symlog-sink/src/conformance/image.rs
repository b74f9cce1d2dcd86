//! What is on the disk for sure, and what only perhaps is.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::crash::Survival;
use crate::{
    AttachmentName, Attachments as _, MemoryStorage, ObjectName, SinkError, Source, Storage,
};

/// The unit in which file systems write back: of a longer write, each page may
/// get to the disk or not.
const PAGE: usize = 4096;

pub(super) fn read_all(
    log: &(impl Storage + ?Sized),
    object: &ObjectName,
) -> Result<Vec<u8>, SinkError> {
    read_source(&*log.source(object)?)
}

pub(super) fn read_source(source: &dyn Source) -> Result<Vec<u8>, SinkError> {
    let mut content = Vec::new();
    let mut buf = vec![0; 64 * 1024];
    loop {
        let read = source.read_at(content.len() as u64, &mut buf)?;
        content.extend_from_slice(&buf[..read]);
        if read < buf.len() {
            return Ok(content);
        }
    }
}

#[derive(Clone, Default)]
pub(super) struct Image {
    objects: BTreeMap<ObjectName, Content>,
    /// Committed whole, so durable whole.
    attachments: BTreeMap<AttachmentName, Arc<[u8]>>,
    /// A call failed, so that the next roll does not sync.
    poisoned: bool,
}

/// `base`, which is durable, then `writes` back to back.
#[derive(Clone, Default)]
struct Content {
    base: Vec<u8>,
    writes: Vec<Write>,
}

#[derive(Clone)]
struct Write {
    bytes: Arc<[u8]>,
    fate: Fate,
}

#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Durable,
    /// The next sync decides.
    Pending,
    /// A sync failed on it: no later one says anything about it.
    Doomed,
}

impl Image {
    /// All that `log` holds, as durable.
    pub(super) fn of(log: &impl Storage) -> Result<Self, SinkError> {
        let mut image = Self::default();
        for object in log.objects()? {
            let base = read_all(log, &object)?;
            let writes = Vec::new();
            image.objects.insert(object, Content { base, writes });
        }
        if let Some(attachments) = log.attachments() {
            for name in attachments.list()? {
                let bytes = read_source(&*attachments.open(&name)?)?;
                image.attachments.insert(name, bytes.into());
            }
        }
        Ok(image)
    }

    /// Takes over what a new writer finds, which decides what a failed call
    /// before it did.
    pub(super) fn locked(&mut self, active_len: u64, sealed: &[String]) {
        for name in sealed {
            if !self.objects.contains_key(&ObjectName::Sealed(name.clone())) {
                self.rename(name);
            }
        }
        self.objects.retain(|object, _| match object {
            ObjectName::Sealed(name) => sealed.contains(name),
            ObjectName::Active => true,
        });
        self.active().cut(active_len);
        self.poisoned = false;
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.objects.remove(&ObjectName::Sealed(name.to_owned()));
    }

    pub(super) fn commit(&mut self, name: AttachmentName, bytes: Arc<[u8]>) {
        self.attachments.insert(name, bytes);
    }

    pub(super) fn remove_attachment(&mut self, name: &AttachmentName) {
        self.attachments.remove(name);
    }

    pub(super) fn append(&mut self, bytes: &Arc<[u8]>, failed: bool) {
        if !bytes.is_empty() {
            self.active().writes.push(Write {
                bytes: Arc::clone(bytes),
                fate: Fate::Pending,
            });
        }
        self.poisoned |= failed;
    }

    pub(super) fn sync(&mut self, failed: bool) {
        let fate = if failed { Fate::Doomed } else { Fate::Durable };
        self.active().decide(fate);
        self.poisoned |= failed;
    }

    pub(super) fn truncate(&mut self, len: u64) {
        let active = self.active();
        active.cut(len);
        active.decide(Fate::Durable);
    }

    pub(super) fn failed_truncate(&mut self) {
        self.poisoned = true;
    }

    /// The first half of a roll, between which and [`create`](Image::create) the
    /// power may fail.
    pub(super) fn rename(&mut self, name: &str) {
        let mut content = self.objects.remove(&ObjectName::Active).unwrap_or_default();
        if !self.poisoned {
            content.decide(Fate::Durable);
        }
        self.objects
            .insert(ObjectName::Sealed(name.to_owned()), content);
    }

    pub(super) fn create(&mut self) {
        self.active();
        self.poisoned = false;
    }

    /// It may have been its sync that failed.
    pub(super) fn failed_roll(&mut self) {
        if !self.poisoned {
            self.sync(true);
        }
    }

    fn active(&mut self) -> &mut Content {
        self.objects.entry(ObjectName::Active).or_default()
    }

    /// Lengths of the parts that a power cut decides on one by one.
    pub(super) fn undecided(&self) -> Vec<usize> {
        self.objects.values().flat_map(Content::units).collect()
    }

    /// Length of the newest write, if it is undecided.
    pub(super) fn newest(&self) -> usize {
        self.objects
            .get(&ObjectName::Active)
            .and_then(|active| active.writes.last())
            .filter(|write| write.fate != Fate::Durable)
            .map_or(0, |write| write.bytes.len())
    }

    pub(super) fn after(&self, survival: &Survival) -> MemoryStorage {
        let mut judge = Judge {
            survival,
            unit: 0,
            bytes: 0,
        };
        let objects = self
            .objects
            .iter()
            .map(|(name, content)| (name.clone(), content.after(&mut judge)));
        let image =
            MemoryStorage::from_objects(objects).expect("names that a storage accepted before");
        for (name, bytes) in &self.attachments {
            let mut attachment = image.create(name).expect("each is written once");
            attachment.append(bytes).expect("memory does not fail");
            attachment.commit().expect("memory does not fail");
        }
        image
    }
}

impl Content {
    fn cut(&mut self, len: u64) {
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        self.base.truncate(len);
        let mut room = len - self.base.len();
        self.writes.retain_mut(|write| {
            let kept = write.bytes.len().min(room);
            room -= kept;
            write.bytes = write.bytes[..kept].into();
            kept > 0
        });
    }

    fn decide(&mut self, fate: Fate) {
        for write in &mut self.writes {
            if write.fate == Fate::Pending {
                write.fate = fate;
            }
        }
        let durable = self
            .writes
            .iter()
            .take_while(|write| write.fate == Fate::Durable)
            .count();
        for write in self.writes.drain(..durable) {
            self.base.extend_from_slice(&write.bytes);
        }
    }

    /// Each write with its offset.
    fn placed(&self) -> impl Iterator<Item = (usize, &Write)> {
        self.writes.iter().scan(self.base.len(), |at, write| {
            let offset = *at;
            *at += write.bytes.len();
            Some((offset, write))
        })
    }

    fn units(&self) -> impl Iterator<Item = usize> {
        self.placed()
            .filter(|(_, write)| write.fate != Fate::Durable)
            .flat_map(|(offset, write)| pages(offset, &write.bytes).map(<[u8]>::len))
    }

    fn after(&self, judge: &mut Judge<'_>) -> Vec<u8> {
        let mut content = self.base.clone();
        let mut end = content.len();
        for (offset, write) in self.placed() {
            if write.fate == Fate::Durable {
                content.extend_from_slice(&write.bytes);
                end = content.len();
                continue;
            }
            for page in pages(offset, &write.bytes) {
                let kept = judge.kept(page.len());
                let hole = page.len() - kept;
                content.extend_from_slice(&page[..kept]);
                if kept > 0 {
                    end = content.len();
                }
                content.resize(content.len() + hole, 0);
            }
        }
        if *judge.survival != Survival::Zeros {
            content.truncate(end);
        }
        content
    }
}

/// `bytes`, which lie at `offset`, by the pages they fall into.
fn pages(offset: usize, mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut room = PAGE - offset % PAGE;
    std::iter::from_fn(move || {
        let (page, rest) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
        bytes = rest;
        room = PAGE;
        (!page.is_empty()).then_some(page)
    })
}

struct Judge<'a> {
    survival: &'a Survival,
    unit: usize,
    bytes: usize,
}

impl Judge<'_> {
    /// How many bytes of the next unit are there.
    fn kept(&mut self, len: usize) -> usize {
        let kept = match self.survival {
            Survival::Prefix(bytes) => bytes.saturating_sub(self.bytes).min(len),
            Survival::Units(units) if units.get(self.unit) == Some(&true) => len,
            Survival::Units(_) | Survival::Zeros => 0,
        };
        self.unit += 1;
        self.bytes += len;
        kept
    }
}
