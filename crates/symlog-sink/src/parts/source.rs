use std::sync::{Arc, Mutex, PoisonError};

use super::PartStore;
use super::chapter::Chapter;
use super::header::{self, Header, Kind};
use super::index::{Index, Piece};
use crate::{Operation, SinkError, Source};

#[derive(Debug)]
pub(super) struct PartSource<P> {
    store: Arc<P>,
    chapter: Chapter,
    is_sealed: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    index: Index,
    /// The last block that was read.
    block: Option<Block>,
}

struct Block {
    /// The part that it was read from.
    number: u64,
    start: u64,
    bytes: Vec<u8>,
}

impl std::fmt::Debug for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes at {}", self.bytes.len(), self.start)
    }
}

/// Lines are read one after the other; a request for each would take for ever.
const BLOCK: u64 = 1 << 20;

impl<P: PartStore> PartSource<P> {
    pub(super) fn open(
        store: Arc<P>,
        chapter: &Chapter,
        sealed: Option<&str>,
    ) -> Result<Self, SinkError> {
        let mut index = Index::default();
        index.refresh(&store, chapter)?;
        if let Some(name) = sealed {
            while index.sealed.is_none() {
                if !index.probe(&store, chapter)? {
                    return Err(SinkError::Lost {
                        path: store.address(),
                        what: format!("the end of sealed object {name}"),
                    });
                }
            }
            if index.sealed.as_deref() != Some(name) {
                return Err(SinkError::Lost {
                    path: store.address(),
                    what: format!("sealed object {name}, or its list is not up to date"),
                });
            }
        }
        Ok(Self {
            store,
            chapter: chapter.clone(),
            is_sealed: sealed.is_some(),
            state: Mutex::new(State { index, block: None }),
        })
    }

    /// The piece that `offset` lies in, with a new look at what there is if it
    /// lies behind.
    fn piece(&self, state: &mut State, offset: u64) -> Result<Option<Piece>, SinkError> {
        if let Some(piece) = state.index.piece(offset) {
            return Ok(Some(piece));
        }
        if !self.is_sealed {
            state.index.refresh(&self.store, &self.chapter)?;
        }
        Ok(state.index.piece(offset))
    }

    fn fetch(&self, piece: Piece, offset: u64, wanted: u64) -> Result<Block, SinkError> {
        let part = self.chapter.part(piece.number);
        let from = offset - piece.start;
        let len = (piece.len - from).min(wanted.max(BLOCK));
        // With the first bytes comes the header, which costs nothing more.
        let lead = if from == 0 { header::LEN as u64 } else { 0 };
        let begin = header::LEN as u64 + from - lead;
        let total = usize::try_from(lead + len).unwrap_or(usize::MAX);
        let mut bytes = vec![0; total];
        let read = self.store.read(&part, begin, &mut bytes)?;
        if read != total {
            return Err(SinkError::Lost {
                path: self.store.address(),
                what: format!("the end of {part}"),
            });
        }
        if from == 0 {
            let found = Header::parse(&bytes);
            let fits =
                found.is_some_and(|found| found.kind == Kind::Data && found.offset == piece.start);
            if !fits {
                return Err(SinkError::Foreign {
                    path: self.store.address(),
                    what: format!("a {part} that does not belong where it stands"),
                });
            }
            bytes.drain(..header::LEN);
        }
        Ok(Block {
            number: piece.number,
            start: offset,
            bytes,
        })
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P: PartStore> Source for PartSource<P> {
    fn len(&self) -> Result<u64, SinkError> {
        let mut state = self.state();
        if !self.is_sealed {
            state.index.refresh(&self.store, &self.chapter)?;
        }
        Ok(state.index.len)
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, SinkError> {
        let state = &mut *self.state();
        let mut filled = 0;
        while filled < buf.len() {
            let Some(at) = offset.checked_add(filled as u64) else {
                break;
            };
            let Some(piece) = self.piece(state, at)? else {
                break;
            };
            let in_block = state.block.as_ref().is_some_and(|block| {
                let end = block.start + block.bytes.len() as u64;
                block.number == piece.number && (block.start..end).contains(&at)
            });
            if !in_block {
                let wanted = (buf.len() - filled) as u64;
                state.block = Some(self.fetch(piece, at, wanted)?);
            }
            let Some(block) = &state.block else { break };
            let skip = usize::try_from(at - block.start).unwrap_or(usize::MAX);
            // A cut may have shortened the piece since the block was read.
            let left = usize::try_from(piece.start + piece.len - at).unwrap_or(usize::MAX);
            let rest = block.bytes.get(skip..).unwrap_or_default();
            let len = rest.len().min(left).min(buf.len() - filled);
            if len == 0 {
                return Err(SinkError::io(
                    Operation::Read,
                    self.store.address(),
                    std::io::ErrorKind::UnexpectedEof.into(),
                ));
            }
            buf[filled..filled + len].copy_from_slice(&rest[..len]);
            filled += len;
        }
        Ok(filled)
    }
}
