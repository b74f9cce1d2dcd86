//! The table `[security.secrets]`, which the keys crate defines.

use serde::Deserialize;
use symlog_keys::SecretsConfig;
use toml::Value;

use super::error::{ConfigProblemKind as Problem, nearest};
use super::section::Section;

pub(super) fn read(section: Section<'_>) -> Option<SecretsConfig> {
    let places = section.places();
    let start = section.start();
    let report = section.reporter();
    let table = section.rest();
    match SecretsConfig::deserialize(Value::Table(table)) {
        Ok(config) => Some(config),
        Err(error) => {
            let found = Refusal::parse(error.message());
            let place = found
                .key
                .and_then(|key| places.iter().find(|place| place.key == key));
            let (offset, path) = match place {
                Some(place) => (place.offset, place.path.clone()),
                None => (start, "security.secrets".to_owned()),
            };
            report(offset, path, found.problem);
            None
        }
    }
}

/// What serde says about a table, with every value of the table taken out of it: a token that
/// stands in the wrong place must not be printed.
struct Refusal<'a> {
    /// The key that it is about, where serde names it.
    key: Option<&'a str>,
    problem: Problem,
}

impl<'a> Refusal<'a> {
    fn parse(message: &'a str) -> Self {
        let (said, expected) = message.split_once(", ").unwrap_or((message, ""));
        if let Some(key) = said.strip_prefix("unknown field ") {
            let known = quoted(expected);
            let key = key.trim_matches('`');
            return Self {
                key: Some(key),
                problem: Problem::UnknownKey {
                    nearest: nearest(key, &known),
                    known,
                },
            };
        }
        if let Some(key) = said.strip_prefix("missing field ") {
            return Self {
                key: None,
                problem: Problem::MissingKey(key.trim_matches('`').to_owned()),
            };
        }
        if said.starts_with("unknown variant ") {
            // The word given is a value, so it is not looked at.
            let known = quoted(expected);
            return Self {
                key: None,
                problem: Problem::UnknownWord {
                    nearest: None,
                    known,
                },
            };
        }
        let expected = message
            .rsplit_once(", expected ")
            .map_or("something else", |(_, what)| what);
        Self {
            key: None,
            problem: Problem::Secrets(expected.to_owned()),
        }
    }
}

/// The words between backticks.
fn quoted(text: &str) -> Vec<String> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}
