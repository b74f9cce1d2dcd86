//! `cargo xtask layering`: the arrows between crates, and what may not be
//! below them.

use std::collections::BTreeSet;

use anyhow::Result;
use cargo_metadata::{DependencyKind, Package};

use crate::report::{Outcome, Report};
use crate::shell::{self, Workspace};

/// Each published crate and the symlog crates it may depend on.
const ARROWS: [(&str, &[&str]); 16] = [
    ("symlog-crypto", &[]),
    ("symlog-pii", &[]),
    ("symlog-sink", &[]),
    ("symlog-keys", &["symlog-crypto"]),
    (
        "symlog-core",
        &["symlog-crypto", "symlog-keys", "symlog-pii", "symlog-sink"],
    ),
    ("symlog-ingest", &["symlog-core"]),
    // The types of the core's seams come from below it.
    (
        "symlog-archive",
        &["symlog-core", "symlog-crypto", "symlog-keys", "symlog-sink"],
    ),
    ("symlog-sink-object", &["symlog-sink"]),
    ("symlog-sink-nats", &["symlog-sink"]),
    ("symlog-sink-kafka", &["symlog-sink"]),
    ("symlog-query", &["symlog-core", "symlog-archive"]),
    ("symlog-tracing", &["symlog-core"]),
    ("symlog-rig", &["symlog-core"]),
    ("symlog-mcp", &["symlog-core"]),
    (
        "symlog-gateway",
        &["symlog-core", "symlog-ingest", "symlog-query"],
    ),
    // The binary wires everything together.
    ("symlog-cli", &["*"]),
];

/// Crates that stay with the one that needs them: everyone else reaches them
/// through a seam. Crates that are not published may use anything.
const CONFINED: [(&str, &[&str]); 14] = [
    ("anyhow", &["symlog-cli"]),
    ("clap", &["symlog-cli"]),
    ("indicatif", &["symlog-cli"]),
    ("ring", &["symlog-crypto"]),
    ("aws-lc-rs", &["symlog-crypto"]),
    ("argon2", &["symlog-crypto"]),
    ("vaultrs", &["symlog-keys"]),
    ("keyring", &["symlog-keys"]),
    ("rusqlite", &["symlog-keys"]),
    ("parquet", &["symlog-archive", "symlog-query"]),
    ("object_store", &["symlog-sink-object"]),
    ("async-nats", &["symlog-sink-nats"]),
    ("rskafka", &["symlog-sink-kafka"]),
    ("tracing-appender", &[]),
];

/// What a crate alone, with its default features, may pull in.
struct Footprint {
    package: &'static str,
    fewer_than: usize,
    absent: &'static [&'static str],
}

const ASYNC: [&str; 3] = ["tokio", "async-std", "smol"];
/// A second provider doubles the code that must be trusted, and whichever
/// rustls picks first is then the one that is used.
const OTHER_TLS: [&str; 4] = ["aws-lc-rs", "openssl", "native-tls", "rustls-openssl"];

const FOOTPRINTS: [Footprint; 4] = [
    Footprint {
        package: "symlog-pii",
        fewer_than: 80,
        absent: &ASYNC,
    },
    Footprint {
        package: "symlog-crypto",
        fewer_than: 80,
        absent: &ASYNC,
    },
    Footprint {
        package: "symlog-sink",
        fewer_than: 80,
        absent: &ASYNC,
    },
    Footprint {
        package: "symlog-cli",
        fewer_than: 600,
        absent: &OTHER_TLS,
    },
];

pub(crate) fn run(workspace: &Workspace) -> Report {
    let mut report = Report::default();
    report.step("layering", || {
        check(workspace).unwrap_or_else(|error| Outcome::Failed(vec![format!("{error:#}")]))
    });
    report
}

fn check(workspace: &Workspace) -> Result<Outcome> {
    let mut findings = Vec::new();
    let published = workspace.published();
    for package in &published {
        findings.extend(wrong_arrows(&package.name, &edges(package)));
    }
    let mut sizes = Vec::new();
    for footprint in &FOOTPRINTS {
        let tree = tree(workspace, footprint.package)?;
        findings.extend(footprint.violations(&tree));
        sizes.push(format!("{} {}", footprint.package, tree.len()));
    }
    let note = format!("crates below: {}", sizes.join(", "));
    Ok(Outcome::from_findings(findings, note))
}

/// Normal dependencies, optional ones included: a feature is no way around.
fn edges(package: &Package) -> Vec<&str> {
    package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind == DependencyKind::Normal)
        .map(|dependency| dependency.name.as_str())
        .collect()
}

fn wrong_arrows(package: &str, edges: &[&str]) -> Vec<String> {
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == package) else {
        return vec![format!("{package}: has no place in the layering")];
    };
    let mut found = Vec::new();
    for edge in edges {
        if edge.starts_with("symlog") && !allowed.contains(edge) && *allowed != ["*"] {
            found.push(format!("{package} -> {edge}: against the arrows"));
        }
        let owners = CONFINED.iter().find(|(name, _)| name == edge);
        if let Some((_, owners)) = owners
            && !owners.contains(&package)
        {
            found.push(format!(
                "{package} -> {edge}: belongs to {}",
                match owners {
                    [] => "crates that are not published".to_owned(),
                    owners => owners.join(", "),
                }
            ));
        }
    }
    found
}

/// Every crate that is built for `package` with its default features.
fn tree(workspace: &Workspace, package: &str) -> Result<BTreeSet<String>> {
    let listing = shell::output(workspace.cargo().args([
        "tree",
        "--package",
        package,
        "--edges",
        "normal,build",
        "--prefix",
        "none",
        "--format",
        "{p}",
        "--no-dedupe",
    ]))?;
    Ok(crates(&listing))
}

fn crates(listing: &str) -> BTreeSet<String> {
    listing
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some(format!("{} {}", words.next()?, words.next()?))
        })
        .collect()
}

impl Footprint {
    fn violations(&self, tree: &BTreeSet<String>) -> Vec<String> {
        let package = self.package;
        let mut found = Vec::new();
        if tree.len() >= self.fewer_than {
            found.push(format!(
                "{package}: resolves to {} crates, fewer than {} wanted",
                tree.len(),
                self.fewer_than
            ));
        }
        let names: BTreeSet<&str> = tree
            .iter()
            .filter_map(|krate| krate.split_whitespace().next())
            .collect();
        for absent in self.absent.iter().filter(|name| names.contains(*name)) {
            found.push(format!(
                "{package}: pulls in {absent}; see: cargo tree -p {package} -e normal -i {absent}"
            ));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(package: &str, edges: &[&str], complaints: usize) {
        let found = wrong_arrows(package, edges);
        assert_eq!(found.len(), complaints, "{found:?}");
    }

    #[test]
    fn arrows_point_one_way() {
        check("symlog-keys", &["symlog-crypto", "serde"], 0);
        check("symlog-crypto", &["symlog-keys"], 1);
        check("symlog-pii", &["symlog-core", "anyhow"], 2);
        check("symlog-cli", &["symlog-core", "symlog-pii", "anyhow"], 0);
        check("symlog-core", &["ring"], 1);
        check("symlog-new", &[], 1);
    }

    #[test]
    fn a_footprint_counts_crates_once() {
        let tree = crates("a v1.0.0 (/x)\nb v2.0.0\nb v2.0.0 (*)\ntokio v1.0.0\n");
        assert_eq!(tree.len(), 3);
        let tight = Footprint {
            package: "a",
            fewer_than: 3,
            absent: &["tokio", "smol"],
        };
        assert_eq!(tight.violations(&tree).len(), 2);
    }
}
