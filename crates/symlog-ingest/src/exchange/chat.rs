//! OpenAI chat completions and the older text completions, whole and streamed.

use serde_json::{Map, Value};

use super::answer::Answer;

const USED: [&str; 5] = ["choices", "usage", "model", "object", "error"];

pub(super) fn event(answer: &mut Answer, event: &Value) {
    answer.set_model(event.get("model"));
    for place in ["/usage", "/x_groq/usage"] {
        if let Some(report) = event.pointer(place) {
            answer.usage.report(report);
        }
    }
    answer.keep(event, &USED);
    let choices = event.get("choices").and_then(Value::as_array);
    for (position, choice) in choices.into_iter().flatten().enumerate() {
        let index = choice
            .get("index")
            .and_then(Value::as_u64)
            .unwrap_or(position as u64);
        if index == 0 {
            first(answer, choice);
        } else {
            beside(&mut answer.others, index, choice);
        }
    }
}

fn first(answer: &mut Answer, choice: &Value) {
    answer.set_finish(choice.get("finish_reason"));
    // Perplexity repeats the message so far beside every delta.
    let message = choice.get("delta").or_else(|| choice.get("message"));
    if let Some(message) = message {
        take_message(answer, message);
    }
    if let Some(text) = choice.get("text").and_then(Value::as_str) {
        answer.text.push_str(text);
    }
    if let Some(tokens) = choice
        .pointer("/logprobs/content")
        .and_then(Value::as_array)
    {
        for token in tokens {
            answer.collect("logprobs", token);
        }
    }
}

fn take_message(answer: &mut Answer, message: &Value) {
    match message.get("content") {
        Some(Value::String(text)) => answer.text.push_str(text),
        Some(Value::Array(parts)) => parts.iter().for_each(|part| take_part(answer, part)),
        _ => {}
    }
    // Servers that say it twice say it in this order of completeness.
    let reasoning = ["reasoning_content", "reasoning", "thinking"]
        .into_iter()
        .find_map(|name| message.get(name)?.as_str().filter(|text| !text.is_empty()));
    if let Some(reasoning) = reasoning {
        answer.reasoning.push_str(reasoning);
    } else {
        let details = message.get("reasoning_details").and_then(Value::as_array);
        for detail in details.into_iter().flatten() {
            let text = detail.get("text").or_else(|| detail.get("summary"));
            answer
                .reasoning
                .push_str(text.and_then(Value::as_str).unwrap_or_default());
        }
    }
    if let Some(refusal) = message.get("refusal").and_then(Value::as_str) {
        answer.refusal.push_str(refusal);
    }
    for (position, call) in array(message, "tool_calls").enumerate() {
        let function = call.get("function").or_else(|| call.get("custom"));
        let id = call.get("id").and_then(Value::as_str);
        let name = function.and_then(|f| f.get("name")?.as_str());
        let arguments = function.and_then(|f| f.get("arguments").or_else(|| f.get("input")));
        let key = call.get("index").and_then(Value::as_u64);
        // A whole message may number none of its calls.
        let key = key.or_else(|| (name.is_some() && id.is_none()).then_some(position as u64));
        answer.calls.piece(key, id, name, arguments);
    }
    if let Some(call) = message.get("function_call").filter(|call| call.is_object()) {
        let name = call.get("name").and_then(Value::as_str);
        answer
            .calls
            .piece(Some(0), None, name, call.get("arguments"));
    }
    for name in ["annotations", "audio", "images"] {
        match message.get(name) {
            None | Some(Value::Null) => {}
            Some(Value::Array(list)) if list.is_empty() => {}
            Some(value) => {
                answer.extra.insert(name.to_owned(), value.clone());
            }
        }
    }
}

/// Mistral's content parts.
fn take_part(answer: &mut Answer, part: &Value) {
    let text = part.get("text").and_then(Value::as_str);
    match (part.get("type").and_then(Value::as_str), text) {
        (Some("text" | "output_text") | None, Some(text)) => answer.text.push_str(text),
        (Some("thinking"), _) => match part.get("thinking") {
            Some(Value::String(text)) => answer.reasoning.push_str(text),
            _ => {
                for thought in array(part, "thinking") {
                    let text = thought.get("text").and_then(Value::as_str);
                    answer.reasoning.push_str(text.unwrap_or_default());
                }
            }
        },
        _ => answer.collect("parts", part),
    }
}

/// A choice that is not the first: its text is assembled, the rest kept as it came last.
fn beside(others: &mut Map<String, Value>, index: u64, choice: &Value) {
    let slot = others
        .entry(index.to_string())
        .or_insert_with(|| Value::Object(Map::new()));
    let Value::Object(slot) = slot else { return };
    let message = choice.get("delta").or_else(|| choice.get("message"));
    let message = message.unwrap_or(choice).as_object();
    for (name, value) in message.into_iter().flatten() {
        match (slot.get_mut(name), value) {
            (_, Value::Null) => {}
            (Some(Value::String(before)), Value::String(more)) if name != "role" => {
                before.push_str(more);
            }
            (Some(Value::Array(before)), Value::Array(more)) => {
                before.extend(more.iter().cloned());
            }
            _ => {
                slot.insert(name.clone(), value.clone());
            }
        }
    }
    if let Some(reason) = choice
        .get("finish_reason")
        .filter(|reason| !reason.is_null())
    {
        slot.insert("finish_reason".to_owned(), reason.clone());
    }
}

fn array<'a>(object: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    object
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}
