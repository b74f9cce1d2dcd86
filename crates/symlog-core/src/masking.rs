//! A masker from the masking section.

use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use symlog_pii::{
    CustomProfile, Generalise, Label, Mask, Masker, Operator, Partial, PiiType, Profile, Remove,
    TypeSet,
};

use crate::config::MaskingConfig;
use crate::error::LoggingError;

/// The masker that a configuration asks for; `enabled = false` is profile `off`.
///
/// # Errors
///
/// When a profile, rule or operator does not exist, or one of its files cannot be read.
pub fn build_masker(config: &MaskingConfig, enabled: bool) -> Result<Masker, LoggingError> {
    let profile = if enabled {
        profile(&config.profile)?
    } else {
        Profile::Off
    };
    let mut builder = Masker::builder()
        .profile(profile)
        .allow(config.allow.iter().cloned())
        .deny(config.deny.iter().cloned());
    for path in &config.rules {
        builder = builder.rules(path.clone(), read(path)?);
    }
    for (kind, name) in &config.operators {
        let parsed: PiiType = kind
            .parse()
            .map_err(|error| wrong(format!("masking.operators: {error}"), Some(Arc::new(error))))?;
        builder = builder.operator(parsed, operator(kind, name)?);
    }
    Ok(builder.build()?)
}

fn operator(kind: &str, name: &str) -> Result<Arc<dyn Operator>, LoggingError> {
    Ok(match name {
        "mask" => Arc::new(Mask),
        "remove" => Arc::new(Remove),
        "label" => Arc::new(Label),
        "partial" => Arc::new(Partial::default()),
        "generalise" => Arc::new(Generalise),
        other => {
            return Err(wrong(
                format!(
                    "masking.operators: {kind} = {other:?} is no operator; use mask, remove, label, partial or generalise"
                ),
                None,
            ));
        }
    })
}

/// A profile file: the types to mask, by name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileFile {
    types: Vec<PiiType>,
    #[serde(default = "yes")]
    sensitive_keys: bool,
}

fn yes() -> bool {
    true
}

fn profile(name: &str) -> Result<Profile, LoggingError> {
    if !name.contains(['/', '.']) {
        return name.parse().map_err(|error: symlog_pii::UnknownProfile| {
            wrong(format!("masking.profile: {error}"), Some(Arc::new(error)))
        });
    }
    let file: ProfileFile = toml::from_str(&read(name)?)
        .map_err(|error| wrong(format!("{name}: {error}"), Some(Arc::new(error))))?;
    let mut custom = CustomProfile::new(name, TypeSet::of(&file.types));
    custom.sensitive_keys = file.sensitive_keys;
    Ok(Profile::Custom(custom))
}

fn read(path: &str) -> Result<String, LoggingError> {
    std::fs::read_to_string(Path::new(path)).map_err(|error| {
        wrong(
            format!("{path} cannot be read: {error}; check the path and its permissions"),
            Some(Arc::new(error)),
        )
    })
}

fn wrong(
    message: String,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
) -> LoggingError {
    LoggingError::ConfigurationError { message, source }
}
