//! `cargo xtask test`: everything that must hold before a change goes in.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use anyhow::{Context, Result};

use crate::libtest::Follower;
use crate::report::{Outcome, Report};
use crate::shell::{self, Workspace};
use crate::{deny, layering, lint, services, targets};

pub(crate) fn run(workspace: &Workspace) -> Report {
    let mut report = lint::run(workspace);
    report.step("tests", || {
        tests(workspace).unwrap_or_else(|error| Outcome::Failed(vec![format!("{error:#}")]))
    });
    report.extend(layering::run(workspace));
    report.extend(targets::run(workspace));
    report.extend(deny::run(workspace));
    report
}

/// Unit, integration, example and doc tests of the whole workspace.
fn tests(workspace: &Workspace) -> Result<Outcome> {
    let mut command = workspace.cargo();
    command
        .arg("test")
        .args(shell::build_flags())
        .args(["--no-fail-fast", "--", "--show-output"])
        .env(services::VARIABLE, services::directory(workspace))
        .stdout(Stdio::piped());
    eprintln!("$ {}", shell::show(&command));
    let mut child = command.spawn().context("starting cargo test")?;
    let stdout = child.stdout.take().context("no output of cargo test")?;

    let mut follower = Follower::default();
    for line in BufReader::new(stdout).split(b'\n') {
        let line = line.context("reading what the tests print")?;
        let line = String::from_utf8_lossy(&line);
        if follower.line(&line) {
            println!("{line}");
        }
    }
    let status = child.wait().context("waiting for cargo test")?;

    let mut tally = follower.tally();
    let mut failed = follower.failures;
    if !status.success() && tally.failed == 0 {
        tally.failed = 1;
        failed.push(format!(
            "a test binary did not build or was killed ({status})"
        ));
    }
    Ok(Outcome::Tests {
        tally,
        failed,
        skipped: follower.skips,
    })
}
