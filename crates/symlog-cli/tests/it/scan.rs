//! `symlog scan`

use serde_json::{Value, json};

use crate::symlog::{Place, Run, shared};

#[track_caller]
fn rows(run: &Run) -> Vec<Value> {
    run.ok()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn findings_are_json_lines() {
    let run = Place::new().feed(&["scan"], "é user@example.com\n123-45-6789");
    let rows = rows(&run);
    assert_eq!(rows.len(), 2);
    assert_eq!(
        (&rows[0]["start"], &rows[0]["end"], &rows[0]["type"]),
        (&json!(3), &json!(19), &json!("EMAIL"))
    );
    assert_eq!(
        (&rows[1]["start"], &rows[1]["end"], &rows[1]["type"]),
        (&json!(20), &json!(31), &json!("SSN"))
    );
    assert!(
        rows.iter()
            .all(|row| row["score"].is_f64() && row["rule"].is_string())
    );
    assert!(rows.iter().all(|row| row.get("file").is_none()));
}

#[test]
fn offsets_may_count_characters() {
    let run = Place::new().feed(&["scan", "--offsets", "chars"], "é€😀 user@example.com");
    assert_eq!(rows(&run)[0]["start"], json!(4));
    let run = Place::new().feed(&["scan", "--offsets", "bytes"], "é€😀 user@example.com");
    assert_eq!(rows(&run)[0]["start"], json!(10));
}

#[test]
fn one_line_out_for_each_line_in() {
    let run = Place::new().feed(
        &["scan", "--jsonl", "--offsets", "chars"],
        "{\"text\": \"\\u00e9 user@example.com\", \"spans\": []}\n{\"text\":\"\"}\n",
    );
    let rows = rows(&run);
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0]["findings"][0]["start"], json!(2));
    assert_eq!(rows[1], json!({"findings": []}));
}

#[test]
fn bad_lines_keep_their_place() {
    let run = Place::new().feed(
        &["scan", "--jsonl"],
        "{\"txt\":\"hunter2\"}\nhunter2\n{\"text\":\"a@example.com\"}\n",
    );
    run.fails(1, &["<stdin>:1: no \"text\"", "<stdin>:2: not JSON"]);
    let lines: Vec<Value> = run
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[1]["error"].as_str().unwrap().contains("not JSON"));
    assert_eq!(lines[2]["findings"].as_array().unwrap().len(), 1);
    assert!(!run.err.contains("hunter2") && !run.out.contains("hunter2"));
}

#[test]
fn unsure_findings_can_be_left_out() {
    let place = Place::new();
    let text = "mail user@example.com, call 555-123-4567 or 12-3456789";
    let score = |row: &Value| row["score"].as_f64().unwrap();
    let all = rows(&place.feed(&["scan"], text));
    let sure = rows(&place.feed(&["scan", "--min-score", "1"], text));
    assert_eq!(
        sure.len(),
        all.iter().filter(|row| score(row) >= 1.0).count()
    );
    place.feed(&["scan", "--fail-empty"], text).fails(0, &[]);
    place
        .feed(&["scan", "--fail-empty"], "an ordinary line")
        .fails(1, &[]);
    place
        .feed(&["scan", "--min-score", "2"], "")
        .fails(2, &["from 0 to 1"]);
}

#[test]
fn files_are_named_where_there_are_several() {
    let place = Place::new();
    place.write("d/a.txt", "a@example.com");
    place.write("d/e/b.txt", "b@example.com");
    let rows = rows(&place.run(&["scan", "--json", "d"]));
    assert_eq!(rows[0]["file"], json!("d/a.txt"));
    assert_eq!(rows[1]["file"], json!("d/e/b.txt"));
}

#[test]
fn the_profile_does_not_matter() {
    let place = Place::new();
    place.write("symlog.toml", "[masking]\nprofile = \"off\"\n");
    assert_eq!(rows(&place.feed(&["scan"], "user@example.com")).len(), 1);
}

#[test]
fn a_closed_pipe_is_no_error() {
    use std::io::Read;
    use std::process::Stdio;
    let place = Place::new();
    let path = place.write("many.txt", "user@example.com\n".repeat(200_000));
    let mut child = place
        .command(&["scan", path.to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 10];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let run = Run::new(&child.wait_with_output().unwrap());
    assert_eq!((run.code, run.err.as_str()), (0, ""));
}

#[test]
fn labelled_sets_give_a_line_for_each_line() {
    let Some(path) = shared(
        "labelled_sets_give_a_line_for_each_line",
        "pii/presidio_tests.jsonl",
    ) else {
        return;
    };
    let lines = std::fs::read_to_string(&path).unwrap().lines().count();
    let run = Place::new().run(&[
        "scan",
        "--jsonl",
        "--offsets",
        "chars",
        path.to_str().unwrap(),
    ]);
    assert_eq!(rows(&run).len(), lines);
}
