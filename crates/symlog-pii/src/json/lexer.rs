//! A walk over the leaves of JSON text, without recursion and without a tree.

use super::scope::Scope;
use crate::fields::{Fields, Place};
use crate::keys;

/// A string or number, and where it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Leaf<'t> {
    /// Where it begins: after the opening quote of a string.
    pub(crate) start: usize,
    /// As written, escapes and all.
    pub(crate) raw: &'t str,
    /// Whether it is a string.
    pub(crate) string: bool,
    /// The key above, as written; empty for keys themselves and outside of objects.
    pub(crate) key: &'t str,
    /// Whether it is a name in an object.
    pub(crate) is_key: bool,
    /// What all keys above say.
    pub(crate) scope: Scope,
}

/// The text is not JSON.
#[derive(Debug)]
pub(crate) struct NotJson;

/// How far around a `token` a log-probability is looked for.
const SIBLING_WINDOW: usize = 256;

struct Level<'t> {
    object: bool,
    scope: Scope,
    key: &'t str,
    /// How many elements of the list are done.
    index: usize,
    /// Whether its `name` or `key` is that of a secret, and its `value` therefore one.
    names_secret: bool,
}

/// What the values of a text stand under.
#[derive(Clone, Copy)]
pub(crate) struct Root<'a> {
    pub(crate) fields: &'a Fields,
    pub(crate) place: Place,
}

/// Calls `each` with every name, string and number of `text`, which holds one or more JSON
/// objects or lists with nothing but blanks between them.
///
/// What was called is void when the text turns out not to be JSON.
pub(crate) fn walk<'t>(
    text: &'t str,
    root: Root<'_>,
    each: &mut dyn FnMut(Leaf<'t>),
) -> Result<(), NotJson> {
    let bytes = text.as_bytes();
    let mut at = blanks(bytes, 0);
    if !matches!(bytes.get(at), Some(b'{' | b'[')) {
        return Err(NotJson);
    }
    let mut stack: Vec<Level<'t>> = Vec::new();
    loop {
        at = value(text, at, root, &mut stack, each)?;
        // After a value: close what ends here, then go on to the next value.
        loop {
            at = blanks(bytes, at);
            let Some(level) = stack.last_mut() else {
                match bytes.get(at) {
                    None => return Ok(()),
                    Some(b'{' | b'[') => break,
                    Some(_) => return Err(NotJson),
                }
            };
            match (bytes.get(at), level.object) {
                (Some(b','), true) => {
                    at = name(text, blanks(bytes, at + 1), level, each)?;
                    break;
                }
                (Some(b','), false) => {
                    level.index += 1;
                    at = blanks(bytes, at + 1);
                    break;
                }
                (Some(b'}'), true) | (Some(b']'), false) => {
                    stack.pop();
                    at += 1;
                }
                _ => return Err(NotJson),
            }
        }
    }
}

/// Reads a scalar, or opens one object or list after the other. Returns where it stopped: after
/// a scalar or an empty container.
fn value<'t>(
    text: &'t str,
    mut at: usize,
    root: Root<'_>,
    stack: &mut Vec<Level<'t>>,
    each: &mut dyn FnMut(Leaf<'t>),
) -> Result<usize, NotJson> {
    let bytes = text.as_bytes();
    loop {
        let open = *bytes.get(at).ok_or(NotJson)?;
        let (key, scope) = place(bytes, at, open, root, stack.last());
        match open {
            b'{' => {
                let first = blanks(bytes, at + 1);
                if bytes.get(first) == Some(&b'}') {
                    return Ok(first + 1);
                }
                let mut level = Level {
                    object: true,
                    scope,
                    key: "",
                    index: 0,
                    names_secret: false,
                };
                at = name(text, first, &mut level, each)?;
                stack.push(level);
            }
            b'[' => {
                let first = blanks(bytes, at + 1);
                if bytes.get(first) == Some(&b']') {
                    return Ok(first + 1);
                }
                stack.push(Level {
                    object: false,
                    scope,
                    key,
                    index: 0,
                    names_secret: false,
                });
                at = first;
            }
            b'"' => {
                let end = string_end(bytes, at + 1)?;
                let raw = &text[at + 1..end];
                if let Some(level) = stack.last_mut().filter(|level| level.object) {
                    level.names_secret |= keys::is_name(key) && keys::is_sensitive(raw);
                }
                each(Leaf {
                    start: at + 1,
                    raw,
                    string: true,
                    key,
                    is_key: false,
                    scope,
                });
                return Ok(end + 1);
            }
            b'-' | b'0'..=b'9' => {
                let len = bytes[at..]
                    .iter()
                    .position(|b| !matches!(b, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9'));
                let end = len.map_or(bytes.len(), |len| at + len);
                each(Leaf {
                    start: at,
                    raw: &text[at..end],
                    string: false,
                    key,
                    is_key: false,
                    scope,
                });
                return Ok(end);
            }
            _ => {
                let word = ["true", "false", "null"]
                    .into_iter()
                    .find(|word| bytes[at..].starts_with(word.as_bytes()));
                return Ok(at + word.ok_or(NotJson)?.len());
            }
        }
    }
}

fn place<'t>(
    bytes: &[u8],
    at: usize,
    open: u8,
    root: Root<'_>,
    level: Option<&Level<'t>>,
) -> (&'t str, Scope) {
    let Some(level) = level else {
        let mut scope = Scope::default();
        scope.place = root.place;
        return ("", scope);
    };
    if !level.object {
        let mut scope = level.scope.element();
        scope.place = root.fields.element(scope.place, level.index);
        return (level.key, scope);
    }
    let beside_logprob = || {
        let from = at.saturating_sub(SIBLING_WINDOW);
        let to = bytes.len().min(at + SIBLING_WINDOW);
        super::scope::LOGPROB.iter().any(|name| {
            // With its closing quote, so that `logprobs` beside a real credential is no excuse.
            memchr::memmem::find_iter(&bytes[from..to], name)
                .any(|n| bytes.get(from + n + name.len()) == Some(&b'"'))
        })
    };
    let mut scope = level.scope.under(level.key, open == b'{', beside_logprob);
    scope.sensitive |= level.names_secret && keys::is_value(level.key);
    if scope.place != Place::NOWHERE {
        let decoded = super::Decoded::new(level.key);
        let name = decoded.as_ref().map_or(level.key, |decoded| &decoded.text);
        scope.place = root.fields.under(scope.place, name);
    }
    (level.key, scope)
}

/// Reads `"name":`. Returns where its value begins.
fn name<'t>(
    text: &'t str,
    at: usize,
    level: &mut Level<'t>,
    each: &mut dyn FnMut(Leaf<'t>),
) -> Result<usize, NotJson> {
    let bytes = text.as_bytes();
    if bytes.get(at) != Some(&b'"') {
        return Err(NotJson);
    }
    let end = string_end(bytes, at + 1)?;
    level.key = &text[at + 1..end];
    each(Leaf {
        start: at + 1,
        raw: level.key,
        string: true,
        key: "",
        is_key: true,
        scope: Scope::default(),
    });
    let colon = blanks(bytes, end + 1);
    if bytes.get(colon) != Some(&b':') {
        return Err(NotJson);
    }
    Ok(blanks(bytes, colon + 1))
}

/// Where the string that begins at `from` has its closing quote.
fn string_end(bytes: &[u8], from: usize) -> Result<usize, NotJson> {
    let mut at = from;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..).ok_or(NotJson)?).ok_or(NotJson)?;
        if bytes[at] == b'"' {
            return Ok(at);
        }
        at += 2;
    }
}

fn blanks(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    from + rest
        .iter()
        .position(|b| !matches!(b, b' ' | b'\t' | b'\n' | b'\r'))
        .unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn leaves(text: &str) -> Result<Vec<String>, NotJson> {
        let mut out = Vec::new();
        let root = Root {
            fields: &Fields::default(),
            place: Place::NOWHERE,
        };
        walk(text, root, &mut |leaf| {
            if !leaf.is_key {
                out.push(format!(
                    "{}={}{}",
                    leaf.key,
                    leaf.raw,
                    if leaf.scope.sensitive { "!" } else { "" }
                ));
            }
        })?;
        Ok(out)
    }

    #[test]
    fn every_leaf_has_its_key() {
        let text = r#"{"a": ["x", {"b": 1, "token": {"c": "y"}}], "pin": 12, "d": null, "e": {}} [[], "z"]"#;
        assert_eq!(
            leaves(text).unwrap(),
            ["a=x", "b=1", "c=y!", "pin=12!", "=z"]
        );
    }

    #[test]
    fn names_and_log_probabilities_are_no_credentials() {
        let text = r#"{"properties": {"password": {"type": "string"}, "token": "x"}}"#;
        assert_eq!(leaves(text).unwrap(), ["type=string", "token=x!"]);
        let text = r#"{"logprobs": {"content": [{"token": "Hi"}]}}"#;
        assert_eq!(leaves(text).unwrap(), ["token=Hi"]);
        let text = r#"[{"name": "DB_PASSWORD", "value": "x"}, {"name": "PORT", "value": "y"}]"#;
        assert_eq!(
            leaves(text).unwrap(),
            ["name=DB_PASSWORD", "value=x!", "name=PORT", "value=y"]
        );
        let text = r#"[{"token": "Hi", "logprob": -0.1}]"#;
        assert_eq!(leaves(text).unwrap(), ["token=Hi", "logprob=-0.1"]);
    }

    #[test]
    fn what_is_no_json_is_told() {
        for text in [
            "",
            "x",
            "[link](url)",
            "{",
            "{\"a\"}",
            "[1,]",
            "[\"",
            "[1] x",
            "{\"a\":1,}",
            "[\"\\",
            "{a:1}",
            "[tru",
        ] {
            assert!(leaves(text).is_err(), "{text}");
        }
    }

    #[test]
    fn depth_is_no_matter() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(leaves(&deep).unwrap().is_empty());
        assert!(leaves(&"[".repeat(1_000_000)).is_err());
    }
}
