//! Maskers from the masking section.

mod conversations;
mod dates;
mod keyed;
mod model;

use std::path::Path;
use std::sync::Arc;

use symlog_pii::{
    CustomProfile, Detector, FieldAction, Generalise, Label, Mask, Masker, MaskerBuilder, Operator,
    Partial, PiiType, Profile, Remove, TypeSet,
};

pub(crate) use conversations::Conversations;
pub use keyed::OperatorKeys;

use crate::config::{
    MaskingConfig, MaskingField, MaskingOverride, ProfileFile, RetentionSelector, nearest,
};
use crate::error::LoggingError;
use crate::interaction::{About, ModelInteractionType, Parts};

/// The maskers of a log: one for all entries, and those of the overrides.
#[derive(Clone, Debug)]
pub(crate) struct Maskers {
    default: Masker,
    special: Vec<(RetentionSelector, Masker)>,
}

impl From<Masker> for Maskers {
    fn from(default: Masker) -> Self {
        Self {
            default,
            special: Vec::new(),
        }
    }
}

impl Maskers {
    /// Those that a configuration asks for.
    pub(crate) fn build(
        config: &MaskingConfig,
        enabled: bool,
        keys: Option<&OperatorKeys>,
    ) -> Result<Self, LoggingError> {
        let model = if enabled { model::open(config)? } else { None };
        let build = |config: &MaskingConfig| Factory::build(config, enabled, keys, model.clone());
        let special = config.overrides.iter().map(|own| {
            let masker = build(&config.overridden(own))?;
            Ok((own.selector.clone(), masker))
        });
        Ok(Self {
            default: build(config)?,
            special: special.collect::<Result<_, LoggingError>>()?,
        })
    }

    /// The masker of an entry.
    pub(crate) fn of(&self, parts: &Parts) -> &Masker {
        self.special
            .iter()
            .find(|(selector, _)| selector.fits(parts))
            .map_or(&self.default, |(_, masker)| masker)
    }
}

impl RetentionSelector {
    pub(crate) fn fits(&self, parts: &Parts) -> bool {
        let fits = |wanted: &Option<String>, actual: Option<&str>| {
            wanted
                .as_deref()
                .is_none_or(|wanted| Some(wanted) == actual)
        };
        let Self {
            agent,
            model,
            kind,
            tenant,
        } = self;
        let about = parts.about.as_deref();
        let asked = |own: &Option<String>, asked: fn(&About) -> &Option<String>| {
            own.clone().or_else(|| asked(about?).clone())
        };
        let asked_kind = || about.and_then(|about| about.kind);
        fits(
            agent,
            asked(&parts.agent_id, |about| &about.agent_id).as_deref(),
        ) && fits(model, asked(&parts.model, |about| &about.model).as_deref())
            && fits(
                kind,
                parts
                    .kind
                    .or_else(asked_kind)
                    .map(ModelInteractionType::as_str),
            )
            && fits(
                tenant,
                asked(&parts.tenant, |about| &about.tenant).as_deref(),
            )
    }
}

impl MaskingConfig {
    /// Whether some operator needs the keys of the log.
    ///
    /// # Errors
    ///
    /// When a profile file cannot be read.
    pub fn needs_keys(&self) -> Result<bool, LoggingError> {
        let named = |name: &String| KEYED.contains(&name.as_str());
        let fields = |fields: &[MaskingField]| fields.iter().any(|f| f.operator.iter().any(named));
        let mut profiles = vec![&self.profile];
        profiles.extend(self.overrides.iter().filter_map(|own| own.profile.as_ref()));
        profiles.extend(
            self.fields
                .iter()
                .filter_map(|field| field.profile.as_ref()),
        );
        let mut keyed = self.operators.values().any(named)
            || fields(&self.fields)
            || (self.overrides.iter()).any(|own| own.operators.values().any(named));
        for profile in profiles {
            let Some(file) = profile_file(profile)? else {
                continue;
            };
            keyed |= file.operators.values().any(named) || fields(&file.fields);
        }
        Ok(keyed)
    }

    /// The same without operators.
    pub(crate) fn without_operators(&self) -> Self {
        Self {
            profile: match is_file(&self.profile) {
                true => "default".to_owned(),
                false => self.profile.clone(),
            },
            ..Self::default()
        }
    }

    /// What holds for the entries that an override is for.
    fn overridden(&self, own: &MaskingOverride) -> Self {
        let MaskingOverride {
            selector: _,
            profile,
            operators,
        } = own;
        let mut config = self.clone();
        if let Some(profile) = profile {
            config.profile.clone_from(profile);
        }
        config.operators.extend(operators.clone());
        config
    }
}

const KEYLESS: [&str; 5] = ["mask", "remove", "label", "partial", "generalise"];
const KEYED: [&str; 3] = ["pseudonym", "token", "date-shift"];

/// The masker that a configuration asks for; `enabled = false` is profile `off`. Its overrides
/// are passed over, since they depend on the entry.
///
/// `keys` are those of the log, for operators that need them: see [`MaskingConfig::needs_keys`].
///
/// # Errors
///
/// When a profile, rule, operator or path does not exist, one of its files cannot be read, or an
/// operator needs keys and there are none. Nothing is masked in another way instead.
pub fn build_masker(
    config: &MaskingConfig,
    enabled: bool,
    keys: Option<&OperatorKeys>,
) -> Result<Masker, LoggingError> {
    let model = if enabled { model::open(config)? } else { None };
    Factory::build(config, enabled, keys, model)
}

/// Puts maskers together that have the configuration in common.
struct Factory<'a> {
    config: &'a MaskingConfig,
    keys: Option<&'a OperatorKeys>,
    model: Option<Arc<dyn Detector>>,
}

impl<'a> Factory<'a> {
    fn build(
        config: &'a MaskingConfig,
        enabled: bool,
        keys: Option<&'a OperatorKeys>,
        model: Option<Arc<dyn Detector>>,
    ) -> Result<Masker, LoggingError> {
        let factory = Self {
            config,
            keys,
            model,
        };
        if !enabled {
            return factory.start(Profile::Off)?.build().map_err(Into::into);
        }
        factory.masker(&config.profile, None, &config.fields)
    }

    /// The masker of a profile; `operator` is for everything that it masks.
    fn masker(
        &self,
        profile: &str,
        operator: Option<&str>,
        fields: &[MaskingField],
    ) -> Result<Masker, LoggingError> {
        let file = profile_file(profile)?;
        let mut builder = self.start(match &file {
            Some(file) => custom(profile, file)?,
            None => named(profile)?,
        })?;
        let mut all_fields: Vec<&MaskingField> = fields.iter().collect();
        if let Some(file) = &file {
            for path in &file.rules {
                builder = builder.rules(path.clone(), read(path)?);
            }
            builder = builder
                .allow(file.allow.iter().cloned())
                .deny(file.deny.iter().cloned());
            builder = self.operators(builder, &file.operators)?;
            if !fields.is_empty() || operator.is_none() {
                all_fields.extend(&file.fields);
            }
        }
        builder = self.operators(builder, &self.config.operators)?;
        if let Some(name) = operator {
            for kind in PiiType::ALL {
                builder = builder.operator(*kind, self.operator("masking.field", name)?);
            }
        }
        for field in all_fields {
            builder = builder.field(field.path.clone(), self.action(profile, field)?);
        }
        Ok(builder.build()?)
    }

    fn start(&self, profile: Profile) -> Result<MaskerBuilder, LoggingError> {
        let mut builder = Masker::builder()
            .profile(profile)
            .allow(self.config.allow.iter().cloned())
            .deny(self.config.deny.iter().cloned());
        if let Some(model) = &self.model {
            builder = builder.detector(Arc::clone(model));
        }
        for path in &self.config.rules {
            builder = builder.rules(path.clone(), read(path)?);
        }
        Ok(builder)
    }

    fn operators(
        &self,
        mut builder: MaskerBuilder,
        operators: &std::collections::BTreeMap<String, String>,
    ) -> Result<MaskerBuilder, LoggingError> {
        for (key, name) in operators {
            let operator = self.operator(key, name)?;
            builder = match key.parse::<PiiType>() {
                Ok(kind) => builder.operator(kind, operator),
                Err(_) => builder.rule_operator(key.clone(), operator),
            };
        }
        Ok(builder)
    }

    fn operator(&self, key: &str, name: &str) -> Result<Arc<dyn Operator>, LoggingError> {
        Ok(match name {
            "mask" => Arc::new(Mask),
            "remove" => Arc::new(Remove),
            "label" => Arc::new(Label),
            "partial" => Arc::new(Partial::default()),
            "generalise" => Arc::new(Generalise),
            keyed if KEYED.contains(&keyed) => {
                let keys = self.keys.ok_or_else(|| {
                    wrong(
                        format!(
                            "operator {name:?} for {key} needs the keys of a log, and there are none; make a log with `symlog init`, or name it with --log"
                        ),
                        None,
                    )
                })?;
                keys.operator(keyed).unwrap_or_else(|| Arc::new(Mask))
            }
            other => {
                let known = [&KEYLESS[..], &KEYED[..]].concat();
                let hint = match nearest(other, &known) {
                    Some(nearest) => format!("did you mean {nearest:?}? "),
                    None => String::new(),
                };
                return Err(wrong(
                    format!(
                        "operator {other:?} for {key} does not exist; {hint}There are {}",
                        known.join(", ")
                    ),
                    None,
                ));
            }
        })
    }

    fn action(&self, profile: &str, field: &MaskingField) -> Result<FieldAction, LoggingError> {
        let MaskingField {
            path,
            skip,
            kind,
            operator,
            profile: own,
        } = field;
        if *skip {
            return Ok(FieldAction::Keep);
        }
        let name = operator.as_deref();
        Ok(match kind {
            Some(kind) => FieldAction::Whole {
                kind: *kind,
                operator: name.map(|name| self.operator(path, name)).transpose()?,
            },
            None => {
                let profile = own.as_deref().unwrap_or(profile);
                FieldAction::With(self.masker(profile, name, &[])?)
            }
        })
    }
}

/// Names of built-in profiles have neither.
fn is_file(profile: &str) -> bool {
    profile.contains(['/', '.'])
}

fn profile_file(profile: &str) -> Result<Option<ProfileFile>, LoggingError> {
    if !is_file(profile) {
        return Ok(None);
    }
    let text = read(profile)?;
    let file = ProfileFile::from_toml(&text, profile)
        .map_err(|error| wrong(error.to_string(), Some(Arc::new(error))))?;
    Ok(Some(file))
}

fn named(name: &str) -> Result<Profile, LoggingError> {
    name.parse().map_err(|error: symlog_pii::UnknownProfile| {
        wrong(format!("masking.profile: {error}"), Some(Arc::new(error)))
    })
}

fn custom(name: &str, file: &ProfileFile) -> Result<Profile, LoggingError> {
    let base = file.base.as_deref().map(named).transpose()?;
    let mut custom = CustomProfile::new(name, TypeSet::of(&file.types));
    custom.without = TypeSet::of(&file.without);
    custom.sensitive_keys = file
        .sensitive_keys
        .unwrap_or_else(|| base.as_ref().is_none_or(Profile::masks_sensitive_keys));
    custom.base = base.map(Box::new);
    if let Some(percent) = file.min_score {
        custom.min_score = percent;
    }
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
