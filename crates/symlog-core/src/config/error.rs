//! Why a configuration is refused.

use std::fmt;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a configuration is refused. No message holds a value that stands in the file.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error(
        "cannot read the configuration {}; name a readable file with --config or SYMLOG_CONFIG",
        path.display()
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is longer than any configuration.
    #[error("the configuration {} is longer than {limit} bytes; is this the right file?", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// Bytes that are read at most.
        limit: u64,
    },
    /// The file is no TOML.
    // The parser's own error is not kept as the source: its text quotes the line, which may hold
    // a token.
    #[error("{file}:{line}:{column}: this is not TOML: {message}")]
    Syntax {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
        /// What the parser says, without any text of the file.
        message: String,
    },
    /// Keys or values are wrong; all of them are listed.
    #[error("{}", Listed(.0))]
    Invalid(Vec<ConfigProblem>),
}

struct Listed<'a>(&'a [ConfigProblem]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

/// One thing that is wrong in a configuration, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigProblem {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The whole path of the key, such as `logging.enabled`.
    pub key: String,
    /// What is wrong with it.
    pub kind: ConfigProblemKind,
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            key,
            kind,
        } = self;
        write!(f, "{file}:{line}: {key}: {kind}")
    }
}

/// What is wrong with a key.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConfigProblemKind {
    /// There is no such key in this section.
    #[error("unknown key; {}", nearest_or_known(nearest.as_deref(), known))]
    UnknownKey {
        /// The key that was probably meant.
        nearest: Option<String>,
        /// The keys of the section.
        known: Vec<String>,
    },
    /// A key that must be there is not.
    #[error("is missing; {0}")]
    Missing(&'static str),
    /// A key that must be there is not.
    #[error("`{0}` is missing; add it to this section")]
    MissingKey(String),
    /// The value is of another type.
    #[error("expected {expected}, found {found}")]
    WrongType {
        /// What belongs here.
        expected: &'static str,
        /// What is there.
        found: &'static str,
    },
    /// The number is negative or too large.
    #[error("expected a whole number from 0 to {max}")]
    OutOfRange {
        /// The largest number allowed.
        max: u64,
    },
    /// The number is not between 0 and 1.
    #[error("expected a number from 0 to 1, such as 0.8")]
    NoShare,
    /// The text is empty.
    #[error("must not be empty; leave the key out to get the default")]
    Empty,
    /// The word is none of those allowed.
    #[error("{} the words are {}", did_you_mean(nearest.as_deref()), known.join(", "))]
    UnknownWord {
        /// The word that was probably meant.
        nearest: Option<String>,
        /// The words allowed.
        known: Vec<String>,
    },
    /// A `${VAR}` names a variable that is not set.
    #[error(
        "the environment variable {0} is not set; set it, or write $${{{0}}} for the literal text"
    )]
    MissingVariable(String),
    /// A `${VAR}` names a variable that holds no text.
    #[error("the environment variable {0} does not hold UTF-8")]
    VariableNotUtf8(String),
    /// A `${` has no `}`.
    #[error("a `${{` has no `}}` after it; close it, or write `$${{` for the literal text")]
    UnclosedVariable,
    /// What stands in `${…}` is no name of a variable.
    #[error("`${{…}}` takes the name of an environment variable: letters, digits and _")]
    BadVariableName,
    /// A value of the secret store's table is of another type.
    #[error("a value in this section is of the wrong type: expected {0}")]
    Secrets(String),
}

fn nearest_or_known(nearest: Option<&str>, known: &[String]) -> String {
    match nearest {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!("the keys here are {}", known.join(", ")),
    }
}

fn did_you_mean(nearest: Option<&str>) -> String {
    match nearest {
        Some(nearest) => format!("unknown word; did you mean \"{nearest}\"?"),
        None => "unknown word;".to_owned(),
    }
}

/// The one of `known` that `given` was probably meant to be.
pub(crate) fn nearest(given: &str, known: &[impl AsRef<str>]) -> Option<String> {
    let given = given.to_lowercase().replace('-', "_");
    known
        .iter()
        .map(|known| {
            (
                strsim::jaro_winkler(&given, &known.as_ref().to_lowercase()),
                known.as_ref(),
            )
        })
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, known)| known.to_owned())
}
