//! Lines in the shape of the log itself, decrypted.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use symlog_core::{
    EntryId, Interaction, ModelInteractionType, RequestData, ResponseData, TokenUsage,
};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::error::Problem;
use crate::fields::{Fields, text_of, value_or_text};
use crate::format::Format;
use crate::reader::Options;

/// What the log adds to an entry of its own: a second recording makes it anew.
const BOOKKEEPING: [&str; 9] = [
    "v", "log", "seg", "seq", "masked", "class", "unit", "durable", "leaf",
];

/// Fields with a place of their own.
const KNOWN: [&str; 16] = [
    "id",
    "agent_id",
    "interaction_type",
    "model_identifier",
    "request_data",
    "response_data",
    "latency_ms",
    "metadata",
    "error",
    "token_usage",
    "timestamp",
    "conversation",
    "subject",
    "tenant",
    "trace",
    "parent",
];

pub(crate) fn recognises(fields: &Fields<'_>) -> bool {
    fields.has("request_data")
}

pub(crate) fn map(fields: &Fields<'_>, options: &Options) -> Result<Interaction, Problem> {
    if !recognises(fields) {
        return Err(Problem::NotOfFormat {
            format: Format::Interaction,
            expected: "an interaction has the field request_data",
            found: fields.names(),
        });
    }
    // It is null where only the answer was logged.
    let mut request = match fields.get("request_data") {
        Some(request) => request_data(request)?,
        None => RequestData::default(),
    };
    for (name, value) in fields.iter() {
        if !KNOWN.contains(&name) && !BOOKKEEPING.contains(&name) {
            keep(&mut request.parameters, name, value);
        }
    }
    let kind = fields
        .read(
            "interaction_type",
            "one of Completion, ToolCall, RagQuery, AgentExecution",
        )?
        .unwrap_or(ModelInteractionType::Completion);
    let agent = label(fields, "agent_id")?.unwrap_or_else(|| options.agent_id.clone());
    let model = label(fields, "model_identifier")?.unwrap_or_else(|| options.model.clone());

    let mut interaction = Interaction::new(agent, kind, model).request(request);
    if let Some(id) = fields.read::<EntryId>("id", "a UUID in lower case with hyphens")? {
        interaction = interaction.id(id);
    }
    if let Some(response) = fields.get("response_data") {
        interaction = interaction.response(response_data(response)?);
    }
    if let Some(at) = timestamp(fields)? {
        interaction = interaction.timestamp(at);
    }
    if let Some(latency) = latency(fields)? {
        interaction = interaction.latency(latency);
    }
    if let Some(metadata) = metadata(fields)? {
        interaction = interaction.metadata(metadata);
    }
    if let Some(error) = fields.get("error") {
        interaction = interaction.error(text_of(error));
    }
    if let Some(tokens) = tokens(fields)? {
        interaction = interaction.tokens(tokens);
    }
    if let Some(conversation) = label(fields, "conversation")? {
        interaction = interaction.conversation(conversation);
    }
    if let Some(subject) = label(fields, "subject")? {
        interaction = interaction.subject(subject);
    }
    if let Some(tenant) = label(fields, "tenant")? {
        interaction = interaction.tenant(tenant);
    }
    if let Some(trace) = label(fields, "trace")? {
        interaction = interaction.trace(trace);
    }
    if let Some(parent) = label(fields, "parent")? {
        interaction = interaction.parent(parent);
    }
    Ok(interaction)
}

fn keep(parameters: &mut HashMap<String, Value>, name: &str, value: &RawValue) {
    parameters
        .entry(name.to_owned())
        .or_insert_with(|| value_or_text(value.get()));
}

fn request_data(raw: &RawValue) -> Result<RequestData, Problem> {
    let fields = object(raw, "request_data")?;
    let mut request = RequestData {
        // A messages array in place of a text is kept as its JSON text.
        prompt: fields.get("prompt").map(text_of).unwrap_or_default(),
        tool_name: fields.get("tool_name").map(text_of),
        tool_arguments: fields
            .get("tool_arguments")
            .map(|raw| value_or_text(raw.get())),
        parameters: map_of(&fields, "parameters", "an object")?,
    };
    for (name, value) in fields.iter() {
        if !["prompt", "tool_name", "tool_arguments", "parameters"].contains(&name) {
            keep(&mut request.parameters, name, value);
        }
    }
    Ok(request)
}

fn response_data(raw: &RawValue) -> Result<ResponseData, Problem> {
    let fields = object(raw, "response_data")?;
    let mut response = ResponseData {
        content: fields.get("content").map(text_of).unwrap_or_default(),
        tool_result: fields
            .get("tool_result")
            .map(|raw| value_or_text(raw.get())),
        confidence: fields.read("confidence", "a number")?,
        metadata: map_of(&fields, "metadata", "an object")?,
    };
    for (name, value) in fields.iter() {
        if !["content", "tool_result", "confidence", "metadata"].contains(&name) {
            keep(&mut response.metadata, name, value);
        }
    }
    Ok(response)
}

fn object<'a>(raw: &'a RawValue, field: &'static str) -> Result<Fields<'a>, Problem> {
    match Fields::parse(raw.get()) {
        Err(Problem::NotJson { .. }) => Err(Problem::BadField {
            field,
            expected: "an object",
        }),
        other => other,
    }
}

fn map_of(
    fields: &Fields<'_>,
    field: &'static str,
    expected: &'static str,
) -> Result<HashMap<String, Value>, Problem> {
    let Some(raw) = fields.get(field) else {
        return Ok(HashMap::new());
    };
    match Fields::parse(raw.get()) {
        Ok(entries) => Ok(entries
            .iter()
            .map(|(name, value)| (name.to_owned(), value_or_text(value.get())))
            .collect()),
        Err(Problem::NotJson { .. }) => Err(Problem::BadField { field, expected }),
        Err(problem) => Err(problem),
    }
}

/// A text, or a number written as one.
fn label(fields: &Fields<'_>, field: &'static str) -> Result<Option<String>, Problem> {
    match fields.get(field) {
        None => Ok(None),
        Some(raw) if raw.get().starts_with(['{', '[']) => Err(Problem::BadField {
            field,
            expected: "a text",
        }),
        Some(raw) => Ok(Some(text_of(raw))),
    }
}

/// Also used for the rows of other formats, which give times in the same two forms.
pub(crate) fn timestamp(fields: &Fields<'_>) -> Result<Option<SystemTime>, Problem> {
    const EXPECTED: &str = "a time as in 2026-01-15T10:30:00Z";
    let Some(text) = fields.read::<String>("timestamp", EXPECTED)? else {
        return Ok(None);
    };
    OffsetDateTime::parse(&text, &Rfc3339)
        .map(|at| Some(at.into()))
        .map_err(|_| Problem::BadField {
            field: "timestamp",
            expected: EXPECTED,
        })
}

pub(crate) fn latency(fields: &Fields<'_>) -> Result<Option<Duration>, Problem> {
    const EXPECTED: &str = "a number of milliseconds";
    let Some(milliseconds) = fields.read::<f64>("latency_ms", EXPECTED)? else {
        return Ok(None);
    };
    Duration::try_from_secs_f64(milliseconds / 1000.0)
        .map(Some)
        .map_err(|_| Problem::BadField {
            field: "latency_ms",
            expected: EXPECTED,
        })
}

pub(crate) fn metadata(fields: &Fields<'_>) -> Result<Option<HashMap<String, String>>, Problem> {
    let Some(raw) = fields.get("metadata") else {
        return Ok(None);
    };
    let entries = object(raw, "metadata")?;
    Ok(Some(
        entries
            .iter()
            .map(|(name, value)| (name.to_owned(), text_of(value)))
            .collect(),
    ))
}

fn tokens(fields: &Fields<'_>) -> Result<Option<TokenUsage>, Problem> {
    #[derive(Deserialize)]
    struct Counts {
        #[serde(default)]
        input_tokens: u32,
        #[serde(default)]
        output_tokens: u32,
        total_tokens: Option<u32>,
    }
    let counts: Option<Counts> = fields.read(
        "token_usage",
        "an object with input_tokens, output_tokens and total_tokens",
    )?;
    Ok(counts.map(|counts| TokenUsage {
        input_tokens: counts.input_tokens,
        output_tokens: counts.output_tokens,
        total_tokens: counts
            .total_tokens
            .unwrap_or_else(|| counts.input_tokens.saturating_add(counts.output_tokens)),
    }))
}
