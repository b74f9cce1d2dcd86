//! A rule's own examples.

use super::file::RuleEntry;
use super::set::RuleSet;
use crate::error::RuleProblem;
use crate::kind::TypeSet;
use crate::text::{Hit, Plan, Search};

/// Findings below this are hints.
const SURE: f32 = 0.5;

/// Holds rules against their examples.
pub(super) struct Verifier<'a> {
    rules: &'a RuleSet,
    plan: Plan,
}

impl<'a> Verifier<'a> {
    pub(super) fn new(rules: &'a RuleSet) -> Self {
        Self {
            rules,
            plan: Plan::new(rules, TypeSet::ALL),
        }
    }

    /// Whether the rule's type is found in each example, be it as a hint, and the rule in no
    /// counter-example. Which of several rules for one type finds an example is no matter.
    pub(super) fn check(&self, entry: &RuleEntry) -> Result<(), RuleProblem> {
        has_examples(entry)?;
        let found = |text: &String| {
            let mut hits: Vec<Hit> = Vec::new();
            Search {
                text,
                key: "",
                rules: self.rules,
                plan: &self.plan,
                depth: 0,
            }
            .find_plain(&mut hits);
            hits
        };
        if entry.decoy {
            let sure = |text: &String| found(text).iter().any(|hit| hit.score >= SURE);
            let wrong = |what, index: usize, outcome| RuleProblem::Example {
                what,
                index: index + 1,
                outcome,
            };
            if let Some(n) = entry.examples.iter().position(sure) {
                return Err(wrong("example", n, "is found"));
            }
            return match entry.counter.iter().position(|text| !sure(text)) {
                Some(n) => Err(wrong("counter-example", n, "is not found")),
                None => Ok(()),
            };
        }
        let missed = |text: &String| {
            !found(text).iter().any(|hit| {
                hit.score > 0.0 && (hit.kind == entry.kind || hit.rule.as_str() == entry.id)
            })
        };
        if let Some(n) = entry.examples.iter().position(missed) {
            return Err(RuleProblem::Example {
                what: "example",
                index: n + 1,
                outcome: "is not found",
            });
        }
        let touched = |text: &String| found(text).iter().any(|hit| hit.rule.as_str() == entry.id);
        if let Some(n) = entry.counter.iter().position(touched) {
            return Err(RuleProblem::Example {
                what: "counter-example",
                index: n + 1,
                outcome: "is found",
            });
        }
        Ok(())
    }
}

/// A rule of which nobody has shown what it finds and what it leaves is a guess.
fn has_examples(entry: &RuleEntry) -> Result<(), RuleProblem> {
    let (some, none) = ("something", "nothing");
    let (finds, leaves) = if entry.decoy {
        (none, some)
    } else {
        (some, none)
    };
    for (texts, missing, key, finds) in [
        (&entry.examples, "example", "examples", finds),
        (&entry.counter, "counter-example", "counter", leaves),
    ] {
        if texts.is_empty() {
            return Err(RuleProblem::NoExample {
                missing,
                key,
                finds,
            });
        }
    }
    Ok(())
}
