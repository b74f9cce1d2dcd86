//! OTLP/HTTP export bodies: what was said is in logs, in spans, or in both.

mod call;
mod join;
mod json;
mod messages;
mod protobuf;

use std::time::Duration;

use serde_json::{Map, Value};

pub(crate) use join::Calls;
pub(crate) use protobuf::looks_like as looks_like_protobuf;

use crate::fields::Fields;

/// The top-level names of the three signals in JSON.
const SIGNALS: [&str; 3] = ["resourceSpans", "resourceLogs", "resourceMetrics"];

pub(crate) fn recognises(fields: &Fields<'_>) -> bool {
    SIGNALS.iter().any(|name| fields.has(name))
}

/// A span or a log record, however it was encoded.
#[derive(Default)]
struct Item {
    /// Of a span, its own; of a log record, the span during which it was written. In hexadecimal.
    trace: String,
    span: String,
    parent: String,
    /// The event's name; of a span, its name.
    name: String,
    /// Since the epoch; of a log record, both are the moment it was written.
    start: Duration,
    end: Duration,
    is_span: bool,
    attributes: Map<String, Value>,
    body: Value,
    events: Vec<Event>,
    failed: bool,
    status: String,
    service: Option<String>,
    /// How much of the body it takes.
    bytes: usize,
}

/// An event: a log record with a name, or one that was written into a span.
#[derive(Default)]
struct Event {
    name: String,
    attributes: Map<String, Value>,
}

impl Item {
    /// Whether it is about a model, a tool or an agent.
    fn is_relevant(&self) -> bool {
        let genai = |map: &Map<String, Value>| {
            map.keys()
                .any(|key| key.starts_with("gen_ai.") || key.starts_with("llm."))
        };
        if self.is_span {
            return genai(&self.attributes);
        }
        self.event_name().starts_with("gen_ai.") || genai(&self.attributes)
    }

    /// Older exporters put the name of an event into its attributes.
    fn event_name(&self) -> &str {
        match self.attributes.get("event.name") {
            Some(Value::String(name)) if self.name.is_empty() => name,
            _ => &self.name,
        }
    }
}
