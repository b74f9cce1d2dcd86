//! Between lines and rows.

use std::borrow::Cow;

use uuid::Uuid;

use super::row::{Chain, ChunkInfo, EnvelopeShape, Row, RowKind};
use crate::format::{
    Body, ChunkChain, ChunkLine, ChunkPart, ControlLine, EntryLine, Line, Meta, MetaMap,
    SealedField, Timestamp, Tombstone,
};
use crate::interaction::EntryId;

/// The row of a line, and what is wrong with one that cannot become a row.
pub(super) fn row_of(line: &Line) -> Result<Row, &'static str> {
    let mut row = Row {
        segment: line.segment(),
        sequence: line.sequence(),
        durable: line.durable,
        leaf: line.leaf,
        ..Row::default()
    };
    match &line.body {
        Body::Entry { line, meta, .. } => entry_row(&mut row, line, meta)?,
        Body::Chunk(line) => {
            row.kind = RowKind::Chunk;
            row.time = Some(line.timestamp.micros());
            row.id = Some(*line.id.as_bytes());
            row.salt = Some(line.data.salt);
            row.class = Some(line.class);
            row.extensions = line.extensions.to_string();
            row.request = Some(shape(&line.data));
            row.chunk = Some(ChunkInfo {
                is_response: line.part == ChunkPart::Response,
                index: line.index,
                last: line.last,
            });
        }
        Body::Control(line) => {
            row.kind = RowKind::Control;
            row.time = Some(line.timestamp.micros());
            row.extensions = line.extensions.to_string();
            row.control = Some(line.control.to_string());
            row.critical = line.critical;
            row.body = Some(line.body.to_string());
        }
        Body::Tombstone(line) => {
            row.kind = RowKind::Tombstone;
            row.allowed_by = Some(line.allowed_by);
        }
    }
    Ok(row)
}

fn entry_row(row: &mut Row, line: &EntryLine<'_>, meta: &Meta<'_>) -> Result<(), &'static str> {
    let own = |text: &Option<Cow<'_, str>>| text.as_deref().map(str::to_owned);
    row.time = Some(line.timestamp.micros());
    row.id = Some(*line.id.as_bytes());
    row.salt = line.salt();
    row.class = Some(line.class);
    row.extensions = line.extensions.to_string();
    let Meta {
        agent_id,
        kind,
        latency_ms,
        model,
        metadata,
        error,
        tokens,
        conversation,
        tenant,
        trace,
        parent,
        masked,
    } = meta;
    row.agent = own(agent_id);
    row.interaction = *kind;
    row.latency_ms = *latency_ms;
    row.model = own(model);
    match metadata {
        MetaMap::Clear(pairs) => {
            row.metadata = pairs
                .iter()
                .map(|(key, value)| (key.to_string(), value.to_string()))
                .collect();
        }
        MetaMap::Sealed(sealed) => {
            if Some(sealed.salt) != row.salt || sealed.chunks.is_some() {
                return Err("its sealed metadata is not that of its envelopes");
            }
            row.sealed = Some(shape(sealed));
        }
    }
    row.error = own(error);
    row.tokens = *tokens;
    row.conversation = own(conversation);
    row.tenant = own(tenant);
    row.trace = own(trace);
    row.parent = own(parent);
    row.masked = masked
        .iter()
        .map(|(kind, count)| (kind.to_string(), *count))
        .collect();
    row.request = line.request.as_ref().map(shape);
    row.response = line.response.as_ref().map(shape);
    Ok(())
}

fn shape(sealed: &SealedField<'_>) -> EnvelopeShape {
    EnvelopeShape {
        algorithm: sealed.algorithm,
        chain: sealed.chunks.map(|chain| Chain {
            first: chain.first,
            count: chain.count,
        }),
    }
}

/// A row as a line whose envelopes are empty.
pub(super) enum Husk<'a> {
    Entry(EntryLine<'a>, Box<Meta<'a>>),
    Chunk(ChunkLine<'a>),
    Control(ControlLine<'a>),
    Tombstone(Tombstone),
}

/// What the sealed reference to the unit is as long as.
const UNIT_LEN: usize = 32;

/// The line of a row; `None` where members are missing that such a line has.
pub(super) fn husk(row: &Row) -> Option<Husk<'_>> {
    let timestamp = || row.time.map(Timestamp::from_micros);
    let id = || row.id.map(|id| EntryId::from(Uuid::from_bytes(id)));
    let field = |shape: &EnvelopeShape| {
        Some(SealedField {
            ciphertext: Cow::Borrowed(&[][..]),
            nonce: [0; 12],
            salt: row.salt?,
            algorithm: shape.algorithm,
            chunks: shape.chain.map(|chain| ChunkChain {
                first: chain.first,
                count: chain.count,
            }),
        })
    };
    let optional = |shape: &Option<EnvelopeShape>| match shape {
        Some(shape) => field(shape).map(Some),
        None => Some(None),
    };
    let borrow = |text: &'_ Option<String>| text.clone().map(Cow::Owned);
    let (segment, sequence) = (row.segment, row.sequence);
    let unit = || Cow::Owned(vec![0; UNIT_LEN]);
    Some(match row.kind {
        RowKind::Entry => {
            if row.request.is_none() && row.response.is_none() {
                return None;
            }
            let line = EntryLine {
                segment,
                sequence,
                id: id()?,
                timestamp: timestamp()?,
                request: optional(&row.request)?,
                response: optional(&row.response)?,
                class: row.class?,
                unit: unit(),
                extensions: Cow::Borrowed(row.extensions.as_str()),
            };
            let meta = Meta {
                agent_id: borrow(&row.agent),
                kind: row.interaction,
                latency_ms: row.latency_ms,
                model: borrow(&row.model),
                metadata: match &row.sealed {
                    Some(sealed) => MetaMap::Sealed(field(sealed)?),
                    None => MetaMap::Clear(pairs(&row.metadata)),
                },
                error: borrow(&row.error),
                tokens: row.tokens,
                conversation: borrow(&row.conversation),
                tenant: borrow(&row.tenant),
                trace: borrow(&row.trace),
                parent: borrow(&row.parent),
                masked: row
                    .masked
                    .iter()
                    .map(|(kind, count)| (Cow::Borrowed(kind.as_str()), *count))
                    .collect(),
            };
            Husk::Entry(line, Box::new(meta))
        }
        RowKind::Chunk => {
            let chunk = row.chunk?;
            Husk::Chunk(ChunkLine {
                segment,
                sequence,
                id: id()?,
                timestamp: timestamp()?,
                part: match chunk.is_response {
                    true => ChunkPart::Response,
                    false => ChunkPart::Request,
                },
                index: chunk.index,
                last: chunk.last,
                data: field(row.request.as_ref()?)?,
                class: row.class?,
                unit: unit(),
                extensions: Cow::Borrowed(row.extensions.as_str()),
            })
        }
        RowKind::Control => Husk::Control(ControlLine {
            segment,
            sequence,
            control: Cow::Borrowed(row.control.as_deref()?),
            critical: row.critical,
            timestamp: timestamp()?,
            body: Cow::Borrowed(row.body.as_deref()?),
            extensions: Cow::Borrowed(row.extensions.as_str()),
        }),
        RowKind::Tombstone => Husk::Tombstone(Tombstone {
            segment,
            sequence,
            allowed_by: row.allowed_by?,
        }),
    })
}

fn pairs(metadata: &[(String, String)]) -> Vec<(Cow<'_, str>, Cow<'_, str>)> {
    metadata
        .iter()
        .map(|(key, value)| (Cow::Borrowed(key.as_str()), Cow::Borrowed(value.as_str())))
        .collect()
}
