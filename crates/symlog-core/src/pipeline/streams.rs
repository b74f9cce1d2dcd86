//! Entries that come in pieces: where each is sealed, and which lines it has so far.

use std::collections::HashMap;
use std::sync::Arc;

use super::receipt::Completion;
use super::units::OpenRequest;
use crate::error::LoggingError;
use crate::format::{ChunkChain, ChunkPart};

/// One entry of which more is to come.
#[derive(Debug)]
struct OpenStream {
    seat: OpenRequest,
    chains: [Option<ChunkChain>; 2],
    last: u64,
    completion: Arc<Completion>,
}

/// The place of a piece in its chain.
#[derive(Clone, Copy, Debug)]
pub(super) struct PiecePlace {
    pub(super) index: u32,
}

/// The entries that are open now, by the number that their hand-over gave them.
#[derive(Debug, Default)]
pub(super) struct Streams {
    open: HashMap<u64, OpenStream>,
}

impl Streams {
    pub(super) fn open(&mut self, number: u64, seat: OpenRequest, completion: Arc<Completion>) {
        let stream = OpenStream {
            seat,
            chains: [None, None],
            last: 0,
            completion,
        };
        self.open.insert(number, stream);
    }

    /// Notes that the line `sequence` holds the next piece. `None` for an entry that is lost.
    pub(super) fn piece(
        &mut self,
        number: u64,
        part: ChunkPart,
        sequence: u64,
    ) -> Option<(OpenRequest, PiecePlace)> {
        let stream = self.open.get_mut(&number)?;
        let chain = stream.chains[part as usize].get_or_insert(ChunkChain {
            first: sequence,
            count: 0,
        });
        let index = chain.count;
        let Some(count) = index.checked_add(1) else {
            self.fail(
                number,
                &LoggingError::TooLarge {
                    bytes: usize::MAX,
                    limit: u32::MAX as usize,
                },
            );
            return None;
        };
        chain.count = count;
        stream.last = sequence;
        Some((stream.seat.clone(), PiecePlace { index }))
    }

    /// Where an entry ends that has all its pieces; `None` for one that is lost.
    pub(super) fn close(&mut self, number: u64) -> Option<(OpenRequest, [Option<ChunkChain>; 2])> {
        let stream = self.open.remove(&number)?;
        // A piece that could not be sealed has said so already.
        stream
            .completion
            .outcome()
            .is_none()
            .then_some((stream.seat, stream.chains))
    }

    /// Forgets an entry. What it has in the log stays there without an end.
    pub(super) fn abandon(&mut self, number: u64) {
        self.open.remove(&number);
    }

    /// Gives an entry up.
    pub(super) fn fail(&mut self, number: u64, error: &LoggingError) {
        if let Some(stream) = self.open.remove(&number) {
            stream.completion.fail(error.clone());
        }
    }

    /// Gives the entries up that had a line at or behind `resume`, which are not in the log.
    pub(super) fn fail_from(&mut self, resume: u64, error: &LoggingError) -> u64 {
        let is_lost = |stream: &mut OpenStream| {
            stream.chains.iter().any(Option::is_some) && stream.last >= resume
        };
        let lost = self.open.extract_if(|_, stream| is_lost(stream));
        lost.map(|(_, stream)| stream.completion.fail(error.clone()))
            .count() as u64
    }
}
