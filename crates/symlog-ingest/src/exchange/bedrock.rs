//! Bedrock's Converse, whole and streamed.

use serde_json::Value;

use super::answer::Answer;

const USED: [&str; 3] = ["output", "usage", "stopReason"];

pub(super) fn event(answer: &mut Answer, event: &Value) {
    if event.pointer("/output/message").is_some() {
        let blocks = event.pointer("/output/message/content");
        let blocks = blocks.and_then(Value::as_array);
        for (index, block) in (0..).zip(blocks.into_iter().flatten()) {
            take_block(answer, Some(index), block);
        }
        close(answer, event);
        answer.keep(event, &USED);
        return;
    }
    // A frame is one event under its own name.
    for (kind, payload) in event.as_object().into_iter().flatten() {
        let index = payload.get("contentBlockIndex").and_then(Value::as_u64);
        match kind.as_str() {
            "contentBlockStart" => take_block(answer, index, &payload["start"]),
            "contentBlockDelta" => take_block(answer, index, &payload["delta"]),
            "messageStop" => {
                close(answer, payload);
                answer.ended = true;
            }
            "metadata" => {
                close(answer, payload);
                answer.keep(payload, &["usage"]);
            }
            name if name.ends_with("Exception") || name.ends_with("Error") => {
                answer.fail(payload, payload);
            }
            _ => {}
        }
    }
}

fn close(answer: &mut Answer, payload: &Value) {
    answer.set_finish(payload.get("stopReason"));
    if let Some(report) = payload.get("usage") {
        answer.usage.report(report);
    }
}

fn take_block(answer: &mut Answer, index: Option<u64>, block: &Value) {
    let text = |pointer: &str| block.pointer(pointer).and_then(Value::as_str);
    if let Some(text) = text("/text") {
        answer.text.push_str(text);
    } else if let Some(tool) = block.get("toolUse") {
        answer.calls.piece(
            index,
            tool.get("toolUseId").and_then(Value::as_str),
            tool.get("name").and_then(Value::as_str),
            tool.get("input"),
        );
    } else if let Some(reasoning) =
        text("/reasoningContent/reasoningText/text").or_else(|| text("/reasoningContent/text"))
    {
        answer.reasoning.push_str(reasoning);
    } else if block.get("reasoningContent").is_none() && !block.is_null() {
        answer.collect("blocks", block);
    }
}
