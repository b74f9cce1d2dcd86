//! `symlog keys`

use serde_json::{Value, json};

use crate::symlog::{KEY, OTHER_KEY, Place, example};

fn check(place: &Place, code: i32) -> Value {
    let run = place.run(&["keys", "check", "--json"]);
    assert_eq!(run.code, code, "{run:?}");
    assert!(!run.out.contains(KEY) && !run.err.contains(KEY));
    serde_json::from_str(&run.out).unwrap()
}

#[test]
fn the_source_and_the_ones_before_it_are_named() {
    let place = Place::with_key();
    let report = check(&place, 0);
    assert_eq!(
        report["source"],
        "environment variable SYMBIONT_LOGGING_KEY"
    );
    assert_eq!(report["kind"], "raw key");
    assert_eq!(report["opens_the_log"], Value::Null);
    place.run(&["record", &example("interactions.jsonl")]).ok();
    assert_eq!(check(&place, 0)["opens_the_log"], json!(true));

    let place = place
        .with("SYMBIONT_LOGGING_KEY", "")
        .with("SYMBIONT_MASTER_KEY", KEY);
    let report = check(&place, 0);
    assert_eq!(report["source"], "environment variable SYMBIONT_MASTER_KEY");
    assert_eq!(report["passed_over"][0]["reason"], "it is set but empty");
    let text = place.run(&["keys", "check"]);
    assert!(
        text.ok()
            .contains("not from  environment variable SYMBIONT_LOGGING_KEY: it is set but empty"),
        "{text:?}"
    );
}

#[test]
fn looking_makes_no_key() {
    let place = Place::new();
    let report = check(&place, 1);
    assert_eq!(report["source"], Value::Null);
    assert!(
        report["error"]
            .as_str()
            .unwrap()
            .contains("there is no key yet")
    );
    assert!(!place.path(".local").exists());
}

#[test]
fn a_key_that_does_not_fit_is_told() {
    let place = Place::with_key();
    place.run(&["record", &example("interactions.jsonl")]).ok();
    let place = place.with("SYMBIONT_LOGGING_KEY", OTHER_KEY);
    let report = check(&place, 1);
    assert_eq!(report["opens_the_log"], json!(false));
    place
        .run(&["record", &example("interactions.jsonl")])
        .fails(2, &["KeyManagementError", "does not open"]);
}

#[test]
fn a_file_store_comes_first() {
    let place = Place::with_key();
    let secrets = place.write("secrets.json", format!("{{\"my/key\": \"{OTHER_KEY}\"}}"));
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&secrets, std::fs::Permissions::from_mode(0o600)).unwrap();
    place.write(
        "symlog.toml",
        "[logging]\nencryption_key_name = \"my/key\"\n[security.secrets]\ntype = \"file\"\npath = \"secrets.json\"\n",
    );
    let report = check(&place, 0);
    assert!(
        report["source"]
            .as_str()
            .unwrap()
            .starts_with("secret store"),
        "{report}"
    );
    place.run(&["record", &example("interactions.jsonl")]).ok();
    assert_eq!(place.cat(&[]).len(), 10);
}

#[test]
fn the_keys_of_a_log_are_listed() {
    let place = Place::with_key();
    place.run(&["keys", "list"]).fails(2, &["there is no log"]);
    place.run(&["record", &example("interactions.jsonl")]).ok();
    let run = place.run(&["keys", "list", "--json"]);
    let report: Value = serde_json::from_str(run.ok()).unwrap();
    assert_eq!(report["slots"].as_array().unwrap().len(), 1);
    assert_eq!(report["slots"][0]["in_use"], json!(true));
    assert_eq!(report["periods"][0]["state"], "active");
    assert!(place.run(&["keys", "list"]).ok().contains("active"));
}

fn json(place: &Place, arguments: &[&str]) -> Value {
    let run = place.run(&[arguments, &["--json"]].concat());
    assert!(!run.out.contains(KEY) && !run.err.contains(KEY));
    serde_json::from_str(run.ok()).unwrap()
}

/// The control lines of a kind, by their bodies.
fn control(place: &Place, kind: &str) -> Vec<Value> {
    let log = std::fs::read_to_string(place.log()).unwrap();
    log.lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| line["control"] == kind)
        .map(|line| line["body"].clone())
        .collect()
}

#[test]
fn a_rotated_master_key_leaves_the_log_readable_and_is_told_in_it() {
    let place = Place::with_key();
    place
        .run(&["keys", "rotate"])
        .fails(2, &["there is no log"]);
    place.run(&["record", &example("interactions.jsonl")]).ok();
    let before = place.cat(&[]);
    let report = json(&place, &["keys", "rotate"]);
    assert_eq!(report["master_version"], json!(2));
    assert_eq!(report["retired_period_keys"], json!(1));
    assert_eq!(place.cat(&[]), before);
    place.run(&["record", &example("interactions.jsonl")]).ok();
    assert_eq!(place.cat(&[]).len(), 20);
    place.run(&["verify", "--keys"]).ok();

    let list = json(&place, &["keys", "list"]);
    let periods = list["periods"].as_array().unwrap();
    let of = |state: &str| periods.iter().find(|key| key["state"] == state).unwrap();
    assert_eq!(of("retired")["needed_by_segments"], json!(1));
    assert_eq!(of("active")["needed_by_segments"], json!(1));
    assert!(
        place
            .run(&["doctor"])
            .out
            .contains("1 retired key is still needed by 1 segment")
    );

    let told = control(&place, "rotated");
    assert_eq!(told.len(), 1, "told once");
    assert_eq!(told[0]["master"], json!(2));
    assert_eq!(told[0]["reason"], "asked");
    place.run(&["record", &example("interactions.jsonl")]).ok();
    assert_eq!(control(&place, "rotated").len(), 1, "and not again");
}

#[test]
fn the_signing_key_is_replaced_and_segments_name_their_own() {
    let place = Place::with_key();
    place.run(&["record", &example("interactions.jsonl")]).ok();
    place.run(&["keys", "rotate", "--key", "signing"]).ok();
    place.run(&["record", &example("interactions.jsonl")]).ok();
    let writers: Vec<_> = control(&place, "segment")
        .into_iter()
        .map(|body| body["writer"].clone())
        .collect();
    assert_eq!(writers.len(), 2);
    assert_ne!(writers[0], writers[1]);
    place.run(&["verify", "--keys"]).ok();
}

#[test]
fn a_generated_logging_key_is_replaced_where_it_lies() {
    let place = Place::new();
    place.run(&["init", "."]).ok();
    place.run(&["record", &example("interactions.jsonl")]).ok();
    let key = place.path(".local/share/symlog/keys/symbiont%2Flogging%2Fencryption_key.key");
    let old = std::fs::read_to_string(&key).unwrap();
    let report = json(&place, &["keys", "rotate", "--key", "logging"]);
    assert!(
        report["logging_key"]
            .as_str()
            .unwrap()
            .contains("generated key")
    );
    assert_ne!(std::fs::read_to_string(&key).unwrap(), old);
    assert_eq!(place.cat(&[]).len(), 10);
    assert_eq!(
        json(&place, &["keys", "slots"]).as_array().unwrap().len(),
        1
    );
    let place = place.with("SYMBIONT_LOGGING_KEY", old.trim());
    place.run(&["cat"]).fails(2, &["does not open"]);
}

#[test]
fn a_key_in_a_variable_is_replaced_in_two_steps() {
    let place = Place::with_key().with("NEW", OTHER_KEY);
    place.run(&["record", &example("interactions.jsonl")]).ok();
    place
        .run(&["keys", "rotate", "--key", "logging"])
        .fails(2, &["--new-key-env"]);
    place
        .run(&["keys", "rotate", "--new-key-env", "NEW"])
        .fails(2, &["--key logging"]);
    let report = json(
        &place,
        &["keys", "rotate", "--key", "logging", "--new-key-env", "NEW"],
    );
    assert!(
        report["next"]
            .as_str()
            .unwrap()
            .contains("SYMBIONT_LOGGING_KEY")
    );
    assert_eq!(place.cat(&[]).len(), 10, "the old one still opens it");
    let place = place.with("SYMBIONT_LOGGING_KEY", OTHER_KEY);
    assert_eq!(place.cat(&[]).len(), 10, "and so does the new one");
    assert!(
        place
            .run(&["doctor"])
            .out
            .contains("has not taken the old one's place")
    );
    place.run(&["keys", "rotate"]).ok();
    assert_eq!(
        json(&place, &["keys", "slots"]).as_array().unwrap().len(),
        1
    );
    let place = place.with("SYMBIONT_LOGGING_KEY", KEY);
    place.run(&["cat"]).fails(2, &["does not open"]);
}

#[test]
fn slots_are_added_listed_and_removed() {
    let place = Place::with_key().with("AUDITOR", "the auditor's passphrase");
    place.run(&["record", &example("interactions.jsonl")]).ok();
    let add = ["keys", "slots", "add", "--label", "auditor"];
    place.run(&add).fails(2, &["--new-key-env"]);
    place
        .run(&[&add[..], &["--new-key-env", "NOBODY"]].concat())
        .fails(2, &["NOBODY is not set"]);
    place
        .run(&[&add[..], &["--transit"]].concat())
        .fails(2, &["security.secrets.transit"]);
    let slots = json(&place, &[&add[..], &["--new-key-env", "AUDITOR"]].concat());
    assert_eq!(slots.as_array().unwrap().len(), 2);

    let auditor = Place::with_key();
    let log = place.log();
    let read = |key: &str| {
        let run = auditor
            .command(&["cat", "--log", log.to_str().unwrap()])
            .env("SYMBIONT_LOGGING_KEY", key)
            .output()
            .unwrap();
        run.status.success()
    };
    assert!(read("the auditor's passphrase") && read(KEY) && !read(OTHER_KEY));
    let first = slots
        .as_array()
        .unwrap()
        .iter()
        .find(|slot| slot["label"] == "first");
    let own = first.unwrap()["id"].as_str().unwrap().to_owned();
    place
        .run(&["keys", "slots", "remove", &own])
        .fails(2, &["in use"]);
    place
        .run(&["keys", "slots", "remove", "nobody"])
        .fails(2, &["nobody"]);
    place.run(&["keys", "slots", "remove", "auditor"]).ok();
    assert!(!read("the auditor's passphrase") && read(KEY));
    place
        .run(&["keys", "slots", "remove", "first"])
        .fails(2, &["last"]);
    assert!(place.run(&["keys", "slots", "list"]).ok().contains("first"));
}

#[test]
fn a_key_file_must_be_private() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::with_key();
    place.run(&["record", &example("interactions.jsonl")]).ok();
    let file = place.write("new.key", "a new passphrase\n");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let add = [
        "keys",
        "slots",
        "add",
        "--label",
        "l",
        "--new-key-file",
        "new.key",
    ];
    place.run(&add).fails(2, &["chmod 600"]);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    place.run(&add).ok();
    let place = place.with("SYMBIONT_LOGGING_KEY", "a new passphrase");
    assert_eq!(place.cat(&[]).len(), 10);
}

/// `kill -9` at any moment of a rotation, of whatever key, while another process writes.
#[test]
fn a_rotation_killed_at_any_moment_leaves_a_log_that_opens() {
    let place = Place::new();
    place.run(&["init", "."]).ok();
    place.run(&["record", &example("interactions.jsonl")]).ok();
    let mut entries = 10;
    let mut delay = std::time::Duration::ZERO;
    let mut finished = 0;
    for round in 0..24 {
        let kind = ["master", "logging", "signing"][round % 3];
        let mut child = place
            .command(&["keys", "rotate", "-q", "--key", kind])
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        // Spread over what a rotation takes on whatever machine this is.
        std::thread::sleep(delay);
        let _ = child.kill();
        if child.wait().unwrap().success() {
            finished += 1;
            delay /= 4;
        } else {
            delay += std::time::Duration::from_millis(3);
        }
        if round % 4 == 3 {
            place.run(&["record", &example("interactions.jsonl")]).ok();
            entries += 10;
        }
        assert_eq!(place.cat(&[]).len(), entries, "after round {round}");
    }
    place.run(&["keys", "rotate", "--key", "logging"]).ok();
    place.run(&["verify", "--keys"]).ok();
    assert_eq!(
        json(&place, &["keys", "slots"]).as_array().unwrap().len(),
        1
    );
    println!("{finished} of 24 rotations finished");
}

#[test]
fn a_host_that_only_writes_is_read_where_the_private_key_is() {
    let reader = Place::new();
    let pair = json(&reader, &["keys", "generate", "--to", "reader.key"]);
    let public = pair["public_key"].as_str().unwrap();
    let secret = std::fs::read_to_string(reader.path("reader.key")).unwrap();
    assert!(secret.starts_with("x25519-secret:") && !secret.contains(public));
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(reader.path("reader.key"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    reader
        .run(&["keys", "generate", "--to", "reader.key"])
        .fails(2, &["reader.key"]);
    reader.run(&["keys", "generate"]).fails(2, &["--to FILE"]);

    let host = Place::with_key();
    host.write(
        "symlog.toml",
        format!("[logging.keys]\nrecipients = [\"{public}\"]\n"),
    );
    host.run(&["record", &example("interactions.jsonl")]).ok();
    let run = host.run(&["cat"]);
    assert_ne!(run.code, 0, "{run:?}");
    assert!(
        run.out.is_empty() && run.err.contains("private key"),
        "{run:?}"
    );
    host.run(&["verify"]).ok();

    // Nothing but the files and the private key.
    let reader = reader.with("SYMLOG_IDENTITY", secret.trim());
    let log = host.log();
    let log = log.to_str().unwrap();
    assert_eq!(reader.cat(&["--log", log]).len(), 10);
    reader.run(&["verify", "--keys", "--log", log]).ok();
    let stranger = Place::new();
    stranger.run(&["cat", "--log", log]).fails(2, &["no key"]);
}
