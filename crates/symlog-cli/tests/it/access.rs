//! Reading is recorded beside the log that is read.

use std::path::Path;

use serde_json::Value;

use crate::symlog::{Place, example, lines};

fn recorded() -> Place {
    let place = Place::new();
    place.run(&["init", "."]).ok();
    place.run(&["record", &example("interactions.jsonl")]).ok();
    place
}

fn access_log(place: &Place) -> String {
    format!("{}.access", place.log().display())
}

/// What the access log tells: the command, and what it was asked.
#[track_caller]
fn told(place: &Place) -> Vec<(String, Value)> {
    let log = access_log(place);
    let told = place.cat(&["--log", &log]).into_iter().map(|entry| {
        let request = &entry["request_data"];
        let action = request["tool_name"].as_str().unwrap().to_owned();
        (action, request["parameters"].clone())
    });
    told.collect()
}

fn actions(place: &Place) -> Vec<String> {
    told(place).into_iter().map(|(action, _)| action).collect()
}

#[test]
fn every_look_at_the_log_is_in_its_access_log() {
    let place = recorded();
    let id = place.cat(&["--type", "ToolCall"])[0]["id"].clone();
    place.run(&["show", id.as_str().unwrap()]).ok();
    place.run(&["tail", "-n", "1"]).ok();
    place.run(&["verify", "--keys"]).ok();
    // What needs no key is not.
    place.run(&["verify"]).ok();
    place.run(&["doctor"]);
    let told = told(&place);
    let actions: Vec<_> = told.iter().map(|(action, _)| action.as_str()).collect();
    assert_eq!(actions, ["cat", "show", "tail", "verify"]);
    assert_eq!(
        told[0].1["arguments"],
        serde_json::json!(["cat", "--type", "ToolCall"])
    );
    // It is a log like others, and looking at it is not recorded.
    let log = access_log(&place);
    place.run(&["verify", "--keys", "--log", &log]).ok();
    assert!(!Path::new(&format!("{log}.access")).exists());
    place.run(&["keys", "list", "--log", &log]).ok();
    place
        .run(&["keys", "rotate", "--log", &log])
        .fails(2, &["name that with --log"]);
}

/// The keys of the access log come from the log's, so that no change of these shuts it.
#[test]
fn the_access_log_opens_with_whatever_opens_the_log() {
    let place = recorded();
    place.cat(&[]);
    place.run(&["keys", "rotate", "--key", "logging"]).ok();
    place.cat(&[]);
    let second = place.with("AUDITOR", "a passphrase of the auditor");
    let add = [
        "keys",
        "slots",
        "add",
        "--label",
        "auditor",
        "--new-key-env",
    ];
    second.run(&[&add[..], &["AUDITOR"]].concat()).ok();
    let auditor = second.with("SYMBIONT_LOGGING_KEY", "a passphrase of the auditor");
    assert_eq!(auditor.cat(&[]).len(), 10);
    assert_eq!(actions(&auditor), ["cat", "cat", "cat"]);
}

#[test]
fn what_could_not_be_read_is_recorded_and_with_a_full_audit_all_else_too() {
    let place = recorded();
    let config = place.path("symlog.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let audited = text + "\n[logging.keys]\naudit = \"log\"\n";
    place.write("audited.toml", audited);
    let cat = ["cat", "--config", "audited.toml"];
    assert_eq!(lines(place.run(&cat).ok()).len(), 10);
    let told = told(&place);
    assert_eq!(told[1].0, "cat: done");
    assert_eq!(told[1].1["shown"], 10);
    assert_eq!(told[1].1["unreadable"], 0);
    assert_eq!(told[1].1["segments_opened"], 1);
    assert!(told[1].1["unit_keys_used"].as_u64().unwrap() > 0);

    // An envelope that was changed.
    let text = std::fs::read_to_string(place.log()).unwrap();
    let at = text.find("\"ciphertext\":\"").unwrap() + 20;
    let other = if &text[at..=at] == "A" { "B" } else { "A" };
    let changed = format!("{}{other}{}", &text[..at], &text[at + 1..]);
    std::fs::write(place.log(), changed).unwrap();
    assert_eq!(place.run(&["cat"]).code, 1);
    let told = self::told(&place);
    let (action, done) = told.last().unwrap();
    assert_eq!(action, "cat: done");
    assert_eq!(
        (&done["shown"], &done["unreadable"]),
        (&9.into(), &1.into())
    );
    assert!(done["why"].as_str().unwrap().contains("line"), "{done}");
}

#[test]
fn where_it_cannot_be_recorded_reading_goes_on_or_not_as_configured() {
    let place = recorded();
    std::fs::create_dir(access_log(&place)).unwrap();
    let run = place.run(&["cat"]);
    assert_eq!(lines(run.ok()).len(), 10);
    assert!(run.err.contains("is not recorded"), "{run:?}");
    let config = place.path("symlog.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let audited = text + "\n[logging.keys]\naudit = \"log\"\n";
    place.write("audited.toml", audited);
    let config = ["--config", "audited.toml"];
    let verify = ["verify", "--keys"];
    for command in [&["cat"][..], &["tail"], &["show", "0"], &verify] {
        let run = place.run(&[command, &config].concat());
        run.fails(2, &["access log"]);
        assert!(run.out.is_empty(), "{run:?}");
    }
}

/// Several at once wait for each other.
#[test]
fn looks_at_the_same_time_are_all_recorded() {
    let place = recorded();
    let children: Vec<_> = (0..4)
        .map(|_| {
            place
                .command(&["cat"])
                .stdout(std::process::Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(actions(&place), ["cat"; 4]);
}
