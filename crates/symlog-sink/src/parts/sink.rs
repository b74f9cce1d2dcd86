use std::sync::Arc;

use super::chapter::Chapter;
use super::header::{self, Header, Kind, Writer};
use super::index::{Index, lost, read_header};
use super::{Created, PartStore};
use crate::{Sink, SinkError, name};

/// Without the sticky failure, which [`Poisonable`](crate::Poisonable) adds.
#[derive(Debug)]
pub(super) struct PartSink<P> {
    store: Arc<P>,
    chapter: Chapter,
    next: u64,
    /// Bytes of the object that are in parts.
    stored: u64,
    /// Room for a header, then what waits to be put.
    buffer: Buffer,
    part_len: usize,
    writer: Writer,
    epoch: u64,
    /// The name that the present chapter is sealed under, while the next one is
    /// not begun.
    unfinished_roll: Option<String>,
}

struct Buffer(Vec<u8>);

impl std::fmt::Debug for Buffer {
    /// The length only: the bytes are the log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.body_len())
    }
}

impl Buffer {
    fn new() -> Self {
        Self(vec![0; header::LEN])
    }

    fn body_len(&self) -> usize {
        self.0.len() - header::LEN
    }

    fn clear(&mut self) {
        self.0.truncate(header::LEN);
    }
}

/// Writers that come one after the other while this one tries to be the next.
const CONTENTION: usize = 1000;

impl<P: PartStore> PartSink<P> {
    /// Takes the writer's place behind everything that is there.
    pub(super) fn claim(store: Arc<P>, last: Chapter, part_len: usize) -> Result<Self, SinkError> {
        let mut sink = Self {
            store,
            chapter: last,
            next: 0,
            stored: 0,
            buffer: Buffer::new(),
            part_len,
            writer: Writer::new(),
            epoch: 0,
            unfinished_roll: None,
        };
        let mut index = Index::default();
        for _ in 0..CONTENTION {
            index.refresh(&sink.store, &sink.chapter)?;
            sink.epoch = sink.epoch.max(index.epoch + 1);
            if let Some(sealed) = &index.sealed {
                // The writer before died, or is, between two objects.
                sink.chapter = Chapter::after(sealed);
                index = Index::default();
                continue;
            }
            sink.next = index.next;
            sink.stored = index.len;
            match sink.create_control(Kind::Claim, sink.stored, None)? {
                Created::New => {
                    sink.next += 1;
                    return Ok(sink);
                }
                // Somebody was quicker, or the list is late.
                Created::Exists => {
                    index.probe(&sink.store, &sink.chapter)?;
                }
            }
        }
        Err(SinkError::Fenced {
            path: sink.store.address(),
            by: "many others at once".to_owned(),
        })
    }

    fn header(&self, kind: Kind, offset: u64, name: Option<&str>) -> Header {
        Header {
            kind,
            offset,
            epoch: self.epoch,
            writer: self.writer.clone(),
            name: name.map(str::to_owned),
        }
    }

    fn create_control(
        &self,
        kind: Kind,
        offset: u64,
        name: Option<&str>,
    ) -> Result<Created, SinkError> {
        let mut part = [0; header::LEN];
        self.header(kind, offset, name).write(&mut part);
        self.store.create(&self.chapter.part(self.next), &part)
    }

    /// Puts what waits as one part.
    fn put_data(&mut self) -> Result<(), SinkError> {
        if self.buffer.body_len() == 0 {
            return Ok(());
        }
        let header = self.header(Kind::Data, self.stored, None);
        header.write(&mut self.buffer.0);
        let part = self.chapter.part(self.next);
        if self.store.create(&part, &self.buffer.0)? == Created::Exists {
            // Perhaps it is this very part, and only the answer was lost.
            let (found, len) = self.found()?;
            if found != header || len != self.buffer.0.len() as u64 {
                return Err(self.fenced(found));
            }
        }
        self.next += 1;
        self.stored += self.buffer.body_len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// Puts a part that has no bytes of its own. `Cut` and `Seal` come after a
    /// failure, too, so that an earlier part of this writer may have arrived of
    /// which it does not know.
    fn put_control(&mut self, kind: Kind, cut: u64, name: Option<&str>) -> Result<(), SinkError> {
        loop {
            let offset = if kind == Kind::Cut { cut } else { self.stored };
            if self.create_control(kind, offset, name)? == Created::New {
                break;
            }
            let (found, len) = self.found()?;
            if found == self.header(kind, offset, name) {
                break;
            }
            if found.writer.token != self.writer.token {
                return Err(self.fenced(found));
            }
            match found.kind {
                Kind::Data => self.stored += len - header::LEN as u64,
                Kind::Cut => self.stored = found.offset,
                Kind::Claim => {}
                // Nothing comes behind a seal, whoever put it.
                Kind::Seal => return Err(self.fenced(found)),
            }
            self.next += 1;
        }
        self.next += 1;
        Ok(())
    }

    /// What stands in the place of the part that was to be created.
    fn found(&self) -> Result<(Header, u64), SinkError> {
        let part = self.chapter.part(self.next);
        let header = read_header(&self.store, &part)?;
        let len = self.store.len(&part)?;
        Ok((header, len.ok_or_else(|| lost(&self.store, &part))?))
    }

    fn fenced(&self, found: Header) -> SinkError {
        SinkError::Fenced {
            path: self.store.address(),
            by: found.writer.by,
        }
    }
}

impl<P: PartStore> Sink for PartSink<P> {
    fn append(&mut self, mut bytes: &[u8]) -> Result<(), SinkError> {
        while !bytes.is_empty() {
            let room = self.part_len - self.buffer.body_len();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.buffer.0.extend_from_slice(now);
            bytes = later;
            if self.buffer.body_len() == self.part_len {
                self.put_data()?;
            }
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), SinkError> {
        self.put_data()
    }

    fn len(&self) -> u64 {
        self.stored + self.buffer.body_len() as u64
    }

    fn truncate(&mut self, len: u64) -> Result<(), SinkError> {
        let actual = self.len();
        if len > actual {
            return Err(SinkError::BeyondEnd { len, actual });
        }
        match len.checked_sub(self.stored) {
            Some(kept) => {
                // It is no more than what waits, which is in memory.
                let kept = usize::try_from(kept).unwrap_or(usize::MAX);
                self.buffer.0.truncate(header::LEN.saturating_add(kept));
                self.put_data()
            }
            None => {
                self.buffer.clear();
                self.put_control(Kind::Cut, len, None)?;
                self.stored = len;
                Ok(())
            }
        }
    }

    fn roll(&mut self, sealed_name: &str) -> Result<(), SinkError> {
        name::check_next(sealed_name, self.chapter.predecessor())?;
        match &self.unfinished_roll {
            None => {
                // On a poisoned sink it is what nobody was promised.
                self.buffer.clear();
                self.put_control(Kind::Seal, 0, Some(sealed_name))?;
                self.unfinished_roll = Some(sealed_name.to_owned());
            }
            Some(begun) if begun != sealed_name => {
                return Err(SinkError::InvalidName {
                    name: sealed_name.to_owned(),
                    reason: "a roll to another name has begun and must be finished first",
                });
            }
            Some(_) => {}
        }
        let next = Self {
            store: Arc::clone(&self.store),
            chapter: Chapter::after(sealed_name),
            next: 0,
            stored: 0,
            buffer: Buffer::new(),
            part_len: self.part_len,
            writer: self.writer.clone(),
            epoch: self.epoch,
            unfinished_roll: None,
        };
        let claim = next.create_control(Kind::Claim, 0, None)?;
        if claim == Created::Exists {
            let (found, _) = next.found()?;
            if found.writer.token != self.writer.token {
                return Err(self.fenced(found));
            }
        }
        *self = Self { next: 1, ..next };
        Ok(())
    }
}
