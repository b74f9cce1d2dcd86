//! OpenAI's Responses, whole and streamed.

use std::collections::BTreeMap;

use serde_json::Value;

use super::answer::Answer;
use super::error_body;

/// What a response says about itself. The rest of it repeats the request.
const KEPT: [&str; 7] = [
    "id",
    "status",
    "incomplete_details",
    "service_tier",
    "previous_response_id",
    "citations",
    "conversation",
];

/// The output items of a response, in their order.
#[derive(Default)]
pub(super) struct Items(BTreeMap<u64, Item>);

#[derive(Default)]
struct Item {
    text: String,
    reasoning: String,
    refusal: String,
    call: Option<Value>,
    arguments: String,
    other: Option<Value>,
}

pub(super) fn event(answer: &mut Answer, event: &Value) {
    let kind = event
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if event.get("object").and_then(Value::as_str) == Some("response") {
        return response(answer, event);
    }
    if let Some(object) = event.get("response") {
        response(answer, object);
    }
    if matches!(
        kind,
        "response.completed" | "response.incomplete" | "response.failed" | "response.cancelled"
    ) {
        answer.ended = true;
    }
    if kind == "error" {
        answer.fail(event, event);
    }
    let index = event.get("output_index").and_then(Value::as_u64);
    let Some(index) = index else { return };
    let item = answer.items.0.entry(index).or_default();
    if let Some(whole) = event.get("item") {
        item.replace(whole);
    }
    let delta = event
        .get("delta")
        .and_then(Value::as_str)
        .unwrap_or_default();
    match kind {
        "response.output_text.delta" => item.text.push_str(delta),
        "response.refusal.delta" => item.refusal.push_str(delta),
        "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
            item.reasoning.push_str(delta);
        }
        "response.function_call_arguments.delta"
        | "response.mcp_call_arguments.delta"
        | "response.custom_tool_call_input.delta" => item.arguments.push_str(delta),
        _ => {}
    }
}

/// The response object: all there is without a stream, the beginning and the end of one.
fn response(answer: &mut Answer, object: &Value) {
    answer.set_model(object.get("model"));
    if let Some(report) = object.get("usage") {
        answer.usage.report(report);
    }
    if let Some(error) = object.get("error").filter(|error| !error.is_null()) {
        answer.failure = Some(error_body::message(object).unwrap_or_default());
        answer.extra.insert("error".to_owned(), error.clone());
    }
    for name in KEPT {
        if let Some(value) = object.get(name).filter(|value| !value.is_null()) {
            answer.extra.insert(name.to_owned(), value.clone());
        }
    }
    let status = object.get("status").and_then(Value::as_str);
    if status != Some("in_progress") && status != Some("queued") {
        let reason = object.pointer("/incomplete_details/reason");
        answer.set_finish(reason.or_else(|| object.get("status")));
    }
    // Some servers leave the output of the last event empty: then the items say it all.
    let output = object.get("output").and_then(Value::as_array);
    if let Some(output) = output.filter(|output| !output.is_empty()) {
        answer.items.0.clear();
        for (index, whole) in (0..).zip(output) {
            answer.items.0.entry(index).or_default().replace(whole);
        }
    }
}

impl Item {
    /// Takes an item as a whole; what it leaves empty stays as its deltas have said it.
    fn replace(&mut self, whole: &Value) {
        match whole.get("type").and_then(Value::as_str) {
            Some("message") | None => {
                let (text, refusal) = (
                    texts(whole, "content", "text"),
                    texts(whole, "content", "refusal"),
                );
                if !text.is_empty() {
                    self.text = text;
                }
                if !refusal.is_empty() {
                    self.refusal = refusal;
                }
            }
            Some("reasoning") => {
                let summary = texts(whole, "summary", "text");
                let content = texts(whole, "content", "text");
                let said = if content.is_empty() { summary } else { content };
                if !said.is_empty() {
                    self.reasoning = said;
                }
            }
            Some("function_call" | "custom_tool_call" | "mcp_call") => {
                self.call = Some(whole.clone());
            }
            Some(_) => self.other = Some(whole.clone()),
        }
    }
}

impl Items {
    /// Writes the items into the answer, in their order.
    pub(super) fn settle(self, answer: &mut Answer) {
        for item in self.0.into_values() {
            answer.text.push_str(&item.text);
            answer.refusal.push_str(&item.refusal);
            if !answer.reasoning.is_empty() && !item.reasoning.is_empty() {
                answer.reasoning.push('\n');
            }
            answer.reasoning.push_str(&item.reasoning);
            if let Some(call) = item.call {
                let given = call.get("arguments").or_else(|| call.get("input"));
                let given = given.filter(|given| given.as_str() != Some(""));
                let pieces = Value::String(item.arguments);
                let id = call.get("call_id").or_else(|| call.get("id"));
                answer.calls.whole(
                    id.and_then(Value::as_str),
                    call.get("name").and_then(Value::as_str),
                    Some(given.unwrap_or(&pieces)),
                );
            }
            if let Some(other) = item.other {
                answer.collect("output", &other);
            }
        }
    }
}

/// The texts under `name` in the parts of `list`, joined.
fn texts(item: &Value, list: &str, name: &str) -> String {
    match item.get(list) {
        Some(Value::String(text)) if name == "text" => text.clone(),
        Some(Value::Array(parts)) => parts
            .iter()
            .filter_map(|part| part.get(name)?.as_str())
            .collect(),
        _ => String::new(),
    }
}
