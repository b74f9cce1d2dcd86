//! `cargo xtask ci`: what the project's CI runs, on any machine.

use anyhow::Result;

use crate::report::Outcome;
use crate::shell::Workspace;
use crate::{bench, fuzz, services, test};

pub(crate) fn run(workspace: &Workspace) -> Result<bool> {
    let mut report = services::run(workspace);
    report.extend(test::run(workspace));
    report.step("fuzz", || fuzz::step(workspace));
    match bench::run(workspace, &bench::Args::gate()) {
        Ok(benchmarks) => report.extend(benchmarks),
        Err(error) => report.step("bench", || Outcome::Failed(vec![format!("{error:#}")])),
    }
    Ok(report.finish())
}
