//! `cargo xtask demo`: the README's first command. Records real traffic,
//! shows one entry, verifies the log.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::shell::{self, Workspace};

/// What is recorded, and its format.
const INPUTS: [(&str, &str); 3] = [
    ("examples/data/interactions.jsonl", "interaction"),
    ("examples/data/exchanges.jsonl", "provider-http"),
    ("examples/data/agent_run.jsonl", "agent-run"),
];

pub(crate) fn run(workspace: &Workspace) -> Result<bool> {
    let demo = Demo::prepare(workspace)?;
    let folder = demo.folder.display();
    demo.step(
        &format!("A log of its own, in {folder}"),
        &["init", &folder.to_string()],
    )?;
    for (file, format) in INPUTS {
        demo.step(
            &format!("Record {file}"),
            &[
                "--config",
                &demo.config(),
                "record",
                file,
                "--format",
                format,
            ],
        )?;
    }
    let id = demo.masked_entry()?;
    demo.step(
        "One entry, decrypted: what was personal or secret never reached the file",
        &["--config", &demo.config(), "show", &id],
    )?;
    demo.step(
        "Nothing was changed or dropped",
        &["--config", &demo.config(), "verify", "--keys"],
    )?;
    println!("\nThe log is yours to look at: {folder}");
    Ok(true)
}

struct Demo<'w> {
    workspace: &'w Workspace,
    folder: PathBuf,
}

impl<'w> Demo<'w> {
    fn prepare(workspace: &'w Workspace) -> Result<Self> {
        let mut build = workspace.cargo();
        shell::run(build.args(["build", "--release", "--package", "symlog-cli"]))?;
        let folder = workspace.target().join("demo");
        if folder.exists() {
            fs::remove_dir_all(&folder).context("removing the last demo")?;
        }
        Ok(Self { workspace, folder })
    }

    fn config(&self) -> String {
        self.folder.join("symlog.toml").display().to_string()
    }

    fn symlog(&self) -> Command {
        let binary = self.workspace.target().join("release/symlog");
        let mut command = self.workspace.program(binary);
        // The demo's key must not replace one that this machine keeps.
        for name in [
            "DBUS_SESSION_BUS_ADDRESS",
            "SYMLOG_CONFIG",
            "SYMBIONT_LOGGING_KEY",
            "SYMBIONT_MASTER_KEY",
        ] {
            command.env_remove(name);
        }
        command.env("SYMLOG_KEY_DIR", self.folder.join("keys"));
        command
    }

    fn step(&self, title: &str, arguments: &[&str]) -> Result<()> {
        println!("\n--- {title}");
        shell::run(self.symlog().args(arguments))
    }

    /// The first entry in which something was masked.
    fn masked_entry(&self) -> Result<String> {
        let entries = shell::output(self.symlog().args(["--config", &self.config(), "cat"]))?;
        entries
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .find(|entry| {
                let masked = entry["masked"].as_object();
                masked.is_some_and(|counts| !counts.is_empty())
            })
            .and_then(|entry| Some(entry["id"].as_str()?.to_owned()))
            .context("no entry was masked")
    }
}
