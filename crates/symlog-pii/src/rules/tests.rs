//! Every built-in rule finds its examples and leaves its counter-examples.

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
            "pattern = 'EMP-\\d{6}'\nscore = 0.9\nexamples = [\"EMP-12\"]",
            "example number 1 is not found",
        ),
        (
            "pattern = 'EMP-\\d{6}'\nscore = 0.9\ncounter = [\"EMP-123456\"]",
            "counter-example number 1 is found",
        ),
    ] {
        let source = Source {
            file: "my.toml".to_owned(),
            text: rule(body),
        };
        let error = RuleSet::compile(&[source]).unwrap_err().to_string();
        assert!(error.contains(expect), "{error:?} tells {expect:?}");
    }
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
