//! `symlog doctor`

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::symlog::{OTHER_KEY, Place, example};

/// The check of `what`: its verdict and what was found.
fn check(place: &Place, what: &str) -> (String, String) {
    let run = place.run(&["doctor", "--json"]);
    let checks: Vec<Value> = serde_json::from_str(&run.out).unwrap();
    let broken = checks.iter().any(|check| check["verdict"] == "broken");
    assert_eq!(run.code, i32::from(broken), "{run:?}");
    assert!(
        checks
            .iter()
            .all(|check| check["verdict"] == "ok" || check["mend"].is_string())
    );
    let check = checks
        .iter()
        .find(|check| check["what"] == what)
        .unwrap_or_else(|| panic!("{what}: {run:?}"));
    (
        check["verdict"].as_str().unwrap().to_owned(),
        check["found"].as_str().unwrap().to_owned(),
    )
}

#[track_caller]
fn expect(place: &Place, what: &str, verdict: &str, found: &str) {
    let check = check(place, what);
    assert_eq!(check.0, verdict, "{check:?}");
    assert!(check.1.contains(found), "{check:?}");
}

fn recorded() -> Place {
    let place = Place::with_key();
    place.run(&["record", &example("interactions.jsonl")]).ok();
    place
}

#[test]
fn a_log_in_order_is_well() {
    let place = recorded();
    let run = place.run(&["doctor"]);
    assert!(!run.ok().contains("to mend"), "{run:?}");
    expect(&place, "log health", "ok", "10 entries");
    expect(&place, "key", "ok", "SYMBIONT_LOGGING_KEY");
}

#[test]
fn nothing_yet_is_no_illness() {
    let place = Place::new();
    place.run(&["doctor"]).ok();
    expect(&place, "directory", "ok", "is not there yet");
    expect(&place, "key", "ok", "there is no key yet");
}

#[test]
fn wide_permissions_are_told() {
    let place = recorded();
    fs::set_permissions(place.path("logs"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(place.log(), fs::Permissions::from_mode(0o644)).unwrap();
    expect(&place, "directory", "warning", "mode 755");
    expect(&place, "log", "warning", "mode 644");
    assert!(place.run(&["doctor"]).ok().contains("chmod 600"));
}

#[test]
fn a_wrong_key_and_a_missing_key_are_told() {
    let place = recorded().with("SYMBIONT_LOGGING_KEY", OTHER_KEY);
    expect(&place, "log key", "broken", "does not open");
    let place = place.with("SYMBIONT_LOGGING_KEY", "");
    expect(&place, "key", "broken", "no key");
}

#[test]
fn damage_is_told() {
    let place = recorded();
    let log = fs::read_to_string(place.log()).unwrap();
    fs::write(
        place.log(),
        log.replacen("\"latency_ms\":150", "\"latency_ms\":151", 1),
    )
    .unwrap();
    expect(&place, "log health", "broken", "wrong");
}

#[test]
fn a_clock_that_went_back_is_told() {
    let place = recorded();
    let log = File::options().append(true).open(place.log()).unwrap();
    log.set_modified(SystemTime::now() + Duration::from_secs(86_400))
        .unwrap();
    expect(&place, "clock", "broken", "the clock went back");
}

#[test]
fn settings_that_weaken_are_told() {
    let place = Place::with_key();
    place.write(
        "symlog.toml",
        "[logging]\nenabled = false\nenable_pii_masking = false\ndurability = \"buffered\"\nformat = \"symbiont\"\n",
    );
    for what in ["logging", "masking", "durability", "format"] {
        assert_eq!(check(&place, what).0, "warning", "{what}");
    }
    place.write("symlog.toml", "[loging]\n[logging]\nenable = true\n");
    expect(
        &place,
        "configuration",
        "broken",
        "symlog.toml:3: logging.enable: unknown key",
    );
}
