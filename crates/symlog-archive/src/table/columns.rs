//! The columns, one line each: name, type, and how it is taken from a row and put back.

use symlog_core::TokenUsage;
use symlog_core::archive::{Chain, ChunkInfo, EnvelopeShape, Row, RowKind};

/// One column. Names are those of the line's members where there is such a member.
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) access: Access,
}

/// What a column holds. A setter says whether the value is one that a line can have.
pub(crate) enum Access {
    /// Unsigned, or a time.
    Int {
        is_time: bool,
        get: fn(&Row) -> Option<u64>,
        set: fn(&mut Row, u64) -> bool,
    },
    Text {
        get: fn(&Row) -> Option<&str>,
        set: fn(&mut Row, String) -> bool,
    },
    Flag {
        get: fn(&Row) -> Option<bool>,
        set: fn(&mut Row, bool) -> bool,
    },
    Bytes {
        len: usize,
        is_uuid: bool,
        get: fn(&Row) -> Option<&[u8]>,
        set: fn(&mut Row, &[u8]) -> bool,
    },
    /// A map of texts.
    Texts,
    /// A map of counts.
    Counts,
}

const fn int(
    name: &'static str,
    get: fn(&Row) -> Option<u64>,
    set: fn(&mut Row, u64) -> bool,
) -> Column {
    let access = Access::Int {
        is_time: false,
        get,
        set,
    };
    Column { name, access }
}

const fn text(
    name: &'static str,
    get: fn(&Row) -> Option<&str>,
    set: fn(&mut Row, String) -> bool,
) -> Column {
    let access = Access::Text { get, set };
    Column { name, access }
}

const fn flag(
    name: &'static str,
    get: fn(&Row) -> Option<bool>,
    set: fn(&mut Row, bool) -> bool,
) -> Column {
    let access = Access::Flag { get, set };
    Column { name, access }
}

const fn bytes(
    name: &'static str,
    len: usize,
    get: fn(&Row) -> Option<&[u8]>,
    set: fn(&mut Row, &[u8]) -> bool,
) -> Column {
    let access = Access::Bytes {
        len,
        is_uuid: false,
        get,
        set,
    };
    Column { name, access }
}

macro_rules! text {
    ($name:literal, $field:ident) => {
        text(
            $name,
            |row| row.$field.as_deref(),
            |row, value| {
                row.$field = Some(value);
                true
            },
        )
    };
}

macro_rules! int {
    ($name:literal, $field:ident) => {
        int(
            $name,
            |row| row.$field,
            |row, value| {
                row.$field = Some(value);
                true
            },
        )
    };
}

macro_rules! token {
    ($name:literal, $field:ident) => {
        int(
            $name,
            |row| row.tokens.map(|tokens| u64::from(tokens.$field)),
            |row, value| set_u32(value, &mut tokens(row).$field),
        )
    };
}

macro_rules! envelope {
    ($name:literal, $field:ident) => {
        text(
            $name,
            |row| row.$field.as_ref().map(|shape| shape.algorithm.as_str()),
            |row, value| {
                row.$field = EnvelopeShape::named(&value);
                row.$field.is_some()
            },
        )
    };
}

macro_rules! chain {
    ($first:literal, $count:literal, $field:ident) => {
        [
            int(
                $first,
                |row| row.$field.and_then(|shape| shape.chain).map(|it| it.first),
                |row, value| match &mut row.$field {
                    Some(shape) => {
                        shape.chain = Some(Chain {
                            first: value,
                            count: 0,
                        });
                        true
                    }
                    None => false,
                },
            ),
            int(
                $count,
                |row| {
                    let chain = row.$field.and_then(|shape| shape.chain);
                    chain.map(|it| u64::from(it.count))
                },
                |row, value| match row.$field.as_mut().and_then(|it| it.chain.as_mut()) {
                    Some(chain) => set_u32(value, &mut chain.count),
                    None => false,
                },
            ),
        ]
    };
}

const REQUEST_CHAIN: [Column; 2] = chain!("request_first", "request_count", request);
const RESPONSE_CHAIN: [Column; 2] = chain!("response_first", "response_count", response);

/// All columns in their order in the file: a setter may need what an earlier one has set.
pub(crate) static COLUMNS: [Column; 38] = {
    let [request_first, request_count] = REQUEST_CHAIN;
    let [response_first, response_count] = RESPONSE_CHAIN;
    [
        int(
            "seq",
            |row| Some(row.sequence),
            |row, value| {
                row.sequence = value;
                true
            },
        ),
        int(
            "seg",
            |row| Some(row.segment),
            |row, value| {
                row.segment = value;
                true
            },
        ),
        text(
            "kind",
            |row| Some(row.kind.as_str()),
            |row, value| match RowKind::from_name(&value) {
                Some(kind) => {
                    row.kind = kind;
                    true
                }
                None => false,
            },
        ),
        Column {
            name: "timestamp",
            access: Access::Int {
                is_time: true,
                get: |row| row.time.map(i64::cast_unsigned),
                set: |row, value| {
                    row.time = Some(value.cast_signed());
                    true
                },
            },
        },
        Column {
            name: "id",
            access: Access::Bytes {
                len: 16,
                is_uuid: true,
                get: |row| row.id.as_ref().map(|id| &id[..]),
                set: |row, value| {
                    row.id = value.try_into().ok();
                    row.id.is_some()
                },
            },
        },
        text!("agent_id", agent),
        text(
            "interaction_type",
            |row| row.interaction.map(|kind| kind.as_str()),
            |row, value| {
                row.interaction = value.parse().ok();
                row.interaction.is_some()
            },
        ),
        int!("latency_ms", latency_ms),
        text!("model_identifier", model),
        Column {
            name: "metadata",
            access: Access::Texts,
        },
        text!("error", error),
        token!("input_tokens", input_tokens),
        token!("output_tokens", output_tokens),
        token!("total_tokens", total_tokens),
        text!("conversation", conversation),
        text!("tenant", tenant),
        text!("trace", trace),
        text!("parent", parent),
        Column {
            name: "masked",
            access: Access::Counts,
        },
        int(
            "class",
            |row| row.class.map(u64::from),
            |row, value| {
                row.class = value.try_into().ok();
                row.class.is_some()
            },
        ),
        text(
            "extensions",
            |row| (!row.extensions.is_empty()).then_some(row.extensions.as_str()),
            |row, value| {
                row.extensions = value;
                true
            },
        ),
        envelope!("request", request),
        request_first,
        request_count,
        envelope!("response", response),
        response_first,
        response_count,
        envelope!("sealed_metadata", sealed),
        flag(
            "chunk_of_response",
            |row| row.chunk.map(|chunk| chunk.is_response),
            |row, value| {
                row.chunk = Some(ChunkInfo {
                    is_response: value,
                    index: 0,
                    last: false,
                });
                true
            },
        ),
        int(
            "chunk_index",
            |row| row.chunk.map(|chunk| u64::from(chunk.index)),
            |row, value| match &mut row.chunk {
                Some(chunk) => set_u32(value, &mut chunk.index),
                None => false,
            },
        ),
        flag(
            "chunk_last",
            |row| row.chunk.map(|chunk| chunk.last),
            |row, value| match &mut row.chunk {
                Some(chunk) => {
                    chunk.last = value;
                    true
                }
                None => false,
            },
        ),
        text!("control", control),
        flag(
            "critical",
            |row| row.control.is_some().then_some(row.critical),
            |row, value| {
                row.critical = value;
                true
            },
        ),
        text!("body", body),
        int!("allowed_by", allowed_by),
        int!("durable", durable),
        bytes(
            "salt",
            16,
            |row| row.salt.as_ref().map(|salt| &salt[..]),
            |row, value| {
                row.salt = value.try_into().ok();
                row.salt.is_some()
            },
        ),
        bytes(
            "leaf",
            32,
            |row| Some(&row.leaf),
            |row, value| match value.try_into() {
                Ok(leaf) => {
                    row.leaf = leaf;
                    true
                }
                Err(_) => false,
            },
        ),
    ]
};

fn tokens(row: &mut Row) -> &mut TokenUsage {
    row.tokens.get_or_insert(TokenUsage {
        input_tokens: 0,
        output_tokens: 0,
        total_tokens: 0,
    })
}

fn set_u32(value: u64, field: &mut u32) -> bool {
    match value.try_into() {
        Ok(value) => {
            *field = value;
            true
        }
        Err(_) => false,
    }
}
