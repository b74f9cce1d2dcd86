//! `cargo xtask fuzz`: every fuzz target for some minutes, with the corpora as seeds.
//!
//! libFuzzer needs coverage hooks, which a stable compiler inserts too when its back end is asked
//! for them; what it lacks is the address sanitiser, which code without `unsafe` can do without.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use flate2::read::GzDecoder;

use crate::report::{Outcome, Report};
use crate::shell::{self, Workspace};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How long each target runs
    #[arg(long, default_value_t = 10.0, value_parser = minutes)]
    minutes: f64,
    /// The short form: 20 seconds a target, skipped where there is no C++ compiler
    #[arg(long, conflicts_with_all = ["minutes", "targets"])]
    quick: bool,
    /// Only these targets
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,
}

impl Args {
    fn short() -> Self {
        Self {
            minutes: 1.0 / 3.0,
            quick: true,
            targets: Vec::new(),
        }
    }
}

fn minutes(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(minutes) if minutes > 0.0 && minutes < 100_000.0 => Ok(minutes),
        _ => Err("give a number of minutes, such as 0.5".to_owned()),
    }
}

/// Seeds taken of each file: a fuzzer needs many kinds rather than many of a kind.
const SEEDS_PER_FILE: usize = 200;
/// The longest input that is tried.
const MAX_LEN: usize = 4096;
/// An input that takes longer than this is a finding.
const TIMEOUT: Duration = Duration::from_secs(10);
const MEMORY_MB: u32 = 2048;

const COVERAGE: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 -Cdebug-assertions";

pub(crate) fn command(workspace: &Workspace, args: &Args) -> Result<bool> {
    if !args.quick {
        return run(workspace, args);
    }
    let mut report = Report::default();
    report.step("fuzz", || step(workspace));
    Ok(report.finish())
}

fn run(workspace: &Workspace, args: &Args) -> Result<bool> {
    let directory = workspace.root().join("fuzz");
    let mut targets = targets(&directory)?;
    if let Some(unknown) = args.targets.iter().find(|name| !targets.contains(name)) {
        bail!(
            "there is no fuzz target {unknown}; there are {}",
            targets.join(", ")
        );
    }
    if !args.targets.is_empty() {
        targets.retain(|name| args.targets.contains(name));
    }
    let host = host()?;
    let out = workspace.target().join("fuzz");
    shell::run(
        workspace
            .cargo()
            .args(["build", "--release", "--target", &host])
            .arg("--manifest-path")
            .arg(directory.join("Cargo.toml"))
            .arg("--target-dir")
            .arg(&out)
            .env("RUSTFLAGS", COVERAGE),
    )?;
    let seeds = Seeds::read(workspace.root())?;
    let mut fine = true;
    for target in &targets {
        let corpus = out.join("corpus").join(target);
        seeds.write(target, &corpus)?;
        let artifacts = out.join("artifacts").join(target);
        fs::create_dir_all(&artifacts)?;
        let log = out.join(target).with_extension("log");
        let status = Command::new(out.join(&host).join("release").join(target))
            .arg(&corpus)
            .arg(format!("-max_total_time={}", (args.minutes * 60.0).ceil()))
            .arg(format!("-max_len={MAX_LEN}"))
            .arg(format!("-timeout={}", TIMEOUT.as_secs()))
            .arg(format!("-rss_limit_mb={MEMORY_MB}"))
            .arg(format!("-artifact_prefix={}/", artifacts.display()))
            .args(["-print_final_stats=1", "-verbosity=0"])
            .stderr(File::create(&log).with_context(|| log.display().to_string())?)
            .status()
            .with_context(|| format!("starting {target}"))?;
        // A panic names the input, which may be a line of the corpora: nothing of it is printed.
        let said = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
        let runs = figure(&said, "number_of_executed_units").unwrap_or_default();
        let (log, artifacts) = (log.display(), artifacts.display());
        if status.success() {
            println!("{target}: {runs} inputs, no finding");
        } else {
            println!("{target}: a finding ({status}); its input is in {artifacts}, more in {log}");
            fine = false;
        }
    }
    Ok(fine)
}

/// One of the figures that libFuzzer prints at its end.
fn figure(log: &str, name: &str) -> Option<u64> {
    let line = log.lines().find_map(|line| {
        line.strip_prefix("stat::")?
            .strip_prefix(name)?
            .strip_prefix(':')
    })?;
    line.trim().parse().ok()
}

/// The short form, for CI.
pub(crate) fn step(workspace: &Workspace) -> Outcome {
    if !["c++", "g++", "clang++"]
        .iter()
        .any(|compiler| shell::answers(Command::new(compiler).arg("--version")))
    {
        return Outcome::Skipped("libFuzzer is built with a C++ compiler; install g++".to_owned());
    }
    match run(workspace, &Args::short()) {
        Ok(true) => Outcome::Passed(String::new()),
        Ok(false) => Outcome::Failed(vec!["a target has a finding; see above".to_owned()]),
        Err(error) => Outcome::Failed(vec![format!("{error:#}")]),
    }
}

fn targets(directory: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for file in fs::read_dir(directory.join("fuzz_targets"))? {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "rs")
            && let Some(name) = path.file_stem().and_then(|name| name.to_str())
        {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// The triple of this machine: with it named, build scripts are built without the hooks.
fn host() -> Result<String> {
    let output = Command::new("rustc")
        .arg("-vV")
        .output()
        .context("starting rustc")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .context("rustc does not say its host")
}

/// Inputs to begin with.
struct Seeds {
    lines: Vec<Vec<u8>>,
    rules: Vec<Vec<u8>>,
}

impl Seeds {
    fn read(root: &Path) -> Result<Self> {
        let mut seeds = Self {
            lines: Vec::new(),
            rules: Vec::new(),
        };
        let shared = root.join("../shared/data");
        let mut directories = vec![root.join("examples/data")];
        if shared.is_dir() {
            directories.extend(["pii", "corpus", "exchanges"].map(|name| shared.join(name)));
        } else {
            eprintln!("SKIPPED: the seeds of ../shared/data: it is not there");
        }
        for directory in directories {
            for path in sorted(&directory)? {
                seeds.lines(&path)?;
            }
        }
        for path in sorted(&root.join("crates/symlog-pii/rules"))? {
            let text = fs::read_to_string(&path)?;
            let rules = text.split("[[rule]]").skip(1);
            seeds
                .rules
                .extend(rules.map(|rule| format!("[[rule]]{rule}").into_bytes()));
        }
        Ok(seeds)
    }

    fn lines(&mut self, path: &Path) -> Result<()> {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        let file = File::open(path).with_context(|| path.display().to_string())?;
        let reader: Box<dyn Read> = if name.ends_with(".jsonl.gz") {
            Box::new(GzDecoder::new(file))
        } else if name.ends_with(".jsonl") {
            Box::new(file)
        } else {
            return Ok(());
        };
        for line in BufReader::new(reader).split(b'\n').take(SEEDS_PER_FILE) {
            let mut line = line?;
            line.truncate(MAX_LEN);
            self.lines.push(line);
        }
        Ok(())
    }

    fn write(&self, target: &str, corpus: &Path) -> Result<()> {
        fs::create_dir_all(corpus)?;
        let seeds = match target {
            "pii_rules" => &self.rules,
            _ => &self.lines,
        };
        for (n, seed) in seeds.iter().enumerate() {
            let path = corpus.join(format!("seed-{n:05}"));
            if !path.exists() {
                fs::write(path, seed)?;
            }
        }
        Ok(())
    }
}

fn sorted(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(directory)
        .with_context(|| directory.display().to_string())?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<PathBuf>>>()?;
    paths.sort();
    Ok(paths)
}
