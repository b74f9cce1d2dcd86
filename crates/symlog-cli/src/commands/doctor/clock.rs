//! The clock, which stamps entries and decides what has expired.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use symlog_core::Config;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::datetime;

use super::Check;

/// Older than this program, so no clock that is right shows it.
const EARLIEST: OffsetDateTime = datetime!(2025-01-01 0:00 UTC);
/// File systems and clocks that are adjusted differ by this much.
const TOLERANCE: Duration = Duration::from_secs(120);

pub(super) fn check(config: &Config) -> Check {
    const WHAT: &str = "clock";
    const MEND: &str = "set the clock, best by NTP: timedatectl set-ntp true";
    let now = SystemTime::now();
    let shown = show(now);
    if OffsetDateTime::from(now) < EARLIEST {
        return Check::broken(WHAT, format!("{shown}: this clock is wrong"), MEND);
    }
    let written =
        fs::metadata(Path::new(&config.logging.log_file_path)).and_then(|log| log.modified());
    match written {
        Ok(written) if written > now + TOLERANCE => Check::broken(
            WHAT,
            format!(
                "{shown}, but the log was written at {}: the clock went back",
                show(written)
            ),
            MEND,
        ),
        _ => Check::ok(WHAT, shown),
    }
}

fn show(at: SystemTime) -> String {
    let at = OffsetDateTime::from(at)
        .replace_nanosecond(0)
        .unwrap_or(EARLIEST);
    at.format(&Rfc3339)
        .unwrap_or_else(|_| "a time that cannot be shown".to_owned())
}
