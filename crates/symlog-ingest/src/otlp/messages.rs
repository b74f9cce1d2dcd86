//! Messages in the four shapes in which instrumentations write them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::exchange::{split_thinking, tool_calls};
use crate::fields::value_or_text;

/// An answer, as messages say it.
#[derive(Default)]
pub(super) struct Said {
    pub(super) text: String,
    pub(super) reasoning: String,
    pub(super) tool_calls: Option<Value>,
    pub(super) finish: Option<String>,
}

/// An attribute that holds JSON: a value of its own, or a text of it, often with `\uXXXX`.
pub(super) fn decoded(attribute: Value) -> Value {
    match attribute {
        Value::String(text) => value_or_text(&text),
        other => other,
    }
}

/// Of output messages the first: the other ones are other candidates.
pub(super) fn of_output(messages: &Value) -> Said {
    let first = match messages {
        Value::Array(messages) => messages.first().unwrap_or(&Value::Null),
        Value::String(text) => {
            return Said {
                text: text.clone(),
                ..Said::default()
            };
        }
        other => other,
    };
    of_message(first, first.get("finish_reason"))
}

/// The body of a `gen_ai.choice` event; none where it is not the first choice.
pub(super) fn of_choice(body: &Value) -> Option<Said> {
    if body.get("index").and_then(Value::as_u64).unwrap_or(0) != 0 {
        return None;
    }
    let message = body.get("message").unwrap_or(body);
    Some(of_message(message, body.get("finish_reason")))
}

fn of_message(message: &Value, finish: Option<&Value>) -> Said {
    let mut said = Said {
        finish: finish.and_then(Value::as_str).map(str::to_owned),
        ..Said::default()
    };
    let mut calls = Vec::new();
    match message.get("content") {
        Some(Value::String(text)) => said.text.push_str(text),
        Some(Value::Array(parts)) => parts.iter().for_each(|part| said.take(part, &mut calls)),
        _ => {}
    }
    for part in message["parts"].as_array().into_iter().flatten() {
        said.take(part, &mut calls);
    }
    calls.extend(
        message["tool_calls"]
            .as_array()
            .into_iter()
            .flatten()
            .cloned(),
    );
    said.tool_calls = tool_calls(&Value::Array(calls));
    if let Some((text, thought)) = split_thinking(&said.text) {
        said.text = text;
        said.reasoning.push_str(&thought);
    }
    said
}

impl Said {
    fn take(&mut self, part: &Value, calls: &mut Vec<Value>) {
        let text = part.get("content").or_else(|| part.get("text"));
        let text = text.and_then(Value::as_str).unwrap_or_default();
        match part.get("type").and_then(Value::as_str) {
            Some("text") | None => self.text.push_str(text),
            Some("reasoning" | "thinking") => self.reasoning.push_str(text),
            Some("tool_call" | "tool_use") => calls.push(part.clone()),
            _ => {}
        }
    }
}

/// `gen_ai.user.message` and its kin: the role is in the name of the event.
pub(super) fn of_event(name: &str, body: Value) -> Option<Value> {
    let role = name.strip_prefix("gen_ai.")?.strip_suffix(".message")?;
    let mut message = Map::new();
    message.insert("role".to_owned(), role.into());
    match body {
        Value::Object(body) => message.extend(body),
        Value::Null => {}
        text => {
            message.insert("content".to_owned(), text);
        }
    }
    Some(Value::Object(message))
}

/// `gen_ai.prompt.0.role`, `gen_ai.prompt.0.content`, …: a message in as many attributes as it
/// has fields.
#[derive(Default)]
pub(super) struct Indexed(BTreeMap<u32, Map<String, Value>>);

impl Indexed {
    /// Takes what follows `gen_ai.prompt.`; false where that is no index.
    pub(super) fn take(&mut self, rest: &str, value: &Value) -> bool {
        let Some((index, field)) = rest.split_once('.') else {
            return false;
        };
        let Ok(index) = index.parse() else {
            return false;
        };
        let message = self.0.entry(index).or_default();
        match field
            .strip_prefix("tool_calls.")
            .and_then(|rest| rest.split_once('.'))
        {
            Some((call, field)) => nested(message, call, field, value),
            None => {
                message.insert(field.to_owned(), value.clone());
            }
        }
        true
    }

    pub(super) fn into_messages(self) -> Option<Value> {
        let messages: Vec<Value> = self.0.into_values().map(Value::Object).collect();
        (!messages.is_empty()).then_some(Value::Array(messages))
    }
}

fn nested(message: &mut Map<String, Value>, call: &str, field: &str, value: &Value) {
    /// More calls than any message has: an index is not a size to allocate.
    const MOST: usize = 256;
    let Some(index) = call.parse::<usize>().ok().filter(|index| *index < MOST) else {
        return;
    };
    let calls = message
        .entry("tool_calls")
        .or_insert_with(|| Value::Array(Vec::new()));
    if let Value::Array(calls) = calls {
        if calls.len() <= index {
            calls.resize_with(index + 1, || Value::Object(Map::new()));
        }
        if let Value::Object(call) = &mut calls[index] {
            call.insert(field.to_owned(), value.clone());
        }
    }
}
