//! Media inside of payloads: long runs of base64.

use std::ops::Range;

use serde_json::Value;

use crate::interaction::Parts;

/// Bytes of base64 from which on a run is taken for media.
pub(crate) const LEAST: usize = 16 << 10;

/// The runs of at least [`LEAST`] characters of base64, of either alphabet.
pub(crate) fn runs(text: &[u8]) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    let mut from = 0;
    while let Some(window) = text.get(from..from + LEAST) {
        // From the end backwards: in other text most of the window is never looked at.
        if let Some(other) = window.iter().rposition(|byte| !is_base64(*byte)) {
            from += other + 1;
            continue;
        }
        let rest = &text[from + LEAST..];
        let more = rest.iter().position(|byte| !is_base64(*byte));
        let end = from + LEAST + more.unwrap_or(rest.len());
        runs.push(from..end);
        from = end + 1;
    }
    runs
}

/// Whether there is any in what an interaction carries.
pub(crate) fn is_in(parts: &Parts) -> bool {
    let request = parts.request.as_ref().is_some_and(|request| {
        is_in_text(&request.prompt)
            || request.tool_arguments.as_ref().is_some_and(is_in_value)
            || request.parameters.values().any(is_in_value)
    });
    request
        || parts.response.as_ref().is_some_and(|response| {
            is_in_text(&response.content)
                || response.tool_result.as_ref().is_some_and(is_in_value)
                || response.metadata.values().any(is_in_value)
        })
}

fn is_in_value(value: &Value) -> bool {
    match value {
        Value::String(text) => is_in_text(text),
        Value::Array(items) => items.iter().any(is_in_value),
        Value::Object(members) => members.values().any(is_in_value),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn is_in_text(text: &str) -> bool {
    text.len() >= LEAST && !runs(text.as_bytes()).is_empty()
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What [`runs`] is to find, byte by byte.
    fn every_run(text: &[u8]) -> Vec<Range<usize>> {
        let mut runs = Vec::new();
        let mut start = 0;
        for at in 0..=text.len() {
            if text.get(at).is_some_and(|byte| is_base64(*byte)) {
                continue;
            }
            if at - start >= LEAST {
                runs.push(start..at);
            }
            start = at + 1;
        }
        runs
    }

    proptest! {
        #[test]
        fn runs_are_those_found_byte_by_byte(
            lengths in proptest::collection::vec(
                prop_oneof![0..40usize, LEAST - 2..LEAST + 3, LEAST..3 * LEAST],
                0..8,
            ),
            between in proptest::collection::vec(prop_oneof![Just("\""), Just(" \n"), Just("é")], 8),
        ) {
            let mut text = String::new();
            for (length, between) in lengths.iter().zip(between) {
                text.push_str(&"aZ9+/-_=".repeat(length / 8 + 1)[..*length]);
                text.push_str(between);
            }
            prop_assert_eq!(runs(text.as_bytes()), every_run(text.as_bytes()));
        }
    }
}
