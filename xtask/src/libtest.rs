//! Reads what Rust's test harness prints.

use crate::report::Tally;

/// Follows the output of `cargo test … -- --show-output`, line by line.
///
/// A test that cannot run here prints `SKIPPED: <test>: <why>` and returns;
/// the harness knows no such thing and calls it passed.
#[derive(Debug, Default)]
pub(crate) struct Follower {
    passed: usize,
    failed: usize,
    ignored: usize,
    pub(crate) failures: Vec<String>,
    pub(crate) skips: Vec<String>,
    in_successes: bool,
}

impl Follower {
    /// Takes one line; true when a person wants to see it. What passing tests
    /// print is only looked through for skips.
    pub(crate) fn line(&mut self, line: &str) -> bool {
        if let Some(skip) = line.strip_prefix("SKIPPED: ") {
            if !self.skips.iter().any(|known| known == skip) {
                self.skips.push(skip.to_owned());
            }
            return true;
        }
        if let Some(counts) = line.strip_prefix("test result: ") {
            self.in_successes = false;
            self.passed += count(counts, " passed");
            self.failed += count(counts, " failed");
            self.ignored += count(counts, " ignored");
            return true;
        }
        match line {
            "successes:" => self.in_successes = true,
            "failures:" => self.in_successes = false,
            _ => {}
        }
        if self.in_successes {
            return false;
        }
        if let Some(name) = line
            .strip_prefix("test ")
            .and_then(|rest| rest.strip_suffix(" ... FAILED"))
        {
            self.failures.push(name.to_owned());
        }
        true
    }

    pub(crate) fn tally(&self) -> Tally {
        Tally {
            passed: self.passed.saturating_sub(self.skips.len()),
            failed: self.failed,
            skipped: self.ignored + self.skips.len(),
        }
    }
}

/// The number that stands before `label` in `ok. 3 passed; 0 failed; …`.
fn count(counts: &str, label: &str) -> usize {
    counts
        .split([';', '.'])
        .find_map(|part| {
            part.trim()
                .strip_suffix(label.trim_start())?
                .trim()
                .parse()
                .ok()
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "\
running 4 tests
test here ... ok
test vault ... ok
test broken ... FAILED
test slow ... ignored

successes:

---- vault stdout ----
test result: nonsense that a test printed
SKIPPED: vault: OpenBao is not installed

successes:
    here
    vault

failures:

---- broken stdout ----
assertion failed

failures:
    broken

test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s

running 2 tests
test a ... ok
test b ... ok

successes:

successes:
    a
    b

test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
";

    #[test]
    fn adds_up_binaries_and_tells_skips_from_passes() {
        let mut follower = Follower::default();
        let shown: Vec<&str> = OUTPUT.lines().filter(|line| follower.line(line)).collect();
        assert_eq!(
            follower.tally().to_string(),
            "3 passed, 1 failed, 2 skipped"
        );
        assert_eq!(follower.failures, ["broken"]);
        assert_eq!(follower.skips, ["vault: OpenBao is not installed"]);
        assert!(shown.contains(&"assertion failed"));
        assert!(!shown.contains(&"---- vault stdout ----"));
    }

    #[test]
    fn a_skip_reported_twice_counts_once() {
        let mut follower = Follower::default();
        follower.line("SKIPPED: t: no bus");
        follower.line("SKIPPED: t: no bus");
        follower.line("test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured");
        assert_eq!(
            follower.tally().to_string(),
            "0 passed, 0 failed, 1 skipped"
        );
    }
}
