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
    /// The first characters of all rules together are too many.
    #[error("there are too many rules that begin with fixed characters; leave some out")]
    TooManyRules,
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
    /// Nothing in the pattern tells where to try it.
    #[error(
        "it would never be tried: let the pattern begin with three characters that are always the same and give it a `score`, or let it hold three digits, or let a `SECRET` have ten characters"
    )]
    NeverTried,
    /// Nothing shows what the rule finds, or what it leaves.
    #[error("it has no {missing}; add {key} = [\"…\"], a text in which it must find {finds}")]
    NoExample {
        /// `example` or `counter-example`.
        missing: &'static str,
        /// The key under which they stand.
        key: &'static str,
        /// What it must find in one.
        finds: &'static str,
    },
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

/// Why a model could not be opened or run. Nothing of a text is in it.
#[cfg(feature = "onnx")]
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OnnxError {
    /// The library of ONNX Runtime cannot be loaded.
    #[error("{} cannot be loaded as ONNX Runtime; name its library, version 1.21 or newer", path.display())]
    Runtime {
        /// The library.
        path: std::path::PathBuf,
        /// What the loader says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file of the model is missing or is none of its kind.
    #[error("{} cannot be read; the folder of a model holds config.json, tokenizer.json and one *.onnx", path.display())]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// There is no model in the folder.
    #[error("{} holds no *.onnx, nor does its folder onnx; name the folder of a model", .0.display())]
    NoModel(std::path::PathBuf),
    /// The model's labels are of other things.
    #[error("no label of the model is a type of personal data; name a token classifier for names")]
    Labels,
    /// The text does not become tokens, or too many of them.
    #[error("the text does not become tokens that the model takes")]
    Tokens,
    /// The model gives something else than a score for each label of each token.
    #[error("the model is no token classifier: its output has another shape")]
    Shape,
    /// The runtime failed.
    #[error("ONNX Runtime failed")]
    Run(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The text took too long.
    #[error("the model took longer than {0:?}; raise the time limit or lower the size limit")]
    TooSlow(std::time::Duration),
}
