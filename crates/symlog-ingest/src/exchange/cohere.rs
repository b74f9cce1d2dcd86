//! Cohere's chat, version 2, whole and streamed.

use serde_json::Value;

use super::answer::Answer;

const USED: [&str; 7] = [
    "message",
    "usage",
    "finish_reason",
    "type",
    "delta",
    "index",
    "error",
];

pub(super) fn event(answer: &mut Answer, event: &Value) {
    let index = event.get("index").and_then(Value::as_u64);
    let delta = &event["delta"];
    match event.get("type").and_then(Value::as_str) {
        None => {
            message(answer, &event["message"], index);
            finish(answer, event);
        }
        Some("message-end") => {
            finish(answer, delta);
            answer.ended = true;
        }
        Some("content-start" | "content-delta") => {
            content(answer, &delta["message"]["content"]);
        }
        Some(_) => message(answer, &delta["message"], index),
    }
    answer.keep(event, &USED);
}

fn finish(answer: &mut Answer, end: &Value) {
    answer.set_finish(end.get("finish_reason"));
    if let Some(report) = end.get("usage") {
        answer.usage.report(report);
    }
    if let Some(error) = end.get("error").and_then(Value::as_str) {
        answer.failure = Some(error.to_owned());
    }
}

fn message(answer: &mut Answer, message: &Value, index: Option<u64>) {
    for part in message["content"].as_array().into_iter().flatten() {
        content(answer, part);
    }
    if let Some(plan) = message.get("tool_plan").and_then(Value::as_str)
        && !plan.is_empty()
    {
        let slot = answer
            .extra
            .entry("tool_plan".to_owned())
            .or_insert_with(|| Value::String(String::new()));
        if let Value::String(text) = slot {
            text.push_str(plan);
        }
    }
    match &message["tool_calls"] {
        Value::Array(calls) => {
            for (position, call) in (0..).zip(calls) {
                tool_call(answer, Some(position), call);
            }
        }
        call @ Value::Object(_) => tool_call(answer, index, call),
        _ => {}
    }
    match &message["citations"] {
        Value::Array(citations) => {
            for citation in citations {
                answer.collect("citations", citation);
            }
        }
        citation @ Value::Object(_) => answer.collect("citations", citation),
        _ => {}
    }
}

fn content(answer: &mut Answer, part: &Value) {
    if let Some(text) = part.get("thinking").and_then(Value::as_str) {
        answer.reasoning.push_str(text);
    } else if let Some(text) = part.get("text").and_then(Value::as_str) {
        answer.text.push_str(text);
    }
}

fn tool_call(answer: &mut Answer, key: Option<u64>, call: &Value) {
    let function = &call["function"];
    answer.calls.piece(
        key,
        call.get("id").and_then(Value::as_str),
        function.get("name").and_then(Value::as_str),
        function.get("arguments"),
    );
}
