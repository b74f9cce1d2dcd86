//! Text that is masked as it arrives.

use std::cell::RefCell;
use std::fmt;

use crate::counts::Counts;
use crate::fields::{FieldAction, Place};
use crate::masker::Masker;
use crate::names::KnownNames;
use crate::operator::OperatorContext;
use crate::pass::{Pass, splice};
use crate::text::{self, MAX_LINE, MAX_PEM};

/// How much of a text is held that may turn out to be JSON, or that an added detector must see
/// whole. What is longer is masked as text, line by line.
const MAX_HELD: usize = 8 * 1024 * 1024;
/// How much masked text is kept as context for what follows it.
const CONTEXT: usize = 512;

/// Masks a text chunk by chunk. All output together equals the mask of the whole text, wherever
/// it was split; only the line that is still open is held back, and a private key until its end.
///
/// Text that begins like JSON, and all text where detectors were added, is held to its end: up to
/// 8 MiB, and from there on masked as text. A line is held up to 64 KiB. Of a field that is one value
/// by a rule, the operator sees the first 8 MiB, and no more of it is written.
pub struct MaskStream {
    masker: Masker,
    place: Place,
    tenant: Option<String>,
    subject: Option<String>,
    names: RefCell<KnownNames>,
    /// Masked text for context, then text that is still held.
    held: String,
    context: usize,
    state: State,
    counts: Counts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing but blanks so far.
    Blank,
    /// The end decides.
    Whole,
    Lines,
    /// A field that is one value.
    Value,
    /// A field that stays as it is.
    Kept,
}

impl MaskStream {
    pub(crate) fn new(
        masker: &Masker,
        place: Place,
        context: OperatorContext<'_>,
        names: KnownNames,
    ) -> Self {
        let (masker, place, state) = match masker.inner.fields.action(place) {
            Some(FieldAction::Keep) => (masker, place, State::Kept),
            Some(FieldAction::Whole { .. }) => (masker, place, State::Value),
            Some(FieldAction::With(own)) => (own, Place::NOWHERE, State::Blank),
            None => (masker, place, State::Blank),
        };
        let state = match state {
            State::Blank if !masker.is_local() => State::Whole,
            state => state,
        };
        Self {
            masker: masker.clone(),
            place,
            tenant: context.tenant.map(str::to_owned),
            subject: context.subject.map(str::to_owned),
            names: RefCell::new(names),
            held: String::new(),
            context: 0,
            state,
            counts: Counts::new(),
        }
    }

    /// Takes the next chunk and gives the masked text that is ready.
    pub fn push(&mut self, chunk: &str) -> String {
        match self.state {
            State::Kept => return chunk.to_owned(),
            State::Value => {
                let room = MAX_HELD.saturating_sub(self.held.len());
                self.held
                    .push_str(&chunk[..chunk.floor_char_boundary(room)]);
                return String::new();
            }
            State::Blank | State::Whole | State::Lines => {}
        }
        self.held.push_str(chunk);
        if self.state == State::Blank {
            self.state = match self.held.trim_ascii_start().as_bytes().first() {
                None => State::Blank,
                Some(b'{' | b'[') => State::Whole,
                Some(_) => State::Lines,
            };
        }
        let full = self.held.len() > MAX_HELD;
        if self.state != State::Lines && !full {
            return String::new();
        }
        self.state = State::Lines;
        let mut out = String::new();
        while let Some((end, fresh)) = self.ready() {
            self.release(end, fresh, &mut out);
        }
        out
    }

    /// The rest of the masked text, and what was masked in all of it.
    #[must_use]
    pub fn finish(self) -> (String, Counts) {
        let (rest, counts, _) = self.finish_knowing();
        (rest, counts)
    }

    /// [`finish`](Self::finish), and the names that are known now.
    #[must_use]
    pub fn finish_knowing(mut self) -> (String, Counts, KnownNames) {
        let rest = match self.state {
            State::Kept => String::new(),
            State::Lines => self.part(self.held.len()),
            State::Blank | State::Whole | State::Value => {
                let context = OperatorContext {
                    tenant: self.tenant.as_deref(),
                    subject: self.subject.as_deref(),
                };
                let document = self.masker.document(context).knowing(&self.names);
                let document = document.at(self.place);
                document.mask(&self.held, &mut self.counts).into_owned()
            }
        };
        (rest, self.counts, self.names.into_inner())
    }

    /// What has been masked so far.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The masked text up to `end`.
    fn part(&mut self, end: usize) -> String {
        let context = OperatorContext {
            tenant: self.tenant.as_deref(),
            subject: self.subject.as_deref(),
        };
        let held = &self.held[..end];
        let pass = Pass {
            from: self.context,
            ..self.masker.pass(context, &self.names)
        };
        let mut edits = Vec::new();
        pass.plain("", held, &mut edits);
        edits.retain(|edit| edit.hit.end <= end);
        splice(held, self.context, end, &edits, &mut self.counts)
    }

    /// Up to where the held text can be masked, and whether no context is kept after that.
    fn ready(&self) -> Option<(usize, bool)> {
        let text = &self.held[self.context..];
        let open = text::open_key(text).map_or(text.len(), |key| {
            memchr::memrchr(b'\n', &text.as_bytes()[..key]).map_or(0, |n| n + 1)
        });
        if let Some(end) = memchr::memrchr(b'\n', &text.as_bytes()[..open]).map(|n| n + 1) {
            return Some((self.context + end, false));
        }
        let line = memchr::memchr(b'\n', text.as_bytes()).map_or(text, |n| &text[..n]);
        let held = text.len() > MAX_LINE + MAX_PEM && line.len() > MAX_LINE;
        held.then(|| (self.context + text::cut(line), true))
    }

    fn release(&mut self, end: usize, fresh: bool, out: &mut String) {
        out.push_str(&self.part(end));
        let mut keep = if fresh {
            end
        } else {
            end.saturating_sub(CONTEXT)
        };
        while !self.held.is_char_boundary(keep) {
            keep -= 1;
        }
        self.held.drain(..keep);
        self.context = end - keep;
    }
}

impl fmt::Debug for MaskStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MaskStream")
            .field("held", &self.held.len())
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
