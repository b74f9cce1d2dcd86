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
