//! Bad input: each kind is named with its line and what to do, and the lines around it are recorded.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::symlog::Place;

const GOOD: &str = r#"{"request_data": {"prompt": "good"}}"#;

/// Records `bad` between two good lines.
#[track_caller]
fn check(bad: &[u8], messages: &[&str]) {
    let place = Place::with_key();
    let input = [GOOD.as_bytes(), bad, GOOD.as_bytes()].join(&b'\n');
    let path = place.write("in.jsonl", input);
    let run = place.run(&["record", path.to_str().unwrap()]);
    run.fails(1, &[&["refused:", "in.jsonl:2: "], messages].concat());
    assert!(run.out.contains("recorded  2 entries"), "{run:?}");
    assert!(run.out.contains("refused   1 line\n"), "{run:?}");
    assert!(!run.err.contains("hunter2"), "{run:?}");
    assert_eq!(place.cat(&[]).len(), 2);
    place.run(&["verify", "--keys"]).ok();
}

#[test]
fn lines_that_are_no_interaction() {
    check(b"hunter2", &["not JSON at column 1", "every line must be"]);
    check(
        br#"{"request_data": {"prompt": "hunter2"#,
        &["ends in the middle of a JSON value", "repair or remove it"],
    );
    check(
        b"{\"request_data\": {\"prompt\": \"hunter2\xff\"}}",
        &["not UTF-8 at byte 37", "convert"],
    );
    check(
        br#"{"password": "hunter2"}"#,
        &["not of format", "password", "Name the right format"],
    );
    check(br#"["hunter2"]"#, &[]);
    check(
        br#"{"request_data": "hunter2"}"#,
        &["field request_data must be an object"],
    );
    check(
        br#"{"request_data": {"prompt": "hunter2"}, "latency_ms": "soon"}"#,
        &["field latency_ms must be"],
    );
}

#[test]
fn deep_nesting_is_kept() {
    let place = Place::with_key();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let line =
        format!(r#"{{"request_data": {{"prompt": "good", "parameters": {{"x": {deep}}}}}}}"#);
    place.write("in.jsonl", format!("{GOOD}\n{line}\n{GOOD}\n"));
    place.run(&["record", "in.jsonl"]).ok();
    let entries = place.run(&["cat"]);
    assert_eq!(entries.ok().lines().count(), 3);
    assert!(entries.out.contains(&deep));
    place.run(&["verify", "--keys"]).ok();
}

#[test]
fn an_empty_file() {
    let place = Place::with_key();
    place.write("empty.jsonl", "");
    place
        .run(&["record", "empty.jsonl"])
        .fails(1, &["empty.jsonl:1: the input is empty"]);
    place
        .run(&["record", "none.jsonl"])
        .fails(2, &["cannot read none.jsonl"]);
    place.run(&["record", "."]).fails(2, &["is a directory"]);
}

#[test]
fn a_line_of_100_megabytes() {
    let place = Place::with_key();
    let line = format!(
        r#"{{"request_data": {{"prompt": "{}"}}}}"#,
        "x".repeat(100 << 20)
    );
    let path = place.write("long.jsonl", format!("{GOOD}\n{line}\n{GOOD}\n"));
    drop(line);
    place.run(&["record", path.to_str().unwrap()]).ok();
    let out = place.run(&["cat"]);
    assert_eq!(out.ok().lines().count(), 3);
    assert!(out.out.len() > 100 << 20);
    place.run(&["verify", "--keys"]).ok();
}

#[test]
fn a_line_of_more_than_is_read() {
    let place = Place::with_key();
    let path = place.write(
        "long.jsonl",
        format!("{GOOD}\n{}\n{GOOD}\n", "x".repeat(130 << 20)),
    );
    let run = place.run(&["record", path.to_str().unwrap()]);
    run.fails(1, &["long.jsonl:2: ", "bytes long", "split the line"]);
    assert_eq!(place.cat(&[]).len(), 2);
}

#[test]
fn gzip_that_is_cut_short() {
    let place = Place::with_key();
    // gzip of "{}\n", without its end.
    place.write("cut.gz", [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xab, 0xae]);
    place
        .run(&["record", "cut.gz"])
        .fails(1, &["cut.gz:1: the gzip stream is damaged or cut short"]);
}

#[test]
fn a_directory_that_cannot_be_written() {
    let place = Place::with_key();
    place.write("in.jsonl", GOOD);
    place.write("file", "not a directory");
    place
        .run(&["record", "--log", "file/x.log", "in.jsonl"])
        .fails(2, &["file/x.log", "IoError"]);
    if fs::write("/proc/self/attr/symlog-test", "").is_ok() || is_root() {
        eprintln!("SKIPPED: a_directory_that_cannot_be_written: root may write everywhere");
        return;
    }
    fs::create_dir(place.path("readonly")).unwrap();
    fs::set_permissions(place.path("readonly"), fs::Permissions::from_mode(0o500)).unwrap();
    place
        .run(&["record", "--log", "readonly/x.log", "in.jsonl"])
        .fails(2, &["readonly", "IoError"]);
}

fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line.starts_with("Uid:\t0\t"))
}

#[test]
fn a_full_disk() {
    let mount = |arguments: &[&str]| {
        std::process::Command::new("mount")
            .args(arguments)
            .output()
            .is_ok_and(|run| run.status.success())
    };
    let place = Place::with_key();
    fs::create_dir(place.path("small")).unwrap();
    let small = place.path("small");
    let small = small.to_str().unwrap();
    if !is_root() || !mount(&["-t", "tmpfs", "-o", "size=1m", "tmpfs", small]) {
        eprintln!("SKIPPED: a_full_disk: needs root and mount");
        return;
    }
    let line = json!({"request_data": {"prompt": "p".repeat(2000)}});
    place.write("few.jsonl", format!("{line}\n").repeat(20));
    place.write("many.jsonl", format!("{line}\n").repeat(2000));
    let first = place.run(&["record", "--log", "small/x.log", "few.jsonl"]);
    let full = place.run(&["record", "--log", "small/x.log", "many.jsonl"]);
    let kept = place.run(&["cat", "--log", "small/x.log"]);
    let sound = place.run(&["verify", "--log", "small/x.log"]);
    std::process::Command::new("umount")
        .arg(small)
        .status()
        .unwrap();
    first.ok();
    full.fails(
        2,
        &["many.jsonl:", "not recorded", "No space left on device"],
    );
    assert!(kept.ok().lines().count() >= 20);
    sound.ok();
}

#[test]
fn a_log_of_a_newer_version() {
    let place = Place::with_key();
    place.write("in.jsonl", GOOD);
    place.run(&["record", "in.jsonl"]).ok();
    let log = fs::read_to_string(place.log()).unwrap();
    let newer = log.replacen("{\"v\":1,", "{\"v\":2,", 1);
    fs::write(place.log(), &newer).unwrap();
    let run = place.run(&["cat"]);
    assert_ne!(run.code, 0, "{run:?}");
    assert!(
        run.err.contains("update symlog") || run.err.contains("newer"),
        "{run:?}"
    );
    let run = place.run(&["record", "in.jsonl"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert_eq!(
        fs::read_to_string(place.log()).unwrap(),
        newer,
        "nothing written is harmed"
    );
}

#[test]
fn a_log_under_another_key_is_not_touched() {
    let place = Place::with_key();
    place.write("in.jsonl", GOOD);
    place.run(&["record", "in.jsonl"]).ok();
    let before = fs::read(place.log()).unwrap();
    let place = place.with("SYMBIONT_LOGGING_KEY", crate::symlog::OTHER_KEY);
    place
        .run(&["record", "in.jsonl"])
        .fails(2, &["KeyManagementError", "model_io.encrypted.log"]);
    assert_eq!(fs::read(place.log()).unwrap(), before);
}
