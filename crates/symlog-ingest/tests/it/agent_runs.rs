use std::io::Read;

use serde_json::{Value, json};
use symlog_ingest::Format;

use crate::support::{
    interactions, meta, only, request, response, shared, tool_calls, units, units_of_file,
};

fn run() -> Value {
    json!({
        "task_id": 7,
        "trial": 2,
        "reward": 1.0,
        "info": {"source": "user"},
        "traj": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Book it."},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "call_1", "type": "function",
                 "function": {"name": "book", "arguments": "{\"to\":\"SEA\"}"}}]},
            {"role": "tool", "tool_call_id": "call_1", "name": "book", "content": "ok"},
            {"role": "assistant", "content": "Done."},
            {"role": "user", "content": "###STOP###"},
        ],
    })
}

#[test]
fn every_assistant_turn_saw_all_messages_before_it() {
    let row = run();
    let turns = interactions(row.to_string().as_bytes(), Format::AgentRun);
    assert_eq!(turns.len(), 2);
    for (turn, before) in turns.iter().zip([2, 4]) {
        let prompt: Value = serde_json::from_str(&request(turn).prompt).unwrap();
        assert_eq!(
            prompt.as_array().unwrap(),
            &row["traj"].as_array().unwrap()[..before]
        );
        assert_eq!(turn.slots()[0], Some("task-7-trial-2"));
        assert_eq!(meta(turn, "trial"), Some("2"));
        assert_eq!(meta(turn, "operation"), Some("chat"));
        assert_eq!(turn.model_identifier(), Some("unknown"));
    }
    assert_eq!(
        tool_calls(&turns[0]),
        [("book".to_owned(), json!({"to": "SEA"}))]
    );
    assert_eq!(response(&turns[0]).content, "");
    assert_eq!(response(&turns[1]).content, "Done.");
}

#[test]
fn what_no_later_prompt_holds_stays_with_the_last_turn() {
    let turns = interactions(run().to_string().as_bytes(), Format::Auto);
    assert!(
        !response(&turns[0])
            .metadata
            .contains_key("following_messages")
    );
    let last = &response(&turns[1]).metadata;
    assert_eq!(
        last["following_messages"],
        json!([{"role": "user", "content": "###STOP###"}])
    );
    assert_eq!(last["run"], json!({"info": {"source": "user"}}));
}

#[test]
fn the_prompt_is_the_text_as_it_was_written() {
    let row = r#"{"messages": [ {"role":"user",  "content":"a\u00fc"} , {"role":"assistant","content":"b"} ], "model":"m", "conversation_id":"c"}"#;
    let turn = only(row.as_bytes(), Format::AgentRun);
    assert_eq!(
        request(&turn).prompt,
        r#"[ {"role":"user",  "content":"a\u00fc"}]"#
    );
    assert_eq!(turn.model_identifier(), Some("m"));
    assert_eq!(turn.slots()[0], Some("c"));
}

#[test]
fn an_opening_turn_has_an_empty_prompt() {
    let row = r#"{"traj":[{"role":"assistant","content":[{"type":"text","text":"Hel"},{"type":"text","text":"lo"}]}]}"#;
    let turn = only(row.as_bytes(), Format::Auto);
    assert_eq!(request(&turn).prompt, "[]");
    assert_eq!(response(&turn).content, "Hello");
    assert_eq!(turn.slots()[0], None);
}

#[test]
fn a_run_without_turns_or_messages_is_refused() {
    for row in [
        r#"{"traj":[]}"#,
        r#"{"traj":"x"}"#,
        r#"{"traj":[1,{"role":"user"}]}"#,
        r#"{"a":1}"#,
    ] {
        let unit = units(row.as_bytes(), Format::AgentRun).remove(0);
        let text = unit.unwrap_err().to_string();
        assert!(text.contains("not of format agent-run"), "{text}");
    }
}

#[test]
fn the_shared_runs_come_back_turn_by_turn() {
    let Some(path) = shared("the_shared_runs", "exchanges/agent_runs.jsonl.gz") else {
        return;
    };
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(&path).unwrap())
        .read_to_string(&mut text)
        .unwrap();
    let mut units = units_of_file(&path, Format::AgentRun).into_iter();
    let mut turns = 0;
    for (line, row) in (1..).zip(text.lines()) {
        let row: Value = serde_json::from_str(row).unwrap();
        let messages = row["traj"].as_array().unwrap();
        for (at, message) in messages.iter().enumerate() {
            if message["role"] != "assistant" {
                continue;
            }
            turns += 1;
            let unit = units.next().unwrap().unwrap();
            assert_eq!(unit.line, line);
            let turn = &unit.interactions[0];
            let prompt: Vec<Value> = serde_json::from_str(&request(turn).prompt).unwrap();
            assert_eq!(prompt, messages[..at]);
            assert_eq!(
                response(turn).content,
                message["content"].as_str().unwrap_or_default()
            );
            let calls = message["tool_calls"].as_array();
            assert_eq!(tool_calls(turn).len(), calls.map_or(0, Vec::len));
        }
    }
    assert!(units.next().is_none());
    assert_eq!(turns, 1163);
}
