//! Where the workspace is, and running other programs in it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use cargo_metadata::{Metadata, MetadataCommand, Package};

/// The workspace that this program belongs to.
#[derive(Debug)]
pub(crate) struct Workspace {
    metadata: Metadata,
}

impl Workspace {
    pub(crate) fn find() -> Result<Self> {
        let mut command = MetadataCommand::new();
        if is_ci() {
            command.other_options(["--locked".to_owned()]);
        }
        let metadata = command.exec().context("reading the workspace")?;
        Ok(Self { metadata })
    }

    pub(crate) fn root(&self) -> &Path {
        self.metadata.workspace_root.as_std_path()
    }

    pub(crate) fn target(&self) -> PathBuf {
        self.metadata.target_directory.as_std_path().to_owned()
    }

    pub(crate) fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The crates under `crates/`: those that are published.
    pub(crate) fn published(&self) -> Vec<&Package> {
        let is_published = |package: &&Package| package.publish.as_deref() != Some(&[]);
        self.metadata
            .workspace_packages()
            .into_iter()
            .filter(is_published)
            .collect()
    }

    /// `cargo` in the workspace, as if called from a shell.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = self.program(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        // `cargo run` describes xtask to its children in these; build scripts
        // that watch them would run again each time.
        for (name, _) in env::vars_os() {
            if let Some(name) = name.to_str()
                && (name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
            {
                command.env_remove(name);
            }
        }
        command
    }

    pub(crate) fn program(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.root());
        command
    }
}

/// Whether this runs where nobody looks on: then what is missing is an error.
pub(crate) fn is_ci() -> bool {
    env::var_os("CI").is_some_and(|value| value == "true" || value == "1")
}

/// Flags of every build that the checks make: one set, so that they share it.
pub(crate) fn build_flags() -> Vec<&'static str> {
    let mut flags = vec!["--workspace", "--all-features", "--profile", "ci"];
    if is_ci() {
        flags.push("--locked");
    }
    flags
}

/// Shows the command, runs it, and fails when it does.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = show(command);
    eprintln!("$ {shown}");
    let status = command
        .status()
        .with_context(|| format!("starting `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` failed ({status})");
    }
    Ok(())
}

/// What the command prints, when it succeeds.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let shown = show(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("starting `{shown}`"))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!("`{shown}` failed ({}): {}", output.status, stderr.trim());
    }
    String::from_utf8(output.stdout).with_context(|| format!("output of `{shown}`"))
}

/// Whether the program is there and answers.
pub(crate) fn answers(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

pub(crate) fn show(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let mut shown = name.to_string_lossy().into_owned();
    for argument in command.get_args() {
        shown.push(' ');
        shown.push_str(&argument.to_string_lossy());
    }
    shown
}
