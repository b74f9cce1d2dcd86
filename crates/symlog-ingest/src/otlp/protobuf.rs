//! The binary encoding.
//!
//! Only the messages that are needed are declared, and only the fields of them; and a body is
//! walked message by message instead of being decoded as a whole, because the tree of a hostile
//! body takes a hundred times its bytes.

use std::time::Duration;

use prost::Message;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};
use serde_json::{Map, Number, Value};

use super::{Event, Item};

#[derive(Clone, PartialEq, Message)]
struct KeyValue {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(message, optional, tag = "2")]
    value: Option<AnyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct AnyValue {
    #[prost(oneof = "Any", tags = "1, 2, 3, 4, 5, 6, 7")]
    value: Option<Any>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Any {
    #[prost(string, tag = "1")]
    Text(String),
    #[prost(bool, tag = "2")]
    Bool(bool),
    #[prost(int64, tag = "3")]
    Int(i64),
    #[prost(double, tag = "4")]
    Double(f64),
    #[prost(message, tag = "5")]
    Array(ArrayValue),
    #[prost(message, tag = "6")]
    Map(KeyValueList),
    #[prost(bytes, tag = "7")]
    Bytes(Vec<u8>),
}

#[derive(Clone, PartialEq, Message)]
struct ArrayValue {
    #[prost(message, repeated, tag = "1")]
    values: Vec<AnyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct KeyValueList {
    #[prost(message, repeated, tag = "1")]
    values: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct Resource {
    #[prost(message, repeated, tag = "1")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct Span {
    #[prost(bytes, tag = "1")]
    trace_id: Vec<u8>,
    #[prost(bytes, tag = "2")]
    span_id: Vec<u8>,
    #[prost(bytes, tag = "4")]
    parent_span_id: Vec<u8>,
    #[prost(string, tag = "5")]
    name: String,
    #[prost(fixed64, tag = "7")]
    start: u64,
    #[prost(fixed64, tag = "8")]
    end: u64,
    #[prost(message, repeated, tag = "9")]
    attributes: Vec<KeyValue>,
    #[prost(message, repeated, tag = "11")]
    events: Vec<SpanEvent>,
    #[prost(message, optional, tag = "15")]
    status: Option<Status>,
}

#[derive(Clone, PartialEq, Message)]
struct SpanEvent {
    #[prost(string, tag = "2")]
    name: String,
    #[prost(message, repeated, tag = "3")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(string, tag = "2")]
    message: String,
    #[prost(int32, tag = "3")]
    code: i32,
}

#[derive(Clone, PartialEq, Message)]
struct LogRecord {
    #[prost(fixed64, tag = "1")]
    time: u64,
    #[prost(int32, tag = "2")]
    severity_number: i32,
    #[prost(message, optional, tag = "5")]
    body: Option<AnyValue>,
    #[prost(message, repeated, tag = "6")]
    attributes: Vec<KeyValue>,
    #[prost(fixed32, tag = "8")]
    flags: u32,
    #[prost(bytes, tag = "9")]
    trace_id: Vec<u8>,
    #[prost(bytes, tag = "10")]
    span_id: Vec<u8>,
    #[prost(fixed64, tag = "11")]
    observed: u64,
    #[prost(string, tag = "12")]
    event_name: String,
}

/// A metric's numbers lie in one of several fields and are not looked at.
#[derive(Clone, PartialEq, Message)]
struct Metric {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    description: String,
    #[prost(string, tag = "3")]
    unit: String,
}

/// Whether an input that begins with `head` is an export body: it begins with field 1, whose tag
/// is a line feed, and unlike text it soon has other control characters.
pub(crate) fn looks_like(head: &[u8]) -> bool {
    head.first() == Some(&0x0a)
        && head
            .iter()
            .any(|&byte| byte < 0x20 && !matches!(byte, b'\n' | b'\r' | b'\t'))
}

/// What is in a body.
pub(super) enum Found {
    Item(Box<Item>),
    Metric,
}

#[derive(Clone, Copy)]
enum Signal {
    Traces,
    Logs,
    Metrics,
}

/// Gives every span, log record and metric of `body` to `found`; false, before anything is given,
/// where it is no export body.
pub(super) fn read(body: &[u8], found: &mut dyn FnMut(Found)) -> bool {
    // The three signals share their outer messages, so the first item decides.
    let mut signal = None;
    let checked = walk(body, &mut |_, item| match signal {
        Some(signal) => decode(signal, item).is_some(),
        None => {
            signal = [Signal::Traces, Signal::Logs, Signal::Metrics]
                .into_iter()
                .find(|signal| decode(*signal, item).is_some());
            signal.is_some()
        }
    });
    let Some(()) = checked else { return false };
    walk(body, &mut |service, item| {
        match signal.and_then(|signal| decode(signal, item)) {
            Some(Found::Item(mut item)) => {
                item.service = service.map(str::to_owned);
                found(Found::Item(item));
            }
            Some(metric) => found(metric),
            None => {}
        }
        true
    });
    true
}

/// Goes through resources, scopes and items; none where the bytes are no such messages, or where
/// `item` says no.
fn walk(body: &[u8], item: &mut dyn FnMut(Option<&str>, &[u8]) -> bool) -> Option<()> {
    for resource in messages(body, 1)? {
        let service = messages(resource, 1)?
            .first()
            .and_then(|bytes| Resource::decode(*bytes).ok())
            .and_then(
                |resource| match map(resource.attributes).remove("service.name")? {
                    Value::String(name) => Some(name),
                    _ => None,
                },
            );
        for scope in messages(resource, 2)? {
            for bytes in messages(scope, 2)? {
                if !item(service.as_deref(), bytes) {
                    return None;
                }
            }
        }
    }
    Some(())
}

/// The embedded messages under `tag`.
fn messages(mut bytes: &[u8], tag: u32) -> Option<Vec<&[u8]>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let (field, wire) = decode_key(&mut bytes).ok()?;
        if wire == WireType::LengthDelimited {
            let length = usize::try_from(decode_varint(&mut bytes).ok()?).ok()?;
            let (message, rest) = bytes.split_at_checked(length)?;
            bytes = rest;
            if field == tag {
                found.push(message);
            }
        } else {
            skip_field(wire, field, &mut bytes, DecodeContext::default()).ok()?;
        }
    }
    Some(found)
}

fn decode(signal: Signal, bytes: &[u8]) -> Option<Found> {
    match signal {
        Signal::Traces => {
            let span = Span::decode(bytes).ok()?;
            // Its identity is what a span must have; in a metric its name is there.
            let valid = span.trace_id.len() == 16 && span.span_id.len() == 8;
            valid.then(|| Found::Item(Box::new(of_span(span, bytes.len()))))
        }
        Signal::Logs => {
            let record = LogRecord::decode(bytes).ok()?;
            Some(Found::Item(Box::new(of_record(record, bytes.len()))))
        }
        Signal::Metrics => {
            let metric = Metric::decode(bytes).ok()?;
            (!metric.name.is_empty()).then_some(Found::Metric)
        }
    }
}

fn of_span(span: Span, bytes: usize) -> Item {
    let status = span.status.unwrap_or_default();
    Item {
        trace: hex(&span.trace_id),
        span: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        name: span.name,
        start: Duration::from_nanos(span.start),
        end: Duration::from_nanos(span.end),
        is_span: true,
        attributes: map(span.attributes),
        body: Value::Null,
        events: span
            .events
            .into_iter()
            .map(|event| Event {
                name: event.name,
                attributes: map(event.attributes),
            })
            .collect(),
        failed: status.code == 2,
        status: status.message,
        service: None,
        bytes,
    }
}

fn of_record(record: LogRecord, bytes: usize) -> Item {
    let at = if record.time == 0 {
        record.observed
    } else {
        record.time
    };
    Item {
        trace: hex(&record.trace_id),
        span: hex(&record.span_id),
        name: record.event_name,
        start: Duration::from_nanos(at),
        end: Duration::from_nanos(at),
        attributes: map(record.attributes),
        body: record.body.map_or(Value::Null, value),
        bytes,
        ..Item::default()
    }
}

fn map(entries: Vec<KeyValue>) -> Map<String, Value> {
    entries
        .into_iter()
        .map(|entry| (entry.key, entry.value.map_or(Value::Null, value)))
        .collect()
}

fn value(any: AnyValue) -> Value {
    match any.value {
        None => Value::Null,
        Some(Any::Text(text)) => Value::String(text),
        Some(Any::Bool(bool)) => Value::Bool(bool),
        Some(Any::Int(int)) => Value::Number(int.into()),
        Some(Any::Double(double)) => {
            Number::from_f64(double).map_or_else(|| double.to_string().into(), Value::Number)
        }
        Some(Any::Array(array)) => array.values.into_iter().map(value).collect(),
        Some(Any::Map(list)) => Value::Object(map(list.values)),
        Some(Any::Bytes(bytes)) => base64_simd::STANDARD.encode_to_string(bytes).into(),
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
