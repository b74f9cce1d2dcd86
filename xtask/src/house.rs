//! Rules of the house that no lint knows.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::report::Outcome;
use crate::shell::Workspace;

/// A longer file is two files.
const MAX_LINES: usize = 600;
/// What a crate root may hold, by the start of the line.
const ROOT_LINES: [&str; 12] = [
    "//",
    "#![",
    "#[",
    "mod ",
    "pub mod ",
    "pub use ",
    "use ",
    "}",
    ")]",
    "]",
    " ",
    "extern crate",
];
/// Spelled in halves, so that this file passes.
const UNFINISHED: [&str; 4] = [
    concat!("#[ign", "ore"),
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("allow(dead", "_code"),
];

pub(crate) fn check(workspace: &Workspace) -> Outcome {
    let mut findings = Vec::new();
    let mut files = 0;
    for package in workspace.metadata().workspace_packages() {
        let Some(folder) = package.manifest_path.parent() else {
            continue;
        };
        let folder = folder.as_std_path();
        let walked = walk(folder, &mut |path| {
            files += 1;
            let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
            let shown = path.strip_prefix(workspace.root()).unwrap_or(path);
            let is_root = path == folder.join("src/lib.rs");
            findings.extend(
                complaints(&text, is_root)
                    .into_iter()
                    .map(|complaint| format!("{}: {complaint}", shown.display())),
            );
            Ok(())
        });
        if let Err(error) = walked {
            findings.push(format!("{error:#}"));
        }
        if package.publish.is_none() && !folder.join("README.md").is_file() {
            findings.push(format!("{}: has no README.md", package.name));
        }
    }
    Outcome::from_findings(findings, format!("{files} files"))
}

fn walk(folder: &Path, visit: &mut dyn FnMut(&Path) -> Result<()>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() && !path.ends_with("target") {
            walk(&path, visit)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            visit(&path)?;
        }
    }
    Ok(())
}

fn complaints(text: &str, is_root: bool) -> Vec<String> {
    let mut found = Vec::new();
    let lines = text.lines().count();
    if lines > MAX_LINES {
        found.push(format!("{lines} lines, at most {MAX_LINES}"));
    }
    for (number, line) in text.lines().enumerate() {
        let number = number + 1;
        if let Some(word) = UNFINISHED.iter().find(|word| line.contains(**word)) {
            found.push(format!("line {number}: `{word}`"));
        }
        let belongs = || line.is_empty() || ROOT_LINES.iter().any(|start| line.starts_with(start));
        if is_root && !belongs() {
            found.push(format!(
                "line {number}: a crate root holds docs, modules and exports only"
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, is_root: bool, expected: usize) {
        assert_eq!(complaints(text, is_root).len(), expected, "{text}");
    }

    #[test]
    fn complains_of_what_is_against_the_rules() {
        check("//! Docs.\nmod a;\n\npub use a::{\n    B,\n};\n", true, 0);
        check("//! Docs.\nfn a() {}\n", true, 1);
        check("fn a() {}\n", false, 0);
        check(concat!("#[ign", "ore]\nfn a() {}\n"), false, 1);
        check(&"\n".repeat(MAX_LINES + 1), false, 1);
    }
}
