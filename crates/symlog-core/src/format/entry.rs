//! Entry and chunk lines.

use std::borrow::Cow;
use std::ops::Range;

use symlog_crypto::{Sha256, sha256};

use super::bytes::{push_base64, push_u64};
use super::envelope::SealedField;
use super::json::{push_optional, push_string};
use super::leaf::{LeafKind, Record};
use super::timestamp::Timestamp;
use super::{FORMAT_VERSION, SALT_LEN};
use crate::interaction::{EntryId, ModelInteractionType, TokenUsage};

/// The members of an entry that describe it: all that `metadata = "sealed"` hides.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Meta<'a> {
    pub(crate) agent_id: Option<Cow<'a, str>>,
    pub(crate) kind: Option<ModelInteractionType>,
    pub(crate) latency_ms: Option<u64>,
    pub(crate) model: Option<Cow<'a, str>>,
    pub(crate) metadata: MetaMap<'a>,
    pub(crate) error: Option<Cow<'a, str>>,
    pub(crate) tokens: Option<TokenUsage>,
    pub(crate) conversation: Option<Cow<'a, str>>,
    pub(crate) tenant: Option<Cow<'a, str>>,
    pub(crate) trace: Option<Cow<'a, str>>,
    pub(crate) parent: Option<Cow<'a, str>>,
    /// Type and count, sorted by type.
    pub(crate) masked: Vec<(Cow<'a, str>, u64)>,
}

/// The metadata of an entry.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum MetaMap<'a> {
    /// Key and value, sorted by key.
    Clear(Vec<(Cow<'a, str>, Cow<'a, str>)>),
    /// All of [`Meta`], in an envelope.
    Sealed(SealedField<'a>),
}

impl Default for MetaMap<'_> {
    fn default() -> Self {
        Self::Clear(Vec::new())
    }
}

/// The three runs of a line that hold its [`Meta`], rendered once as one JSON object and used
/// thrice: in the digest that every envelope is bound to, in the line, and as the plaintext of
/// sealed metadata.
#[derive(Debug, Default)]
pub(crate) struct MetaFragments {
    bytes: Vec<u8>,
    first: Range<usize>,
    second: Range<usize>,
    third: Range<usize>,
}

impl MetaFragments {
    /// Renders `meta`, reusing the allocation of an earlier one.
    pub(crate) fn render(&mut self, meta: &Meta<'_>) {
        let out = &mut self.bytes;
        out.clear();
        out.extend_from_slice(b"{\"agent_id\":");
        push_optional(out, meta.agent_id.as_deref());
        out.extend_from_slice(b",\"interaction_type\":");
        push_optional(out, meta.kind.map(ModelInteractionType::as_str));
        self.first = 1..out.len();

        out.extend_from_slice(b",\"latency_ms\":");
        match meta.latency_ms {
            Some(latency) => push_u64(out, latency),
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(b",\"model_identifier\":");
        push_optional(out, meta.model.as_deref());
        self.second = self.first.end + 1..out.len();

        out.extend_from_slice(b",\"metadata\":");
        match &meta.metadata {
            MetaMap::Clear(pairs) => {
                push_map(out, pairs, |out, value| push_string(out, value));
            }
            MetaMap::Sealed(sealed) => {
                out.extend_from_slice(b"{\"sealed\":");
                sealed.write(out);
                out.push(b'}');
            }
        }
        out.extend_from_slice(b",\"error\":");
        push_optional(out, meta.error.as_deref());
        out.extend_from_slice(b",\"token_usage\":");
        match meta.tokens {
            None => out.extend_from_slice(b"null"),
            Some(tokens) => {
                out.extend_from_slice(b"{\"input_tokens\":");
                push_u64(out, u64::from(tokens.input_tokens));
                out.extend_from_slice(b",\"output_tokens\":");
                push_u64(out, u64::from(tokens.output_tokens));
                out.extend_from_slice(b",\"total_tokens\":");
                push_u64(out, u64::from(tokens.total_tokens));
                out.push(b'}');
            }
        }
        for (name, value) in [
            ("conversation", &meta.conversation),
            ("tenant", &meta.tenant),
            ("trace", &meta.trace),
            ("parent", &meta.parent),
        ] {
            out.extend_from_slice(b",\"");
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b"\":");
            push_optional(out, value.as_deref());
        }
        out.extend_from_slice(b",\"masked\":");
        push_map(out, &meta.masked, |out, count| push_u64(out, *count));
        self.third = self.second.end + 1..out.len();
        out.push(b'}');
    }

    /// SHA-256 of the salt and the fragments as one JSON object.
    pub(crate) fn digest(&self, salt: &[u8; SALT_LEN]) -> [u8; 32] {
        sha256(&[salt, &self.bytes])
    }

    /// The fragments as one JSON object: the plaintext of sealed metadata.
    pub(crate) fn object(&self) -> &[u8] {
        &self.bytes
    }
}

fn push_map<V>(
    out: &mut Vec<u8>,
    pairs: &[(Cow<'_, str>, V)],
    mut value: impl FnMut(&mut Vec<u8>, &V),
) {
    out.push(b'{');
    for (i, (key, item)) in pairs.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        push_string(out, key);
        out.push(b':');
        value(out, item);
    }
    out.push(b'}');
}

/// Everything of an entry line but its [`Meta`], `durable` and `leaf`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EntryLine<'a> {
    pub(crate) segment: u64,
    pub(crate) sequence: u64,
    pub(crate) id: EntryId,
    pub(crate) timestamp: Timestamp,
    pub(crate) request: Option<SealedField<'a>>,
    pub(crate) response: Option<SealedField<'a>>,
    pub(crate) class: u16,
    /// Sealed reference to the erasure unit's key.
    pub(crate) unit: Cow<'a, [u8]>,
    /// Extension members, `"name":value` joined by commas, or empty.
    pub(crate) extensions: Cow<'a, str>,
}

impl EntryLine<'_> {
    /// The salt that the envelopes of this line share; every entry line has an envelope.
    pub(crate) fn salt(&self) -> Option<[u8; SALT_LEN]> {
        self.request
            .as_ref()
            .or(self.response.as_ref())
            .map(|sealed| sealed.salt)
    }

    /// Appends the line up to and without `,"durable"`.
    pub(crate) fn write(&self, meta: &MetaFragments, out: &mut Vec<u8>) {
        push_head(out, self.segment, self.sequence);
        push_id(out, &self.id);
        out.push(b',');
        out.extend_from_slice(&meta.bytes[meta.first.clone()]);
        out.extend_from_slice(b",\"timestamp\":\"");
        out.extend_from_slice(self.timestamp.text().as_str().as_bytes());
        out.extend_from_slice(b"\",");
        out.extend_from_slice(&meta.bytes[meta.second.clone()]);
        for (name, sealed) in [
            ("request_data", &self.request),
            ("response_data", &self.response),
        ] {
            out.extend_from_slice(b",\"");
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b"\":");
            match sealed {
                Some(sealed) => sealed.write(out),
                None => out.extend_from_slice(b"null"),
            }
        }
        out.push(b',');
        out.extend_from_slice(&meta.bytes[meta.third.clone()]);
        push_unit(out, self.class, &self.unit);
        push_extensions(out, &self.extensions);
    }

    /// The digest of all fields, from which the leaf follows.
    pub(crate) fn body_digest(&self, log: &[u8; 16], metadata_digest: &[u8; 32]) -> [u8; 32] {
        let mut record = Record::new(
            LeafKind::Entry,
            log,
            self.segment,
            self.sequence,
            &self.timestamp.text(),
        );
        record.field(self.id.as_bytes());
        record.field(&self.class.to_be_bytes());
        record.field(&self.unit);
        record.field(metadata_digest);
        record.envelopes([self.request.as_ref(), self.response.as_ref()]);
        record.field(self.extensions.as_bytes());
        record.finish()
    }
}

/// Which payload of an entry a chunk belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ChunkPart {
    Request = 0,
    Response = 1,
}

impl ChunkPart {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Response => "response",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Request, Self::Response]
            .into_iter()
            .find(|part| part.as_str() == name)
    }
}

/// One piece of a payload that is too large for one line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ChunkLine<'a> {
    pub(crate) segment: u64,
    pub(crate) sequence: u64,
    pub(crate) id: EntryId,
    pub(crate) timestamp: Timestamp,
    pub(crate) part: ChunkPart,
    pub(crate) index: u32,
    pub(crate) last: bool,
    pub(crate) data: SealedField<'a>,
    pub(crate) class: u16,
    pub(crate) unit: Cow<'a, [u8]>,
    pub(crate) extensions: Cow<'a, str>,
}

impl ChunkLine<'_> {
    fn push_place(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\"chunk\":{\"field\":\"");
        out.extend_from_slice(self.part.as_str().as_bytes());
        out.extend_from_slice(b"\",\"index\":");
        push_u64(out, u64::from(self.index));
        out.extend_from_slice(b",\"last\":");
        out.extend_from_slice(if self.last { b"true" } else { b"false" });
        out.push(b'}');
    }

    /// What stands for the metadata digest: the salt and the place in the chain.
    pub(crate) fn place_digest(&self) -> [u8; 32] {
        let mut place = Vec::with_capacity(64);
        self.push_place(&mut place);
        let mut hash = Sha256::new();
        hash.update(&self.data.salt);
        hash.update(b"{");
        hash.update(&place);
        hash.update(b"}");
        hash.finish()
    }

    /// Appends the line up to and without `,"durable"`.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        push_head(out, self.segment, self.sequence);
        push_id(out, &self.id);
        out.extend_from_slice(b",\"timestamp\":\"");
        out.extend_from_slice(self.timestamp.text().as_str().as_bytes());
        out.extend_from_slice(b"\",");
        self.push_place(out);
        out.extend_from_slice(b",\"data\":");
        self.data.write(out);
        push_unit(out, self.class, &self.unit);
        push_extensions(out, &self.extensions);
    }

    /// The digest of all fields, from which the leaf follows.
    pub(crate) fn body_digest(&self, log: &[u8; 16]) -> [u8; 32] {
        let mut record = Record::new(
            LeafKind::Chunk,
            log,
            self.segment,
            self.sequence,
            &self.timestamp.text(),
        );
        record.field(self.id.as_bytes());
        record.field(&self.class.to_be_bytes());
        record.field(&self.unit);
        record.field(&self.place_digest());
        record.envelopes([Some(&self.data)]);
        record.field(self.extensions.as_bytes());
        record.finish()
    }
}

pub(super) fn push_head(out: &mut Vec<u8>, segment: u64, sequence: u64) {
    out.extend_from_slice(b"{\"v\":");
    push_u64(out, FORMAT_VERSION);
    out.extend_from_slice(b",\"seg\":");
    push_u64(out, segment);
    out.extend_from_slice(b",\"seq\":");
    push_u64(out, sequence);
}

fn push_id(out: &mut Vec<u8>, id: &EntryId) {
    out.extend_from_slice(b",\"id\":\"");
    let mut buffer = uuid::Uuid::encode_buffer();
    let text = uuid::Uuid::from_bytes(*id.as_bytes());
    out.extend_from_slice(text.as_hyphenated().encode_lower(&mut buffer).as_bytes());
    out.push(b'"');
}

fn push_unit(out: &mut Vec<u8>, class: u16, unit: &[u8]) {
    out.extend_from_slice(b",\"class\":");
    push_u64(out, u64::from(class));
    out.extend_from_slice(b",\"unit\":\"");
    push_base64(out, unit);
    out.push(b'"');
}

pub(super) fn push_extensions(out: &mut Vec<u8>, extensions: &str) {
    if !extensions.is_empty() {
        out.push(b',');
        out.extend_from_slice(extensions.as_bytes());
    }
}
