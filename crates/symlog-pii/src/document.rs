//! The parts of one document, masked as one.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;

use serde_json::Value;

use crate::counts::Counts;
use crate::fields::{FieldAction, Fields, Place};
use crate::json;
use crate::keys;
use crate::masker::Masker;
use crate::names::KnownNames;
use crate::operator::OperatorContext;
use crate::pass::{FIELD, Pass, is_named_number};
use crate::stream::MaskStream;
use crate::text::{self, SENSITIVE_KEY};

/// Masks the parts of one document: the fields of an entry, the lines of a file.
///
/// What it is about decides what keyed operators write: see [`OperatorContext`].
#[derive(Clone, Copy)]
pub struct Document<'m> {
    masker: &'m Masker,
    context: OperatorContext<'m>,
    place: Place,
    names: Option<&'m RefCell<KnownNames>>,
}

impl<'m> Document<'m> {
    pub(crate) fn new(masker: &'m Masker, context: OperatorContext<'m>) -> Self {
        Self {
            masker,
            context,
            place: masker.inner.fields.root(),
            names: None,
        }
    }

    /// The same document with a memory for names: what a cue made sure in one part, or was known
    /// before, is found in all parts that come after.
    #[must_use]
    pub fn knowing(self, names: &'m RefCell<KnownNames>) -> Self {
        Self {
            names: Some(names),
            ..self
        }
    }

    /// Masks the mentions of known names, and nothing else, in a part that was masked before more
    /// names were learnt.
    pub fn mask_mentions<'t>(&self, text: &'t str, counts: &mut Counts) -> Cow<'t, str> {
        match self.passing(|pass| pass.mentions(self.place, text, counts)) {
            Some(masked) => Cow::Owned(masked),
            None => Cow::Borrowed(text),
        }
    }

    fn passing<R>(&self, run: impl FnOnce(&Pass<'_>) -> R) -> R {
        match self.names {
            Some(names) => run(&self.masker.pass(self.context, names)),
            None => run(&self.masker.pass(self.context, &RefCell::default())),
        }
    }

    /// The part of the document that stands under `name`, for the paths of field rules.
    #[must_use]
    pub fn part(self, name: &str) -> Self {
        Self {
            place: self.fields().under(self.place, name),
            ..self
        }
    }

    /// The same part, seen to by another masker.
    pub(crate) fn with(self, masker: &'m Masker) -> Self {
        Self {
            masker,
            place: Place::NOWHERE,
            ..self
        }
    }

    /// The mentions of known names in a leaf, masked.
    pub(crate) fn mask_leaf_mentions(&self, text: &str, counts: &mut Counts) -> Option<String> {
        self.passing(|pass| pass.mentions(Place::NOWHERE, text, counts))
    }

    pub(crate) fn fields(&self) -> &'m Fields {
        &self.masker.inner.fields
    }

    pub(crate) fn place_under(&self, key: Option<&str>) -> Place {
        match key {
            Some(key) if self.place != Place::NOWHERE => self.fields().under(self.place, key),
            _ => self.place,
        }
    }

    /// As [`Masker::mask`].
    pub fn mask<'t>(&self, text: &'t str, counts: &mut Counts) -> Cow<'t, str> {
        match self.passing(|pass| pass.run("", self.place, text, counts)) {
            Some(masked) => Cow::Owned(masked),
            None => Cow::Borrowed(text),
        }
    }

    /// As [`Masker::mask_field`].
    pub fn mask_field<'t>(&self, key: &str, text: &'t str, counts: &mut Counts) -> Cow<'t, str> {
        let sensitive =
            keys::is_sensitive(key) && !key.split(['.', '/', '[']).any(keys::is_logprobs);
        let place = self.place_under(Some(key));
        let sensitive = sensitive && self.fields().action(place).is_none();
        match self.mask_leaf(key, place, sensitive, text, counts) {
            Some(masked) => Cow::Owned(masked),
            None => Cow::Borrowed(text),
        }
    }

    /// As [`Masker::mask_json`].
    pub fn mask_json(&self, value: &mut Value, counts: &mut Counts) {
        self.mask_value(None, value, counts);
    }

    /// As [`Masker::mask_json_under`].
    pub fn mask_json_under(&self, key: &str, value: &mut Value, counts: &mut Counts) {
        self.mask_value(Some(key), value, counts);
    }

    fn mask_value(&self, key: Option<&str>, value: &mut Value, counts: &mut Counts) {
        if !self.masker.inner.is_on() {
            return;
        }
        let Some(names) = self.names else {
            return self
                .knowing(&RefCell::default())
                .mask_value(key, value, counts);
        };
        let known = names.borrow().len();
        json::mask_value(self, key, value, counts);
        if names.borrow().len() > known {
            json::mask_mentions(self, key, value, counts);
        }
    }

    /// A masker of this part, which comes in chunks. It begins with the names that are known now;
    /// [`MaskStream::finish_knowing`] tells what it learnt.
    #[must_use]
    pub fn stream(&self) -> MaskStream {
        let names = self.names.map(|names| names.borrow().clone());
        MaskStream::new(
            self.masker,
            self.place,
            self.context,
            names.unwrap_or_default(),
        )
    }

    pub(crate) fn at(self, place: Place) -> Self {
        Self { place, ..self }
    }

    /// The masked text of a leaf, if it changes.
    pub(crate) fn mask_leaf(
        &self,
        key: &str,
        place: Place,
        sensitive: bool,
        text: &str,
        counts: &mut Counts,
    ) -> Option<String> {
        if sensitive && self.masker.inner.sensitive_keys {
            return self.mask_sensitive(key, text, counts);
        }
        self.passing(|pass| pass.run(key, place, text, counts))
    }

    /// What is written instead of a value under a sensitive key, if it is not masked already.
    pub(crate) fn mask_sensitive(
        &self,
        key: &str,
        value: &str,
        counts: &mut Counts,
    ) -> Option<String> {
        let with = self.passing(|pass| pass.sensitive(key, value))?;
        let kind = text::kind_of(keys::last_segment(key));
        counts.add(kind, &SENSITIVE_KEY, 1);
        Some(with)
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
        self.passing(|pass| pass.run(key, Place::NOWHERE, number, counts))
    }

    /// The mask of a field that is one value.
    pub(crate) fn mask_whole(
        &self,
        action: &FieldAction,
        text: &str,
        counts: &mut Counts,
    ) -> Option<String> {
        let (kind, with) = self.passing(|pass| pass.whole(action, text))?;
        counts.add(kind, &FIELD, 1);
        Some(with)
    }
}

impl fmt::Debug for Document<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document")
            .field("masker", self.masker)
            .finish_non_exhaustive()
    }
}
