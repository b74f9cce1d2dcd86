use super::chapter::Chapter;
use super::header::{self, Header, Kind};
use super::{PartName, PartStore};
use crate::SinkError;

/// Where the bytes of an object lie, as far as its parts are known.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    pub(super) pieces: Vec<Piece>,
    /// Length of the object.
    pub(super) len: u64,
    /// The number of the part that comes next.
    pub(super) next: u64,
    /// That of the last writer.
    pub(super) epoch: u64,
    /// The name under which the object was sealed.
    pub(super) sealed: Option<String>,
}

/// The bytes of one part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) start: u64,
    pub(super) len: u64,
    pub(super) number: u64,
}

impl Index {
    /// Adds the parts that are new since the last time.
    pub(super) fn refresh(
        &mut self,
        store: &impl PartStore,
        chapter: &Chapter,
    ) -> Result<(), SinkError> {
        for (number, len) in store.parts(&chapter.text(), self.next)? {
            // One that a list leaves out may only be late in it.
            while self.next < number {
                if !self.probe(store, chapter)? {
                    return Err(lost(store, &chapter.part(self.next)));
                }
            }
            if number == self.next {
                self.add(store, &chapter.part(number), len)?;
            }
        }
        Ok(())
    }

    /// Asks for the next part itself, which a list may not show yet.
    pub(super) fn probe(
        &mut self,
        store: &impl PartStore,
        chapter: &Chapter,
    ) -> Result<bool, SinkError> {
        let part = chapter.part(self.next);
        match store.len(&part)? {
            Some(len) => self.add(store, &part, len).map(|()| true),
            None => Ok(false),
        }
    }

    fn add(&mut self, store: &impl PartStore, part: &PartName, len: u64) -> Result<(), SinkError> {
        let foreign = |what: String| SinkError::Foreign {
            path: store.address(),
            what,
        };
        let Some(body) = len.checked_sub(header::LEN as u64) else {
            return Err(foreign(format!("a {part} of {len} bytes")));
        };
        if self.sealed.is_some() {
            return Err(foreign(format!("a {part} behind the end")));
        }
        if body > 0 {
            self.pieces.push(Piece {
                start: self.len,
                len: body,
                number: part.number,
            });
            self.len += body;
        } else {
            let header = read_header(store, part)?;
            match header.kind {
                Kind::Cut if header.offset <= self.len => self.cut(header.offset),
                // All others say where they found the end.
                _ if header.offset != self.len => {
                    return Err(SinkError::Lost {
                        path: store.address(),
                        what: format!(
                            "bytes before {part}: it follows {} bytes and there are {}",
                            header.offset, self.len
                        ),
                    });
                }
                Kind::Seal => self.sealed = header.name,
                _ => {}
            }
            self.epoch = self.epoch.max(header.epoch);
        }
        self.next = part.number + 1;
        Ok(())
    }

    fn cut(&mut self, len: u64) {
        self.pieces.retain_mut(|piece| {
            piece.len = piece.len.min(len.saturating_sub(piece.start));
            piece.len > 0
        });
        self.len = len;
    }

    /// The piece that holds the byte at `offset`.
    pub(super) fn piece(&self, offset: u64) -> Option<Piece> {
        let behind = self.pieces.partition_point(|piece| piece.start <= offset);
        let piece = self.pieces[..behind].last()?;
        (offset < piece.start + piece.len).then_some(*piece)
    }
}

pub(super) fn read_header(store: &impl PartStore, part: &PartName) -> Result<Header, SinkError> {
    let mut bytes = [0; header::LEN];
    let read = store.read(part, 0, &mut bytes)?;
    Header::parse(&bytes[..read]).ok_or_else(|| SinkError::Foreign {
        path: store.address(),
        what: format!("a {part} without a valid header"),
    })
}

pub(super) fn lost(store: &impl PartStore, part: &PartName) -> SinkError {
    SinkError::Lost {
        path: store.address(),
        what: part.to_string(),
    }
}
