//! Parsed JSON, masked in place.

use serde_json::Value;

use super::scope::{LOGPROB, Scope};
use crate::counts::Counts;
use crate::document::Document;
use crate::fields::{FieldAction, Place};
use crate::keys;

/// Masks every string and name of `root`, and every number under a sensitive key.
pub(crate) fn mask_value(
    document: &Document<'_>,
    key: Option<&str>,
    root: &mut Value,
    counts: &mut Counts,
) {
    let fields = document.fields();
    let mut scope = match key {
        Some(path) => path_scope(path, root),
        None => Scope::default(),
    };
    scope.place = document.place_under(key);
    // A list of work to do instead of recursion: depth is bounded by memory alone.
    let mut work = vec![(root, key.unwrap_or(""), scope)];
    while let Some((value, key, scope)) = work.pop() {
        // What is said of an object or a list holds for what is in it, unless a deeper path says
        // otherwise.
        let action = fields.action(scope.place);
        let mut document = *document;
        let mut kept = false;
        match action {
            None => {}
            Some(FieldAction::Keep) => kept = true,
            Some(FieldAction::With(masker)) => document = document.with(masker),
            Some(whole @ FieldAction::Whole { .. }) => {
                let text = match &*value {
                    Value::Number(number) => Some(number.to_string()),
                    Value::String(text) => Some(text.clone()),
                    _ => None,
                };
                if let Some(masked) =
                    text.and_then(|text| document.mask_whole(whole, &text, counts))
                {
                    *value = Value::from(masked);
                }
                kept = true;
            }
        }
        if kept && !(value.is_object() || value.is_array()) {
            continue;
        }
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::Number(number) if scope.sensitive => {
                if let Some(masked) = document.mask_sensitive(key, &number.to_string(), counts) {
                    *value = Value::from(masked);
                }
            }
            Value::Number(number) => {
                if let Some(masked) = document.mask_number(key, &number.to_string(), counts) {
                    *value = Value::from(masked);
                }
            }
            Value::String(text) => {
                let place = match action {
                    Some(_) => Place::NOWHERE,
                    None => scope.place,
                };
                if let Some(masked) = document.mask_leaf(key, place, scope.sensitive, text, counts)
                {
                    *text = masked;
                }
            }
            Value::Array(items) => {
                work.extend(items.iter_mut().enumerate().map(|(index, item)| {
                    let mut scope = scope.element();
                    scope.place = fields.element(scope.place, index);
                    (item, key, scope)
                }));
            }
            Value::Object(map) => {
                if !kept {
                    mask_names(&document, map, counts);
                }
                let logprob = has_logprob(map);
                let names_secret = names_secret(map);
                for (name, value) in map.iter_mut() {
                    let beside = || logprob || value.as_object().is_some_and(has_logprob);
                    let mut scope = scope.under(name, value.is_object(), beside);
                    scope.sensitive |= names_secret && keys::is_value(name);
                    scope.place = fields.under(scope.place, name);
                    work.push((value, name, scope));
                }
            }
        }
    }
}

/// Masks the mentions of known names in every string of `root`.
pub(crate) fn mask_mentions(
    document: &Document<'_>,
    key: Option<&str>,
    root: &mut Value,
    counts: &mut Counts,
) {
    let fields = document.fields();
    let mut work = vec![(root, document.place_under(key))];
    while let Some((value, place)) = work.pop() {
        if fields.action(place).is_some() {
            continue;
        }
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
            Value::String(text) => {
                if let Some(masked) = document.mask_leaf_mentions(text, counts) {
                    *text = masked;
                }
            }
            Value::Array(items) => {
                let items = items.iter_mut().enumerate();
                work.extend(items.map(|(i, item)| (item, fields.element(place, i))));
            }
            Value::Object(map) => {
                let values = map.iter_mut();
                work.extend(values.map(|(name, value)| (value, fields.under(place, name))));
            }
        }
    }
}

/// Whether an object is the name of a secret with its value: `{"name": "DB_PASSWORD", "value": …}`.
fn names_secret(map: &serde_json::Map<String, Value>) -> bool {
    map.iter()
        .any(|(key, name)| keys::is_name(key) && name.as_str().is_some_and(keys::is_sensitive))
}

fn has_logprob(map: &serde_json::Map<String, Value>) -> bool {
    LOGPROB.iter().any(|name| map.contains_key(*name))
}

fn path_scope(path: &str, root: &Value) -> Scope {
    let ancestors = path
        .split(['.', '/', '['])
        .fold(Scope::default(), |scope, segment| {
            if crate::keys::is_logprobs(segment) {
                scope.under(segment, true, || false)
            } else {
                scope
            }
        });
    ancestors.under(crate::keys::last_segment(path), root.is_object(), || false)
}

/// Names can hold personal data too: `{"jane@example.com": …}`.
fn mask_names(
    document: &Document<'_>,
    map: &mut serde_json::Map<String, Value>,
    counts: &mut Counts,
) {
    let mut changed = Vec::new();
    for name in map.keys() {
        if let Some(masked) = document.mask_leaf("", Place::NOWHERE, false, name, counts) {
            changed.push((name.clone(), masked));
        }
    }
    for (name, masked) in changed {
        if let Some(value) = map.remove(&name) {
            // Two addresses have the same mask; neither value may be lost.
            let mut free = masked.clone();
            let mut n = 2;
            while map.contains_key(&free) {
                free = format!("{masked} ({n})");
                n += 1;
            }
            map.insert(free, value);
        }
    }
}
