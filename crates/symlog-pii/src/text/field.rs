//! Values that their key names: `"last_name": "…"`, `"city": "…"`.

use super::{Hit, Search};
use crate::finding::RuleId;
use crate::keys;
use crate::kind::PiiType;

pub(crate) const PERSON_FIELD: RuleId = RuleId::new("person-field");
const PLACE: RuleId = RuleId::new("place-field");
const USERNAME: RuleId = RuleId::new("username-field");

/// A longer text is prose, whatever its key says.
const MAX_VALUE: usize = 120;

/// Appends the whole text, where its key says what it is.
pub(super) fn judge(place: &Search<'_>, out: &mut Vec<Hit>) {
    let value = place.text.trim();
    if value.is_empty() || value.len() > MAX_VALUE {
        return;
    }
    let (kind, rule) = match keys::kind_named(place.key) {
        Some(PiiType::Person) if name(value) => (PiiType::Person, PERSON_FIELD),
        Some(PiiType::Location) if address(value) => (PiiType::Location, PLACE),
        Some(PiiType::Username) if user(value) => (PiiType::Username, USERNAME),
        _ => return,
    };
    if place.wants(kind) {
        let start = place.text.len() - place.text.trim_start().len();
        out.push(Hit::new(start, start + value.len(), kind, 0.88, rule));
    }
}

/// Names of types and what stands where nothing is known.
fn stands_in(value: &str) -> bool {
    const WORDS: [&str; 16] = [
        "string",
        "str",
        "text",
        "null",
        "none",
        "nil",
        "unknown",
        "n/a",
        "na",
        "undefined",
        "required",
        "optional",
        "varchar",
        "tbd",
        "anonymous",
        "object",
    ];
    WORDS.iter().any(|word| value.eq_ignore_ascii_case(word))
        || value.contains(['{', '<', '$', '[', '=', '|', '\\'])
        || value.contains("://")
}

fn name(value: &str) -> bool {
    !stands_in(value)
        && value.chars().any(char::is_alphabetic)
        && !value.contains(|c: char| c.is_ascii_digit() || matches!(c, '@' | '_' | '/' | ':'))
        && value.split_whitespace().count() <= 6
}

fn address(value: &str) -> bool {
    !stands_in(value) && !value.contains(['@', '_']) && value.split_whitespace().count() <= 14
}

fn user(value: &str) -> bool {
    !stands_in(value) && value.len() >= 3 && !value.contains(char::is_whitespace)
}
