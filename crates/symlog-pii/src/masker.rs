//! The one place where findings become replacements.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde_json::Value;

use crate::builder::MaskerBuilder;
use crate::counts::Counts;
use crate::detector::Detector;
use crate::document::Document;
use crate::fields::{Fields, Place};
use crate::finding::{Finding, RuleId};
use crate::keys;
use crate::kind::{PiiType, TypeSet};
use crate::names::KnownNames;
use crate::operator::{Operator, OperatorContext};
use crate::pass::Pass;
use crate::profile::Profile;
use crate::rules::RuleSet;
use crate::stream::MaskStream;
use crate::text::Plan;

/// What stands in the place of a sensitive key's value.
pub(crate) const SENSITIVE: &str = "***";

/// Finds and masks personal data and secrets. Cheap to clone, safe to share.
#[derive(Clone)]
pub struct Masker {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) profile: Profile,
    /// What is masked, and what `scan` looks for.
    pub(crate) plan: Plan,
    pub(crate) scan_plan: OnceLock<Plan>,
    pub(crate) rules: Rules,
    pub(crate) sensitive_keys: bool,
    pub(crate) allow: Vec<String>,
    pub(crate) deny: Vec<String>,
    pub(crate) operators: Operators,
    pub(crate) fields: Fields,
    pub(crate) detectors: Vec<Arc<dyn Detector>>,
    pub(crate) time_limit: Duration,
}

/// What is written in the place of a finding: its rule's choice, else its type's.
#[derive(Debug, Default)]
pub(crate) struct Operators {
    pub(crate) by_type: BTreeMap<PiiType, Arc<dyn Operator>>,
    pub(crate) by_rule: BTreeMap<String, Arc<dyn Operator>>,
}

impl Operators {
    pub(crate) fn of(&self, kind: PiiType, rule: &RuleId) -> Option<&dyn Operator> {
        let by_rule = (!self.by_rule.is_empty()).then(|| self.by_rule.get(rule.as_str()));
        by_rule
            .flatten()
            .or_else(|| self.by_type.get(&kind))
            .map(Arc::as_ref)
    }
}

/// The built-in rules, or those and a user's own.
pub(crate) enum Rules {
    BuiltIn,
    Own(Box<RuleSet>),
}

impl std::ops::Deref for Rules {
    type Target = RuleSet;

    fn deref(&self) -> &RuleSet {
        match self {
            Rules::BuiltIn => RuleSet::built_in(),
            Rules::Own(rules) => rules,
        }
    }
}

impl Masker {
    /// A masker to be configured.
    pub fn builder() -> MaskerBuilder {
        MaskerBuilder::default()
    }

    /// The masker of the default profile.
    #[must_use]
    pub fn default_profile() -> Self {
        Self::of_profile(Profile::Default)
    }

    pub(crate) fn of_profile(profile: Profile) -> Self {
        MaskerBuilder::default()
            .profile(profile)
            .assemble(Rules::BuiltIn, Fields::default())
    }

    /// The profile it was built with.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.inner.profile
    }

    /// Masks the parts of one document, for the tenant and the subject that keyed operators derive
    /// their keys from.
    #[must_use]
    pub fn document<'m>(&'m self, context: OperatorContext<'m>) -> Document<'m> {
        Document::new(self, context)
    }

    /// Masks `text`; borrowed when nothing changes. Where it is JSON it is masked inside, and
    /// stays byte for byte what it was otherwise.
    pub fn mask<'t>(&self, text: &'t str, counts: &mut Counts) -> Cow<'t, str> {
        self.document(OperatorContext::default()).mask(text, counts)
    }

    /// Masks a text that stands under `key`, which may be a JSON path: the whole of it when the
    /// key is sensitive.
    pub fn mask_field<'t>(&self, key: &str, text: &'t str, counts: &mut Counts) -> Cow<'t, str> {
        self.document(OperatorContext::default())
            .mask_field(key, text, counts)
    }

    /// Masks all strings and names of `value` in place, at any depth, and what stands under
    /// sensitive keys. `true`, `false` and `null` stay: they are no secrets.
    pub fn mask_json(&self, value: &mut Value, counts: &mut Counts) {
        self.document(OperatorContext::default())
            .mask_json(value, counts);
    }

    /// [`mask_json`](Self::mask_json) for a value that stands under `key`.
    pub fn mask_json_under(&self, key: &str, value: &mut Value, counts: &mut Counts) {
        self.document(OperatorContext::default())
            .mask_json_under(key, value, counts);
    }

    /// Everything that is found in `text`, of all types whatever the profile, sorted by start
    /// and without overlap.
    #[must_use]
    pub fn scan(&self, text: &str) -> Vec<Finding> {
        let names = RefCell::default();
        let pass = Pass {
            plan: self.inner.scan_plan(),
            sensitive_keys: true,
            replace: false,
            ..self.pass(OperatorContext::default(), &names)
        };
        let mut edits = Vec::new();
        pass.document("", Place::NOWHERE, text, &mut edits);
        edits.into_iter().map(|edit| edit.hit.into()).collect()
    }

    /// Whether a value under `key` is secret by the key's name alone.
    #[must_use]
    pub fn is_sensitive_key(&self, key: &str) -> bool {
        keys::is_sensitive(key)
    }

    /// A masker of a text that comes in chunks.
    #[must_use]
    pub fn stream(&self) -> MaskStream {
        self.document(OperatorContext::default()).stream()
    }

    pub(crate) fn pass<'a>(
        &'a self,
        context: OperatorContext<'a>,
        names: &'a RefCell<KnownNames>,
    ) -> Pass<'a> {
        let inner = &*self.inner;
        Pass {
            masker: inner,
            plan: &inner.plan,
            sensitive_keys: inner.sensitive_keys,
            context,
            replace: true,
            names,
            from: 0,
        }
    }

    /// Whether a part of a text can be masked without the rest.
    pub(crate) fn is_local(&self) -> bool {
        self.inner.detectors.is_empty()
    }
}

impl fmt::Debug for Masker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Masker")
            .field("profile", &self.inner.profile)
            .finish_non_exhaustive()
    }
}

impl Inner {
    fn scan_plan(&self) -> &Plan {
        self.scan_plan
            .get_or_init(|| Plan::new(&self.rules, TypeSet::ALL))
    }

    pub(crate) fn is_on(&self) -> bool {
        self.sensitive_keys
            || !self.plan.want.is_empty()
            || !self.deny.is_empty()
            || !self.detectors.is_empty()
            || !self.fields.is_empty()
    }
}
