//! What was masked, in numbers.

use std::collections::BTreeMap;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::finding::RuleId;
use crate::kind::PiiType;

/// How often each type, and each rule, masked something. Never what.
///
/// An empty one allocates nothing. Serialised, it is the map from type to number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    // Sorted by type and rule; an entry masks a handful of kinds at most.
    rows: Vec<(PiiType, RuleId, u64)>,
}

impl Counts {
    /// Nothing masked.
    #[must_use]
    pub const fn new() -> Self {
        Self { rows: Vec::new() }
    }

    /// Counts `n` more of `kind` under `rule`.
    pub fn add(&mut self, kind: PiiType, rule: &RuleId, n: u64) {
        match self
            .rows
            .binary_search_by(|(k, r, _)| (k, r).cmp(&(&kind, rule)))
        {
            Ok(at) => self.rows[at].2 += n,
            Err(at) => self.rows.insert(at, (kind, rule.clone(), n)),
        }
    }

    /// Adds everything `other` counted.
    pub fn merge(&mut self, other: &Counts) {
        for (kind, rule, n) in &other.rows {
            self.add(*kind, rule, *n);
        }
    }

    /// Whether nothing was masked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many values were masked.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.rows.iter().map(|(_, _, n)| n).sum()
    }

    /// How many of `kind` were masked.
    #[must_use]
    pub fn of(&self, kind: PiiType) -> u64 {
        self.rows
            .iter()
            .filter(|(k, _, _)| *k == kind)
            .map(|(_, _, n)| n)
            .sum()
    }

    /// How many fields were masked whole because a detector failed on them.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.rows
            .iter()
            .filter(|(_, rule, _)| *rule == FAILED)
            .map(|(_, _, n)| n)
            .sum()
    }

    /// Every type, rule and number, sorted by type and rule.
    pub fn iter(&self) -> impl Iterator<Item = (PiiType, &RuleId, u64)> {
        self.rows.iter().map(|(kind, rule, n)| (*kind, rule, *n))
    }

    /// The number of each type, sorted by type.
    #[must_use]
    pub fn by_type(&self) -> BTreeMap<PiiType, u64> {
        let mut sums = BTreeMap::new();
        for (kind, _, n) in &self.rows {
            *sums.entry(*kind).or_default() += n;
        }
        sums
    }
}

/// The rule under which a field masked whole is counted, with type `CUSTOM`.
pub(crate) const FAILED: RuleId = RuleId::new("detector-failed");

impl Serialize for Counts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let sums = self.by_type();
        let mut map = serializer.serialize_map(Some(sums.len()))?;
        for (kind, n) in sums {
            map.serialize_entry(kind.as_str(), &n)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up_and_stay_sorted() {
        let mut a = Counts::new();
        a.add(PiiType::Ssn, &RuleId::new("us-ssn"), 1);
        a.add(PiiType::Email, &RuleId::new("email"), 2);
        let mut b = Counts::new();
        b.add(PiiType::Email, &RuleId::new("email-spoken"), 3);
        b.merge(&a);
        assert_eq!(serde_json::to_string(&b).unwrap(), r#"{"EMAIL":5,"SSN":1}"#);
        assert_eq!((b.total(), b.of(PiiType::Email), b.failed()), (6, 5, 0));
        assert_eq!(b.iter().next().unwrap().1.as_str(), "email");
    }
}
