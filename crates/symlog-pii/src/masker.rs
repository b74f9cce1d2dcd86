//! The one place where findings become replacements.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::builder::MaskerBuilder;
use crate::counts::{Counts, FAILED};
use crate::detector::{Detector, FieldContext};
use crate::finding::{Finding, RuleId};
use crate::json::{self, Decoded, Leaf, escape_into};
use crate::keys;
use crate::kind::{PiiType, TypeSet};
use crate::operator::{Mask, Operator, OperatorContext};
use crate::profile::Profile;
use crate::rules::RuleSet;
use crate::stream::MaskStream;
use crate::text::{self, Hit, Plan, SENSITIVE_KEY, Search};

/// What stands in the place of a sensitive key's value.
pub(crate) const SENSITIVE: &str = "***";
/// JSON in a string in JSON in a string: deeper than this it is text.
const MAX_NESTING: usize = 4;

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
    pub(crate) operators: BTreeMap<PiiType, Arc<dyn Operator>>,
    pub(crate) detectors: Vec<Arc<dyn Detector>>,
    pub(crate) time_limit: Duration,
}

/// The built-in rules, or those and a user's own.
pub(crate) enum Rules {
    BuiltIn,
    Own(RuleSet),
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

/// A replacement that is decided.
#[derive(Debug)]
struct Edit {
    hit: Hit,
    with: String,
}

/// How one text is looked through.
struct Pass<'a> {
    masker: &'a Inner,
    plan: &'a Plan,
    sensitive_keys: bool,
    context: OperatorContext<'a>,
    /// `scan` needs spans only.
    replace: bool,
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
            .assemble(Rules::BuiltIn)
    }

    /// The profile it was built with.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.inner.profile
    }

    /// Masks `text`; borrowed when nothing changes. Where it is JSON it is masked inside, and
    /// stays byte for byte what it was otherwise.
    pub fn mask<'t>(&self, text: &'t str, counts: &mut Counts) -> Cow<'t, str> {
        self.mask_for(text, &OperatorContext::default(), counts)
    }

    /// [`mask`](Self::mask) with a tenant and a subject for keyed operators.
    pub fn mask_for<'t>(
        &self,
        text: &'t str,
        context: &OperatorContext<'_>,
        counts: &mut Counts,
    ) -> Cow<'t, str> {
        match self.pass(*context).run("", text, counts) {
            Some(masked) => Cow::Owned(masked),
            None => Cow::Borrowed(text),
        }
    }

    /// Masks a text that stands under `key`, which may be a JSON path: the whole of it when the
    /// key is sensitive.
    pub fn mask_field<'t>(&self, key: &str, text: &'t str, counts: &mut Counts) -> Cow<'t, str> {
        let sensitive =
            self.is_sensitive_key(key) && !key.split(['.', '/', '[']).any(keys::is_logprobs);
        match self.mask_leaf(key, sensitive, text, counts) {
            Some(masked) => Cow::Owned(masked),
            None => Cow::Borrowed(text),
        }
    }

    /// Masks all strings and names of `value` in place, at any depth, and what stands under
    /// sensitive keys. `true`, `false` and `null` stay: they are no secrets.
    pub fn mask_json(&self, value: &mut Value, counts: &mut Counts) {
        if self.inner.is_on() {
            json::mask_value(self, None, value, counts);
        }
    }

    /// [`mask_json`](Self::mask_json) for a value that stands under `key`.
    pub fn mask_json_under(&self, key: &str, value: &mut Value, counts: &mut Counts) {
        if self.inner.is_on() {
            json::mask_value(self, Some(key), value, counts);
        }
    }

    /// Everything that is found in `text`, of all types whatever the profile, sorted by start
    /// and without overlap.
    #[must_use]
    pub fn scan(&self, text: &str) -> Vec<Finding> {
        let pass = Pass {
            plan: self.inner.scan_plan(),
            sensitive_keys: true,
            replace: false,
            ..self.pass(OperatorContext::default())
        };
        let mut edits = Vec::new();
        pass.field("", text, 0, &mut edits);
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
        MaskStream::new(self.clone())
    }

    fn pass<'a>(&'a self, context: OperatorContext<'a>) -> Pass<'a> {
        let inner = &*self.inner;
        Pass {
            masker: inner,
            plan: &inner.plan,
            sensitive_keys: inner.sensitive_keys,
            context,
            replace: true,
        }
    }

    /// Masks plain text of which the first `context` bytes were masked before; gives the masked
    /// text from there to `end`, which no finding crosses.
    pub(crate) fn mask_part(
        &self,
        text: &str,
        context: usize,
        end: usize,
        counts: &mut Counts,
    ) -> String {
        let mut edits = Vec::new();
        self.pass(OperatorContext::default())
            .plain("", text, &mut edits);
        edits.retain(|edit| edit.hit.start >= context && edit.hit.end <= end);
        splice(text, context, end, &edits, counts)
    }

    /// Whether a part of a text can be masked without the rest.
    pub(crate) fn is_local(&self) -> bool {
        self.inner.detectors.is_empty()
    }

    /// The masked text of a leaf, if it changes.
    pub(crate) fn mask_leaf(
        &self,
        key: &str,
        sensitive: bool,
        text: &str,
        counts: &mut Counts,
    ) -> Option<String> {
        if sensitive && self.inner.sensitive_keys {
            if text.is_empty() || text == SENSITIVE {
                return None;
            }
            self.count_sensitive(key, counts);
            return Some(SENSITIVE.to_owned());
        }
        self.pass(OperatorContext::default()).run(key, text, counts)
    }

    /// The mask of a number, if it is one to mask.
    pub(crate) fn mask_number(
        &self,
        key: &str,
        number: &str,
        counts: &mut Counts,
    ) -> Option<String> {
        if number.len() < 9 && !is_named_number(key, number) {
            return None;
        }
        self.pass(OperatorContext::default())
            .run(key, number, counts)
    }

    pub(crate) fn count_sensitive(&self, key: &str, counts: &mut Counts) {
        counts.add(text::kind_of(keys::last_segment(key)), &SENSITIVE_KEY, 1);
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

    fn is_on(&self) -> bool {
        self.sensitive_keys
            || !self.plan.want.is_empty()
            || !self.deny.is_empty()
            || !self.detectors.is_empty()
    }
}

impl Pass<'_> {
    fn run(&self, key: &str, text: &str, counts: &mut Counts) -> Option<String> {
        if !self.masker.is_on() {
            return None;
        }
        let mut edits = Vec::new();
        self.field(key, text, 0, &mut edits);
        if edits.is_empty() {
            return None;
        }
        let out = splice(text, 0, text.len(), &edits, counts);
        (out != text).then_some(out)
    }

    /// Appends the edits of a text that may be JSON.
    fn field(&self, key: &str, text: &str, nesting: usize, out: &mut Vec<Edit>) {
        let first = out.len();
        if nesting < MAX_NESTING && text.trim_ascii_start().starts_with(['{', '[']) {
            let walked = json::walk(text, &mut |leaf| self.leaf(&leaf, nesting, out));
            if walked.is_ok() {
                return;
            }
            out.truncate(first);
        }
        self.plain(key, text, out);
    }

    fn leaf(&self, leaf: &Leaf<'_>, nesting: usize, out: &mut Vec<Edit>) {
        if leaf.scope.sensitive && self.sensitive_keys {
            if leaf.raw.is_empty() || leaf.raw == SENSITIVE {
                return;
            }
            let end = leaf.start + leaf.raw.len();
            let hit = Hit::new(leaf.start, end, text::kind_of(leaf.key), 0.9, SENSITIVE_KEY);
            let with = if leaf.string {
                SENSITIVE.to_owned()
            } else {
                format!("\"{SENSITIVE}\"")
            };
            out.push(Edit { hit, with });
            return;
        }
        if !leaf.string {
            if leaf.raw.len() >= 9 || is_named_number(leaf.key, leaf.raw) {
                let first = out.len();
                self.plain(leaf.key, leaf.raw, out);
                for edit in &mut out[first..] {
                    shift(edit, leaf.start);
                }
                // What is no number any more needs quotes. A part of a number is never masked.
                if let [edit] = &mut out[first..] {
                    edit.hit.start = leaf.start;
                    edit.hit.end = leaf.start + leaf.raw.len();
                    edit.with = format!("\"{}\"", edit.with);
                }
            }
            return;
        }
        let first = out.len();
        if memchr::memchr(b'\\', leaf.raw.as_bytes()).is_none() {
            // A name is never JSON itself.
            let nesting = if leaf.is_key {
                MAX_NESTING
            } else {
                nesting + 1
            };
            self.field(leaf.key, leaf.raw, nesting, out);
            for edit in &mut out[first..] {
                shift(edit, leaf.start);
            }
            return;
        }
        match Decoded::new(leaf.raw) {
            Some(decoded) => {
                self.field(leaf.key, &decoded.text, nesting + 1, out);
                for edit in &mut out[first..] {
                    edit.hit.start = leaf.start + decoded.original(edit.hit.start);
                    edit.hit.end = leaf.start + decoded.original(edit.hit.end);
                    if edit.with.contains(['"', '\\']) || edit.with.contains(|c| c < ' ') {
                        let mut escaped = String::new();
                        escape_into(&edit.with, &mut escaped);
                        edit.with = escaped;
                    }
                }
            }
            None => {
                self.plain(leaf.key, leaf.raw, out);
                for edit in &mut out[first..] {
                    shift(edit, leaf.start);
                }
            }
        }
    }

    /// Appends the edits of a text that is not JSON.
    fn plain(&self, key: &str, text: &str, out: &mut Vec<Edit>) {
        let mut hits = Vec::new();
        for (from, piece) in text::pieces(text) {
            let first = hits.len();
            Search {
                text: piece,
                key,
                rules: &self.masker.rules,
                plan: self.plan,
                depth: 0,
            }
            .find(&mut hits);
            for hit in &mut hits[first..] {
                hit.start += from;
                hit.end += from;
            }
        }
        if self.replace {
            hits.retain(|hit| self.masker.profile.masks(hit, text));
        }
        if !self.masker.detectors.is_empty() && !self.ask_detectors(key, text, &mut hits) {
            hits.clear();
            hits.push(Hit::new(0, text.len(), PiiType::Custom, 1.0, FAILED));
        }
        self.apply_lists(text, &mut hits);
        for hit in hits {
            let with = if self.replace {
                self.replacement(&hit, &text[hit.start..hit.end])
            } else {
                String::new()
            };
            out.push(Edit { hit, with });
        }
    }

    fn ask_detectors(&self, key: &str, text: &str, hits: &mut Vec<Hit>) -> bool {
        let context = FieldContext {
            key: (!key.is_empty()).then_some(key),
        };
        let mut found = Vec::new();
        for detector in &self.masker.detectors {
            let begun = Instant::now();
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                detector.detect(text, &context, &mut found)
            }));
            if !matches!(outcome, Ok(Ok(()))) || begun.elapsed() > self.masker.time_limit {
                return false;
            }
        }
        for finding in found {
            if text
                .get(finding.start..finding.end)
                .is_none_or(str::is_empty)
            {
                return false;
            }
            if self.plan.want.contains(finding.kind) {
                hits.push(Hit::new(
                    finding.start,
                    finding.end,
                    finding.kind,
                    finding.score,
                    finding.rule,
                ));
            }
        }
        text::arbitrate(hits, 0);
        true
    }

    fn apply_lists(&self, text: &str, hits: &mut Vec<Hit>) {
        let Inner { allow, deny, .. } = self.masker;
        if !allow.is_empty() {
            hits.retain(|hit| {
                hit.rule == FAILED || !allow.iter().any(|a| *a == text[hit.start..hit.end])
            });
        }
        for word in deny {
            for (at, _) in text.match_indices(word.as_str()) {
                hits.push(Hit::new(
                    at,
                    at + word.len(),
                    PiiType::Custom,
                    1.0,
                    RuleId::new("deny-list"),
                ));
            }
        }
        if !deny.is_empty() {
            text::arbitrate(hits, 0);
        }
    }

    fn replacement(&self, hit: &Hit, value: &str) -> String {
        let mut out = String::new();
        match self.masker.operators.get(&hit.kind) {
            Some(operator) => operator.apply(hit.kind, value, &self.context, &mut out),
            None if hit.value => out.push_str(SENSITIVE),
            None => Mask.apply(hit.kind, value, &self.context, &mut out),
        }
        out
    }
}

/// Whether so short a number is personal by its key: a latitude.
fn is_named_number(key: &str, number: &str) -> bool {
    number.contains('.') && keys::kind_named(key) == Some(PiiType::Coordinates)
}

/// `text[from..to]` with its edits made.
fn splice(text: &str, from: usize, to: usize, edits: &[Edit], counts: &mut Counts) -> String {
    let mut out = String::with_capacity(to - from + 16 * edits.len());
    let mut from = from;
    for Edit { hit, with } in edits {
        out.push_str(&text[from..hit.start]);
        out.push_str(with);
        from = hit.end;
        counts.add(hit.kind, &hit.rule, 1);
    }
    out.push_str(&text[from..to]);
    out
}

fn shift(edit: &mut Edit, by: usize) {
    edit.hit.start += by;
    edit.hit.end += by;
}
