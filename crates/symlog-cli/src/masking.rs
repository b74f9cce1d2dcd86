//! The masker that configuration and options ask for.

use std::path::Path;

use anyhow::{Context, Result, bail};
use symlog_core::{Config, MaskingConfig, OperatorKeys, build_masker, open_keyring};
use symlog_keys::Access;
use symlog_pii::{Counts, Masker, PiiType};

use crate::keys::{Search, keyring_path};

/// The masker of `config`, with `profile` and `operators` of the command line on top of it.
pub(crate) fn masker(
    config: &Config,
    profile: Option<&str>,
    operators: &[String],
) -> Result<Masker> {
    let mut masking = config.masking.clone();
    if let Some(profile) = profile {
        profile.clone_into(&mut masking.profile);
    }
    for choice in operators {
        match choice.split_once('=') {
            Some((kind, operator)) => {
                // What is no type may be a rule, which is known only with the rule files.
                let rule = kind.contains(|c: char| c.is_lowercase());
                if let (false, Err(error)) = (rule, kind.parse::<PiiType>()) {
                    bail!("--operator {choice}: {error}");
                }
                masking
                    .operators
                    .insert(kind.to_owned(), operator.to_owned());
            }
            None => {
                let all = PiiType::ALL
                    .iter()
                    .map(|kind| (kind.as_str().to_owned(), choice.clone()));
                masking.operators.extend(all);
            }
        }
    }
    // A profile that was asked for holds even where logs are written without masking.
    let enabled = config.logging.enable_pii_masking || profile.is_some();
    let built = built(config, &masking, enabled);
    match (profile, operators) {
        (None, []) => built,
        (profile, operators) => built.with_context(|| asked(profile, operators)),
    }
}

fn built(config: &Config, masking: &MaskingConfig, enabled: bool) -> Result<Masker> {
    let keys = match enabled && masking.needs_keys()? {
        true => Some(operator_keys(config)?),
        false => None,
    };
    Ok(build_masker(masking, enabled, keys.as_ref())?)
}

/// The keys of the masking operators, from the keyring of the log. Nothing is made.
pub(crate) fn operator_keys(config: &Config) -> Result<OperatorKeys> {
    let log = Path::new(&config.logging.log_file_path);
    let path = keyring_path(log);
    if !path.exists() {
        bail!(
            "this needs the keys of a log, and {} has no keyring; make one with `symlog init`, or name the log with --log",
            log.display()
        );
    }
    let found = Search::new(config)?
        .key
        .context("there is no key to open the keyring with")?;
    let keyring = open_keyring(log, &found.key, Access::ReadOnly)?;
    Ok(OperatorKeys::of(&keyring)?)
}

/// The options as they were typed, to stand before what is wrong with them.
fn asked(profile: Option<&str>, operators: &[String]) -> String {
    let profile = profile.map(|profile| format!("--profile {profile}"));
    let operators = operators
        .iter()
        .map(|operator| format!("--operator {operator}"));
    profile
        .into_iter()
        .chain(operators)
        .collect::<Vec<_>>()
        .join(" ")
}

/// `EMAIL 2, SSN 1`.
pub(crate) fn summary(counts: &Counts) -> String {
    let by_type = counts.by_type();
    let parts: Vec<String> = by_type
        .iter()
        .map(|(kind, n)| format!("{} {n}", kind.as_str()))
        .collect();
    if parts.is_empty() {
        "nothing".to_owned()
    } else {
        parts.join(", ")
    }
}
