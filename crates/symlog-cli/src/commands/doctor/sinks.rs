//! The places that the log is shipped to.

use std::path::Path;

use symlog_core::Config;
use symlog_sink::{Cursor, ShipOptions};

use super::Check;
use crate::keys::Chain;
use crate::sinks;
use crate::units::bytes;

const WHAT: &str = "sink";

pub(super) fn check(config: &Config) -> Vec<Check> {
    if config.sinks.is_empty() {
        return Vec::new();
    }
    match sinks::ships(config) {
        Err(error) => vec![Check::broken(
            WHAT,
            format!("{error:#}"),
            "correct [[sink]] in the configuration",
        )],
        Ok(ships) => {
            let log = Path::new(&config.logging.log_file_path);
            ships.iter().flat_map(|ship| one(log, ship)).collect()
        }
    }
}

fn one(log: &Path, ship: &ShipOptions) -> Vec<Check> {
    let name = &ship.name;
    let address = ship.remote.address();
    let address = address.display();
    let reachable = match ship.remote.probe() {
        Ok(()) => Check::ok(
            WHAT,
            format!("{name}: {address} can be written and read, and refuses to overwrite"),
        ),
        Err(error) => Check::broken(
            WHAT,
            format!("{name}: {}", Chain(&error)),
            "nothing is lost meanwhile: the log holds it until the sink is back",
        ),
    };
    let lag = Cursor::read(&Cursor::path(log, name)).map(|cursor| {
        let mut found = format!(
            "{name}: {} shipped by the last logger, {} waiting, {}",
            bytes(cursor.shipped_bytes),
            bytes(cursor.waiting_bytes),
            cursor.state
        );
        if let Some(rate) = (cursor.shipped_bytes * 1000).checked_div(cursor.busy_ms) {
            found.push_str(&format!(", {}/s while it ships", bytes(rate)));
        }
        match cursor.error.filter(|_| cursor.waiting_bytes > 0) {
            Some(error) => Check::warning(
                WHAT,
                format!("{found}; {error}"),
                "see to the sink; `symlog ship` ships what waits",
            ),
            None if cursor.waiting_bytes > 0 && cursor.state == "stopped" => {
                Check::warning(WHAT, found, "`symlog ship` ships what waits")
            }
            None => Check::ok(WHAT, found),
        }
    });
    [Some(reachable), lag].into_iter().flatten().collect()
}
