//! The engine held against a slow one that is hard to get wrong: a regex for each rule, one after
//! the other, over the same texts.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use regex::bytes::Regex;

use super::set::{RuleSet, Trigger, built_in_entries};
use crate::checks::{self, Check};
use crate::kind::TypeSet;
use crate::text::{Hit, Plan, Search};

/// A rule of the slow engine.
struct Slow {
    id: String,
    /// Anchored at both ends.
    whole: Vec<Regex>,
    /// For rules that are a plain pattern, which begin and end where no word goes on.
    free: Vec<Regex>,
    check: Option<Check>,
}

fn slow_rules() -> Vec<Slow> {
    let plain: HashMap<&str, bool> = RuleSet::built_in()
        .iter()
        .map(|(_, rule)| (rule.id.as_str(), rule.trigger == Trigger::Prefix))
        .collect();
    let compile = |source: String| Regex::new(&source).unwrap_or_else(|e| panic!("{source}: {e}"));
    built_in_entries()
        .into_iter()
        .map(|(_, _, entry)| {
            let patterns = entry.pattern.as_slice();
            let whole = patterns.iter().map(|p| {
                let (flags, body) = flags(p);
                compile(format!("{flags}^(?:{body})$"))
            });
            let free = patterns.iter().map(|p| {
                let (flags, body) = flags(p);
                compile(format!("{flags}({body})(?:[^A-Za-z0-9_]|$)"))
            });
            Slow {
                whole: whole.collect(),
                free: match plain[entry.id.as_str()] {
                    true => free.collect(),
                    false => Vec::new(),
                },
                check: entry.check.as_deref().and_then(checks::by_name),
                id: entry.id,
            }
        })
        .collect()
}

/// The engine knows ASCII only, and `.` is any character of a line.
fn flags(pattern: &str) -> (&'static str, &str) {
    match pattern.strip_prefix("(?i)") {
        Some(body) => ("(?i-u)", body),
        None => ("(?-u)", pattern),
    }
}

impl Slow {
    /// Everything that a plain pattern matches, as the engine takes it: from a place before which
    /// no word goes on.
    fn matches(&self, text: &str, found: &mut HashSet<(usize, usize, String)>) {
        let bytes = text.as_bytes();
        for regex in &self.free {
            let mut from = 0;
            while let Some(captures) = bytes
                .get(from..)
                .and_then(|_| regex.captures_at(bytes, from))
            {
                let Some(group) = captures.get(1) else { break };
                let begins =
                    group.start() == 0 || !bytes[group.start() - 1].is_ascii_alphanumeric();
                let span = text.get(group.start()..group.end());
                let passes = |text: &str| self.check.is_none_or(|check| checks::run(check, text));
                if begins && span.is_some_and(passes) {
                    found.insert((group.start(), group.end(), self.id.clone()));
                }
                from = group.start() + 1;
            }
        }
    }
}

fn check_text(text: &str, slow: &[Slow], by_id: &HashMap<&str, &Slow>, plan: &Plan) -> usize {
    let mut hits: Vec<Hit> = Vec::new();
    Search {
        text,
        key: "",
        rules: RuleSet::built_in(),
        plan,
        depth: 0,
    }
    .find_plain(&mut hits);
    let mut expected = HashSet::new();
    for rule in slow {
        rule.matches(text, &mut expected);
    }
    for hit in &hits {
        let Some(rule) = by_id.get(hit.rule.as_str()) else {
            continue;
        };
        let value = &text[hit.start..hit.end];
        if !rule
            .whole
            .iter()
            .any(|regex| regex.is_match(value.as_bytes()))
        {
            // What was found inside of base64 is reported as the whole of that.
            let encoded = value
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"+/=_-".contains(&b));
            assert!(
                encoded,
                "{} at {}..{} of {text:?}",
                hit.rule, hit.start, hit.end
            );
            continue;
        }
        if !rule.free.is_empty() {
            let key = (hit.start, hit.end, hit.rule.as_str().to_owned());
            assert!(
                expected.contains(&key),
                "{key:?} is of the engine alone: {text:?}"
            );
        }
    }
    // Arbitration may have kept a better one, so it need not be the same hit.
    for (start, end, id) in &expected {
        let covered = hits.iter().any(|hit| hit.start < *end && hit.end > *start);
        assert!(covered, "{id} at {start}..{end} was missed: {text:?}");
    }
    expected.len()
}

/// The texts of a set: the strings of its lines, up to some bytes of them.
fn texts(path: &Path, most: usize) -> Vec<String> {
    let Ok(file) = File::open(path) else {
        return Vec::new();
    };
    let reader: Box<dyn Read> = if path.extension().is_some_and(|e| e == "gz") {
        Box::new(flate2::read::GzDecoder::new(file))
    } else {
        Box::new(file)
    };
    let mut bytes = 0;
    BufReader::new(reader)
        .lines()
        .map_while(Result::ok)
        .take_while(|line| {
            bytes += line.len();
            bytes <= most
        })
        .filter_map(|line| {
            let value: serde_json::Value = serde_json::from_str(&line).ok()?;
            let text = value.get("text").or_else(|| value.get("content"))?;
            text.as_str().map(str::to_owned)
        })
        .collect()
}

fn run(texts: impl IntoIterator<Item = String>) -> usize {
    let slow = slow_rules();
    let by_id: HashMap<&str, &Slow> = slow.iter().map(|rule| (rule.id.as_str(), rule)).collect();
    let plan = Plan::new(RuleSet::built_in(), TypeSet::ALL);
    texts
        .into_iter()
        .map(|text| check_text(&text, &slow, &by_id, &plan))
        .sum()
}

#[test]
fn the_examples_of_all_rules_are_found_by_both() {
    let examples = built_in_entries()
        .into_iter()
        .flat_map(|(_, _, entry)| [entry.examples, entry.counter].concat());
    assert!(run(examples) > 200);
}

#[test]
fn the_corpora_are_the_same_to_both() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    if !data.is_dir() {
        eprintln!("SKIPPED: the_corpora_are_the_same_to_both: ../shared/data is not there");
        return;
    }
    let mut all = Vec::new();
    for (name, most) in [
        ("corpus/sparse.jsonl.gz", 4 << 20),
        ("corpus/clean.jsonl.gz", 4 << 20),
        ("pii/kingfisher_examples_70.jsonl", usize::MAX),
        ("pii/noseyparker_examples.jsonl", usize::MAX),
        ("pii/gitleaks_literals.jsonl", usize::MAX),
        ("pii/betterleaks_literals.jsonl", usize::MAX),
        ("pii/detect_secrets_tests.jsonl", usize::MAX),
        ("pii/presidio_tests.jsonl", usize::MAX),
        ("pii/presidio_synth_v2.jsonl", usize::MAX),
        ("pii/pl_pii_bench_given.jsonl", usize::MAX),
        ("pii/meddocan_dev.jsonl", 1 << 20),
        ("pii/meddocan_train.jsonl", 1 << 20),
        ("pii/wnut17_dev.jsonl", usize::MAX),
        ("pii/wnut17_train.jsonl", usize::MAX),
    ] {
        all.extend(texts(&data.join(name), most));
    }
    assert!(run(all) > 500);
}
