//! Gemini's `generateContent`, whole and streamed.

use serde_json::Value;

use super::answer::Answer;

const USED: [&str; 4] = ["candidates", "usageMetadata", "modelVersion", "error"];

pub(super) fn event(answer: &mut Answer, event: &Value) {
    answer.set_model(event.get("modelVersion"));
    if let Some(report) = event.get("usageMetadata") {
        answer.usage.report(report);
    }
    answer.keep(event, &USED);
    if let Some(reason) = event.pointer("/promptFeedback/blockReason") {
        answer.set_finish(Some(reason));
    }
    let candidates = event.get("candidates").and_then(Value::as_array);
    for (position, candidate) in (0_u64..).zip(candidates.into_iter().flatten()) {
        let index = candidate.get("index").and_then(Value::as_u64);
        let index = index.unwrap_or(position);
        if index != 0 {
            answer.collect("other_candidates", candidate);
            continue;
        }
        answer.set_finish(candidate.get("finishReason"));
        answer.keep(candidate, &["content", "finishReason", "index"]);
        let parts = candidate
            .pointer("/content/parts")
            .and_then(Value::as_array);
        for part in parts.into_iter().flatten() {
            take_part(answer, part);
        }
    }
}

fn take_part(answer: &mut Answer, part: &Value) {
    let text = part.get("text").and_then(Value::as_str);
    let thought = part.get("thought").and_then(Value::as_bool) == Some(true);
    match (text, part.get("functionCall")) {
        (Some(text), _) if thought => answer.reasoning.push_str(text),
        (Some(text), _) => answer.text.push_str(text),
        (None, Some(call)) => answer.calls.whole(
            call.get("id").and_then(Value::as_str),
            call.get("name").and_then(Value::as_str),
            call.get("args"),
        ),
        // Code that was executed, its result, inline data.
        (None, None) => answer.collect("parts", part),
    }
}
