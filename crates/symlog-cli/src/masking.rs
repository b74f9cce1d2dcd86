//! The masker that configuration and options ask for.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use symlog_core::Config;
use symlog_pii::{
    Counts, Generalise, Label, Mask, Masker, Operator, Partial, PiiType, Profile, Remove,
};

/// The operators that need no key; the others are for logs, which have one.
const KEYLESS: &str = "mask, remove, label, partial, generalise";

/// The masker of `config`, with `profile` and `operators` of the command line on top of it.
pub(crate) fn masker(
    config: &Config,
    profile: Option<&str>,
    operators: &[String],
) -> Result<Masker> {
    let masking = &config.masking;
    let name = profile.unwrap_or(&masking.profile);
    let profile: Profile = name
        .parse()
        .with_context(|| format!("cannot use the profile {name:?}"))?;
    let mut builder = Masker::builder()
        .profile(profile)
        .allow(masking.allow.iter().cloned())
        .deny(masking.deny.iter().cloned());
    for (kind, name) in &masking.operators {
        let kind: PiiType = kind.parse().context("masking.operators")?;
        builder = builder.operator(kind, operator(name)?);
    }
    for choice in operators {
        match choice.split_once('=') {
            Some((kind, name)) => {
                let kind: PiiType = kind
                    .parse()
                    .with_context(|| format!("--operator {choice}"))?;
                builder = builder.operator(kind, operator(name)?);
            }
            None => {
                for kind in PiiType::ALL {
                    builder = builder.operator(*kind, operator(choice)?);
                }
            }
        }
    }
    Ok(builder.build()?)
}

fn operator(name: &str) -> Result<Arc<dyn Operator>> {
    Ok(match name {
        "mask" => Arc::new(Mask),
        "remove" => Arc::new(Remove),
        "label" => Arc::new(Label),
        "partial" => Arc::new(Partial::default()),
        "generalise" | "generalize" => Arc::new(Generalise),
        "pseudonym" | "token" | "date-shift" => {
            bail!("the operator {name} needs the key of a log; here use one of {KEYLESS}")
        }
        _ => bail!("unknown operator {name:?}; use one of {KEYLESS}"),
    })
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
