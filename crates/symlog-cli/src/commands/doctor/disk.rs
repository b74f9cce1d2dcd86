//! Room for the log.

use std::path::Path;

use symlog_core::Config;

use super::Check;
use super::files::{directory_of, existing};
use crate::units::bytes;

/// Below this the next burst fills the disk.
const SCARCE: u64 = 1 << 30;
/// Below this nothing can be relied on.
const NONE: u64 = 64 << 20;

pub(super) fn check(config: &Config) -> Check {
    const WHAT: &str = "disk";
    let directory = existing(directory_of(Path::new(&config.logging.log_file_path)));
    let shown = directory.display();
    match rustix::fs::statvfs(&directory) {
        Err(error) => Check::warning(
            WHAT,
            format!("{shown}: {}", std::io::Error::from(error)),
            "check the file system with df",
        ),
        Ok(stat) => {
            // f_bavail: what is left to users that are not root.
            let free = stat.f_bavail.saturating_mul(stat.f_frsize);
            let found = format!("{} free at {shown}", bytes(free));
            let mend = "free some room, or set `log_file_path` in [logging] to another disk";
            match free {
                _ if free < NONE => Check::broken(WHAT, found, mend),
                _ if free < SCARCE => Check::warning(WHAT, found, mend),
                _ => Check::ok(WHAT, found),
            }
        }
    }
}
