//! `symlog cat` and `symlog show`

use std::io::Read;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::symlog::{Place, Run, example, lines, shared};

fn recorded() -> Place {
    let place = Place::with_key();
    place.run(&["record", &example("interactions.jsonl")]).ok();
    place
}

#[test]
fn entries_have_every_field_of_the_seed_in_its_order() {
    let entries = recorded().cat(&[]);
    let names: Vec<&str> = entries[0]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let seed = [
        "id",
        "agent_id",
        "interaction_type",
        "timestamp",
        "latency_ms",
        "model_identifier",
        "request_data",
        "response_data",
        "metadata",
        "error",
        "token_usage",
    ];
    assert_eq!(names[..seed.len()], seed);
    assert_eq!(entries[0]["error"], Value::Null);
    let request: Vec<&str> = entries[0]["request_data"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        request,
        ["prompt", "tool_name", "tool_arguments", "parameters"]
    );
}

#[test]
fn filters_choose() {
    let place = recorded();
    let all = place.cat(&[]);
    let count = |arguments: &[&str]| place.cat(arguments).len();
    let with = |field: &str, value: &str| all.iter().filter(|entry| entry[field] == value).count();
    assert_eq!(
        count(&["--agent", "support-agent"]),
        with("agent_id", "support-agent")
    );
    assert_eq!(
        count(&["--type", "ToolCall"]),
        with("interaction_type", "ToolCall")
    );
    assert_eq!(
        count(&["--model", "gpt-4"]),
        with("model_identifier", "gpt-4")
    );
    assert_eq!(
        count(&["--conversation", "weather-1"]),
        with("conversation", "weather-1")
    );
    assert_eq!(count(&["--agent", "nobody"]), 0);
    let id = all[3]["id"].as_str().unwrap();
    assert_eq!(place.cat(&["--id", id]), [all[3].clone()]);
    assert_eq!(
        count(&["--since", "2026-01-15", "--until", "2026-01-15"]),
        10
    );
    assert_eq!(count(&["--until", "2026-01-14"]), 0);
    assert_eq!(count(&["--since", "2026-01-16"]), 0);
    assert_eq!(
        count(&[
            "--since",
            "2026-01-15T10:30:00Z",
            "--until",
            "2026-01-15T10:30:02Z"
        ]),
        1
    );
}

#[test]
fn wrong_filters_say_what_is_right() {
    let place = recorded();
    place
        .run(&["cat", "--since", "lately"])
        .fails(2, &["lately", "2026-01-15T10:30:00Z"]);
    place
        .run(&["cat", "--type", "Chat"])
        .fails(2, &["Chat", "AgentExecution"]);
    place
        .run(&["cat", "--agent", "nobody", "--fail-empty"])
        .fails(1, &[]);
}

#[test]
fn no_log_and_no_key_say_what_to_do() {
    let place = Place::with_key();
    place
        .run(&["cat"])
        .fails(2, &["logs/model_io.encrypted.log", "there is no log here"]);
    let place = recorded().with("SYMBIONT_LOGGING_KEY", crate::symlog::OTHER_KEY);
    place
        .run(&["cat"])
        .fails(2, &["does not open", "symlog keys check"]);
    let place = place.with("SYMBIONT_LOGGING_KEY", "");
    place
        .run(&["cat"])
        .fails(2, &["no key", "SYMBIONT_LOGGING_KEY: it is set but empty"]);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let place = Place::with_key();
    let line = json!({"request_data": {"prompt": "p".repeat(500)}});
    let input = place.write("many.jsonl", format!("{line}\n").repeat(2000));
    place.run(&["record", input.to_str().unwrap()]).ok();
    let mut child = place
        .command(&["cat"])
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
fn one_entry_is_shown_to_a_person() {
    let place = recorded();
    let all = place.cat(&[]);
    let id = all[1]["id"].as_str().unwrap();
    let shown = place.run(&["show", id]);
    for text in [
        id,
        "ToolCall",
        "weather_api",
        "── request ──",
        "San Francisco",
        "── response ──",
        "18°C",
        "condition",
    ] {
        assert!(shown.ok().contains(text), "{text}: {shown:?}");
    }
    let json: Value = serde_json::from_str(place.run(&["show", id, "--json"]).ok()).unwrap();
    assert_eq!(json, all[1]);
    // The last characters are random, so all but one of them are enough.
    let short = &id[..id.len() - 1];
    assert!(place.run(&["show", short]).ok().contains(id));
}

#[test]
fn ids_that_fit_none_or_several_are_named() {
    let place = recorded();
    place
        .run(&["show", "ffffffff"])
        .fails(1, &["no entry has an id that begins with ffffffff"]);
    place
        .run(&["show", "0"])
        .fails(1, &["several ids begin with 0; give more"]);
    place.run(&["show", ""]).fails(2, &["the id is empty"]);
}

#[test]
fn files_of_the_reference_logger_are_read() {
    const TEST: &str = "files_of_the_reference_logger_are_read";
    let Some(directory) = shared(TEST, "symbiont") else {
        return;
    };
    let place = Place::new().with("SYMBIONT_LOGGING_KEY", "test_key_123");
    let mut files = 0;
    for file in std::fs::read_dir(directory).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let Some(stem) = name.strip_suffix(".encrypted.log") else {
            continue;
        };
        files += 1;
        // Where only its owner may read it, as a log is kept.
        let log = place.write(&format!("{stem}/{name}"), std::fs::read(&path).unwrap());
        let log = log.to_str().unwrap();
        let expected = path.with_file_name(format!("{name}.expected.jsonl"));
        let expected = lines(&std::fs::read_to_string(expected).unwrap());
        let entries = place.cat(&["--log", log]);
        assert_eq!(entries.len(), expected.len());
        for (entry, expected) in entries.iter().zip(&expected) {
            for field in ["id", "request_data"] {
                assert_eq!(entry[field], expected[field], "{name}");
            }
            // That logger does not join the responses which it logs later.
            if expected["response_data"] != Value::Null {
                assert_eq!(entry["response_data"], expected["response_data"], "{name}");
            }
        }
        let answered = |all: &[Value]| {
            let answers = all
                .iter()
                .filter(|entry| entry["response_data"].is_object());
            answers.count()
        };
        assert_eq!(answered(&entries), answered(&expected) + 1, "{name}");
        let check = place.run(&["keys", "check", "--json", "--log", log]);
        assert!(check.ok().contains("\"opens_the_log\":true"), "{check:?}");
    }
    assert!(files > 0);
}

#[test]
fn the_reference_format_is_written_and_read() {
    let place = Place::new().with("SYMBIONT_LOGGING_KEY", "a passphrase");
    place.write("symlog.toml", "[logging]\nformat = \"symbiont\"\n");
    place.run(&["record", &example("interactions.jsonl")]).ok();
    assert_eq!(place.cat(&[]).len(), 10);
    assert!(
        place
            .run(&["verify"])
            .ok()
            .contains("nothing is wrong in what could be checked")
    );
    place.run(&["doctor"]).ok();
    place
        .run(&["keys", "list"])
        .fails(2, &["has no keyring", "symlog keys check"]);
}

#[test]
fn a_damaged_entry_is_named_and_the_others_follow() {
    let place = recorded();
    let log = std::fs::read_to_string(place.log()).unwrap();
    let mut lines: Vec<String> = log.lines().map(str::to_owned).collect();
    let at = lines
        .iter()
        .position(|line| line.contains("\"agent_id\":\"billing-agent\""))
        .unwrap();
    lines[at] = lines[at].replacen("\"ciphertext\":\"", "\"ciphertext\":\"AAAA", 1);
    std::fs::write(place.log(), lines.join("\n") + "\n").unwrap();
    let run = place.run(&["cat"]);
    run.fails(
        1,
        &["refused:", &format!("line {}", at + 1), "symlog verify"],
    );
    assert_eq!(run.out.lines().count(), 9);
}
