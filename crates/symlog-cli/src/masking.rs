//! The masker that configuration and options ask for.

use anyhow::{Context, Result, bail};
use symlog_core::{Config, build_masker};
use symlog_pii::{Counts, Masker, PiiType};

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
                if let Err(error) = kind.parse::<PiiType>() {
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
    let built = build_masker(&masking, enabled);
    match (profile, operators) {
        (None, []) => Ok(built?),
        (profile, operators) => built.with_context(|| asked(profile, operators)),
    }
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
