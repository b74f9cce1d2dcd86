//! How a masker is put together.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::detector::Detector;
use crate::error::BuildError;
use crate::kind::PiiType;
use crate::masker::{Inner, Masker, Rules};
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
    operators: BTreeMap<PiiType, Arc<dyn Operator>>,
    detectors: Vec<Arc<dyn Detector>>,
    time_limit: Duration,
    sources: Vec<Source>,
}

impl Default for MaskerBuilder {
    fn default() -> Self {
        Self {
            profile: Profile::Default,
            allow: Vec::new(),
            deny: Vec::new(),
            operators: BTreeMap::new(),
            detectors: Vec::new(),
            time_limit: Duration::from_secs(1),
            sources: Vec::new(),
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
        self.operators.insert(kind, operator);
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
    /// When a rule file cannot be read or compiled; the error names file and line.
    pub fn build(self) -> Result<Masker, BuildError> {
        let rules = match self.sources.as_slice() {
            [] => Rules::BuiltIn,
            sources => Rules::Own(RuleSet::compile(sources)?),
        };
        Ok(self.assemble(rules))
    }

    pub(crate) fn assemble(self, rules: Rules) -> Masker {
        let Self {
            profile,
            allow,
            deny,
            operators,
            detectors,
            time_limit,
            sources: _,
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
            detectors,
            time_limit,
        };
        Masker {
            inner: Arc::new(inner),
        }
    }
}
