use std::cmp::Ordering;

use super::PartName;
use crate::name;

/// The parts of one object, named after the object before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Chapter {
    after: Option<String>,
}

/// A chapter whose parts were removed, so that its place in the order stays known.
pub(super) const GONE: &str = "gone-";
const FIRST: &str = "first";
const AFTER: &str = "after-";

impl Chapter {
    pub(super) fn after(sealed: &str) -> Self {
        Self {
            after: Some(sealed.to_owned()),
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        if text == FIRST {
            return Some(Self::default());
        }
        let sealed = text.strip_prefix(AFTER)?;
        name::check(sealed).ok()?;
        Some(Self::after(sealed))
    }

    /// The sealed object that comes right before this one.
    pub(super) fn predecessor(&self) -> Option<&str> {
        self.after.as_deref()
    }

    pub(super) fn text(&self) -> String {
        match &self.after {
            None => FIRST.to_owned(),
            Some(sealed) => format!("{AFTER}{sealed}"),
        }
    }

    pub(super) fn part(&self, number: u64) -> PartName {
        PartName {
            chapter: self.text(),
            number,
        }
    }
}

impl Ord for Chapter {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.after, &other.after) {
            (Some(a), Some(b)) => name::order(a, b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        }
    }
}

impl PartialOrd for Chapter {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
