//! What a detector reports.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::kind::PiiType;

/// The name of the rule that found something, such as `github-pat`.
///
/// Built-in rules cost nothing to copy, a user's own one reference count.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(Repr);

#[derive(Clone)]
enum Repr {
    Static(&'static str),
    Shared(Arc<str>),
}

impl Repr {
    fn as_str(&self) -> &str {
        match self {
            Repr::Static(name) => name,
            Repr::Shared(name) => name,
        }
    }
}

impl PartialEq for Repr {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Repr {}

impl PartialOrd for Repr {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Repr {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl std::hash::Hash for Repr {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl RuleId {
    /// A rule known at compile time.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(Repr::Static(name))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl From<String> for RuleId {
    fn from(name: String) -> Self {
        Self(Repr::Shared(name.into()))
    }
}

impl fmt::Debug for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for RuleId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A span of text and what it is. It holds no text, so it may be logged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// The first byte, counted in the original text.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: PiiType,
    /// How sure the rule is, from 0 to 1.
    pub score: f32,
    /// Which rule found it.
    pub rule: RuleId,
}

impl Finding {
    /// A finding of `rule`.
    #[must_use]
    pub const fn new(start: usize, end: usize, kind: PiiType, score: f32, rule: RuleId) -> Self {
        Self {
            start,
            end,
            kind,
            score,
            rule,
        }
    }
}
