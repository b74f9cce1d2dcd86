//! Payloads that are masked as they come.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use symlog_pii::{Counts, Document, KnownNames, MaskStream, Masker, OperatorContext};

use super::{MaskStep, push_masked, write_request_rest, write_response_rest};
use crate::format::{push_escaped, push_string};
use crate::interaction::{Parts, RequestData};

/// A piece of a masked payload. Only a [`MaskedPart`] makes one.
pub(crate) struct MaskedPiece(Vec<u8>);

impl MaskedPiece {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The plaintext of a request or a response, written and masked piece by piece, and taken away
/// piece by piece.
pub(crate) struct MaskedPart {
    step: Arc<MaskStep>,
    masker: Masker,
    tenant: Option<String>,
    subject: Option<String>,
    names: RefCell<KnownNames>,
    /// Whether this is the request or the response, and its member that comes now, as the paths of
    /// rules for fields name them.
    place: [&'static str; 2],
    text: Option<MaskStream>,
    out: Vec<u8>,
    counts: Counts,
}

/// How much of a text is masked at a time, so that what waits to be taken stays small.
pub(crate) const SLICE: usize = 64 << 10;

impl MaskedPart {
    /// Begins to mask an entry of which `head` tells what it is about.
    pub(crate) fn new(step: Arc<MaskStep>, head: &Parts) -> Self {
        let about = head.about();
        let (tenant, conversation) = (about.tenant.as_deref(), about.conversation.as_deref());
        Self {
            masker: step.maskers.of(head).clone(),
            names: RefCell::new(step.conversations.recall(tenant, conversation)),
            subject: about.subject.or_else(|| conversation.map(str::to_owned)),
            tenant: about.tenant,
            place: ["", ""],
            step,
            text: None,
            out: Vec::new(),
            counts: Counts::new(),
        }
    }

    /// Begins a request; its prompt comes next.
    pub(crate) fn begin_request(&mut self) {
        self.place = ["request", "prompt"];
        self.out.extend_from_slice(b"{\"prompt\":");
    }

    /// Begins a response; its content comes next.
    pub(crate) fn begin_response(&mut self) {
        self.place = ["response", "content"];
        self.out.extend_from_slice(b"{\"content\":");
    }

    /// Begins the result of a tool, which comes next.
    pub(crate) fn begin_tool_result(&mut self) {
        self.place = ["response", "tool_result"];
        self.out.extend_from_slice(b",\"tool_result\":");
    }

    /// A text that is all there.
    pub(crate) fn text(&mut self, text: &str) {
        self.write(|document, [_, member], out, counts| {
            push_string(out, &document.part(member).mask(text, counts));
        });
    }

    /// A value that is all there.
    pub(crate) fn value(&mut self, value: Option<Value>) {
        self.write(|document, [_, member], out, counts| {
            push_masked(out, value, document.part(member), counts);
        });
    }

    /// Begins a text that comes in pieces.
    pub(crate) fn open_text(&mut self) {
        let stream = self.write(|document, [_, member], out, _| {
            out.push(b'"');
            document.part(member).stream()
        });
        self.text = Some(stream);
    }

    /// The next piece of the text, of at most [`SLICE`] bytes if memory is to stay bounded.
    pub(crate) fn push(&mut self, text: &str) {
        if let Some(stream) = &mut self.text {
            push_escaped(&mut self.out, &stream.push(text));
        }
    }

    pub(crate) fn close_text(&mut self) {
        if let Some(stream) = self.text.take() {
            let (rest, counts, names) = stream.finish_knowing();
            self.names = RefCell::new(names);
            self.counts.merge(&counts);
            push_escaped(&mut self.out, &rest);
            self.out.push(b'"');
        }
    }

    /// Ends a text of which the rest is not known: what is held back goes, since without its end
    /// it cannot be told what is in it.
    pub(crate) fn cut_text(&mut self) {
        if let Some(stream) = self.text.take() {
            self.counts.merge(stream.counts());
            self.out.push(b'"');
        }
    }

    /// Ends a request behind its prompt.
    pub(crate) fn end_request(&mut self, request: RequestData) {
        self.write(|document, _, out, counts| {
            write_request_rest(out, request, document, counts);
        });
    }

    /// Ends a response behind the result of a tool.
    pub(crate) fn end_response(
        &mut self,
        confidence: Option<f64>,
        metadata: HashMap<String, Value>,
    ) {
        self.write(|document, _, out, counts| {
            write_response_rest(out, confidence, metadata, document, counts);
        });
    }

    fn write<R>(
        &mut self,
        write: impl FnOnce(Document<'_>, [&'static str; 2], &mut Vec<u8>, &mut Counts) -> R,
    ) -> R {
        let context = OperatorContext {
            tenant: self.tenant.as_deref(),
            subject: self.subject.as_deref(),
        };
        let document = self.masker.document(context).knowing(&self.names);
        let document = document.part(self.place[0]);
        write(document, self.place, &mut self.out, &mut self.counts)
    }

    /// Bytes that can be taken away.
    pub(crate) fn len(&self) -> usize {
        self.out.len()
    }

    /// The next `len` bytes, which must be there.
    pub(crate) fn take(&mut self, len: usize) -> MaskedPiece {
        let rest = self.out.split_off(len);
        MaskedPiece(std::mem::replace(&mut self.out, rest))
    }

    /// What was masked so far.
    pub(crate) fn take_counts(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }

    /// The names that are known by now.
    pub(crate) fn take_names(&mut self) -> KnownNames {
        let fresh = self.names.borrow().fresh();
        self.names.replace(fresh)
    }

    pub(crate) fn step(&self) -> &MaskStep {
        &self.step
    }
}

impl fmt::Debug for MaskedPiece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MaskedPiece({} bytes)", self.0.len())
    }
}

impl fmt::Debug for MaskedPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MaskedPart({} bytes)", self.out.len())
    }
}
