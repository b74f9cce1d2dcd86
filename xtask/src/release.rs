//! `cargo xtask release`: is everything ready, and does every crate package?

use std::fs;

use anyhow::{Context, Result, bail};
use cargo_metadata::{DependencyKind, Package};

use crate::report::{Outcome, Report};
use crate::shell::{self, Workspace};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Publish for real, after every check has passed, and tag the commit
    #[arg(long)]
    execute: bool,
    /// Package without building what was packaged
    #[arg(long, conflicts_with = "execute")]
    no_verify: bool,
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Report {
    let mut report = Report::default();
    report.step("versions", || versions(workspace));
    report.step("manifests", || manifests(workspace));
    report.step("changelog", || changelog(workspace, args.execute));
    report.step("package", || package(workspace, args));
    if args.execute {
        report.step("clean tree", || clean(workspace));
        if report.tally().failed == 0 {
            report.step("publish", || publish(workspace));
        }
    }
    report
}

/// All crates share one version, and name each other by it.
fn versions(workspace: &Workspace) -> Outcome {
    let published = workspace.published();
    let Some(first) = published.first() else {
        return Outcome::Failed(vec!["no crate is published".to_owned()]);
    };
    let version = &first.version;
    let mut findings = Vec::new();
    for package in &published {
        if package.version != *version {
            findings.push(format!(
                "{} is {}, not {version}",
                package.name, package.version
            ));
        }
        for dependency in package
            .dependencies
            .iter()
            .filter(|dependency| dependency.name.starts_with("symlog") && dependency.path.is_some())
        {
            // A development dependency without a version is left out of the
            // package, which is how cycles between tests are avoided.
            let is_open = dependency.req.to_string() == "*";
            let fits = if dependency.kind == DependencyKind::Development && is_open {
                true
            } else {
                !is_open && dependency.req.matches(version)
            };
            if !fits {
                findings.push(format!(
                    "{} asks for {} {}, not {version}",
                    package.name, dependency.name, dependency.req
                ));
            }
        }
    }
    Outcome::from_findings(findings, format!("{version}, {} crates", published.len()))
}

/// What a registry page shows.
fn manifests(workspace: &Workspace) -> Outcome {
    let published = workspace.published();
    let findings = published
        .iter()
        .flat_map(|package| missing(package))
        .collect();
    Outcome::from_findings(findings, "description, licence, readme, keywords")
}

fn missing(package: &Package) -> Vec<String> {
    let readme_exists = package.readme().is_some_and(|readme| readme.is_file());
    [
        ("description", package.description.is_some()),
        ("license", package.license.is_some()),
        ("readme", readme_exists),
        ("keywords", !package.keywords.is_empty()),
        ("categories", !package.categories.is_empty()),
        ("rust-version", package.rust_version.is_some()),
    ]
    .into_iter()
    .filter(|(_, present)| !present)
    .map(|(field, _)| format!("{}: no {field}", package.name))
    .collect()
}

fn changelog(workspace: &Workspace, execute: bool) -> Outcome {
    let check = || -> Result<Outcome> {
        let path = workspace.root().join("CHANGELOG.md");
        let text = fs::read_to_string(&path).context("reading CHANGELOG.md")?;
        let version = version(workspace)?;
        let heading = match (section(&text, &version), section(&text, "Unreleased")) {
            (Some(body), _) if !body.is_empty() => version,
            (_, Some(body)) if !body.is_empty() && !execute => "Unreleased".to_owned(),
            _ => bail!("CHANGELOG.md has no section [{version}] that says anything"),
        };
        Ok(Outcome::Passed(format!("[{heading}]")))
    };
    check().unwrap_or_else(|error| Outcome::Failed(vec![format!("{error:#}")]))
}

/// What stands under `## [name]`.
fn section<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let heading = format!("## [{name}]");
    let start = text.find(&heading)? + heading.len();
    let body = &text[start..];
    let body = body.split_once('\n').map_or("", |(_, body)| body);
    let end = body.find("\n## ").unwrap_or(body.len());
    Some(body[..end].trim())
}

fn version(workspace: &Workspace) -> Result<String> {
    let published = workspace.published();
    let first = published.first().context("no crate is published")?;
    Ok(first.version.to_string())
}

/// One call for all: cargo orders them, and lets each find the ones before it
/// without a registry.
fn package(workspace: &Workspace, args: &Args) -> Result<()> {
    let mut command = workspace.cargo();
    command.arg("package").args(selection(workspace));
    if !args.execute {
        command.arg("--allow-dirty");
    }
    if args.no_verify {
        command.arg("--no-verify");
    }
    shell::run(&mut command)
}

fn selection(workspace: &Workspace) -> Vec<String> {
    let published = workspace.published();
    published
        .iter()
        .flat_map(|package| ["--package".to_owned(), package.name.to_string()])
        .collect()
}

fn clean(workspace: &Workspace) -> Result<()> {
    let changed = shell::output(workspace.program("git").args(["status", "--porcelain"]))?;
    if !changed.is_empty() {
        bail!("commit or put away first:\n{changed}");
    }
    Ok(())
}

fn publish(workspace: &Workspace) -> Result<()> {
    shell::run(workspace.cargo().arg("publish").args(selection(workspace)))?;
    let tag = format!("v{}", version(workspace)?);
    let message = format!("symlog {tag}");
    shell::run(
        workspace
            .program("git")
            .args(["tag", "-a", &tag, "-m", &message]),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANGELOG: &str = "# Changelog\n\n## [Unreleased]\n\n## [0.1.0] - 2026-11-23\n\n### Added\n- A thing.\n\n## [0.0.1]\n";

    #[test]
    fn finds_the_section_of_a_version() {
        assert_eq!(section(CHANGELOG, "0.1.0"), Some("### Added\n- A thing."));
        assert_eq!(section(CHANGELOG, "Unreleased"), Some(""));
        assert_eq!(section(CHANGELOG, "9.9.9"), None);
    }
}
