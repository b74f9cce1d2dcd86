//! The log itself, as far as that can be checked without a key.

use std::path::Path;

use symlog_core::{Config, verify_newest};

use super::Check;
use crate::keys::Chain;
use crate::units::counted;

/// Bytes of the log that are looked at, the newest: some seconds' worth. `symlog verify` looks at all.
const LOOKED_AT: u64 = 256 << 20;

pub(super) fn check(config: &Config) -> Option<Check> {
    const WHAT: &str = "log health";
    let log = Path::new(&config.logging.log_file_path);
    // What is not there is not ill.
    if !log.exists() {
        return None;
    }
    Some(match verify_newest(log, LOOKED_AT) {
        Err(error) => Check::broken(
            WHAT,
            Chain(&error).to_string(),
            "see that the files can be read",
        ),
        Ok(report) if report.is_ok() => {
            let mut found = format!(
                "{}, nothing wrong",
                counted(report.entries, "entry", "entries")
            );
            for note in &report.notes {
                found.push_str("; ");
                found.push_str(note);
            }
            Check::ok(WHAT, found)
        }
        Ok(report) => Check::broken(
            WHAT,
            format!(
                "{} wrong",
                counted(report.problem_count, "thing is", "things are")
            ),
            "`symlog verify` says where and what; a backup may hold what was there",
        ),
    })
}
