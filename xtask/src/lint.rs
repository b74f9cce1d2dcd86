//! `cargo xtask lint`: format, clippy, documentation, house rules.

use crate::house;
use crate::report::Report;
use crate::shell::{self, Workspace};

pub(crate) fn run(workspace: &Workspace) -> Report {
    let mut report = Report::default();
    report.step("format", || {
        shell::run(workspace.cargo().args(["fmt", "--all", "--check"]))
    });
    report.step("house rules", || house::check(workspace));
    report.step("clippy", || {
        shell::run(
            workspace
                .cargo()
                .arg("clippy")
                .args(shell::build_flags())
                .args(["--all-targets", "--", "-D", "warnings"]),
        )
    });
    report.step("rustdoc", || {
        shell::run(
            workspace
                .cargo()
                .arg("doc")
                .args(shell::build_flags())
                .arg("--no-deps")
                .env("RUSTDOCFLAGS", "-D warnings"),
        )
    });
    report
}
