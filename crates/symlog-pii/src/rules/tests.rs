//! Every rule finds its examples and leaves its counter-examples.

use super::RuleSet;
use super::set::built_in_entries;
use crate::kind::TypeSet;
use crate::text::{Hit, Plan, Search};

#[test]
fn examples_are_found_and_counter_examples_are_not() {
    let set = RuleSet::built_in();
    assert!(set.iter().count() > 600);
    let plan = Plan::new(set, TypeSet::ALL);
    let mut wrong = Vec::new();
    for (file, line, entry) in built_in_entries() {
        assert!(
            !entry.examples.is_empty() && !entry.counter.is_empty(),
            "{file}:{line}: no example"
        );
        for (texts, expect) in [(&entry.examples, true), (&entry.counter, false)] {
            for text in texts {
                let mut out: Vec<Hit> = Vec::new();
                Search {
                    text,
                    key: "",
                    rules: set,
                    plan: &plan,
                }
                .find(&mut out);
                // Which of several rules for one type wins is no matter.
                let found = if expect {
                    out.iter()
                        .any(|hit| hit.kind == entry.kind || hit.rule.as_str() == entry.id)
                } else {
                    out.iter().any(|hit| hit.rule.as_str() == entry.id)
                };
                if found != expect {
                    let rules: Vec<_> = out.iter().map(|h| h.rule.as_str().to_owned()).collect();
                    wrong.push(format!(
                        "{file}:{line}: {} {expect} {text:?} {rules:?}",
                        entry.id
                    ));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
