//! What the sequencer gives the workers.

use std::sync::Arc;

use super::chunks::ChunkPlan;
use super::feed::{Closing, Piece};
use super::media::Cuts;
use super::output::Batch;
use super::queue::Credit;
use super::receipt::Completion;
use super::segment::Segment;
use super::streams::PiecePlace;
use super::units::{NewUnit, Unit};
use crate::format::{ChunkChain, ControlKind};
use crate::interaction::Interaction;
use crate::mask::Masked;
use crate::seal::Sealed;

/// One line to seal, with its place.
#[derive(Debug)]
pub(super) enum Job {
    Control {
        sequence: u64,
        kind: ControlKind,
        body: String,
    },
    UnitOpened {
        sequence: u64,
        class: u16,
        new: NewUnit,
    },
    Entry {
        sequence: u64,
        class: u16,
        unit: Option<Arc<Unit>>,
        interaction: Interaction,
    },
    /// Too large for one line, and masked already, since only then the number of lines is known.
    Chunked {
        first_sequence: u64,
        class: u16,
        unit: Option<Arc<Unit>>,
        masked: Box<Masked>,
        plan: ChunkPlan,
        cuts: Cuts,
        completion: Arc<Completion>,
    },
    /// One chunk of a payload that comes in pieces.
    Piece {
        sequence: u64,
        class: u16,
        unit: Option<Arc<Unit>>,
        place: PiecePlace,
        piece: Piece,
        stream: Arc<Completion>,
    },
    /// The entry line that closes the chains of an entry that came in pieces.
    Closing {
        sequence: u64,
        class: u16,
        unit: Option<Arc<Unit>>,
        closing: Box<Closing>,
        chains: [Option<ChunkChain>; 2],
        completion: Arc<Completion>,
    },
}

/// A run of lines for one worker.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) number: u64,
    /// How many batch numbers were set aside, for a payload that is handed on in pieces.
    pub(super) numbers: u64,
    pub(super) segment: Arc<Segment>,
    pub(super) opens: bool,
    /// The sequence number of the line that seals the segment, where it ends with this.
    pub(super) closes: Option<u64>,
    /// Whether the object ends with it, at once and not only when something more comes.
    pub(super) rolls: bool,
    pub(super) jobs: Vec<Job>,
    pub(super) barriers: Vec<Arc<Completion>>,
    /// Those who asked something of the log itself, which must be synced, too. What was lost before
    /// is not theirs to hear.
    pub(super) asked: Vec<Arc<Completion>>,
    pub(super) credit: Credit,
}

impl Work {
    /// A batch of this work without lines yet.
    pub(super) fn batch(&self, offset: u64, buffer: Sealed) -> Batch {
        Batch {
            number: self.number + offset,
            segment: Arc::clone(&self.segment),
            opens: self.opens && offset == 0,
            closes: None,
            rolls: false,
            sealed: buffer,
            completions: Vec::new(),
            barriers: Vec::new(),
            asked: Vec::new(),
            needs: Vec::new(),
            entries: 0,
            credit: Credit::default(),
        }
    }
}
