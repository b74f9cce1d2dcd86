//! The fields of a JSON object as raw text, so that what is kept is kept exactly as it was sent.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::Problem;

/// More than any of the formats has, and few enough to look through one by one.
const MAX_FIELDS: usize = 1024;

/// What serde_json allows.
const MAX_DEPTH: usize = 127;

/// Above this many values a text is not turned into a tree: a tree takes up to forty times the
/// memory of `[1,1,1,…]`, and lines may be 100 MB long.
const MAX_NODES: usize = 1 << 20;

/// The fields of one object, in order; of a name given twice the last counts.
#[derive(Default)]
pub(crate) struct Fields<'a> {
    fields: Vec<(Cow<'a, str>, &'a RawValue)>,
    overflowed: bool,
}

impl<'a> Fields<'a> {
    /// Reads an object; says why `text` is none.
    pub(crate) fn parse(text: &'a str) -> Result<Self, Problem> {
        match serde_json::from_str::<Self>(text) {
            Ok(fields) if fields.overflowed => Err(Problem::TooManyFields { limit: MAX_FIELDS }),
            Ok(fields) => Ok(fields),
            Err(error) => Err(problem(text, &error)),
        }
    }

    /// The value of `name`; none where it is absent or null.
    pub(crate) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.fields
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, value)| *value)
            .filter(|value| value.get() != "null")
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(key, _)| key == name)
    }

    /// The value of `name` where it is a text.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.get(name)?.get()).ok()
    }

    /// The value of `name` as `T`, none where it is absent.
    pub(crate) fn read<T: Deserialize<'a>>(
        &self,
        field: &'static str,
        expected: &'static str,
    ) -> Result<Option<T>, Problem> {
        self.get(field)
            .map(|raw| {
                serde_json::from_str(raw.get()).map_err(|error| {
                    match depth_problem(raw.get(), &error) {
                        Some(problem) => problem,
                        None => Problem::BadField { field, expected },
                    }
                })
            })
            .transpose()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.fields.iter().map(|(key, value)| (&**key, *value))
    }

    /// The names, for an error: plain ones only, since anything else might be payload.
    pub(crate) fn names(&self) -> String {
        const SHOWN: usize = 12;
        if self.fields.is_empty() {
            return "no fields".to_owned();
        }
        let plain = |name: &str| {
            name.len() <= 32 && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        };
        let mut names: Vec<&str> = self
            .iter()
            .map(|(name, _)| if plain(name) { name } else { "…" })
            .take(SHOWN)
            .collect();
        if self.fields.len() > SHOWN {
            names.push("…");
        }
        format!("the fields {}", names.join(", "))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut found = Fields::default();
                while let Some(Name(name)) = map.next_key()? {
                    if found.fields.len() == MAX_FIELDS {
                        found.overflowed = true;
                        map.next_value::<IgnoredAny>()?;
                    } else {
                        found.fields.push((name, map.next_value()?));
                    }
                }
                Ok(found)
            }
        }

        deserializer.deserialize_map(Collect)
    }
}

/// A key, borrowed unless it has escapes.
struct Name<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrow;

        impl<'de> Visitor<'de> for Borrow {
            type Value = Cow<'de, str>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
        }

        deserializer.deserialize_str(Borrow).map(Name)
    }
}

/// The value of a JSON text; the text itself where it is no JSON, or too deep or too large for a
/// tree, so that nothing is lost.
pub(crate) fn value_or_text(text: &str) -> Value {
    tree(text).unwrap_or_else(|| Value::String(text.to_owned()))
}

/// The tree of a JSON text, unless it would be out of proportion.
pub(crate) fn tree(text: &str) -> Option<Value> {
    // Every value but the first follows one of these, so this bounds the tree from above.
    if memchr::memchr3_iter(b',', b':', b'[', text.as_bytes())
        .take(MAX_NODES)
        .count()
        == MAX_NODES
    {
        return None;
    }
    serde_json::from_str(text).ok()
}

/// The text of a raw JSON string, or the raw JSON as it stands.
pub(crate) fn text_of(raw: &RawValue) -> String {
    serde_json::from_str(raw.get()).unwrap_or_else(|_| raw.get().to_owned())
}

fn problem(text: &str, error: &serde_json::Error) -> Problem {
    use serde_json::error::Category;
    if let Some(problem) = depth_problem(text, error) {
        return problem;
    }
    match error.classify() {
        Category::Eof => Problem::CutShort { bytes: text.len() },
        // The error's own text can quote the input, so only its place is kept.
        Category::Syntax | Category::Data | Category::Io => Problem::NotJson {
            column: error.column(),
        },
    }
}

/// serde_json gives no kind for "recursion limit exceeded", so the depth is measured.
fn depth_problem(text: &str, error: &serde_json::Error) -> Option<Problem> {
    if error.is_eof() {
        return None;
    }
    let depth = depth(text);
    (depth > MAX_DEPTH).then_some(Problem::TooDeep {
        depth,
        limit: MAX_DEPTH,
    })
}

fn depth(text: &str) -> usize {
    let (mut depth, mut deepest, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        if escaped {
            escaped = false;
            continue;
        }
        match byte {
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}
