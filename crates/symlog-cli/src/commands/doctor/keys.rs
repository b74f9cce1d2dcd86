//! The secret store, the key, and whether it opens the log.

use std::path::Path;

use symlog_core::{Config, open_keyring, period_keys_in_use};
use symlog_keys::{Access, KeyError, KeySource, PeriodState};

use super::Check;
use crate::keys::{Chain, REPLACES, Search, hex};
use crate::units::counted;

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
    checks.extend(retired(config, search));
    checks
}

/// Keys that are no longer written with and still needed, and a replacement that was interrupted.
fn retired(config: &Config, search: &Search) -> Option<Check> {
    const WHAT: &str = "keyring";
    let (Ok(found), Some(Ok(()))) = (&search.key, &search.opens) else {
        return None;
    };
    let log = Path::new(&config.logging.log_file_path);
    let keyring = open_keyring(log, &found.key, Access::ReadOnly).ok()?;
    let inventory = keyring.inventory().ok()?;
    let uses = period_keys_in_use(log, Some(crate::log::archives())).ok()?;
    let needed = |state: PeriodState| {
        let of_state = inventory
            .periods
            .iter()
            .filter(move |key| key.state == state);
        let segments = of_state.filter_map(|key| uses.get(&key.id));
        segments.fold((0u64, 0u64), |(keys, all), some| (keys + 1, all + some))
    };
    let (keys, segments) = needed(PeriodState::Retired);
    let (destroyed, lost) = needed(PeriodState::Destroyed);
    let mut said = format!(
        "master key version {}, {} old, {}",
        inventory.master,
        counted(inventory.master_age.as_secs() / 86_400, "day", "days"),
        counted(inventory.slots.len() as u64, "unlock slot", "unlock slots"),
    );
    if keys > 0 {
        said.push_str(&format!(
            "; {} still needed by {}",
            counted(keys, "retired key is", "retired keys are"),
            counted(segments, "segment", "segments")
        ));
    }
    if destroyed > 0 {
        said.push_str(&format!(
            "; {} destroyed, and {} that needed it",
            counted(destroyed, "key was", "keys were"),
            counted(lost, "segment", "segments")
        ));
    }
    let is_there = |id: &str| inventory.slots.iter().any(|slot| hex(&slot.id) == id);
    let unfinished = inventory
        .slots
        .iter()
        .any(|slot| slot.label.strip_prefix(REPLACES).is_some_and(is_there));
    Some(if unfinished {
        Check::warning(
            WHAT,
            said + "; a new logging key has not taken the old one's place yet",
            "put the new key where the old one is, then `symlog keys rotate`",
        )
    } else {
        Check::ok(WHAT, said)
    })
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
        Ok(found) if found.warnings.is_empty() => {
            let mut said = format!("from {}", found.source);
            for passed in &found.passed_over {
                said.push_str(&format!("; not from {passed}"));
            }
            Check::ok(WHAT, said)
        }
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
