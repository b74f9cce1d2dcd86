//! The objects of a log as they were at one moment.

use std::sync::Arc;

use memchr::memmem;
use symlog_sink::{ObjectName, SinkError, Snapshot, Source};

use super::headers::Headers;
use super::{Lines, segment_body};
use crate::archive::{ArchivedObject, Form, IdPrefix, LogFiles};
use crate::format::{SegmentBody, parse_line};

/// The objects of a log, oldest first, and where each ends as far as the next one says.
#[derive(Debug)]
pub(crate) struct Objects {
    files: LogFiles,
    items: Vec<Item>,
    /// The id that is looked for; archives are opened for nothing else.
    id: Option<IdPrefix>,
}

#[derive(Debug)]
struct Item {
    name: ObjectName,
    /// Kept open for the active object: it may be sealed under another name meanwhile.
    source: Option<Arc<dyn Source>>,
    /// Whether only its archive is left.
    is_archived: bool,
    /// Whatever comes at or behind this sequence number is not the log's: it was written and
    /// never synced, and the log went on in a later object.
    ends_before: u64,
}

impl Objects {
    pub(crate) fn take(files: &LogFiles) -> Result<Self, SinkError> {
        let snapshot = Snapshot::take(&*files.storage)?;
        // After the objects: one is removed only when its archive is there.
        let archived = files.archived()?;
        let mut objects = Self {
            files: files.clone(),
            items: Vec::new(),
            id: None,
        };
        for name in &snapshot.sealed {
            objects.add(name.clone(), None, false);
        }
        for name in archived {
            if snapshot.sealed.binary_search(&name).is_err() {
                objects.add(name, None, true);
            }
        }
        objects.items.sort_by(|a, b| a.name.cmp(&b.name));
        if let Some(source) = snapshot.active {
            objects.add(ObjectName::Active, Some(Arc::from(source)), false);
        }
        let mut ends_before = u64::MAX;
        for at in (0..objects.items.len()).rev() {
            objects.items[at].ends_before = ends_before;
            if at > 0
                && let Some(begins) = objects.begins(at)?
            {
                ends_before = ends_before.min(begins);
            }
        }
        Ok(objects)
    }

    /// As [`take`](Self::take), without archived objects that hold no such id. Of those that are left
    /// only the lines come that have it, and those that begin segments.
    pub(crate) fn with_id(files: &LogFiles, id: &IdPrefix) -> Result<Self, SinkError> {
        let mut objects = Self::take(files)?;
        let archived = objects.items.iter().filter(|item| item.is_archived);
        let mut names: Vec<_> = archived.map(|item| item.name.clone()).collect();
        files.narrow(id, &mut names)?;
        names.sort_unstable();
        let is_left = |item: &Item| !item.is_archived || names.binary_search(&item.name).is_ok();
        objects.items.retain(is_left);
        objects.id = Some(*id);
        Ok(objects)
    }

    fn add(&mut self, name: ObjectName, source: Option<Arc<dyn Source>>, is_archived: bool) {
        self.items.push(Item {
            name,
            source,
            is_archived,
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

    /// The lines from `offset` on, which came with a line of the same object, as they were written.
    pub(crate) fn lines(&self, at: usize, offset: u64) -> Result<Lines, SinkError> {
        self.lines_in(at, offset, Form::Whole)
    }

    /// As [`lines`](Self::lines), where no payload is needed.
    pub(crate) fn outlines(&self, at: usize) -> Result<Lines, SinkError> {
        self.lines_in(at, 0, Form::Outline)
    }

    fn lines_in(&self, at: usize, offset: u64, form: Form) -> Result<Lines, SinkError> {
        if self.is_archived(at) {
            return self.archive(at, offset, form);
        }
        match self.source(at) {
            // Archived since the objects were listed.
            Err(missing @ SinkError::Missing { .. }) => match offset {
                0 => self.archive(at, 0, form).map_err(|_| missing),
                _ => Err(missing),
            },
            source => Ok(Lines::from_offset(source?, offset)),
        }
    }

    fn source(&self, at: usize) -> Result<Box<dyn Source>, SinkError> {
        let item = &self.items[at];
        match &item.source {
            Some(source) => Ok(Box::new(SharedSource(Arc::clone(source)))),
            None => self.files.storage.source(&item.name),
        }
    }

    fn archive(&self, at: usize, row: u64, form: Form) -> Result<Lines, SinkError> {
        let object = self.open_archive(at)?;
        Ok(Lines::archived(object, row, form).of_id(self.id))
    }

    fn open_archive(&self, at: usize) -> Result<Box<dyn ArchivedObject>, SinkError> {
        let name = &self.items[at].name;
        self.files.open_archive(name).unwrap_or_else(|| {
            Err(SinkError::Missing {
                path: name.to_string().into(),
            })
        })
    }

    /// Whether only the archive of an object is left.
    pub(crate) fn is_archived(&self, at: usize) -> bool {
        self.items[at].is_archived
    }

    /// The lines from the one with this sequence number on, where `offset` may be one of the
    /// object before it was archived.
    pub(crate) fn lines_again(
        &self,
        at: usize,
        offset: u64,
        sequence: u64,
    ) -> Result<Lines, SinkError> {
        if !self.is_archived(at) {
            match self.lines(at, offset) {
                // Archived since the objects were listed.
                Err(SinkError::Missing { .. }) if !self.is_gone(at)? => {}
                lines => return lines,
            }
        }
        let object = self.open_archive(at)?;
        let row = sequence.saturating_sub(object.first_sequence());
        Ok(Lines::archived(object, row, Form::Whole))
    }

    /// Whether an object was removed since the objects were listed.
    pub(crate) fn is_gone(&self, at: usize) -> Result<bool, SinkError> {
        let name = &self.items[at].name;
        Ok(*name != ObjectName::Active
            && !self.files.storage.objects()?.contains(name)
            && !self.files.archived()?.contains(name))
    }

    /// The sequence number that an object begins with, as far as its first line says.
    fn begins(&self, at: usize) -> Result<Option<u64>, SinkError> {
        if self.is_archived(at) {
            // Nothing that was never synced is archived, so it only matters to what is not.
            let before = &self.items[..at];
            if before.iter().all(|item| item.is_archived) {
                return Ok(None);
            }
            return Ok(self.open_archive(at).ok().map(|it| it.first_sequence()));
        }
        let mut lines = self.lines(at, 0)?;
        let Some(read) = lines.next()? else {
            return Ok(None);
        };
        Ok(parse_line(read.bytes)
            .ok()
            .and_then(|line| segment_body(&line.body))
            .map(|body| body.previous.size))
    }

    /// The first lines of all its segments, by their numbers.
    pub(crate) fn headers(&self, at: usize) -> Result<Vec<(u64, SegmentBody)>, SinkError> {
        if self.is_archived(at) {
            return self.archived_headers(at);
        }
        let mut headers = Headers::of(self.source(at)?);
        let mut all = Vec::new();
        while let Some(header) = headers.next()? {
            all.push(header);
        }
        Ok(all)
    }

    fn archived_headers(&self, at: usize) -> Result<Vec<(u64, SegmentBody)>, SinkError> {
        let mut all = Vec::new();
        let mut lines = self.outlines(at)?;
        while let Some(read) = lines.next()? {
            if memmem::find(read.bytes, b"\"control\":\"segment\"").is_some()
                && let Ok(line) = parse_line(read.bytes)
                && let Some(body) = segment_body(&line.body)
            {
                all.push((line.segment(), body));
            }
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
