//! `cargo xtask keys` and `cargo xtask archive`: figures at full size and optimised.

use anyhow::{Context, Result};

use crate::shell::{self, Workspace};

/// A test that prints its figures.
pub(crate) struct Measured {
    /// Package, target and filter, as `cargo test` takes them.
    arguments: &'static [&'static str],
    /// The variable that it takes its size from.
    variable: &'static str,
    size: &'static str,
}

pub(crate) const KEYS: &[Measured] = &[
    Measured {
        arguments: &["-p", "symlog-keys", "--lib", "scale::"],
        variable: "SYMLOG_TEST_UNITS",
        size: "1000000",
    },
    Measured {
        arguments: &[
            "-p",
            "symlog-core",
            "--no-default-features",
            "--test",
            "it",
            "a_log_of_many_segments",
        ],
        variable: "SYMLOG_TEST_SEGMENTS",
        size: "12000",
    },
];

pub(crate) const ARCHIVE: &[Measured] = &[Measured {
    arguments: &["-p", "symlog-archive", "--lib", "one_entry_is_looked_up"],
    variable: "SYMLOG_TEST_ENTRIES",
    size: "100000000",
}];

pub(crate) fn run(workspace: &Workspace, measured: &[Measured]) -> Result<bool> {
    let mut fine = true;
    for &Measured {
        arguments,
        variable,
        size,
    } in measured
    {
        let mut command = workspace.cargo();
        command.args(["test", "--release"]);
        if shell::is_ci() {
            command.arg("--locked");
        }
        let status = command
            .args(arguments)
            .args(["--", "--nocapture", "--test-threads=1"])
            .env(variable, size)
            .status()
            .context("starting cargo test")?;
        fine &= status.success();
    }
    Ok(fine)
}
