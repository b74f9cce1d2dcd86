//! What can go wrong when a masker is built or a detector runs.

use thiserror::Error;

use crate::fields::PathProblem;
use crate::kind::UnknownPiiType;

/// Why a [`Masker`](crate::Masker) could not be built.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A rule file is not TOML, or has a field that is missing, unknown or of the wrong type.
    #[error("{file}:{line}: {source}; correct the rule file at this line")]
    Syntax {
        /// The rule file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// What the TOML parser says.
        source: Box<toml::de::Error>,
    },
    /// A rule is well-formed TOML that cannot be compiled.
    #[error("{file}:{line}: rule {rule:?}: {problem}")]
    Rule {
        /// The rule file.
        file: String,
        /// The line on which the rule begins, counted from 1.
        line: usize,
        /// The rule's id.
        rule: String,
        /// What is wrong with it, and what to do.
        problem: RuleProblem,
    },
    /// The path of a field rule is no path.
    #[error("{path}: {problem}")]
    Path {
        /// The path as given.
        path: String,
        /// What is wrong with it.
        problem: PathProblem,
    },
    /// An operator is for a rule that is neither built in nor in a rule file.
    #[error(
        "there is no rule {rule:?}; did you mean {nearest:?}? `symlog scan` shows the rule of each finding"
    )]
    UnknownRule {
        /// The id as given.
        rule: String,
        /// The most similar one that exists.
        nearest: String,
    },
    /// An operator or profile names a type that does not exist.
    #[error(transparent)]
    Type(#[from] UnknownPiiType),
}

/// What is wrong with one rule.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RuleProblem {
    /// The pattern is not one that the engine can run.
    #[error("the pattern does not compile ({0}); see docs/masking.md for the syntax")]
    Pattern(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Another rule has the same id.
    #[error("the id is used twice; give each rule an id of its own")]
    DuplicateId,
    /// The rule has neither a pattern nor a prefix nor a list of words.
    #[error("it has nothing to find; give it a `pattern`")]
    Empty,
    /// The named check does not exist.
    #[error("there is no check {name:?}; the checks are {known}")]
    UnknownCheck {
        /// The name given.
        name: String,
        /// The names that exist.
        known: String,
    },
    /// An example is not found, or a counter-example is.
    #[error("{what} number {index} {outcome}; correct the pattern or the example")]
    Example {
        /// `example` or `counter-example`.
        what: &'static str,
        /// Which one, counted from 1. The example itself is not shown, it may be a secret.
        index: usize,
        /// What happened.
        outcome: &'static str,
    },
}

/// Why a [`Detector`](crate::Detector) did not finish. The field it was given is masked whole.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DetectError {
    /// The text is longer than the detector takes.
    #[error("the text has {len} bytes, the detector takes {limit}")]
    TooLarge {
        /// Bytes of the text.
        len: usize,
        /// Bytes the detector takes.
        limit: usize,
    },
    /// The detector's own failure. The source must hold nothing of the text.
    #[error("the detector failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}
