//! What a benchmark says, to a person and to `cargo xtask bench`.

use std::env;
use std::fmt::Display;
use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Serialize;

/// One comparison.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    name: String,
    ours: f64,
    peer: f64,
    unit: &'static str,
    against: String,
    ratio: f64,
    goal: String,
    met: bool,
}

impl Row {
    /// Less is better, as of a latency: the ratio is peer over ours.
    pub fn lower(name: &str, ours: f64, against: &str, peer: f64, unit: &'static str) -> Self {
        Self::new(name, ours, against, peer, unit, peer / ours)
    }

    /// More is better, as of a rate: the ratio is ours over peer.
    pub fn higher(name: &str, ours: f64, against: &str, peer: f64, unit: &'static str) -> Self {
        Self::new(name, ours, against, peer, unit, ours / peer)
    }

    fn new(
        name: &str,
        ours: f64,
        against: &str,
        peer: f64,
        unit: &'static str,
        ratio: f64,
    ) -> Self {
        Self {
            name: name.to_owned(),
            ours,
            peer,
            unit,
            against: against.to_owned(),
            ratio,
            goal: String::new(),
            met: true,
        }
    }

    /// The goal is a ratio.
    #[must_use]
    pub fn ratio_at_least(self, goal: f64) -> Self {
        let met = self.ratio >= goal;
        self.goal(format!(">= {goal}x"), met)
    }

    /// The goal is an amount of the row's own unit.
    #[must_use]
    pub fn at_most(self, goal: f64) -> Self {
        let met = self.ours <= goal;
        let unit = self.unit;
        self.goal(format!("<= {goal} {unit}"), met)
    }

    /// The goal is an amount of the row's own unit.
    #[must_use]
    pub fn at_least(self, goal: f64) -> Self {
        let met = self.ours >= goal;
        let unit = self.unit;
        self.goal(format!(">= {goal} {unit}"), met)
    }

    fn verdict(&self) -> String {
        match (self.goal.is_empty(), self.met) {
            (true, _) => String::new(),
            (false, true) => format!("met {}", self.goal),
            (false, false) => format!("OPEN {}", self.goal),
        }
    }

    fn goal(mut self, goal: String, met: bool) -> Self {
        if !self.goal.is_empty() {
            self.goal.push_str(", ");
        }
        self.goal.push_str(&goal);
        self.met &= met;
        self
    }
}

/// One benchmark while it runs.
#[derive(Debug, Serialize)]
pub struct Benchmark {
    machine: String,
    rows: Vec<Row>,
    #[serde(skip)]
    quick: bool,
}

impl Benchmark {
    /// Reads `--quick` from the arguments; cargo's own are passed over.
    pub fn from_args() -> Self {
        Self {
            machine: crate::machine_line(),
            rows: Vec::new(),
            quick: env::args().any(|argument| argument == "--quick"),
        }
    }

    /// Whether seconds must do.
    pub fn is_quick(&self) -> bool {
        self.quick
    }

    /// How long one measurement takes.
    pub fn length(&self) -> Duration {
        Duration::from_secs(if self.quick { 1 } else { 10 })
    }

    /// Shows something that is no comparison.
    pub fn note(&self, note: impl Display) {
        println!("{note}");
    }

    /// Adds a comparison and shows it.
    pub fn row(&mut self, row: Row) {
        println!(
            "{:<28} {:>14.1} {:<10} {} {:.1}; ratio {:.2} {}",
            row.name,
            row.ours,
            row.unit,
            row.against,
            row.peer,
            row.ratio,
            row.verdict(),
        );
        self.rows.push(row);
    }

    /// Writes the rows to the file that `SYMLOG_BENCH_OUT` names, if it does.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn finish(self) -> Result<()> {
        let Some(path) = env::var_os("SYMLOG_BENCH_OUT") else {
            println!("{}", self.machine);
            return Ok(());
        };
        fs::write(&path, serde_json::to_vec(&self)?)
            .with_context(|| format!("writing {}", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_above_one_is_better_whichever_way_the_unit_points() {
        let latency = Row::lower("a", 50.0, "peer", 100.0, "ns");
        let rate = Row::higher("b", 100.0, "peer", 50.0, "MB/s");
        assert_eq!((latency.ratio, rate.ratio), (2.0, 2.0));
    }

    #[test]
    fn every_goal_must_be_met() {
        let row = Row::lower("a", 50.0, "peer", 100.0, "ns");
        assert!(row.clone().at_most(50.0).ratio_at_least(2.0).met);
        let open = row.at_most(10.0).ratio_at_least(2.0);
        assert!(!open.met);
        assert_eq!(open.goal, "<= 10 ns, >= 2x");
    }
}
