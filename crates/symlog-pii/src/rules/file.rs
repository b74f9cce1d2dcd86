//! The form of a rule file.

use serde::Deserialize;

use crate::error::{BuildError, RuleProblem};
use crate::kind::PiiType;

/// One rule, as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleEntry {
    pub(super) id: String,
    #[serde(rename = "type")]
    pub(super) kind: PiiType,
    /// What the value looks like; any of them.
    #[serde(default)]
    pub(super) pattern: OneOrMany,
    /// A named check of what the pattern matched.
    pub(super) check: Option<String>,
    /// Words near the value that speak for this rule.
    #[serde(default)]
    pub(super) keywords: Vec<String>,
    /// The score without any keyword; without one, a keyword must be there.
    #[serde(default)]
    pub(super) score: f32,
    /// The score with a keyword.
    #[serde(default = "with_keyword")]
    pub(super) context: f32,
    /// What it matches is no finding: the rule only keeps others from the same place.
    #[serde(default)]
    pub(super) decoy: bool,
    /// Texts in which the rule must find something; of a decoy, in which nothing must be found.
    #[serde(default)]
    pub(super) examples: Vec<String>,
    /// Texts in which it must find nothing; of a decoy, in which something must be.
    #[serde(default)]
    pub(super) counter: Vec<String>,
    /// Where the shape is documented.
    #[serde(default)]
    #[expect(dead_code, reason = "for those who read the file")]
    pub(super) source: Option<String>,
}

fn with_keyword() -> f32 {
    0.9
}

/// A text or a list of texts.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany {
    #[default]
    None,
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    pub(super) fn as_slice(&self) -> &[String] {
        match self {
            OneOrMany::None => &[],
            OneOrMany::One(text) => std::slice::from_ref(text),
            OneOrMany::Many(texts) => texts,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    #[serde(default)]
    rule: Vec<toml::Spanned<RuleEntry>>,
}

/// The rules of a file, each with the line on which it begins.
pub(super) fn parse(file: &str, text: &str) -> Result<Vec<(usize, RuleEntry)>, BuildError> {
    let parsed: RuleFile = toml::from_str(text).map_err(|source| BuildError::Syntax {
        file: file.to_owned(),
        line: source.span().map_or(1, |span| line_of(text, span.start)),
        source: Box::new(source),
    })?;
    let (mut line, mut seen) = (1, 0);
    let numbered = parsed.rule.into_iter().map(|rule| {
        let start = rule.span().start;
        line += breaks(&text[seen.min(start)..start]);
        seen = start;
        (line, rule.into_inner())
    });
    Ok(numbered.collect())
}

fn line_of(text: &str, at: usize) -> usize {
    breaks(text.get(..at).unwrap_or(text)) + 1
}

fn breaks(text: &str) -> usize {
    memchr::memchr_iter(b'\n', text.as_bytes()).count()
}

pub(super) fn problem(file: &str, line: usize, rule: &str, problem: RuleProblem) -> BuildError {
    BuildError::Rule {
        file: file.to_owned(),
        line,
        rule: rule.to_owned(),
        problem,
    }
}
