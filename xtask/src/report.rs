//! What ran, how it went, and the one line that says so.

use std::fmt;
use std::time::{Duration, Instant};

/// How many tests or checks passed, failed or could not run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            passed,
            failed,
            skipped,
        } = self;
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        let Self {
            passed,
            failed,
            skipped,
        } = other;
        self.passed += passed;
        self.failed += failed;
        self.skipped += skipped;
    }
}

/// What one step came to.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// One check that passed, with a word on what it saw.
    Passed(String),
    /// One check that failed, with what is wrong.
    Failed(Vec<String>),
    /// One check that could not run here, with the reason.
    Skipped(String),
    /// Many tests at once.
    Tests {
        tally: Tally,
        failed: Vec<String>,
        skipped: Vec<String>,
    },
}

impl Outcome {
    /// Passed with `note` when there is nothing to complain of.
    pub(crate) fn from_findings(findings: Vec<String>, note: impl Into<String>) -> Self {
        if findings.is_empty() {
            Self::Passed(note.into())
        } else {
            Self::Failed(findings)
        }
    }

    fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        match self {
            Self::Passed(_) => tally.passed = 1,
            Self::Failed(_) => tally.failed = 1,
            Self::Skipped(_) => tally.skipped = 1,
            Self::Tests { tally: tests, .. } => tally = *tests,
        }
        tally
    }
}

impl From<anyhow::Result<()>> for Outcome {
    fn from(result: anyhow::Result<()>) -> Self {
        match result {
            Ok(()) => Self::Passed(String::new()),
            Err(error) => Self::Failed(vec![format!("{error:#}")]),
        }
    }
}

#[derive(Debug)]
struct Step {
    name: &'static str,
    outcome: Outcome,
    took: Duration,
}

/// The steps of one command, in the order they ran. A failure does not stop
/// the ones after it: one run shows everything that is wrong.
#[derive(Debug, Default)]
pub(crate) struct Report {
    steps: Vec<Step>,
}

impl Report {
    pub(crate) fn step<O: Into<Outcome>>(&mut self, name: &'static str, run: impl FnOnce() -> O) {
        eprintln!("\n=== {name}");
        let start = Instant::now();
        let outcome = run().into();
        self.steps.push(Step {
            name,
            outcome,
            took: start.elapsed(),
        });
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.steps.extend(other.steps);
    }

    pub(crate) fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for step in &self.steps {
            tally += step.outcome.tally();
        }
        tally
    }

    /// Prints the steps and, last, the tally; true when nothing failed.
    pub(crate) fn finish(&self) -> bool {
        if self.steps.is_empty() {
            return true;
        }
        println!();
        for step in &self.steps {
            step.print();
        }
        let tally = self.tally();
        println!("{tally}");
        tally.failed == 0
    }
}

impl Step {
    fn print(&self) {
        let (word, detail) = match &self.outcome {
            Outcome::Passed(note) => ("ok", note.clone()),
            Outcome::Failed(_) => ("FAILED", String::new()),
            Outcome::Skipped(why) => ("skipped", why.clone()),
            Outcome::Tests { tally, .. } if tally.failed > 0 => ("FAILED", tally.to_string()),
            Outcome::Tests { tally, .. } => ("ok", tally.to_string()),
        };
        let seconds = self.took.as_secs_f64();
        let line = format!("{:<12} {word:<8} {seconds:>7.1} s  {detail}", self.name);
        println!("{}", line.trim_end());
        match &self.outcome {
            Outcome::Failed(findings) => print_all("", findings),
            Outcome::Tests {
                failed, skipped, ..
            } => {
                print_all("failed: ", failed);
                print_all("skipped: ", skipped);
            }
            Outcome::Passed(_) | Outcome::Skipped(_) => {}
        }
    }
}

fn print_all(prefix: &str, lines: &[String]) {
    for line in lines {
        println!("    {prefix}{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_checks_and_tests_together() {
        let mut report = Report::default();
        report.step("a", || Outcome::Passed("fine".into()));
        report.step("b", || Outcome::Skipped("no network".into()));
        report.step("c", || Outcome::Tests {
            tally: Tally {
                passed: 7,
                failed: 1,
                skipped: 2,
            },
            failed: vec!["t".into()],
            skipped: Vec::new(),
        });
        assert_eq!(
            report.tally().to_string(),
            "8 passed, 1 failed, 3 skipped",
            "the form that .ci/run ends with"
        );
        assert!(!report.finish());
    }

    #[test]
    fn an_error_is_one_failed_check() {
        let outcome = Outcome::from(Err(anyhow::anyhow!("inner").context("outer")));
        assert!(matches!(&outcome, Outcome::Failed(lines) if lines == &["outer: inner"]));
    }
}
