//! `symlog init`

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::symlog::{Place, example};

#[test]
fn everything_works_at_once() {
    let place = Place::new();
    let run = place.run(&["init", "work"]);
    for part in [
        "configuration  ",
        "work/symlog.toml",
        "log  ",
        "keyring  ",
        "key  ",
        ".local/share/symlog/keys",
    ] {
        assert!(run.ok().contains(part), "{part}: {run:?}");
    }
    let mode = |name: &str| place.path(name).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("work/logs"), 0o700);
    assert_eq!(mode("work/logs/model_io.encrypted.log"), 0o600);

    // From wherever it is used.
    place
        .run(&[
            "--config",
            "work/symlog.toml",
            "record",
            &example("interactions.jsonl"),
        ])
        .ok();
    assert_eq!(place.cat(&["--config", "work/symlog.toml"]).len(), 10);
    place
        .run(&["--config", "work/symlog.toml", "verify", "--keys"])
        .ok();
    place.run(&["--config", "work/symlog.toml", "doctor"]).ok();
}

#[test]
fn nothing_that_exists_is_overwritten() {
    let place = Place::with_key();
    place.run(&["init"]).ok();
    let before = std::fs::read(place.log()).unwrap();
    place
        .run(&["init"])
        .fails(2, &["symlog.toml is there already and is not overwritten"]);
    std::fs::remove_file(place.path("symlog.toml")).unwrap();
    place
        .run(&["init"])
        .fails(2, &["model_io.encrypted.log is there already"]);
    assert_eq!(std::fs::read(place.log()).unwrap(), before);
}

#[test]
fn machines_get_json() {
    let place = Place::with_key();
    let made: Value = serde_json::from_str(place.run(&["init", "--json"]).ok()).unwrap();
    assert!(
        made["log"]
            .as_str()
            .unwrap()
            .ends_with("logs/model_io.encrypted.log")
    );
    assert_eq!(made["key"], "environment variable SYMBIONT_LOGGING_KEY");
}

#[test]
fn strange_directories_are_quoted() {
    let place = Place::with_key();
    let name = "a \"b\" ${HOME} \\ ü";
    place.run(&["init", name]).ok();
    let config = place.path(name).join("symlog.toml");
    let config = config.to_str().unwrap();
    place
        .run(&["--config", config, "record", &example("interactions.jsonl")])
        .ok();
    assert!(
        place
            .path(name)
            .join("logs/model_io.encrypted.log")
            .exists()
    );
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let place = Place::with_key();
    place.write("file", "");
    place
        .run(&["init", "file/x"])
        .fails(2, &["cannot make the directory file/x"]);
}
