//! The secret store, the key, and whether it opens the log.

use symlog_core::Config;
use symlog_keys::{KeyError, KeySource};

use super::Check;
use crate::keys::{Chain, Search};

pub(super) fn check(config: &Config, search: &Search) -> Vec<Check> {
    let mut checks = Vec::new();
    if config.secrets.is_some() {
        checks.push(store(search));
    }
    checks.push(key(search));
    match &search.opens {
        None => {}
        Some(Ok(())) => checks.push(Check::ok("log key", "the key opens the log")),
        Some(Err(error)) => checks.push(Check::broken(
            "log key",
            Chain(error).to_string(),
            "`symlog keys check` says where the key comes from; bring back what is missing or wrong",
        )),
    }
    checks
}

fn store(search: &Search) -> Check {
    const WHAT: &str = "secret store";
    let passed_over = match &search.key {
        Ok(found) => {
            if let KeySource::Store(description) = &found.source {
                return Check::ok(WHAT, format!("{description} holds the key"));
            }
            &found.passed_over
        }
        Err(KeyError::NotFound { passed_over, .. }) => passed_over,
        Err(error) => {
            return Check::broken(
                WHAT,
                Chain(error).to_string(),
                "correct [security.secrets], or the store",
            );
        }
    };
    match passed_over
        .iter()
        .find(|passed| matches!(passed.source, KeySource::Store(_)))
    {
        Some(passed) => Check::warning(
            WHAT,
            passed.to_string(),
            "put the key into the store under `encryption_key_name`, or correct [security.secrets]",
        ),
        None => Check::ok(WHAT, "it was not asked"),
    }
}

fn key(search: &Search) -> Check {
    const WHAT: &str = "key";
    match &search.key {
        Ok(found) if found.warnings.is_empty() => Check::ok(WHAT, format!("from {}", found.source)),
        Ok(found) => Check::warning(
            WHAT,
            format!("from {}: {}", found.source, found.warnings.join("; ")),
            "see to the source that comes first, so that this one is not needed",
        ),
        Err(error) => {
            let why = search.why_none(error);
            match error {
                KeyError::NotFound { .. } if !search.has_log() => Check::ok(WHAT, why),
                _ => Check::broken(
                    WHAT,
                    why,
                    "bring the key back into one of these places, under the name in [logging]",
                ),
            }
        }
    }
}
