//! The JSON encoding: names in camelCase, identities in hexadecimal, 64-bit numbers as texts.

use std::time::Duration;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::protobuf::Found;
use super::{Event, Item};
use crate::fields::{Fields, tree};

/// Gives every span, log record and metric of a body to `found`; false, before anything is given,
/// where an array or an object of it is something else.
pub(super) fn read(body: &Fields<'_>, found: &mut dyn FnMut(Found)) -> bool {
    let mut items = Vec::new();
    for (resources, scopes, leaves) in [
        ("resourceSpans", "scopeSpans", "spans"),
        ("resourceLogs", "scopeLogs", "logRecords"),
        ("resourceMetrics", "scopeMetrics", "metrics"),
    ] {
        if collect(body, resources, scopes, leaves, &mut items).is_none() {
            return false;
        }
    }
    for (service, leaves, raw) in items {
        if leaves == "metrics" {
            found(Found::Metric);
        } else if let Some(Value::Object(object)) = tree(raw.get()) {
            let mut item = of_object(object, leaves == "spans");
            item.service = service;
            item.bytes = raw.get().len();
            found(Found::Item(Box::new(item)));
        }
    }
    true
}

type Leaf<'a> = (Option<String>, &'static str, &'a RawValue);

fn collect<'a>(
    body: &Fields<'a>,
    resources: &str,
    scopes: &str,
    leaves: &'static str,
    items: &mut Vec<Leaf<'a>>,
) -> Option<()> {
    for resource in array(body, resources)? {
        let resource = Fields::parse(resource.get()).ok()?;
        let service = resource.get("resource").and_then(service_name);
        for scope in array(&resource, scopes)? {
            let scope = Fields::parse(scope.get()).ok()?;
            for leaf in array(&scope, leaves)? {
                if !leaf.get().starts_with('{') {
                    return None;
                }
                items.push((service.clone(), leaves, leaf));
            }
        }
    }
    Some(())
}

/// The elements under `name`: none of them where it is absent, none at all where it is no array.
fn array<'a>(fields: &Fields<'a>, name: &str) -> Option<Vec<&'a RawValue>> {
    match fields.get(name) {
        None => Some(Vec::new()),
        Some(raw) => serde_json::from_str(raw.get()).ok(),
    }
}

fn service_name(resource: &RawValue) -> Option<String> {
    let resource = tree(resource.get())?;
    match map(resource.get("attributes")).remove("service.name")? {
        Value::String(name) => Some(name),
        _ => None,
    }
}

fn of_object(object: Map<String, Value>, is_span: bool) -> Item {
    let text = |name: &str| {
        object
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let time = |name: &str| Duration::from_nanos(object.get(name).and_then(number).unwrap_or(0));
    let (start, end) = if is_span {
        (time("startTimeUnixNano"), time("endTimeUnixNano"))
    } else {
        let written = time("timeUnixNano");
        let at = if written.is_zero() {
            time("observedTimeUnixNano")
        } else {
            written
        };
        (at, at)
    };
    let events = object.get("events").and_then(Value::as_array);
    let status = object.get("status");
    Item {
        trace: text("traceId").to_ascii_lowercase(),
        span: text("spanId").to_ascii_lowercase(),
        parent: text("parentSpanId").to_ascii_lowercase(),
        name: text(if is_span { "name" } else { "eventName" }),
        start,
        end,
        is_span,
        attributes: map(object.get("attributes")),
        body: object.get("body").map_or(Value::Null, value),
        events: events
            .into_iter()
            .flatten()
            .map(|event| Event {
                name: event["name"].as_str().unwrap_or_default().to_owned(),
                attributes: map(event.get("attributes")),
            })
            .collect(),
        failed: status
            .is_some_and(|status| status["code"] == 2 || status["code"] == "STATUS_CODE_ERROR"),
        status: status
            .and_then(|status| status["message"].as_str())
            .unwrap_or_default()
            .to_owned(),
        service: None,
        bytes: 0,
    }
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn map(entries: Option<&Value>) -> Map<String, Value> {
    entries
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let key = entry.get("key")?.as_str()?.to_owned();
            Some((key, entry.get("value").map_or(Value::Null, value)))
        })
        .collect()
}

/// An `AnyValue`: an object with one field that names the type.
fn value(any: &Value) -> Value {
    let Some((kind, inner)) = any.as_object().and_then(|any| any.iter().next()) else {
        return Value::Null;
    };
    match kind.as_str() {
        "intValue" => match inner {
            Value::String(text) => text
                .parse::<i64>()
                .map_or_else(|_| inner.clone(), Into::into),
            other => other.clone(),
        },
        "arrayValue" => {
            let values = inner.get("values").and_then(Value::as_array);
            values.into_iter().flatten().map(value).collect()
        }
        "kvlistValue" => Value::Object(map(inner.get("values"))),
        _ => inner.clone(),
    }
}
