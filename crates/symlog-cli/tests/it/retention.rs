//! `symlog retention`

use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::symlog::{Place, lines};

fn record(place: &Place, prompt: &str) {
    let input = format!("{}\n", json!({"request_data": {"prompt": prompt}}));
    place.feed(&["record", "-"], input).ok();
}

fn plan(place: &Place) -> Value {
    let plan = place.run(&["retention", "plan", "--json"]);
    lines(plan.ok()).remove(0)
}

/// The bodies of the control lines of a kind in the active file.
fn said(place: &Place, kind: &str) -> Vec<Value> {
    std::fs::read_to_string(place.log())
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| line["control"] == kind)
        .map(|line| line["body"].clone())
        .collect()
}

#[test]
fn what_is_not_over_stays_and_the_plan_says_until_when() {
    let place = Place::with_key();
    record(&place, "a");
    let before = plan(&place);
    assert_eq!(before["clock"], "trusted");
    assert_eq!(before["keys"][0]["names"][0], "default");
    assert_eq!(before["keys"][0]["decision"], "keep");
    let text = place.run(&["retention", "plan"]).ok().to_owned();
    assert!(text.contains("kept until 20"), "{text}");
    assert!(text.contains("no file goes"), "{text}");
    let text = place.run(&["retention", "apply"]).ok().to_owned();
    assert!(text.starts_with("nothing is over"), "{text}");
    assert_eq!(place.cat(&[]).len(), 1);
    assert_eq!(said(&place, "expired"), Vec::<Value>::new());
}

#[test]
fn without_a_log_there_is_nothing_to_plan() {
    let place = Place::with_key();
    let run = place.run(&["retention", "plan"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("there is no log"), "{}", run.err);
    assert!(!place.log().exists());
}

#[test]
fn a_hold_is_placed_beside_a_running_writer_and_released() {
    let place = Place::with_key();
    let mut writer = place
        .command(&["record", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = writer.stdin.take().unwrap();
    writeln!(input, "{}", json!({"request_data": {"prompt": "a"}})).unwrap();
    input.flush().unwrap();
    // Until the writer holds the log.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while std::fs::metadata(place.log()).map_or(0, |log| log.len()) == 0 {
        assert!(std::time::Instant::now() < deadline);
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let hold = [
        "retention",
        "hold",
        "case 7",
        "--reason",
        "court",
        "--until",
        "2099-12",
    ];
    place.run(&hold).ok();
    let held = said(&place, "expired");
    assert_eq!(held[0]["state"], "held");
    assert_eq!(held[0]["hold"]["name"], "case 7");
    assert!(held[0]["signature"].is_string());
    assert_eq!(plan(&place)["holds"][0]["until"], "2099-12");
    drop(input);
    assert!(writer.wait().unwrap().success());

    // And where nobody writes.
    place.run(&["retention", "release", "case 7"]).ok();
    assert_eq!(said(&place, "expired")[1]["state"], "released");
    let again = place.run(&["retention", "release", "case 7"]);
    assert_eq!(again.code, 1);
    assert_eq!(plan(&place)["holds"], json!([]));
    let verified = place.run(&["verify", "--json"]);
    assert_eq!(lines(verified.ok())[0]["signatures"], "ok");
}

#[test]
fn a_hold_on_nothing_is_refused() {
    let place = Place::with_key();
    record(&place, "a");
    for (arguments, what) in [
        (["--since", "2026-13"], "is no month"),
        (["--until", "march"], "is no month"),
    ] {
        let hold = [&["retention", "hold", "x", "--reason", "r"], &arguments[..]].concat();
        let run = place.run(&hold);
        assert_eq!(run.code, 2);
        assert!(run.err.contains(what), "{}", run.err);
    }
    assert_eq!(plan(&place)["holds"], json!([]));
}
