//! The two kinds of lines, with the fields of the reference logger in its order.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::Deserialize;
use symlog_crypto::{Algorithm, Envelope, EnvelopeError};

use super::error::{EnvelopeProblem, LineError};
use crate::format::{Timestamp, push_base64, push_string, push_u64};
use crate::interaction::{EntryId, ModelInteractionType, TokenUsage};

pub(super) const UPDATE_PREFIX: &[u8] = b"UPDATE: ";

/// A request, or a whole interaction.
#[derive(Deserialize)]
pub(super) struct EntryLine<'a> {
    pub(super) id: EntryId,
    #[serde(borrow)]
    pub(super) agent_id: Cow<'a, str>,
    pub(super) interaction_type: ModelInteractionType,
    #[serde(borrow)]
    pub(super) timestamp: Cow<'a, str>,
    pub(super) latency_ms: u64,
    #[serde(borrow)]
    pub(super) model_identifier: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) request_data: Option<RawEnvelope<'a>>,
    #[serde(borrow, default)]
    pub(super) response_data: Option<RawEnvelope<'a>>,
    #[serde(default)]
    pub(super) metadata: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) error: Option<String>,
    #[serde(default)]
    pub(super) token_usage: Option<TokenUsage>,
}

/// The answer to a request.
#[derive(Deserialize)]
pub(super) struct UpdateLine<'a> {
    #[serde(borrow, default)]
    pub(super) response_data: Option<RawEnvelope<'a>>,
    #[serde(default)]
    pub(super) latency_ms: Option<u64>,
    #[serde(default)]
    pub(super) error: Option<String>,
    #[serde(default)]
    pub(super) token_usage: Option<TokenUsage>,
}

/// An envelope's five fields as they stand.
#[derive(Deserialize)]
pub(super) struct RawEnvelope<'a> {
    #[serde(borrow)]
    ciphertext: Cow<'a, str>,
    #[serde(borrow)]
    nonce: Cow<'a, str>,
    #[serde(borrow)]
    salt: Cow<'a, str>,
    #[serde(borrow)]
    algorithm: Cow<'a, str>,
    #[serde(borrow)]
    kdf: Cow<'a, str>,
}

impl RawEnvelope<'_> {
    pub(super) fn decode(&self) -> Result<Envelope, EnvelopeProblem> {
        let algorithm = self
            .algorithm
            .parse::<Algorithm>()
            .map_err(|_| EnvelopeProblem::Algorithm)?;
        // Longer ones are not looked at, so that no error carries them.
        let kdf = self.kdf.chars().take(64).collect();
        Envelope::from_fields(&self.ciphertext, &self.nonce, &self.salt, algorithm, kdf)
            .map_err(|error: EnvelopeError| error.into())
    }
}

pub(super) fn parse_entry(line: &[u8]) -> Result<EntryLine<'_>, LineError> {
    serde_json::from_slice(line).map_err(|error| LineError::from_json(&error))
}

/// What stands behind [`UPDATE_PREFIX`].
pub(super) fn parse_update(json: &[u8]) -> Result<UpdateLine<'_>, LineError> {
    serde_json::from_slice(json).map_err(|error| LineError::from_json(&error))
}

/// The request that an update answers.
pub(super) fn update_id(json: &[u8]) -> Result<EntryId, LineError> {
    #[derive(Deserialize)]
    struct OnlyId {
        id: EntryId,
    }
    serde_json::from_slice::<OnlyId>(json)
        .map(|only| only.id)
        .map_err(|error| LineError::from_json(&error))
}

/// What a new line holds beside its envelopes; masked.
#[derive(Debug, Default)]
pub(super) struct Outcome<'a> {
    pub(super) latency_ms: u64,
    pub(super) error: Option<&'a str>,
    pub(super) tokens: Option<TokenUsage>,
    pub(super) response: Option<Envelope>,
}

/// What only a request's line holds.
#[derive(Debug)]
pub(super) struct Head<'a> {
    pub(super) agent_id: &'a str,
    pub(super) kind: ModelInteractionType,
    pub(super) model: &'a str,
    pub(super) request: Envelope,
    /// Sorted by key.
    pub(super) metadata: &'a [(Cow<'static, str>, Cow<'static, str>)],
}

/// Lines whose payloads are sealed: all that may be appended.
#[derive(Debug, Default)]
pub(super) struct SealedLines(Vec<u8>);

impl SealedLines {
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Takes back what was pushed behind the first `len` bytes.
    pub(super) fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }

    pub(super) fn push_entry(
        &mut self,
        id: EntryId,
        at: SystemTime,
        head: &Head<'_>,
        outcome: &Outcome<'_>,
    ) {
        let out = &mut self.0;
        out.extend_from_slice(b"{\"id\":\"");
        out.extend_from_slice(id.to_string().as_bytes());
        out.extend_from_slice(b"\",\"agent_id\":");
        push_string(out, head.agent_id);
        out.extend_from_slice(b",\"interaction_type\":\"");
        out.extend_from_slice(head.kind.as_str().as_bytes());
        out.extend_from_slice(b"\",\"timestamp\":\"");
        out.extend_from_slice(nanosecond_text(at).as_bytes());
        out.extend_from_slice(b"\",\"latency_ms\":");
        push_u64(out, outcome.latency_ms);
        out.extend_from_slice(b",\"model_identifier\":");
        push_string(out, head.model);
        out.extend_from_slice(b",\"request_data\":");
        push_envelope(out, &head.request);
        out.extend_from_slice(b",\"response_data\":");
        match &outcome.response {
            Some(envelope) => push_envelope(out, envelope),
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(b",\"metadata\":{");
        for (i, (key, value)) in head.metadata.iter().enumerate() {
            if i > 0 {
                out.push(b',');
            }
            push_string(out, key);
            out.push(b':');
            push_string(out, value);
        }
        out.extend_from_slice(b"},\"error\":");
        push_optional(out, outcome.error);
        out.extend_from_slice(b",\"token_usage\":");
        push_tokens(out, outcome.tokens);
        out.extend_from_slice(b"}\n");
    }

    /// The reference logger builds this line of a map, so its fields are in the order of their names.
    pub(super) fn push_update(&mut self, id: EntryId, at: SystemTime, outcome: &Outcome<'_>) {
        let out = &mut self.0;
        out.extend_from_slice(UPDATE_PREFIX);
        out.extend_from_slice(b"{\"error\":");
        push_optional(out, outcome.error);
        out.extend_from_slice(b",\"id\":\"");
        out.extend_from_slice(id.to_string().as_bytes());
        out.extend_from_slice(b"\",\"latency_ms\":");
        push_u64(out, outcome.latency_ms);
        out.extend_from_slice(b",\"response_data\":");
        match &outcome.response {
            Some(envelope) => push_sorted_envelope(out, envelope),
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(b",\"token_usage\":");
        push_tokens(out, outcome.tokens);
        out.extend_from_slice(b",\"updated_at\":\"");
        out.extend_from_slice(nanosecond_text(at).as_bytes());
        out.extend_from_slice(b"\"}\n");
    }
}

fn push_envelope(out: &mut Vec<u8>, envelope: &Envelope) {
    push_field(out, b"{\"ciphertext\":\"", &envelope.ciphertext);
    push_field(out, b"\",\"nonce\":\"", envelope.nonce.as_bytes());
    push_field(out, b"\",\"salt\":\"", &envelope.salt);
    out.extend_from_slice(b"\",\"algorithm\":\"");
    out.extend_from_slice(envelope.algorithm.as_str().as_bytes());
    out.extend_from_slice(b"\",\"kdf\":\"");
    out.extend_from_slice(envelope.kdf.as_bytes());
    out.extend_from_slice(b"\"}");
}

fn push_sorted_envelope(out: &mut Vec<u8>, envelope: &Envelope) {
    out.extend_from_slice(b"{\"algorithm\":\"");
    out.extend_from_slice(envelope.algorithm.as_str().as_bytes());
    push_field(out, b"\",\"ciphertext\":\"", &envelope.ciphertext);
    out.extend_from_slice(b"\",\"kdf\":\"");
    out.extend_from_slice(envelope.kdf.as_bytes());
    push_field(out, b"\",\"nonce\":\"", envelope.nonce.as_bytes());
    push_field(out, b"\",\"salt\":\"", &envelope.salt);
    out.extend_from_slice(b"\"}");
}

fn push_field(out: &mut Vec<u8>, name: &[u8], bytes: &[u8]) {
    out.extend_from_slice(name);
    push_base64(out, bytes);
}

fn push_optional(out: &mut Vec<u8>, text: Option<&str>) {
    match text {
        Some(text) => push_string(out, text),
        None => out.extend_from_slice(b"null"),
    }
}

fn push_tokens(out: &mut Vec<u8>, tokens: Option<TokenUsage>) {
    let Some(TokenUsage {
        input_tokens,
        output_tokens,
        total_tokens,
    }) = tokens
    else {
        return out.extend_from_slice(b"null");
    };
    out.extend_from_slice(b"{\"input_tokens\":");
    push_u64(out, u64::from(input_tokens));
    out.extend_from_slice(b",\"output_tokens\":");
    push_u64(out, u64::from(output_tokens));
    out.extend_from_slice(b",\"total_tokens\":");
    push_u64(out, u64::from(total_tokens));
    out.push(b'}');
}

/// RFC 3339 in UTC with all nine digits.
fn nanosecond_text(at: SystemTime) -> String {
    let micros = Timestamp::from_system_time(at);
    let nanos = at
        .duration_since(micros.to_system_time())
        .map_or(0, |rest| rest.subsec_nanos() % 1000);
    let text = micros.text();
    let text = text.as_str().trim_end_matches('Z');
    format!("{text}{nanos:03}Z")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_have_nine_digits() {
        for (nanos, text) in [
            (0, "1970-01-01T00:00:00.000000000Z"),
            (1_768_473_000_123_456_789, "2026-01-15T10:30:00.123456789Z"),
            (1_768_473_000_123_456_001, "2026-01-15T10:30:00.123456001Z"),
        ] {
            let at = SystemTime::UNIX_EPOCH + Duration::from_nanos(nanos);
            assert_eq!(nanosecond_text(at), text);
        }
    }
}
