//! The words in which a provider says what went wrong.

use serde_json::Value;

/// Long enough for any message, too short for an echoed prompt.
const LONGEST: usize = 2000;

/// The message in an error body, in the shapes that providers use.
pub(super) fn message(body: &Value) -> Option<String> {
    const PLACES: [&str; 10] = [
        "/error/message",
        "/error/error/message",
        "/0/error/message",
        "/response/error/message",
        "/error",
        "/message",
        "/Message",
        "/detail",
        "/errors/0/message",
        "/detail/0/msg",
    ];
    PLACES.iter().find_map(|place| match body.pointer(place)? {
        Value::String(text) if !text.is_empty() => Some(shorten(text)),
        _ => None,
    })
}

/// The beginning of a body that is no JSON.
pub(super) fn of_text(body: &str) -> Option<String> {
    let body = body.trim();
    // A page for people says nothing in its first line.
    (!body.is_empty() && !body.starts_with('<')).then(|| shorten(body))
}

fn shorten(text: &str) -> String {
    text.get(..text.floor_char_boundary(LONGEST))
        .unwrap_or(text)
        .to_owned()
}
