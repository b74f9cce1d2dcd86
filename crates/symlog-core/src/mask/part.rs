//! Payloads that are masked as they come.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use symlog_pii::{Counts, MaskStream};

use super::MaskStep;
use crate::format::{push_escaped, push_string};
use crate::interaction::RequestData;

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
    text: Option<MaskStream>,
    out: Vec<u8>,
    counts: Counts,
}

/// How much of a text is masked at a time, so that what waits to be taken stays small.
pub(crate) const SLICE: usize = 64 << 10;

impl MaskedPart {
    pub(crate) fn new(step: Arc<MaskStep>) -> Self {
        Self {
            step,
            text: None,
            out: Vec::new(),
            counts: Counts::new(),
        }
    }

    /// Begins a request; its prompt comes next.
    pub(crate) fn begin_request(&mut self) {
        self.out.extend_from_slice(b"{\"prompt\":");
    }

    /// Begins a response; its content comes next.
    pub(crate) fn begin_response(&mut self) {
        self.out.extend_from_slice(b"{\"content\":");
    }

    /// Begins the result of a tool, which comes next.
    pub(crate) fn begin_tool_result(&mut self) {
        self.out.extend_from_slice(b",\"tool_result\":");
    }

    /// A text that is all there.
    pub(crate) fn text(&mut self, text: &str) {
        let masked = self.step.masker.mask(text, &mut self.counts);
        push_string(&mut self.out, &masked);
    }

    /// A value that is all there.
    pub(crate) fn value(&mut self, value: Option<Value>) {
        self.step
            .optional_value(&mut self.out, value, &mut self.counts);
    }

    /// Begins a text that comes in pieces.
    pub(crate) fn open_text(&mut self) {
        self.out.push(b'"');
        self.text = Some(self.step.masker.stream());
    }

    /// The next piece of the text, of at most [`SLICE`] bytes if memory is to stay bounded.
    pub(crate) fn push(&mut self, text: &str) {
        if let Some(stream) = &mut self.text {
            push_escaped(&mut self.out, &stream.push(text));
        }
    }

    pub(crate) fn close_text(&mut self) {
        if let Some(stream) = self.text.take() {
            let (rest, counts) = stream.finish();
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
        self.step
            .request_rest(&mut self.out, request, &mut self.counts);
    }

    /// Ends a response behind the result of a tool.
    pub(crate) fn end_response(
        &mut self,
        confidence: Option<f64>,
        metadata: HashMap<String, Value>,
    ) {
        self.step
            .response_rest(&mut self.out, confidence, metadata, &mut self.counts);
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
