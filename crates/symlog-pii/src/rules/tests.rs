//! Every built-in rule finds its examples and leaves its counter-examples.

use crate::{Counts, Masker};

use super::RuleSet;
use super::set::{Source, built_in_entries};
use super::verify::Verifier;

#[test]
fn examples_are_found_and_counter_examples_are_not() {
    let set = RuleSet::built_in();
    assert!(set.iter().count() > 600);
    let verifier = Verifier::new(set);
    let mut wrong = Vec::new();
    for (file, line, entry) in built_in_entries() {
        assert!(
            !entry.examples.is_empty() && !entry.counter.is_empty(),
            "{file}:{line}: no example"
        );
        if let Err(problem) = verifier.check(&entry) {
            wrong.push(format!("{file}:{line}: {}: {problem}", entry.id));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn mistakes_in_a_file_point_at_their_line() {
    let rule =
        |body: &str| format!("# mine\n\n[[rule]]\nid = \"x-1\"\ntype = \"CUSTOM\"\n{body}\n");
    for (body, expect) in [
        ("pattern = 'x{2,1}'", "my.toml:3: rule \"x-1\""),
        ("pattern = 5", "my.toml:"),
        ("color = 1", "my.toml:"),
        ("", "nothing to find"),
        (
            "pattern = 'EMP-\\d{6}'\ncheck = \"luhm\"",
            "no check \"luhm\"",
        ),
        (
            "pattern = 'EMP-\\d{6}'\nscore = 0.9\nexamples = [\"EMP-12\"]\ncounter = [\"EMP-1\"]",
            "example number 1 is not found",
        ),
        (
            "pattern = 'EMP-\\d{6}'\nscore = 0.9\nexamples = [\"EMP-123456\"]\ncounter = [\"EMP-123456\"]",
            "counter-example number 1 is found",
        ),
        (
            "pattern = 'EMP-\\d{6}'\nscore = 0.9\ncounter = [\"EMP-12\"]",
            "my.toml:3: rule \"x-1\": it has no example; add examples = [",
        ),
        (
            "pattern = 'EMP-\\d{6}'\nscore = 0.9\nexamples = [\"EMP-123456\"]",
            "my.toml:3: rule \"x-1\": it has no counter-example; add counter = [",
        ),
        ("pattern = 'ACME[A-Z]{3}'", "would never be tried"),
        (
            "pattern = '[A-Z]{3}-\\d'\nkeywords = [\"staff\"]",
            "would never be tried",
        ),
    ] {
        let source = Source {
            file: "my.toml".to_owned(),
            text: rule(body),
        };
        let error = RuleSet::compile(&[source])
            .err()
            .map(|error| error.to_string());
        let error = error.unwrap_or_default();
        assert!(error.contains(expect), "{error:?} tells {expect:?}");
    }
}

#[test]
fn two_rules_of_one_name_are_refused() {
    let rule = "[[rule]]\nid = \"a\"\ntype = \"CUSTOM\"\npattern = 'A-\\d{5}'\nscore = 0.9\n";
    let source = Source {
        file: "my.toml".to_owned(),
        text: rule.repeat(2),
    };
    let error = RuleSet::compile(&[source]).unwrap_err().to_string();
    assert!(
        error.starts_with("my.toml:6: rule \"a\": the id is used twice"),
        "{error}"
    );
}

/// A rule of a user is tried wherever its first characters stand, however short it is.
#[test]
fn short_rules_of_users_are_tried() {
    let rule =
        |id: &str, body: &str| format!("[[rule]]\nid = \"{id}\"\ntype = \"CUSTOM\"\n{body}\n");
    let toml = [
        rule(
            "short",
            "pattern = 'ACME[A-Z]{3}'\nscore = 0.9\nexamples = [\"ACMEXYZ\"]\ncounter = [\"ACME\"]",
        ),
        rule(
            "words",
            "pattern = 'Project [A-Z][a-z]+'\nscore = 0.9\nexamples = [\"Project Falcon\"]\ncounter = [\"project\"]",
        ),
        rule(
            "digits",
            "pattern = 'Q\\d{3}'\nscore = 0.9\nexamples = [\"Q123\"]\ncounter = [\"Q12\"]",
        ),
        rule(
            "employee",
            "pattern = 'EMP-\\d{6}'\nkeywords = [\"employee\"]\nexamples = [\"employee EMP-123456\"]\ncounter = [\"EMP-123456\"]",
        ),
    ];
    let masker = Masker::builder()
        .rules("my.toml", toml.concat())
        .build()
        .unwrap();
    let mut counts = Counts::new();
    let masked = masker.mask(
        "ACMEXYZ, xACMEXYZ, ACMEXYZ1 of Project Falcon; Q123; employee EMP-123456",
        &mut counts,
    );
    assert_eq!(
        masked,
        "[REDACTED:CUSTOM], xACMEXYZ, ACMEXYZ1 of [REDACTED:CUSTOM]; [REDACTED:CUSTOM]; \
         employee [REDACTED:CUSTOM]"
    );
    assert_eq!(
        masker.mask("part EMP-123456", &mut counts),
        "part EMP-123456"
    );
}

/// Operators are refused for rules that do not exist, so every name of one must be known.
#[test]
fn every_judge_is_known_by_name() {
    fn read(directory: &std::path::Path, out: &mut Vec<String>) {
        for file in std::fs::read_dir(directory).unwrap() {
            let path = file.unwrap().path();
            if path.is_dir() {
                read(&path, out);
            } else {
                let text = std::fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]").next().unwrap_or_default();
                let names = code.split("RuleId::new(\"").skip(1);
                out.extend(names.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
            }
        }
    }
    let mut names = Vec::new();
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    read(&source, &mut names);
    assert!(names.len() > 20);
    for name in names
        .iter()
        .filter(|name| name.contains(char::is_alphabetic) && name.len() > 1)
    {
        assert!(
            RuleSet::built_in().knows(name),
            "{name} is missing in JUDGES"
        );
    }
}
