//! `symlog record`

use serde_json::{Value, json};

use crate::symlog::{Place, example, lines, shared};

fn summary(place: &Place, arguments: &[&str]) -> Value {
    let run = place.run(&[&["record", "--json"], arguments].concat());
    serde_json::from_str(run.ok()).unwrap()
}

#[test]
fn interactions_are_recorded_as_they_are_but_masked() {
    let place = Place::with_key();
    let input = example("interactions.jsonl");
    let summary = summary(&place, &[&input]);
    assert_eq!(summary["entries"], json!(10));
    assert_eq!(summary["refused"], json!(0));
    assert!(
        summary["masked"]["EMAIL"].as_u64().unwrap() >= 1,
        "{summary}"
    );
    assert!(summary["masked"]["SSN"].as_u64().unwrap() >= 1, "{summary}");
    assert_eq!(summary["log"], json!("logs/model_io.encrypted.log"));

    let given = lines(&std::fs::read_to_string(&input).unwrap());
    let entries = place.cat(&[]);
    assert_eq!(entries.len(), given.len());
    for (entry, given) in entries.iter().zip(&given) {
        for field in [
            "agent_id",
            "interaction_type",
            "model_identifier",
            "latency_ms",
            "token_usage",
        ] {
            assert_eq!(entry[field], given[field], "{field}");
        }
    }
    assert_eq!(entries[0]["request_data"], given[0]["request_data"]);
    assert_eq!(entries[0]["response_data"], given[0]["response_data"]);
    assert_eq!(
        entries[0]["conversation"],
        given[0]["metadata"]["conversation_id"]
    );
    let all = place.run(&["cat"]).out;
    assert!(all.contains("***-**-****") && all.contains("***@***.***"));
    assert!(!all.contains("123-45-6789") && !all.contains("jane.example@example.com"));
    let log = std::fs::read_to_string(place.log()).unwrap();
    assert!(!log.contains("weather like") && !log.contains("123-45-6789"));
}

#[test]
fn the_summary_says_what_and_where() {
    let place = Place::with_key();
    let run = place.run(&["record", &example("interactions.jsonl")]);
    let out = run.ok();
    assert!(out.starts_with("recorded  10 entries, "), "{out}");
    assert!(out.contains("masked    ") && out.contains("SSN "), "{out}");
    assert!(
        out.contains("in        logs/model_io.encrypted.log"),
        "{out}"
    );
    assert_eq!(
        place
            .run(&["record", "-q", &example("interactions.jsonl")])
            .ok(),
        ""
    );
}

#[test]
fn every_exchange_is_an_entry_and_has_its_row() {
    let place = Place::with_key();
    let input = example("exchanges.jsonl");
    let summary = summary(&place, &["--format", "provider-http", &input]);
    assert_eq!(summary["entries"], json!(20));
    let providers = summary["providers"].as_object().unwrap();
    let recorded: u64 = providers
        .values()
        .map(|row| row["recorded"].as_u64().unwrap())
        .sum();
    assert_eq!(recorded, 20);
    let given = lines(&std::fs::read_to_string(&input).unwrap());
    for row in &given {
        assert!(providers.contains_key(row["provider"].as_str().unwrap()));
    }
    let table = place.run(&["record", &input]);
    assert!(table.ok().starts_with("provider "), "{table:?}");
    let entries = place.cat(&[]);
    assert_eq!(entries.len(), 40);
    assert!(
        entries
            .iter()
            .all(|entry| entry["metadata"]["operation"].is_string())
    );
}

#[test]
fn a_run_of_an_agent_is_one_conversation() {
    let place = Place::with_key();
    let summary = summary(&place, &[&example("agent_run.jsonl")]);
    let entries = place.cat(&[]);
    assert_eq!(summary["entries"], json!(entries.len()));
    assert!(entries.len() > 3);
    let conversation = entries[0]["conversation"].as_str().unwrap();
    assert_eq!(
        place.cat(&["--conversation", conversation]).len(),
        entries.len()
    );
    let lengths: Vec<usize> = entries
        .iter()
        .map(|entry| entry["request_data"]["prompt"].as_str().unwrap().len())
        .collect();
    assert!(
        lengths.is_sorted(),
        "each turn saw what came before it: {lengths:?}"
    );
}

#[test]
fn several_files_and_standard_input_are_read_in_their_order() {
    let place = Place::with_key();
    let line = |prompt: &str| format!("{}\n", json!({"request_data": {"prompt": prompt}}));
    place.write("a.jsonl", line("first"));
    place.write("b.jsonl", line("third"));
    let run = place.feed(&["record", "a.jsonl", "-", "b.jsonl"], line("second"));
    assert!(run.ok().starts_with("recorded  3 entries"));
    let prompts: Vec<Value> = place
        .cat(&[])
        .iter()
        .map(|entry| entry["request_data"]["prompt"].clone())
        .collect();
    assert_eq!(prompts, ["first", "second", "third"]);
    place.feed(&["record"], line("fourth")).ok();
    assert_eq!(place.cat(&[]).len(), 4);
}

#[test]
fn a_dry_run_writes_nothing() {
    let place = Place::with_key();
    let run = place.run(&["record", "--dry-run", &example("interactions.jsonl")]);
    assert!(run.ok().contains("would record 10 entries"), "{run:?}");
    assert!(run.out.contains("SSN"), "{run:?}");
    assert!(!place.path("logs").exists());
}

#[test]
fn the_log_of_the_command_line_wins() {
    let place = Place::with_key();
    place.write("symlog.toml", "[logging]\nlog_file_path = \"one.log\"\n");
    place
        .run(&[
            "record",
            "--log",
            "d/two.log",
            &example("interactions.jsonl"),
        ])
        .ok();
    assert!(!place.path("one.log").exists());
    assert_eq!(place.cat(&["--log", "d/two.log"]).len(), 10);
}

#[test]
fn logging_that_is_disabled_is_said() {
    let place = Place::with_key();
    place.write("symlog.toml", "[logging]\nenabled = false\n");
    place
        .run(&["record", &example("interactions.jsonl")])
        .fails(2, &["Model logging is disabled", "enabled = true"]);
}

#[test]
fn many_entries_go_through() {
    let place = Place::with_key();
    let line = json!({"agent_id": "a", "request_data": {"prompt": "p".repeat(200)}, "response_data": {"content": "c"}});
    let path = place.write("many.jsonl", format!("{line}\n").repeat(20_000));
    let summary = summary(&place, &[path.to_str().unwrap()]);
    assert_eq!(summary["entries"], json!(20_000));
    place.run(&["verify"]).ok();
    assert_eq!(place.run(&["cat"]).ok().lines().count(), 20_000);
}

#[test]
fn all_recorded_exchanges_are_read() {
    let Some(path) = shared(
        "all_recorded_exchanges_are_read",
        "exchanges/provider_http.jsonl.gz",
    ) else {
        return;
    };
    let place = Place::with_key();
    let summary = summary(
        &place,
        &["--format", "provider-http", path.to_str().unwrap()],
    );
    assert_eq!(summary["entries"], json!(911));
    assert_eq!(summary["providers"].as_object().unwrap().len(), 18);
    assert_eq!(place.run(&["cat"]).ok().lines().count(), 911);
}
