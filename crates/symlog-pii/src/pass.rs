//! One text, looked through and put together again.

use std::cell::RefCell;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use crate::counts::{Counts, FAILED};
use crate::detector::FieldContext;
use crate::fields::{FieldAction, Place};
use crate::finding::RuleId;
use crate::json::{self, Decoded, Leaf, Root, escape_into};
use crate::keys;
use crate::kind::PiiType;
use crate::masker::{Inner, SENSITIVE};
use crate::names::{AGAIN, CUE, KnownNames, join_words};
use crate::operator::{Mask, Operator, OperatorContext};
use crate::text::{self, Hit, PERSON_FIELD, Plan, SENSITIVE_KEY, Search};
use crate::token::Token;

/// JSON in a string in JSON in a string: deeper than this it is text.
const MAX_NESTING: usize = 4;
/// The rule of values that are always masked.
pub(crate) const DENIED: RuleId = RuleId::new("deny-list");

/// How sure a mention of a sure name is.
const AGAIN_SCORE: f32 = 0.75;
/// The rule of fields that are named by their path.
pub(crate) const FIELD: RuleId = RuleId::new("field");

/// A replacement that is decided.
#[derive(Debug)]
pub(crate) struct Edit {
    pub(crate) hit: Hit,
    pub(crate) with: String,
}

/// How one text is looked through.
pub(crate) struct Pass<'a> {
    pub(crate) masker: &'a Inner,
    pub(crate) plan: &'a Plan,
    pub(crate) sensitive_keys: bool,
    pub(crate) context: OperatorContext<'a>,
    /// `scan` needs spans only.
    pub(crate) replace: bool,
    /// Names that were sure in this document before.
    pub(crate) names: &'a RefCell<KnownNames>,
    /// What begins before this was dealt with.
    pub(crate) from: usize,
}

impl Pass<'_> {
    pub(crate) fn run(
        &self,
        key: &str,
        place: Place,
        text: &str,
        counts: &mut Counts,
    ) -> Option<String> {
        if !self.masker.is_on() {
            return None;
        }
        let mut edits = Vec::new();
        self.document(key, place, text, &mut edits);
        if edits.is_empty() {
            return None;
        }
        let out = splice(text, 0, text.len(), &edits, counts);
        (out != text).then_some(out)
    }

    /// Appends the edits of a whole text: a name that is sure at its end is masked at its beginning.
    pub(crate) fn document(&self, key: &str, place: Place, text: &str, out: &mut Vec<Edit>) {
        let known = self.names.borrow().len();
        self.field(key, place, text, 0, out);
        // What is no JSON goes line by line, as in a stream.
        if self.names.borrow().len() > known && text.trim_ascii_start().starts_with(['{', '[']) {
            let mut spans = Vec::new();
            if self.json_mentions(place, text, &mut spans) {
                self.merge_mentions(text, spans, out);
            }
        }
    }

    /// The text with all mentions of known names masked, if there are any.
    pub(crate) fn mentions(&self, place: Place, text: &str, counts: &mut Counts) -> Option<String> {
        if !self.finds_names() {
            return None;
        }
        let mut spans = Vec::new();
        if !self.json_mentions(place, text, &mut spans) {
            // What was found on the way to where it is no JSON is found again.
            spans.clear();
            let mut each = |start, end| spans.push((start, end));
            self.names.borrow().find(text, false, &mut each);
        }
        let mut edits = Vec::new();
        self.merge_mentions(text, spans, &mut edits);
        (!edits.is_empty()).then(|| splice(text, 0, text.len(), &edits, counts))
    }

    /// The mentions in JSON text. `false` where it is none.
    fn json_mentions(&self, place: Place, text: &str, spans: &mut Vec<(usize, usize)>) -> bool {
        let names = self.names.borrow();
        let root = Root {
            fields: &self.masker.fields,
            place,
        };
        let walked = json::walk(text, root, &mut |leaf| {
            let kept = self.masker.fields.action(leaf.scope.place).is_some() && self.replace;
            if leaf.string && !kept {
                let mut each = |from, to| spans.push((leaf.start + from, leaf.start + to));
                names.find(leaf.raw, true, &mut each);
            }
        });
        walked.is_ok()
    }

    /// Adds the mentions that overlap nothing else; both lists are in order.
    fn merge_mentions(&self, text: &str, mut words: Vec<(usize, usize)>, out: &mut Vec<Edit>) {
        let mut at = 0;
        words.retain(|(start, end)| {
            while out.get(at).is_some_and(|edit| edit.hit.end <= *start) {
                at += 1;
            }
            let allowed = self.masker.allow.iter().any(|a| *a == text[*start..*end]);
            !allowed && out.get(at).is_none_or(|edit| edit.hit.start >= *end)
        });
        for (start, end) in join_words(text, words) {
            let hit = Hit::new(start, end, PiiType::Person, AGAIN_SCORE, AGAIN);
            let with = match self.replace {
                true => escaped(self.replacement(&hit, &text[start..end])),
                false => String::new(),
            };
            out.push(Edit { hit, with });
        }
        out.sort_by_key(|edit| edit.hit.start);
    }

    fn finds_names(&self) -> bool {
        self.plan.want.contains(PiiType::Person) && !self.names.borrow().is_empty()
    }

    /// Learns the names that a cue made sure, and finds their mentions from that line on.
    fn propagate(&self, text: &str, hits: &mut Vec<Hit>) {
        let sure = |hit: &Hit| {
            hit.kind == PiiType::Person && (hit.rule == CUE || hit.rule == PERSON_FIELD)
        };
        if !hits.iter().any(sure) && !self.finds_names() {
            return;
        }
        let mut names = self.names.borrow_mut();
        let mut mentions = Vec::new();
        let mut known = hits.iter().filter(|hit| sure(hit)).peekable();
        for (from, piece) in text::pieces(text) {
            let end = from + piece.len();
            let mut start = from;
            while let Some(hit) = known.next_if(|hit| hit.start < end) {
                let before = &text.as_bytes()[start..hit.start];
                let line = memchr::memrchr(b'\n', before).map_or(start, |n| start + n + 1);
                mention(&names, text, start..line, &mut mentions);
                names.learn(&text[hit.start..hit.end]);
                start = line;
            }
            mention(&names, text, start..end, &mut mentions);
        }
        let mut at = 0;
        mentions.retain(|(start, end)| {
            while hits.get(at).is_some_and(|hit| hit.end <= *start) {
                at += 1;
            }
            *start >= self.from && hits.get(at).is_none_or(|hit| hit.start >= *end)
        });
        for (start, end) in join_words(text, mentions) {
            hits.push(Hit::new(start, end, PiiType::Person, AGAIN_SCORE, AGAIN));
        }
        hits.sort_by_key(|hit| hit.start);
    }

    /// Appends the edits of a text that may be JSON.
    pub(crate) fn field(
        &self,
        key: &str,
        place: Place,
        text: &str,
        nesting: usize,
        out: &mut Vec<Edit>,
    ) {
        if place != Place::NOWHERE && self.acted(key, place, text, nesting, out) {
            return;
        }
        let first = out.len();
        if nesting < MAX_NESTING && text.trim_ascii_start().starts_with(['{', '[']) {
            let root = Root {
                fields: &self.masker.fields,
                place,
            };
            let walked = json::walk(text, root, &mut |leaf| self.leaf(&leaf, nesting, out));
            if walked.is_ok() {
                return;
            }
            out.truncate(first);
        }
        self.plain(key, text, out);
    }

    /// Does what the rule for this field says, if there is one.
    fn acted(
        &self,
        key: &str,
        place: Place,
        text: &str,
        nesting: usize,
        out: &mut Vec<Edit>,
    ) -> bool {
        // `scan` reports everything.
        if !self.replace {
            return false;
        }
        match self.masker.fields.action(place) {
            None => return false,
            Some(FieldAction::Keep) => {}
            Some(FieldAction::With(masker)) => {
                let pass = masker.pass(self.context, self.names);
                pass.field(key, Place::NOWHERE, text, nesting, out);
            }
            Some(action @ FieldAction::Whole { .. }) => {
                out.extend(self.whole(action, text).map(|(kind, with)| Edit {
                    hit: Hit::new(0, text.len(), kind, 1.0, FIELD),
                    with,
                }));
            }
        }
        true
    }

    /// What is written instead of a field that is one value, if it is not masked already.
    pub(crate) fn whole(&self, action: &FieldAction, text: &str) -> Option<(PiiType, String)> {
        let FieldAction::Whole { kind, operator } = action else {
            return None;
        };
        if text.is_empty() || Token::parse(text).is_some() {
            return None;
        }
        let operator = operator.as_deref();
        let operator = operator.or_else(|| self.masker.operators.of(*kind, &FIELD));
        let mut with = String::new();
        let operator = operator.unwrap_or(&Mask);
        operator.apply(*kind, text, &self.context, &mut with);
        (with != text).then_some((*kind, with))
    }

    fn leaf(&self, leaf: &Leaf<'_>, nesting: usize, out: &mut Vec<Edit>) {
        let place = leaf.scope.place;
        let action = match self.replace {
            true => self.masker.fields.action(place),
            false => None,
        };
        let acted = action.is_some();
        let by_key = match action {
            None => self.sensitive_keys,
            Some(FieldAction::With(masker)) => masker.inner.sensitive_keys,
            Some(FieldAction::Keep | FieldAction::Whole { .. }) => false,
        };
        if leaf.scope.sensitive && by_key {
            let end = leaf.start + leaf.raw.len();
            let hit = Hit::new(leaf.start, end, text::kind_of(leaf.key), 0.9, SENSITIVE_KEY);
            let decoded = match leaf.raw.contains('\\') {
                true => Decoded::new(leaf.raw),
                false => None,
            };
            let value = decoded.as_ref().map_or(leaf.raw, |decoded| &decoded.text);
            let with = match action {
                Some(FieldAction::With(masker)) => masker
                    .pass(self.context, self.names)
                    .sensitive(leaf.key, value),
                _ => self.sensitive(leaf.key, value),
            };
            if let Some(with) = with {
                let with = match leaf.string {
                    true => escaped(with),
                    false => format!("\"{}\"", escaped(with)),
                };
                out.push(Edit { hit, with });
            }
            return;
        }
        if !leaf.string {
            if leaf.raw.len() >= 9 || acted || is_named_number(leaf.key, leaf.raw) {
                let first = out.len();
                self.field(leaf.key, place, leaf.raw, MAX_NESTING, out);
                for edit in &mut out[first..] {
                    shift(edit, leaf.start);
                }
                // What is no number any more needs quotes. A part of a number is never masked.
                if let [edit] = &mut out[first..] {
                    edit.hit.start = leaf.start;
                    edit.hit.end = leaf.start + leaf.raw.len();
                    edit.with = format!("\"{}\"", escaped(std::mem::take(&mut edit.with)));
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
            self.field(leaf.key, place, leaf.raw, nesting, out);
            for edit in &mut out[first..] {
                shift(edit, leaf.start);
                edit.with = escaped(std::mem::take(&mut edit.with));
            }
            return;
        }
        match Decoded::new(leaf.raw) {
            Some(decoded) => {
                self.field(leaf.key, place, &decoded.text, nesting + 1, out);
                for edit in &mut out[first..] {
                    edit.hit.start = leaf.start + decoded.original(edit.hit.start);
                    edit.hit.end = leaf.start + decoded.original(edit.hit.end);
                    edit.with = escaped(std::mem::take(&mut edit.with));
                }
            }
            None => {
                self.field(leaf.key, place, leaf.raw, MAX_NESTING, out);
                for edit in &mut out[first..] {
                    shift(edit, leaf.start);
                    edit.with = escaped(std::mem::take(&mut edit.with));
                }
            }
        }
    }

    /// What is written instead of a value under a sensitive key, if it is not masked already.
    pub(crate) fn sensitive(&self, key: &str, value: &str) -> Option<String> {
        if value.is_empty() || value == SENSITIVE {
            return None;
        }
        let kind = text::kind_of(keys::last_segment(key));
        let Some(operator) = self.masker.operators.of(kind, &SENSITIVE_KEY) else {
            return Some(SENSITIVE.to_owned());
        };
        if Token::parse(value).is_some() {
            return None;
        }
        let mut out = String::new();
        operator.apply(kind, value, &self.context, &mut out);
        (out != value).then_some(out)
    }

    /// Appends the edits of a text that is not JSON.
    pub(crate) fn plain(&self, key: &str, text: &str, out: &mut Vec<Edit>) {
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
        hits.retain(|hit| hit.start >= self.from && !in_token(text, hit));
        self.propagate(text, &mut hits);
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
                hits.push(Hit::new(at, at + word.len(), PiiType::Custom, 1.0, DENIED));
            }
        }
        if !deny.is_empty() {
            text::arbitrate(hits, 0);
        }
    }

    fn replacement(&self, hit: &Hit, value: &str) -> String {
        let mut out = String::new();
        match self.masker.operators.of(hit.kind, &hit.rule) {
            Some(operator) => operator.apply(hit.kind, value, &self.context, &mut out),
            None if hit.value => out.push_str(SENSITIVE),
            None => Mask.apply(hit.kind, value, &self.context, &mut out),
        }
        out
    }
}

/// Whether so short a number is personal by its key: a latitude.
pub(crate) fn is_named_number(key: &str, number: &str) -> bool {
    number.contains('.') && keys::kind_named(key) == Some(PiiType::Coordinates)
}

/// `text[from..to]` with its edits made.
pub(crate) fn splice(
    text: &str,
    from: usize,
    to: usize,
    edits: &[Edit],
    counts: &mut Counts,
) -> String {
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

/// Whether the hit is a part of what a keyed operator wrote: of the type's name, or of the letters,
/// which may read like a name.
fn in_token(text: &str, hit: &Hit) -> bool {
    let bytes = text.as_bytes();
    let back = |from: usize, is_part: fn(&u8) -> bool| {
        from - bytes[..from]
            .iter()
            .rev()
            .take_while(|b| is_part(b))
            .count()
    };
    let letters = back(hit.start, |b| (b'g'..=b'v').contains(b));
    let name_end = match letters.checked_sub(1).map(|at| bytes[at]) {
        Some(b'~' | b':') => letters - 1,
        _ => hit.start,
    };
    let name = back(name_end, |b| b.is_ascii_uppercase() || *b == b'_');
    let Some(open) = name.checked_sub(1).filter(|at| bytes[*at] == b'[') else {
        return false;
    };
    memchr::memchr(b']', &bytes[hit.start..])
        .map(|len| hit.start + len)
        .is_some_and(|close| hit.end <= close && Token::parse(&text[open..=close]).is_some())
}

/// As it may stand in a JSON string. Almost all replacements stay as they are.
fn escaped(with: String) -> String {
    if !with.contains(|c| matches!(c, '"' | '\\') || c < ' ') {
        return with;
    }
    let mut escaped = String::new();
    escape_into(&with, &mut escaped);
    escaped
}

/// Appends the mentions of known names in a part of a text.
fn mention(names: &KnownNames, text: &str, part: Range<usize>, out: &mut Vec<(usize, usize)>) {
    if names.is_empty() {
        return;
    }
    let mut each = |from, to| out.push((part.start + from, part.start + to));
    names.find(&text[part.clone()], false, &mut each);
}

fn shift(edit: &mut Edit, by: usize) {
    edit.hit.start += by;
    edit.hit.end += by;
}
