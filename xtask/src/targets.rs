//! Other operating systems: what is written for them alone compiles.

use std::path::Path;

use anyhow::Result;

use crate::report::{Outcome, Report};
use crate::shell::{self, Workspace};

/// Files are Unix's everywhere but in symlog-keys, so that this alone is for Windows.
const TARGETS: [(&str, &str, &[&str]); 3] = [
    (
        "macos",
        "aarch64-apple-darwin",
        &["symlog-keys", "symlog-core"],
    ),
    ("windows", "x86_64-pc-windows-msvc", &["symlog-keys"]),
    ("windows-gnu", "x86_64-pc-windows-gnu", &["symlog-keys"]),
];

pub(crate) fn run(workspace: &Workspace) -> Report {
    let mut report = Report::default();
    for (name, target, packages) in TARGETS {
        report.step(name, || {
            check(workspace, target, packages)
                .unwrap_or_else(|error| Outcome::Failed(vec![format!("{error:#}")]))
        });
    }
    report
}

fn check(workspace: &Workspace, target: &str, packages: &[&str]) -> Result<Outcome> {
    let libraries = shell::output(workspace.program("rustc").args([
        "--print",
        "target-libdir",
        "--target",
        target,
    ]))?;
    if !Path::new(libraries.trim()).is_dir() {
        return Ok(Outcome::Skipped(format!(
            "the toolchain has no standard library for it; run: rustup target add {target}"
        )));
    }
    let mut command = workspace.cargo();
    command
        .args(["check", "--profile", "ci", "--target", target])
        .args(packages.iter().flat_map(|package| ["-p", package]))
        .args(["--features", "symlog-keys/keychain,symlog-keys/vault"]);
    if shell::is_ci() {
        command.arg("--locked");
    }
    Ok(shell::run(&mut command).into())
}
