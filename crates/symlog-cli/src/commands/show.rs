//! `symlog show`

use std::io::{self, Write};

use anyhow::{Result, bail};
use serde_json::Value;
use symlog_core::{Entry, Filter, RequestData, ResponseData};

use super::cat::refuse;
use crate::access::{self, Outcome};
use crate::log;
use crate::options::Common;
use crate::output::{Answer, Paint, Results};
use crate::units::number;

const AFTER_HELP: &str = "\
Examples:
  symlog show 0199f3a1-7c22-7d10-9f3e-2b1c5a6d7e8f
  symlog show 0199f3a1            the beginning of an id, if only one begins so
  symlog show 0199f3a1 --json     the same as `symlog cat --id`

Exit code 1: there is no such entry, or there are several.";

/// Print one entry for a person to read
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Options {
    /// The entry's id, or how it begins
    #[arg(value_name = "ID")]
    id: String,
}

/// Ids listed where the beginning fits several.
const LISTED: usize = 10;

pub(crate) fn run(common: &Common, options: &Options) -> Result<Answer> {
    let wanted = options.id.to_lowercase();
    if wanted.is_empty() {
        bail!("the id is empty; `symlog tail` lists the newest entries with their ids");
    }
    let config = common.configuration()?;
    let reader = log::reader(&config)?;
    access::reading("show", &config, &reader)?;
    let mut outcome = Outcome::default();
    let mut filter = Filter::new();
    filter.id = Some(wanted.clone());
    let mut found = Vec::new();
    let mut entries = reader.entries(filter)?;
    for entry in &mut entries {
        match entry {
            Ok(entry) if found.len() <= LISTED => found.push(entry),
            Ok(_) => break,
            Err(error) => refuse(error, &mut outcome)?,
        }
    }
    outcome.shown = found.len() as u64;
    outcome.keys = entries.keys_used();
    outcome.record("show", &config, &reader)?;
    let mut results = Results::open();
    let entry = match found.as_slice() {
        [entry] => entry,
        [] => {
            crate::diagnostics::refuse(format_args!(
                "no entry has an id that begins with {wanted}; `symlog tail` lists the newest"
            ));
            return Ok(Answer::No);
        }
        several => {
            let ids: Vec<&str> = several
                .iter()
                .take(LISTED)
                .map(|entry| entry.id.as_str())
                .collect();
            crate::diagnostics::refuse(format_args!(
                "several ids begin with {wanted}; give more of one of them: {}{}",
                ids.join(", "),
                if several.len() > LISTED { ", …" } else { "" }
            ));
            return Ok(Answer::No);
        }
    };
    if common.json {
        entry.write_json(&mut results)?;
        results.write_all(b"\n")?;
    } else {
        show(&mut results, Paint::for_stdout(), entry)?;
    }
    results.flush()?;
    Ok(Answer::Fine)
}

fn show(out: &mut impl Write, paint: Paint, entry: &Entry) -> Result<()> {
    head(out, paint, entry)?;
    match &entry.request_data {
        Some(payload) => request(out, paint, &payload.to_request()?)?,
        None => section(
            out,
            paint,
            "request",
            "(erased, or in a part of the log that is not here)",
        )?,
    }
    match &entry.response_data {
        Some(payload) => response(out, paint, &payload.to_response()?)?,
        None => section(out, paint, "response", "(none yet: the request is open)")?,
    }
    Ok(())
}

fn head(out: &mut impl Write, paint: Paint, entry: &Entry) -> io::Result<()> {
    let mut row = |name: &str, value: Option<String>| match value {
        Some(value) => writeln!(
            out,
            "{} {}",
            paint.faint(format_args!("{name:<13}")),
            printable(&value)
        ),
        None => Ok(()),
    };
    row("id", Some(entry.id.clone()))?;
    row("time", Some(entry.timestamp.clone()))?;
    row("type", entry.interaction_type.map(|kind| kind.to_string()))?;
    row("agent", entry.agent_id.clone())?;
    row("model", entry.model_identifier.clone())?;
    row(
        "latency",
        entry.latency_ms.map(|ms| format!("{} ms", number(ms))),
    )?;
    row(
        "tokens",
        entry.token_usage.map(|tokens| {
            format!(
                "{} in, {} out, {} in all",
                tokens.input_tokens, tokens.output_tokens, tokens.total_tokens
            )
        }),
    )?;
    row("conversation", entry.conversation.clone())?;
    row("tenant", entry.tenant.clone())?;
    row("trace", entry.trace.clone())?;
    row("parent", entry.parent.clone())?;
    for (key, value) in &entry.metadata {
        row(key, Some(value.clone()))?;
    }
    let masked: Vec<String> = entry
        .masked
        .iter()
        .map(|(kind, n)| format!("{kind} {n}"))
        .collect();
    row("masked", (!masked.is_empty()).then(|| masked.join(", ")))?;
    row("error", entry.error.clone())
}

fn request(out: &mut impl Write, paint: Paint, request: &RequestData) -> io::Result<()> {
    let RequestData {
        prompt,
        tool_name,
        tool_arguments,
        parameters,
    } = request;
    section(out, paint, "request", "")?;
    if let Some(name) = tool_name {
        writeln!(out, "{} {}", paint.faint("tool"), printable(name))?;
    }
    if let Some(arguments) = tool_arguments {
        value(out, paint, "arguments", arguments)?;
    }
    conversation(out, paint, prompt)?;
    rest(out, paint, parameters)
}

fn response(out: &mut impl Write, paint: Paint, response: &ResponseData) -> io::Result<()> {
    let ResponseData {
        content,
        tool_result,
        confidence,
        metadata,
    } = response;
    section(out, paint, "response", "")?;
    if !content.is_empty() {
        writeln!(out, "{}", printable(content))?;
    }
    if let Some(result) = tool_result {
        value(out, paint, "tools", result)?;
    }
    if let Some(confidence) = confidence {
        writeln!(out, "{} {confidence}", paint.faint("confidence"))?;
    }
    rest(out, paint, metadata)
}

fn section(out: &mut impl Write, paint: Paint, name: &str, text: &str) -> io::Result<()> {
    let space = if text.is_empty() { "" } else { " " };
    writeln!(
        out,
        "\n{}{space}{text}",
        paint.heading(format_args!("── {name} ──"))
    )
}

/// A prompt that is a list of messages is shown message by message.
fn conversation(out: &mut impl Write, paint: Paint, prompt: &str) -> io::Result<()> {
    let messages = match serde_json::from_str(prompt) {
        Ok(Value::Array(messages)) if messages.iter().all(Value::is_object) => messages,
        _ if prompt.is_empty() => return Ok(()),
        _ => return writeln!(out, "{}", printable(prompt)),
    };
    for message in messages {
        let role = message
            .get("role")
            .and_then(Value::as_str)
            .unwrap_or("message");
        writeln!(out, "{}", paint.mark(format_args!(" {} ", printable(role))))?;
        match message.get("content") {
            Some(Value::String(text)) => writeln!(out, "{}", printable(text))?,
            Some(Value::Null) | None => {}
            Some(parts) => writeln!(out, "{}", printable(&pretty(parts)))?,
        }
        for (key, value) in message.as_object().into_iter().flatten() {
            if !matches!(key.as_str(), "role" | "content") && !value.is_null() {
                self::value(out, paint, key, value)?;
            }
        }
    }
    Ok(())
}

fn rest<'a>(
    out: &mut impl Write,
    paint: Paint,
    values: impl IntoIterator<Item = (&'a String, &'a Value)>,
) -> io::Result<()> {
    let mut values: Vec<_> = values.into_iter().collect();
    values.sort_unstable_by_key(|(key, _)| *key);
    for (key, value) in values {
        self::value(out, paint, key, value)?;
    }
    Ok(())
}

fn value(out: &mut impl Write, paint: Paint, name: &str, value: &Value) -> io::Result<()> {
    let text = match value {
        Value::String(text) => text.clone(),
        value => pretty(value),
    };
    writeln!(out, "{} {}", paint.faint(printable(name)), printable(&text))
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string())
}

/// Recorded text must not play with the terminal.
fn printable(text: &str) -> String {
    let safe = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
    text.chars()
        .map(|c| {
            if safe(c) {
                c
            } else {
                char::REPLACEMENT_CHARACTER
            }
        })
        .collect()
}
