//! Rows of recorded exchanges: JSON objects with both bodies as text.

use serde_json::value::RawValue;

use super::{HttpExchange, MappedExchange};
use crate::error::Problem;
use crate::fields::{Fields, text_of, value_or_text};
use crate::format::Format;
use crate::interaction::{latency, metadata, timestamp};
use crate::reader::Options;

pub(crate) fn recognises(fields: &Fields<'_>) -> bool {
    let bodies = fields.has("request_body") || fields.has("response_body");
    bodies && (fields.has("path") || fields.has("provider") || fields.has("status"))
}

pub(crate) fn map(fields: &Fields<'_>, options: &Options) -> Result<MappedExchange, Problem> {
    if !recognises(fields) {
        return Err(Problem::NotOfFormat {
            format: Format::ProviderHttp,
            expected: "an exchange has path, status, request_body and response_body",
            found: fields.names(),
        });
    }
    let exchange = HttpExchange {
        provider: fields.text("provider"),
        method: fields.text("method").unwrap_or_else(|| "POST".to_owned()),
        path: fields.text("path").unwrap_or_default(),
        query: pairs(fields.get("query")),
        request_body: body(fields.get("request_body")),
        status: fields
            .read("status", "an HTTP status from 0 to 65535")?
            .unwrap_or(0),
        response_headers: pairs(fields.get("response_headers")),
        response_body: body(fields.get("response_body")),
    };
    let agent = fields
        .text("agent_id")
        .unwrap_or_else(|| options.agent_id.clone());
    let mut mapped = super::map(&exchange, &agent, &options.model);
    let mut interaction = mapped.interaction;
    if let Some(id) = fields.text("id") {
        interaction = interaction.meta("exchange_id", id);
    }
    if let Some(at) = timestamp(fields)? {
        interaction = interaction.timestamp(at);
    }
    if let Some(took) = latency(fields)? {
        interaction = interaction.latency(took);
    }
    if let Some(given) = metadata(fields)? {
        interaction = interaction.metadata(given);
    }
    mapped.interaction = interaction;
    Ok(mapped)
}

/// A body is a text; where the recorder has put the JSON itself there, its raw text.
fn body(raw: Option<&RawValue>) -> Vec<u8> {
    raw.map(text_of).unwrap_or_default().into_bytes()
}

/// `{"name": "value"}`, or `[{"name": …, "value": …}]`, or `[["name", "value"]]`.
fn pairs(raw: Option<&RawValue>) -> Vec<(String, String)> {
    use serde_json::Value;
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match raw.map(|raw| value_or_text(raw.get())) {
        Some(Value::Object(map)) => map
            .iter()
            .map(|(name, value)| (name.clone(), text(value)))
            .collect(),
        Some(Value::Array(items)) => items
            .iter()
            .filter_map(|item| match item {
                Value::Object(item) => Some((text(item.get("name")?), text(item.get("value")?))),
                Value::Array(item) => Some((text(item.first()?), text(item.get(1)?))),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}
