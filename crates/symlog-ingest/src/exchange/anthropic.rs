//! Anthropic messages, whole and streamed.

use serde_json::Value;

use super::answer::Answer;

const USED: [&str; 8] = [
    "content",
    "model",
    "role",
    "type",
    "usage",
    "stop_reason",
    "error",
    "message",
];

pub(super) fn event(answer: &mut Answer, event: &Value) {
    let index = event.get("index").and_then(Value::as_u64);
    match event.get("type").and_then(Value::as_str) {
        Some("message") => message(answer, event),
        Some("message_start") => message(answer, &event["message"]),
        Some("content_block_start") => block(answer, index, &event["content_block"]),
        Some("content_block_delta") => delta(answer, index, &event["delta"]),
        Some("message_delta") => {
            answer.set_finish(event.pointer("/delta/stop_reason"));
            answer.keep(&event["delta"], &USED);
            if let Some(report) = event.get("usage") {
                answer.usage.report(report);
            }
        }
        Some("message_stop") => answer.ended = true,
        _ => {}
    }
}

fn message(answer: &mut Answer, message: &Value) {
    answer.set_model(message.get("model"));
    answer.set_finish(message.get("stop_reason"));
    if let Some(report) = message.get("usage") {
        answer.usage.report(report);
    }
    let blocks = message.get("content").and_then(Value::as_array);
    for (index, whole) in (0..).zip(blocks.into_iter().flatten()) {
        block(answer, Some(index), whole);
    }
    answer.keep(message, &USED);
}

fn block(answer: &mut Answer, index: Option<u64>, block: &Value) {
    let text = |name: &str| block.get(name).and_then(Value::as_str);
    match text("type") {
        Some("text") => {
            answer.text.push_str(text("text").unwrap_or_default());
            let citations = block.get("citations").and_then(Value::as_array);
            for citation in citations.into_iter().flatten() {
                answer.collect("citations", citation);
            }
        }
        Some("thinking") => answer
            .reasoning
            .push_str(text("thinking").unwrap_or_default()),
        Some("tool_use" | "server_tool_use" | "mcp_tool_use") => {
            // A stream opens the block with an empty object and sends the input afterwards.
            let empty = |input: &&Value| input.as_object().is_some_and(|map| !map.is_empty());
            let input = block.get("input").filter(empty);
            answer.calls.piece(index, text("id"), text("name"), input);
        }
        Some("redacted_thinking") => {
            answer
                .extra
                .insert("redacted_thinking".to_owned(), true.into());
        }
        _ => answer.collect("blocks", block),
    }
}

fn delta(answer: &mut Answer, index: Option<u64>, delta: &Value) {
    let text = |name: &str| delta.get(name).and_then(Value::as_str).unwrap_or_default();
    match delta.get("type").and_then(Value::as_str) {
        Some("text_delta") => answer.text.push_str(text("text")),
        Some("thinking_delta") => answer.reasoning.push_str(text("thinking")),
        Some("input_json_delta") => {
            answer
                .calls
                .piece(index, None, None, delta.get("partial_json"));
        }
        Some("citations_delta") => answer.collect("citations", &delta["citation"]),
        _ => {}
    }
}
