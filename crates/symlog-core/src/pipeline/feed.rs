//! Entries that are handed over piece by piece: masked on the caller's thread as they come, and
//! sealed into chunk lines before the rest is there.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use symlog_crypto::Sha256;
use symlog_pii::Counts;

use super::chunks::{Digest, manifest};
use super::intake::Intake;
use super::queue::{Credit, Item, Queue};
use super::receipt::{Completion, Receipt};
use crate::error::LoggingError;
use crate::format::{ChunkChain, ChunkPart, Timestamp};
use crate::interaction::{EntryId, Interaction, Parts};
use crate::mask::{Begun, MaskStep, Masked, MaskedPart, MaskedPiece, SLICE};

/// What goes through the queue for an entry that comes in pieces.
#[derive(Debug)]
pub(crate) struct Part {
    /// Which of the entries that come in pieces.
    pub(crate) number: u64,
    pub(crate) completion: Arc<Completion>,
    pub(crate) step: Step,
    pub(crate) credit: Credit,
}

#[derive(Debug)]
pub(crate) enum Step {
    /// The class and the erasure unit follow from this.
    Open(Interaction),
    Piece(Piece),
    Close(Box<Closing>),
    Abandon,
}

/// One chunk of a payload.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(super) part: ChunkPart,
    pub(super) timestamp: Timestamp,
    pub(super) last: bool,
    pub(super) plaintext: MaskedPiece,
}

/// The entry behind its pieces.
#[derive(Debug)]
pub(crate) struct Closing {
    masked: Masked,
    digests: [Option<Digest>; 2],
}

impl Closing {
    /// What the closing line seals.
    pub(super) fn masked(self, chains: [Option<ChunkChain>; 2]) -> Masked {
        let Self {
            mut masked,
            digests: [request, response],
        } = self;
        let [request_chain, response_chain] = chains;
        if let Some((chain, digest)) = request_chain.zip(request) {
            masked.request = Some(manifest(chain, digest, &[], None));
        }
        match response_chain.zip(response) {
            Some((chain, digest)) => {
                let error = masked.error_text.take();
                masked.response = Some(manifest(chain, digest, &[], error.as_deref()));
            }
            None => masked.join_error_text(),
        }
        masked
    }
}

/// How entries come in pieces.
#[derive(Debug)]
pub(crate) struct Feeding {
    mask: Arc<MaskStep>,
    /// Bytes of payload above which an entry comes in pieces.
    above: usize,
    piece_bytes: usize,
    next: AtomicU64,
}

impl Feeding {
    pub(super) fn new(mask: Arc<MaskStep>, above: usize, piece_bytes: usize) -> Self {
        Self {
            mask,
            above,
            piece_bytes,
            next: AtomicU64::new(0),
        }
    }

    pub(crate) fn above(&self) -> usize {
        self.above
    }
}

/// An entry on its way, piece by piece. Dropped before it is closed, what it has in the log stays
/// there without an end.
#[derive(Debug)]
pub(crate) struct Feed {
    queue: Arc<Queue>,
    number: u64,
    completion: Arc<Completion>,
    piece_bytes: usize,
    text: MaskedPart,
    part: ChunkPart,
    hash: Sha256,
    bytes: u64,
    digests: [Option<Digest>; 2],
    counts: Counts,
    /// Whether what is left goes into the queue also when that is full.
    insists: bool,
    is_over: bool,
}

/// What a piece occupies besides its bytes.
const OVERHEAD: usize = 1024;

impl Feed {
    /// Begins an entry of which `head` tells where it belongs. `None` where the log's format has no
    /// place for pieces.
    pub(crate) fn open(intake: &Intake, head: Interaction) -> Option<Self> {
        let feeding = intake.by_pieces()?;
        let completion = Arc::clone(&head.parts.completion);
        completion.name(head.parts.id);
        let feed = Self {
            queue: intake.queue(),
            number: feeding.next.fetch_add(1, Ordering::Relaxed),
            completion,
            piece_bytes: feeding.piece_bytes,
            text: MaskedPart::new(Arc::clone(&feeding.mask), &head.parts),
            part: ChunkPart::Request,
            hash: Sha256::new(),
            bytes: 0,
            digests: [None, None],
            counts: Counts::new(),
            insists: false,
            is_over: false,
        };
        feed.push(Step::Open(head), Credit::default());
        Some(feed)
    }

    pub(crate) fn id(&self) -> EntryId {
        self.completion.id()
    }

    /// Whether lines of it are lost already, so that it cannot be ended.
    pub(crate) fn is_lost(&self) -> bool {
        matches!(self.completion.outcome(), Some(Err(_)))
    }

    /// Puts what is left into the queue also when the policy is not to wait and there is no room.
    pub(crate) fn insist(&mut self) {
        self.insists = true;
    }

    /// Begins the request, whose prompt comes next.
    pub(crate) fn begin_request(&mut self) {
        self.part = ChunkPart::Request;
        self.text.begin_request();
    }

    /// Begins the response, whose content comes next.
    pub(crate) fn begin_response(&mut self) {
        self.part = ChunkPart::Response;
        self.text.begin_response();
    }

    /// What is written next.
    pub(crate) fn text(&mut self) -> &mut MaskedPart {
        &mut self.text
    }

    /// Masks more of the text that is open, and hands over what is ready as there is room for it.
    pub(crate) async fn write(&mut self, intake: &Intake, text: &str) -> Result<(), LoggingError> {
        for slice in slices(text) {
            self.text.push(slice);
            self.hand_over(intake).await?;
        }
        Ok(())
    }

    /// Hands over whole pieces as there is room for them.
    pub(crate) async fn hand_over(&mut self, intake: &Intake) -> Result<(), LoggingError> {
        std::future::poll_fn(|cx| self.poll_hand_over(intake, cx)).await
    }

    /// As [`hand_over`](Self::hand_over), to be polled.
    pub(crate) fn poll_hand_over(
        &mut self,
        intake: &Intake,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), LoggingError>> {
        while self.text.len() > self.piece_bytes {
            ready!(self.poll_piece(intake, cx, false))?;
        }
        Poll::Ready(Ok(()))
    }

    /// Hands over the rest of the part that was begun.
    pub(crate) async fn end_part(&mut self, intake: &Intake) -> Result<(), LoggingError> {
        self.hand_over(intake).await?;
        std::future::poll_fn(|cx| self.poll_piece(intake, cx, true)).await?;
        let hash = std::mem::take(&mut self.hash);
        self.digests[self.part as usize] = Some(Digest {
            bytes: std::mem::take(&mut self.bytes),
            sha256: hash.finish(),
        });
        self.counts.merge(&self.text.take_counts());
        Ok(())
    }

    fn poll_piece(
        &mut self,
        intake: &Intake,
        cx: &mut Context<'_>,
        last: bool,
    ) -> Poll<Result<(), LoggingError>> {
        if let Some(Err(error)) = self.completion.outcome() {
            return Poll::Ready(Err(error));
        }
        let len = self.text.len().min(self.piece_bytes);
        ready!(intake.poll_piece(len + OVERHEAD, self.insists, cx))?;
        let plaintext = self.text.take(len);
        self.hash.update(plaintext.as_bytes());
        self.bytes += len as u64;
        let piece = Piece {
            part: self.part,
            timestamp: Timestamp::from_system_time(intake.now()),
            last,
            plaintext,
        };
        self.push(Step::Piece(piece), Credit::piece(len + OVERHEAD));
        intake.ring();
        Poll::Ready(Ok(()))
    }

    /// Ends the entry with the rest of it.
    pub(crate) fn close(mut self, intake: &Intake, rest: Interaction) -> Receipt {
        let payload = rest.payload_bytes() + OVERHEAD;
        let parts = *rest.parts;
        let at = parts.timestamp.unwrap_or_else(|| intake.now());
        let begun = Begun {
            counts: std::mem::take(&mut self.counts),
            done: self.digests.map(|digest| digest.is_some()),
            names: Some(self.text.take_names()),
        };
        let masked = self.text.step().mask_rest(
            parts,
            self.completion.id(),
            Timestamp::from_system_time(at),
            begun,
        );
        let closing = Closing {
            masked,
            digests: self.digests,
        };
        self.queue.reserve_anyway(payload);
        self.push(Step::Close(Box::new(closing)), Credit::entry(payload));
        self.is_over = true;
        intake.ring();
        intake.receipt(Arc::clone(&self.completion))
    }

    fn push(&self, step: Step, credit: Credit) {
        self.queue.push(Item::Part(Box::new(Part {
            number: self.number,
            completion: Arc::clone(&self.completion),
            step,
            credit,
        })));
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        if !self.is_over {
            self.push(Step::Abandon, Credit::default());
        }
    }
}

/// What the sequencer must know of an entry before its end is there.
pub(crate) fn head_of(parts: &Parts) -> Interaction {
    let mut head = Interaction::empty();
    let known = &mut *head.parts;
    known.id = parts.id;
    known.agent_id.clone_from(&parts.agent_id);
    known.kind = parts.kind;
    known.model.clone_from(&parts.model);
    known.conversation.clone_from(&parts.conversation);
    known.subject.clone_from(&parts.subject);
    known.tenant.clone_from(&parts.tenant);
    known.about.clone_from(&parts.about);
    known.request = parts.request.as_ref().map(|_| Default::default());
    known.response = parts.response.as_ref().map(|_| Default::default());
    known.error = parts.error.as_ref().map(|_| String::new());
    head
}

/// A text in slices that are masked one after the other.
pub(crate) fn slices(mut text: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let mut at = text.len().min(SLICE);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let (slice, rest) = text.split_at(at);
        text = rest;
        (!slice.is_empty()).then_some(slice)
    })
}
