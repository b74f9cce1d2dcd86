//! `cargo xtask bench`: every benchmark beside its peer, in one table.

mod gate;
mod table;

use std::collections::BTreeMap;
use std::fs;
use std::io;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::report::{Outcome, Report};
use crate::shell::{self, Workspace};

const BENCHMARKS: [&str; 5] = ["submit", "write", "durable", "seal", "mask"];
/// Runs that the gate takes the median of.
const GATE_RUNS: usize = 5;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Seconds instead of minutes, less exact
    #[arg(long)]
    quick: bool,
    /// Fail below half of the committed ratio, by the median of five runs
    #[arg(long)]
    gate: bool,
    /// Write the ratios of this run to benches/baseline.json
    #[arg(long)]
    save_baseline: bool,
    /// Which to run: submit, write, durable, seal, mask; all when none is named
    names: Vec<String>,
}

impl Args {
    /// What CI asks for.
    pub(crate) fn gate() -> Self {
        Self {
            quick: true,
            gate: true,
            save_baseline: false,
            names: Vec::new(),
        }
    }
}

/// One line of the table, as a benchmark writes it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Row {
    /// Benchmark and case: `submit/p50`.
    name: String,
    ours: f64,
    peer: f64,
    unit: String,
    /// What `peer` is.
    against: String,
    /// How many times better ours is, whichever way the unit points.
    ratio: f64,
    goal: String,
    met: bool,
}

/// What one benchmark writes.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Measured {
    machine: String,
    rows: Vec<Row>,
}

pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<Report> {
    let names = selection(&args.names)?;
    let runs = if args.gate { GATE_RUNS } else { 1 };
    let mut rounds = Vec::new();
    let mut machine = String::new();
    for round in 1..=runs {
        if runs > 1 {
            eprintln!("--- run {round} of {runs}");
        }
        let mut rows = Vec::new();
        for name in &names {
            let measured = measure(workspace, name, args.quick)?;
            machine = measured.machine;
            rows.extend(measured.rows);
        }
        rounds.push(rows);
    }
    let rows = gate::median(rounds);
    let measured = Measured { machine, rows };

    println!("\n{}", measured.machine);
    print!("{}", table::render(&measured.rows));
    write_json(&workspace.target().join("bench.json"), &measured)?;

    let baseline_path = workspace.root().join("benches/baseline.json");
    if args.save_baseline {
        let mut baseline = read_baseline(&baseline_path)?;
        // What has no goal is for information.
        for row in measured.rows.iter().filter(|row| !row.goal.is_empty()) {
            baseline.insert(row.name.clone(), gate::rounded(row.ratio));
        }
        write_json(&baseline_path, &baseline)?;
    }
    let mut report = Report::default();
    if args.gate {
        let baseline = read_baseline(&baseline_path)?;
        report.step("bench gate", || {
            let note = format!("{} ratios, median of {runs}", measured.rows.len());
            Outcome::from_findings(gate::check(&measured.rows, &baseline, &names), note)
        });
    }
    Ok(report)
}

fn selection(names: &[String]) -> Result<Vec<&str>> {
    if names.is_empty() {
        return Ok(BENCHMARKS.to_vec());
    }
    for name in names {
        if !BENCHMARKS.contains(&name.as_str()) {
            bail!("no benchmark `{name}`; there are {}", BENCHMARKS.join(", "));
        }
    }
    Ok(names.iter().map(String::as_str).collect())
}

fn measure(workspace: &Workspace, name: &str, quick: bool) -> Result<Measured> {
    let path = workspace.target().join(format!("bench-{name}.json"));
    let mut command = workspace.cargo();
    command
        .args(["bench", "--package", "symlog-benches", "--bench", name])
        .env("SYMLOG_BENCH_OUT", &path);
    if shell::is_ci() {
        command.arg("--locked");
    }
    command.arg("--");
    if quick {
        command.arg("--quick");
    }
    // Standard output is for the table.
    command.stdout(io::stderr());
    shell::run(&mut command)?;
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    serde_json::from_str(&text).with_context(|| format!("what `{name}` wrote"))
}

fn read_baseline(path: &std::path::Path) -> Result<BTreeMap<String, f64>> {
    match fs::read_to_string(path) {
        Ok(text) => serde_json::from_str(&text).with_context(|| path.display().to_string()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(error).with_context(|| path.display().to_string()),
    }
}

fn write_json(path: &std::path::Path, value: &impl Serialize) -> Result<()> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    fs::write(path, text).with_context(|| path.display().to_string())
}
