//! Ollama's chat and generate: one object, or one a line.

use serde_json::Value;

use super::answer::Answer;

const USED: [&str; 10] = [
    "message",
    "response",
    "thinking",
    "model",
    "done",
    "done_reason",
    "context",
    "prompt_eval_count",
    "eval_count",
    "error",
];

pub(super) fn event(answer: &mut Answer, event: &Value) {
    answer.set_model(event.get("model"));
    answer.set_finish(event.get("done_reason"));
    answer.usage.report(event);
    if event.get("done").and_then(Value::as_bool) == Some(true) {
        answer.ended = true;
    }
    let message = event.get("message").unwrap_or(event);
    let text = |name: &str| {
        message
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    answer.text.push_str(text("content"));
    answer.text.push_str(text("response"));
    answer.reasoning.push_str(text("thinking"));
    let calls = message.get("tool_calls").and_then(Value::as_array);
    for call in calls.into_iter().flatten() {
        let function = &call["function"];
        answer.calls.whole(
            call.get("id").and_then(Value::as_str),
            function.get("name").and_then(Value::as_str),
            function.get("arguments"),
        );
    }
    answer.keep(event, &USED);
}
