//! Media that a payload repeats: stored once in an erasure unit, and named after that.
//!
//! An agent sends the whole conversation again with every turn, its images with it. What a chain of
//! the same segment, class and unit holds already is cut out of a payload, and the line that closes
//! the payload says where it stands. Within a segment all lines have the same keys and go at the
//! same time, so what is named is there as long as what names it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use symlog_crypto::sha256;

use super::chunks::{ChunkPlan, hex};
use super::receipt::Completion;
use super::units::OpenRequest;
use crate::format::{ChunkPart, MediaSpan};
use crate::interaction::Interaction;
use crate::mask::Masked;
use crate::media;
use crate::seal::UnitRef;

/// Pieces of media that are remembered, the oldest forgotten first.
const KNOWN: usize = 4096;

/// What one erasure unit holds in one class, by SHA-256.
type Key = (UnitRef, u16, [u8; 32]);

/// Where media was stored.
#[derive(Clone, Debug)]
struct Stored {
    /// The first chunk of the chain that holds it, and where in that.
    first: u64,
    offset: u64,
    /// Its entry.
    completion: Arc<Completion>,
}

/// The media of the present segment.
#[derive(Debug, Default)]
pub(super) struct MediaPlaces {
    segment: Option<u64>,
    places: HashMap<Key, Stored>,
    order: VecDeque<Key>,
}

/// What is cut out of an entry's payloads.
#[derive(Debug, Default)]
pub(super) struct Cuts {
    pub(super) spans: [Vec<MediaSpan>; 2],
    /// The entries that hold what was cut out: should one of them be lost, this one is.
    pub(super) holders: Vec<Arc<Completion>>,
}

impl MediaPlaces {
    /// Decides what of an entry is stored where, if its lines begin at `sequence`.
    pub(super) fn plan(
        &mut self,
        segment: u64,
        seat: &OpenRequest,
        sequence: u64,
        masked: &Masked,
        completion: &Arc<Completion>,
        chunk_bytes: usize,
    ) -> (ChunkPlan, Cuts) {
        let mut plan = ChunkPlan::new(masked, chunk_bytes);
        let mut cuts = Cuts::default();
        let Some(unit) = &seat.unit else {
            return (plan, cuts);
        };
        if self.segment.replace(segment) != Some(segment) {
            self.places.clear();
            self.order.clear();
        }
        let payloads = [&masked.request, &masked.response];
        for part in [ChunkPart::Request, ChunkPart::Response] {
            let Some(payload) = payloads[part as usize] else {
                continue;
            };
            let runs = media::runs(payload);
            if runs.is_empty() {
                continue;
            }
            let first = plan.first(part, sequence);
            let mut cut = 0;
            for run in runs {
                let digest = sha256(&[&payload[run.clone()]]);
                let key = (unit.reference, seat.class, digest);
                let at = (run.start - cut) as u64;
                let Some(stored) = self.places.get(&key) else {
                    let stored = Stored {
                        first,
                        offset: at,
                        completion: Arc::clone(completion),
                    };
                    self.remember(key, stored);
                    continue;
                };
                cut += run.len();
                if !Arc::ptr_eq(&stored.completion, completion) {
                    cuts.holders.push(Arc::clone(&stored.completion));
                }
                cuts.spans[part as usize].push(MediaSpan {
                    at,
                    bytes: run.len() as u64,
                    sha256: hex(&digest),
                    first: stored.first,
                    offset: stored.offset,
                });
            }
            plan.chain_of(part, payload.len() - cut);
        }
        (plan, cuts)
    }

    fn remember(&mut self, key: Key, stored: Stored) {
        if self.order.len() == KNOWN
            && let Some(oldest) = self.order.pop_front()
        {
            self.places.remove(&oldest);
        }
        self.order.push_back(key);
        self.places.insert(key, stored);
    }
}

/// Whether an entry has media that the next ones of its unit may repeat.
pub(super) fn holds_media(seat: &OpenRequest, interaction: &Interaction) -> bool {
    let parts = &*interaction.parts;
    seat.unit.is_some() && parts.charge > media::LEAST && media::is_in(parts)
}

/// The payload without what is cut out of it.
pub(super) fn cut(payload: &mut Vec<u8>, spans: &[MediaSpan]) {
    let mut kept = Vec::with_capacity(payload.len());
    let mut from = 0;
    for span in spans {
        let to = from + (span.at as usize - kept.len());
        kept.extend_from_slice(&payload[from..to]);
        from = to + span.bytes as usize;
    }
    kept.extend_from_slice(&payload[from..]);
    *payload = kept;
}
