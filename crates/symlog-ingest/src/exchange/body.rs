//! Response bodies taken apart: one JSON value, a stream of them, or something else.

use std::borrow::Cow;

use super::eventstream;
use crate::fields;

/// What a body is made of.
pub(super) enum Framing {
    /// One JSON value.
    Json,
    /// Server-sent events, JSON lines, an array of chunks, or AWS event stream frames.
    Events,
    /// Neither; kept as it stands.
    Opaque,
}

/// What [`take_apart`] found.
pub(super) struct Parts {
    pub(super) framing: Framing,
    /// Events that are no JSON, or were cut off.
    pub(super) unreadable: u64,
    /// Whether the stream said that it is over.
    pub(super) done: bool,
}

/// Gives every JSON value of `body` to `event`, one at a time.
pub(super) fn take_apart(
    body: &[u8],
    content_type: Option<&str>,
    event: &mut dyn FnMut(serde_json::Value),
) -> Parts {
    let mut parts = Parts {
        framing: Framing::Events,
        unreadable: 0,
        done: false,
    };
    if let Some(frames) = eventstream::recognise(body) {
        parts.unreadable = eventstream::read(&frames, event);
        return parts;
    }
    let text = match std::str::from_utf8(body) {
        Ok(text) => Cow::Borrowed(text),
        // A stream may have been cut inside a character.
        Err(error) if body.len() - error.valid_up_to() < 4 => String::from_utf8_lossy(body),
        Err(_) => {
            parts.framing = Framing::Opaque;
            return parts;
        }
    };
    let trimmed = text.trim();
    match trimmed.as_bytes().first() {
        Some(b'{' | b'[') => json(trimmed, &mut parts, event),
        _ if is_sse(trimmed, content_type) => sse(&text, &mut parts, event),
        _ => parts.framing = Framing::Opaque,
    }
    parts
}

fn is_sse(text: &str, content_type: Option<&str>) -> bool {
    content_type.is_some_and(|kind| kind.starts_with("text/event-stream"))
        || ["data:", "event:", ":", "id:", "retry:"]
            .iter()
            .any(|field| text.starts_with(field))
            && text.contains("data:")
}

/// One value, one value a line (Ollama), or an array of chunks (Gemini without `alt=sse`).
fn json(text: &str, parts: &mut Parts, event: &mut dyn FnMut(serde_json::Value)) {
    use serde_json::Value;
    match fields::tree(text) {
        Some(Value::Array(chunks))
            if chunks.iter().any(|chunk| chunk.get("candidates").is_some()) =>
        {
            chunks.into_iter().for_each(event);
        }
        Some(value) => {
            parts.framing = Framing::Json;
            event(value);
        }
        None => {
            let mut lines = text.lines().filter(|line| !line.trim().is_empty());
            // The first line decides: a single object broken over many lines has no first value.
            match lines.next().and_then(|line| fields::tree(line.trim())) {
                Some(first) if first.is_object() => event(first),
                _ => {
                    parts.framing = Framing::Opaque;
                    return;
                }
            }
            for line in lines {
                match fields::tree(line.trim()) {
                    Some(value) => event(value),
                    None => parts.unreadable += 1,
                }
            }
        }
    }
}

/// Server-sent events (WHATWG HTML, "Interpreting an event stream"), but an event that the end of
/// the body cuts off is used where its data is complete.
fn sse(text: &str, parts: &mut Parts, event: &mut dyn FnMut(serde_json::Value)) {
    let mut data = String::new();
    let mut flush = |data: &mut String| {
        let text = data.trim();
        if text == "[DONE]" {
            parts.done = true;
        } else if !text.is_empty() {
            match fields::tree(text) {
                Some(value) => event(value),
                None => parts.unreadable += 1,
            }
        }
        data.clear();
    };
    for line in text.split(['\n', '\r']) {
        if line.is_empty() {
            flush(&mut data);
        } else if let Some(value) = line.strip_prefix("data:") {
            if !data.is_empty() {
                data.push('\n');
            }
            data.push_str(value.strip_prefix(' ').unwrap_or(value));
        }
    }
    flush(&mut data);
}
