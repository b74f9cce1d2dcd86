//! `cargo xtask deny`: bans, licences, sources, advisories, by cargo-deny.

use std::process::Command;

use anyhow::{Context, Result};

use crate::report::{Outcome, Report};
use crate::shell::{self, Workspace};

pub(crate) fn run(workspace: &Workspace) -> Report {
    let mut report = Report::default();
    let mut tool = None;
    report.step("licences", || match find_or_install(workspace) {
        Ok(program) => {
            let mut command = workspace.program(&program);
            command.args(["--all-features", "--workspace", "check"]);
            command.args(["--hide-inclusion-graph", "bans", "licenses", "sources"]);
            tool = Some(program);
            shell::run(&mut command).into()
        }
        Err(error) if shell::is_ci() => Outcome::Failed(vec![format!("{error:#}")]),
        Err(error) => Outcome::Skipped(format!("{error:#}")),
    });
    if let Some(program) = tool {
        report.step("advisories", || advisories(workspace, &program));
    }
    report
}

/// The database lives on another host than the packages do, so that it may be
/// out of reach where everything else is not.
fn advisories(workspace: &Workspace, program: &str) -> Outcome {
    if !shell::answers(workspace.program(program).args(["fetch", "db"])) {
        return Outcome::Skipped("the advisory database is out of reach".to_owned());
    }
    shell::run(workspace.program(program).args([
        "check",
        "--disable-fetch",
        "--hide-inclusion-graph",
        "advisories",
    ]))
    .into()
}

fn find_or_install(workspace: &Workspace) -> Result<String> {
    let own = workspace.target().join("tools/bin/cargo-deny");
    let own = own.display().to_string();
    for program in ["cargo-deny", &own] {
        if shell::answers(Command::new(program).arg("--version")) {
            return Ok(program.to_owned());
        }
    }
    let root = workspace.target().join("tools");
    shell::run(
        workspace
            .cargo()
            .args(["install", "--locked", "--quiet", "cargo-deny", "--root"])
            .arg(&root)
            .arg("--target-dir")
            .arg(root.join("build")),
    )
    .context("cargo-deny is not installed and could not be")?;
    Ok(own)
}
