//! The objects of a log as they were at one moment.

use std::sync::Arc;

use symlog_sink::{ObjectName, SinkError, Snapshot, Source, Storage};

use super::headers::Headers;
use super::{Lines, segment_body};
use crate::format::{SegmentBody, parse_line};

/// The objects of a log, oldest first, and where each ends as far as the next one says.
#[derive(Debug)]
pub(crate) struct Objects {
    storage: Arc<dyn Storage>,
    items: Vec<Item>,
}

#[derive(Debug)]
struct Item {
    name: ObjectName,
    /// Kept open for the active object: it may be sealed under another name meanwhile.
    source: Option<Arc<dyn Source>>,
    /// Whatever comes at or behind this sequence number is not the log's: it was written and
    /// never synced, and the log went on in a later object.
    ends_before: u64,
}

impl Objects {
    pub(crate) fn take(storage: &Arc<dyn Storage>) -> Result<Self, SinkError> {
        let snapshot = Snapshot::take(&**storage)?;
        let mut objects = Self {
            storage: Arc::clone(storage),
            items: Vec::new(),
        };
        for name in snapshot.sealed {
            objects.add(name, None);
        }
        if let Some(source) = snapshot.active {
            objects.add(ObjectName::Active, Some(Arc::from(source)));
        }
        let mut ends_before = u64::MAX;
        for at in (0..objects.items.len()).rev() {
            objects.items[at].ends_before = ends_before;
            if at > 0
                && let Some(body) = objects.header(at)?
            {
                ends_before = ends_before.min(body.previous.size);
            }
        }
        Ok(objects)
    }

    fn add(&mut self, name: ObjectName, source: Option<Arc<dyn Source>>) {
        self.items.push(Item {
            name,
            source,
            ends_before: u64::MAX,
        });
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &ObjectName> {
        self.items.iter().map(|item| &item.name)
    }

    pub(crate) fn name(&self, at: usize) -> &ObjectName {
        &self.items[at].name
    }

    pub(crate) fn ends_before(&self, at: usize) -> u64 {
        self.items[at].ends_before
    }

    pub(crate) fn lines(&self, at: usize, offset: u64) -> Result<Lines, SinkError> {
        Ok(Lines::from_offset(self.source(at)?, offset))
    }

    fn source(&self, at: usize) -> Result<Box<dyn Source>, SinkError> {
        let item = &self.items[at];
        match &item.source {
            Some(source) => Ok(Box::new(SharedSource(Arc::clone(source)))),
            None => self.storage.source(&item.name),
        }
    }

    /// What the first line of an object says, if it is a segment's first line.
    pub(crate) fn header(&self, at: usize) -> Result<Option<SegmentBody>, SinkError> {
        let mut lines = self.lines(at, 0)?;
        let Some(read) = lines.next()? else {
            return Ok(None);
        };
        Ok(parse_line(read.bytes)
            .ok()
            .and_then(|line| segment_body(&line.body)))
    }

    /// The first lines of all its segments, by their numbers.
    pub(crate) fn headers(&self, at: usize) -> Result<Vec<(u64, SegmentBody)>, SinkError> {
        let mut headers = Headers::of(self.source(at)?);
        let mut all = Vec::new();
        while let Some(header) = headers.next()? {
            all.push(header);
        }
        Ok(all)
    }
}

/// An object for people: the end of its file name.
pub(crate) fn object_label(name: &ObjectName) -> String {
    match name {
        ObjectName::Sealed(name) => format!("sealed object {name}"),
        ObjectName::Active => "active object".to_owned(),
    }
}

/// A source that several readers hold.
#[derive(Debug)]
pub(crate) struct SharedSource(pub(crate) Arc<dyn Source>);

#[deny(clippy::missing_trait_methods)]
impl Source for SharedSource {
    fn len(&self) -> Result<u64, SinkError> {
        self.0.len()
    }

    fn is_empty(&self) -> Result<bool, SinkError> {
        self.0.is_empty()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, SinkError> {
        self.0.read_at(offset, buf)
    }
}
