//! Parsed JSON, masked in place.

use serde_json::Value;

use super::scope::{LOGPROB, Scope};
use crate::counts::Counts;
use crate::masker::Masker;

/// Masks every string and name of `root`, and every number under a sensitive key.
pub(crate) fn mask_value(
    masker: &Masker,
    key: Option<&str>,
    root: &mut Value,
    counts: &mut Counts,
) {
    let scope = match key {
        Some(path) => path_scope(path, root),
        None => Scope::default(),
    };
    // A list of work to do instead of recursion: depth is bounded by memory alone.
    let mut work = vec![(root, key.unwrap_or(""), scope)];
    while let Some((value, key, scope)) = work.pop() {
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::Number(_) if scope.sensitive => {
                masker.count_sensitive(key, counts);
                *value = Value::from(crate::masker::SENSITIVE);
            }
            Value::Number(number) => {
                if let Some(masked) = masker.mask_number(key, &number.to_string(), counts) {
                    *value = Value::from(masked);
                }
            }
            Value::String(text) => {
                if let Some(masked) = masker.mask_leaf(key, scope.sensitive, text, counts) {
                    *text = masked;
                }
            }
            Value::Array(items) => {
                work.extend(items.iter_mut().map(|item| (item, key, scope.element())))
            }
            Value::Object(map) => {
                mask_names(masker, map, counts);
                let logprob = has_logprob(map);
                for (name, value) in map.iter_mut() {
                    let beside = || logprob || value.as_object().is_some_and(has_logprob);
                    let scope = scope.under(name, value.is_object(), beside);
                    work.push((value, name, scope));
                }
            }
        }
    }
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
fn mask_names(masker: &Masker, map: &mut serde_json::Map<String, Value>, counts: &mut Counts) {
    let mut changed = Vec::new();
    for name in map.keys() {
        if let Some(masked) = masker.mask_leaf("", false, name, counts) {
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
