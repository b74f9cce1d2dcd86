//! How a masker is put together.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::detector::Detector;
use crate::error::BuildError;
use crate::fields::{FieldAction, Fields};
use crate::kind::PiiType;
use crate::masker::{Inner, Masker, Operators, Rules};
use crate::operator::Operator;
use crate::profile::Profile;
use crate::rules::{RuleSet, Source};
use crate::text::Plan;

/// Collects profile, rules, lists, operators and detectors for a [`Masker`].
#[derive(Debug)]
#[must_use]
pub struct MaskerBuilder {
    profile: Profile,
    allow: Vec<String>,
    deny: Vec<String>,
    operators: Operators,
    detectors: Vec<Arc<dyn Detector>>,
    time_limit: Duration,
    sources: Vec<Source>,
    fields: Vec<(String, FieldAction)>,
}

impl Default for MaskerBuilder {
    fn default() -> Self {
        Self {
            profile: Profile::Default,
            allow: Vec::new(),
            deny: Vec::new(),
            operators: Operators::default(),
            detectors: Vec::new(),
            time_limit: Duration::from_secs(1),
            sources: Vec::new(),
            fields: Vec::new(),
        }
    }
}

impl MaskerBuilder {
    /// Which types are masked. The default is [`Profile::Default`].
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Further rules, in the form of the built-in ones; `file` is for messages.
    pub fn rules(mut self, file: impl Into<String>, toml: impl Into<String>) -> Self {
        self.sources.push(Source {
            file: file.into(),
            text: toml.into(),
        });
        self
    }

    /// Values that are never masked, compared as they stand.
    pub fn allow(mut self, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.allow.extend(values.into_iter().map(Into::into));
        self
    }

    /// Values that are always masked, compared as they stand.
    pub fn deny(mut self, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.deny.extend(
            values
                .into_iter()
                .map(Into::into)
                .filter(|value: &String| !value.is_empty()),
        );
        self
    }

    /// What is written in the place of a value of `kind`, instead of its default mask.
    pub fn operator(mut self, kind: PiiType, operator: Arc<dyn Operator>) -> Self {
        self.operators.by_type.insert(kind, operator);
        self
    }

    /// What is written in the place of what the rule `id` finds; it wins over that of its type.
    pub fn rule_operator(mut self, id: impl Into<String>, operator: Arc<dyn Operator>) -> Self {
        self.operators.by_rule.insert(id.into(), operator);
        self
    }

    /// What is done with the field at `path`, a JSONPath (RFC 9535) of names, indices, `*` and
    /// `..`, and with all below it. The deepest path that leads to a value counts, and of several
    /// as deep the first.
    pub fn field(mut self, path: impl Into<String>, action: FieldAction) -> Self {
        self.fields.push((path.into(), action));
        self
    }

    /// A detector that is asked about every text besides the built-in ones.
    pub fn detector(mut self, detector: Arc<dyn Detector>) -> Self {
        self.detectors.push(detector);
        self
    }

    /// How long an added detector may take for one text. The default is one second.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// The masker.
    ///
    /// # Errors
    ///
    /// When a rule file cannot be read or compiled, where the error names file and line; when an
    /// operator is for a rule that does not exist; when the path of a field is none.
    pub fn build(mut self) -> Result<Masker, BuildError> {
        let rules = match self.sources.as_slice() {
            [] => Rules::BuiltIn,
            sources => Rules::Own(Box::new(RuleSet::compile(sources)?)),
        };
        for id in self.operators.by_rule.keys() {
            if !rules.knows(id) {
                return Err(BuildError::UnknownRule {
                    nearest: rules.nearest(id).unwrap_or_default().to_owned(),
                    rule: id.clone(),
                });
            }
        }
        let fields = Fields::compile(std::mem::take(&mut self.fields))
            .map_err(|(path, problem)| BuildError::Path { path, problem })?;
        Ok(self.assemble(rules, fields))
    }

    pub(crate) fn assemble(self, rules: Rules, fields: Fields) -> Masker {
        let Self {
            profile,
            allow,
            deny,
            operators,
            detectors,
            time_limit,
            sources: _,
            fields: _,
        } = self;
        let inner = Inner {
            plan: match profile {
                Profile::Seed => Plan::seed(&rules, profile.types()),
                _ => Plan::new(&rules, profile.types()),
            },
            scan_plan: OnceLock::new(),
            rules,
            sensitive_keys: profile.masks_sensitive_keys(),
            profile,
            allow,
            deny,
            operators,
            fields,
            detectors,
            time_limit,
        };
        Masker {
            inner: Arc::new(inner),
        }
    }
}
