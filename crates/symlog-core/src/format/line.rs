//! One line, read strictly.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::control::ControlLine;
use super::entry::{ChunkLine, ChunkPart, EntryLine, Meta, MetaFragments, MetaMap};
use super::envelope::RawSealedField;
use super::json::push_string;
use super::leaf::leaf_hash;
use super::timestamp::Timestamp;
use super::tombstone::{RawTombstone, Tombstone};
use super::{FORMAT_VERSION, SALT_LEN, decode_base64, push_base64, push_u64};
use crate::interaction::{ModelInteractionType, TokenUsage};

/// What stands on a line.
#[derive(Debug)]
pub(crate) enum Body {
    Entry {
        line: Box<EntryLine<'static>>,
        meta: Box<Meta<'static>>,
        metadata_digest: [u8; 32],
    },
    Chunk(Box<ChunkLine<'static>>),
    Control(Box<ControlLine<'static>>),
    Tombstone(Tombstone),
}

/// A line that is canonical; whether its leaf is right depends on the log that it is read in.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) body: Body,
    pub(crate) durable: Option<u64>,
    pub(crate) leaf: [u8; 32],
}

impl Line {
    pub(crate) fn segment(&self) -> u64 {
        match &self.body {
            Body::Entry { line, .. } => line.segment,
            Body::Chunk(line) => line.segment,
            Body::Control(line) => line.segment,
            Body::Tombstone(line) => line.segment,
        }
    }

    pub(crate) fn sequence(&self) -> u64 {
        match &self.body {
            Body::Entry { line, .. } => line.sequence,
            Body::Chunk(line) => line.sequence,
            Body::Control(line) => line.sequence,
            Body::Tombstone(line) => line.sequence,
        }
    }

    /// Whether the line carries the leaf that it ought to in the log `log`. That of a tombstone
    /// is all that is left of the line before, and only the tree can tell whether it is right.
    pub(crate) fn has_its_leaf(&self, log: &[u8; 16]) -> bool {
        let digest = match &self.body {
            Body::Entry {
                line,
                metadata_digest,
                ..
            } => line.body_digest(log, metadata_digest),
            Body::Chunk(line) => line.body_digest(log),
            Body::Control(line) => line.body_digest(log),
            Body::Tombstone(_) => return true,
        };
        self.leaf == leaf_hash(&digest, self.durable)
    }
}

/// Why bytes are no line of this format. Holds no content of the line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LineError {
    #[error("not a JSON object of this format (column {column})")]
    Json { column: usize },
    #[error("written by a newer version of the format ({0}); update symlog to read it")]
    Newer(u64),
    #[error("the member {0:?} is missing or malformed")]
    Member(&'static str),
    #[error("the extension {0:?} is marked critical and unknown; update symlog to read it")]
    CriticalExtension(String),
    #[error("not in canonical form")]
    NotCanonical,
}

/// Appends the end of a line, newline included.
pub(crate) fn push_tail(out: &mut Vec<u8>, durable: Option<u64>, leaf: &[u8; 32]) {
    out.extend_from_slice(b",\"durable\":");
    match durable {
        Some(durable) => push_u64(out, durable),
        None => out.extend_from_slice(b"null"),
    }
    out.extend_from_slice(b",\"leaf\":\"");
    push_base64(out, leaf);
    out.extend_from_slice(b"\"}\n");
}

/// Reads a line, which is given without its newline.
pub(crate) fn parse_line(bytes: &[u8]) -> Result<Line, LineError> {
    let raw: RawLine<'_> =
        serde_json::from_slice(bytes).map_err(|e| LineError::Json { column: e.column() })?;
    match raw.v {
        None => return Err(LineError::Member("v")),
        Some(FORMAT_VERSION) => {}
        Some(newer) if newer > FORMAT_VERSION => return Err(LineError::Newer(newer)),
        Some(_) => return Err(LineError::Member("v")),
    }
    let durable = raw.durable;
    let leaf = raw
        .leaf
        .as_deref()
        .and_then(decode_base64)
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(LineError::Member("leaf"))?;

    let mut again = Vec::with_capacity(bytes.len() + 1);
    let body = raw.into_body(&mut again)?;
    if let Body::Tombstone(tombstone) = &body {
        tombstone.write(&leaf, &mut again);
    } else {
        push_tail(&mut again, durable, &leaf);
        again.pop();
    }
    if again != bytes {
        return Err(LineError::NotCanonical);
    }
    Ok(Line {
        body,
        durable,
        leaf,
    })
}

/// Reads the plaintext of sealed metadata.
pub(crate) fn parse_meta(bytes: &[u8]) -> Result<Meta<'static>, LineError> {
    let raw: RawLine<'_> =
        serde_json::from_slice(bytes).map_err(|e| LineError::Json { column: e.column() })?;
    raw.into_meta()
}

#[derive(Default)]
struct RawLine<'a> {
    v: Option<u64>,
    seg: Option<u64>,
    seq: Option<u64>,
    id: Option<String>,
    control: Option<String>,
    critical: Option<bool>,
    timestamp: Option<String>,
    body: Option<&'a RawValue>,
    tombstone: Option<RawTombstone>,
    chunk: Option<RawChunk>,
    data: Option<RawSealedField<'a>>,
    agent_id: Option<String>,
    interaction_type: Option<ModelInteractionType>,
    latency_ms: Option<u64>,
    model_identifier: Option<String>,
    request_data: Option<RawSealedField<'a>>,
    response_data: Option<RawSealedField<'a>>,
    metadata: Option<&'a RawValue>,
    error: Option<String>,
    token_usage: Option<TokenUsage>,
    conversation: Option<String>,
    tenant: Option<String>,
    trace: Option<String>,
    parent: Option<String>,
    masked: Option<BTreeMap<String, u64>>,
    class: Option<u16>,
    unit: Option<String>,
    durable: Option<u64>,
    leaf: Option<String>,
    extensions: Vec<(String, &'a RawValue)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawChunk {
    field: String,
    index: u32,
    last: bool,
}

impl<'de: 'a, 'a> Deserialize<'de> for RawLine<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LineVisitor;

        impl<'de> Visitor<'de> for LineVisitor {
            type Value = RawLine<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a line of a log")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut raw = RawLine::default();
                while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                    match &*key {
                        "v" => {
                            raw.v = map.next_value()?;
                            // What follows may mean anything in a newer version.
                            if raw.v.is_some_and(|v| v > FORMAT_VERSION) {
                                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                                return Ok(raw);
                            }
                        }
                        "seg" => raw.seg = map.next_value()?,
                        "seq" => raw.seq = map.next_value()?,
                        "id" => raw.id = map.next_value()?,
                        "control" => raw.control = map.next_value()?,
                        "critical" => raw.critical = map.next_value()?,
                        "timestamp" => raw.timestamp = map.next_value()?,
                        "body" => raw.body = map.next_value()?,
                        "tombstone" => raw.tombstone = map.next_value()?,
                        "chunk" => raw.chunk = map.next_value()?,
                        "data" => raw.data = map.next_value()?,
                        "agent_id" => raw.agent_id = map.next_value()?,
                        "interaction_type" => raw.interaction_type = map.next_value()?,
                        "latency_ms" => raw.latency_ms = map.next_value()?,
                        "model_identifier" => raw.model_identifier = map.next_value()?,
                        "request_data" => raw.request_data = map.next_value()?,
                        "response_data" => raw.response_data = map.next_value()?,
                        "metadata" => raw.metadata = map.next_value()?,
                        "error" => raw.error = map.next_value()?,
                        "token_usage" => raw.token_usage = map.next_value()?,
                        "conversation" => raw.conversation = map.next_value()?,
                        "tenant" => raw.tenant = map.next_value()?,
                        "trace" => raw.trace = map.next_value()?,
                        "parent" => raw.parent = map.next_value()?,
                        "masked" => raw.masked = map.next_value()?,
                        "class" => raw.class = map.next_value()?,
                        "unit" => raw.unit = map.next_value()?,
                        "durable" => raw.durable = map.next_value()?,
                        "leaf" => raw.leaf = map.next_value()?,
                        other => {
                            let name = other.to_owned();
                            raw.extensions.push((name, map.next_value()?));
                        }
                    }
                }
                Ok(raw)
            }
        }

        deserializer.deserialize_map(LineVisitor)
    }
}

impl RawLine<'_> {
    /// Decodes, and writes what was decoded to `again`, up to the tail.
    fn into_body(mut self, again: &mut Vec<u8>) -> Result<Body, LineError> {
        let extensions = self.take_extensions()?;
        let segment = self.seg.ok_or(LineError::Member("seg"))?;
        let sequence = self.seq.ok_or(LineError::Member("seq"))?;
        if let Some(RawTombstone { allowed_by }) = self.tombstone {
            return Ok(Body::Tombstone(Tombstone {
                segment,
                sequence,
                allowed_by,
            }));
        }
        let timestamp = self
            .timestamp
            .as_deref()
            .and_then(|text| Timestamp::parse_canonical(text).ok())
            .ok_or(LineError::Member("timestamp"))?;

        if let Some(control) = self.control.take() {
            let body = self.body.ok_or(LineError::Member("body"))?.get();
            check_canonical_value(body).map_err(|()| LineError::Member("body"))?;
            let line = ControlLine {
                segment,
                sequence,
                control: Cow::Owned(control),
                critical: self.critical.ok_or(LineError::Member("critical"))?,
                timestamp,
                body: Cow::Owned(body.to_owned()),
                extensions,
            };
            line.write(again);
            return Ok(Body::Control(Box::new(line)));
        }

        let id = self
            .id
            .as_deref()
            .and_then(|id| id.parse().ok())
            .ok_or(LineError::Member("id"))?;
        let class = self.class.ok_or(LineError::Member("class"))?;
        let unit: Cow<'static, [u8]> = self
            .unit
            .as_deref()
            .and_then(decode_base64)
            .ok_or(LineError::Member("unit"))?
            .into();

        if let Some(chunk) = self.chunk.take() {
            let line = ChunkLine {
                segment,
                sequence,
                id,
                timestamp,
                part: ChunkPart::from_name(&chunk.field).ok_or(LineError::Member("chunk"))?,
                index: chunk.index,
                last: chunk.last,
                data: self
                    .data
                    .ok_or(LineError::Member("data"))?
                    .decode()
                    .map_err(LineError::Member)?,
                class,
                unit,
                extensions,
            };
            line.write(again);
            return Ok(Body::Chunk(Box::new(line)));
        }

        let decode = |raw: Option<RawSealedField<'_>>| {
            raw.map(RawSealedField::decode)
                .transpose()
                .map_err(LineError::Member)
        };
        let line = EntryLine {
            segment,
            sequence,
            id,
            timestamp,
            request: decode(self.request_data.take())?,
            response: decode(self.response_data.take())?,
            class,
            unit,
            extensions,
        };
        let meta = self.into_meta()?;
        let salt: [u8; SALT_LEN] = line.salt().ok_or(LineError::Member("request_data"))?;
        if let Some(response) = &line.response
            && response.salt != salt
        {
            return Err(LineError::Member("salt"));
        }
        let mut fragments = MetaFragments::default();
        fragments.render(&meta);
        line.write(&fragments, again);
        Ok(Body::Entry {
            metadata_digest: fragments.digest(&salt),
            line: Box::new(line),
            meta: Box::new(meta),
        })
    }

    fn into_meta(self) -> Result<Meta<'static>, LineError> {
        let own = |text: Option<String>| text.map(Cow::Owned);
        Ok(Meta {
            agent_id: own(self.agent_id),
            kind: self.interaction_type,
            latency_ms: self.latency_ms,
            model: own(self.model_identifier),
            metadata: metadata(self.metadata.ok_or(LineError::Member("metadata"))?.get())?,
            error: own(self.error),
            tokens: self.token_usage,
            conversation: own(self.conversation),
            tenant: own(self.tenant),
            trace: own(self.trace),
            parent: own(self.parent),
            masked: self
                .masked
                .ok_or(LineError::Member("masked"))?
                .into_iter()
                .map(|(kind, count)| (Cow::Owned(kind), count))
                .collect(),
        })
    }

    /// Extensions as they stand on the line: `x-` may be passed over, `c-` is critical, and any
    /// other name belongs to no version that this one could read.
    fn take_extensions(&mut self) -> Result<Cow<'static, str>, LineError> {
        let mut out = Vec::new();
        for (name, value) in std::mem::take(&mut self.extensions) {
            if name.starts_with("c-") {
                return Err(LineError::CriticalExtension(
                    name.chars().take(64).collect(),
                ));
            }
            if !name.starts_with("x-") || check_canonical_value(value.get()).is_err() {
                return Err(LineError::Member("x-"));
            }
            if !out.is_empty() {
                out.push(b',');
            }
            push_string(&mut out, &name);
            out.push(b':');
            out.extend_from_slice(value.get().as_bytes());
        }
        String::from_utf8(out)
            .map(Cow::Owned)
            .map_err(|_| LineError::Member("x-"))
    }
}

fn metadata(text: &str) -> Result<MetaMap<'static>, LineError> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Item<'a> {
        Text(String),
        #[serde(borrow)]
        Sealed(RawSealedField<'a>),
    }
    const WRONG: LineError = LineError::Member("metadata");

    let items: BTreeMap<String, Item<'_>> = serde_json::from_str(text).map_err(|_| WRONG)?;
    let mut pairs = Vec::with_capacity(items.len());
    let alone = items.len() == 1;
    for (key, item) in items {
        match item {
            Item::Text(value) => pairs.push((Cow::Owned(key), Cow::Owned(value))),
            Item::Sealed(sealed) if alone && key == "sealed" => {
                return Ok(MetaMap::Sealed(sealed.decode().map_err(LineError::Member)?));
            }
            Item::Sealed(_) => return Err(WRONG),
        }
    }
    Ok(MetaMap::Clear(pairs))
}

fn check_canonical_value(text: &str) -> Result<(), ()> {
    let value: Value = serde_json::from_str(text).map_err(|_| ())?;
    if serde_json::to_string(&value).is_ok_and(|again| again == text) {
        Ok(())
    } else {
        Err(())
    }
}
