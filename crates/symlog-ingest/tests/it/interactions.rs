use std::time::{Duration, SystemTime};

use serde_json::json;
use symlog_core::ModelInteractionType;
use symlog_ingest::Format;

use crate::support::{meta, only, request, response, tokens, units};

/// The seed's entry, decrypted, with everything that it can have.
const WHOLE: &str = r#"{
"id":"550e8400-e29b-41d4-a716-446655440000","agent_id":"agent_123","interaction_type":"ToolCall",
"timestamp":"2024-01-15T10:30:00.5Z","latency_ms":150,"model_identifier":"gpt-4",
"request_data":{"prompt":"What is the weather like?","tool_name":"weather_api",
"tool_arguments":{"location":"San Francisco","units":"metric"},"parameters":{"temperature":0.7}},
"response_data":{"content":"18°C and sunny.","tool_result":{"temperature":18},"confidence":0.95,
"metadata":{"model_version":"gpt-4-turbo"}},
"metadata":{"rag_pipeline":"generate_response","documents_retrieved":3,"conversation_id":"c1"},
"error":null,"token_usage":{"input_tokens":10,"output_tokens":15,"total_tokens":25},
"tenant":"acme","v":1,"seg":7,"seq":42,"leaf":"…"}"#;

#[test]
fn every_field_of_an_entry_arrives() {
    let line = WHOLE.replace('\n', "");
    let it = only(line.as_bytes(), Format::Interaction);
    assert_eq!(
        it.entry_id().unwrap().to_string(),
        "550e8400-e29b-41d4-a716-446655440000"
    );
    assert_eq!(it.agent_id(), Some("agent_123"));
    assert_eq!(it.interaction_type(), Some(ModelInteractionType::ToolCall));
    assert_eq!(it.model_identifier(), Some("gpt-4"));
    let since = it
        .happened_at()
        .unwrap()
        .duration_since(SystemTime::UNIX_EPOCH);
    assert_eq!(since.unwrap(), Duration::from_millis(1_705_314_600_500));
    assert_eq!(it.took(), Some(Duration::from_millis(150)));
    assert_eq!(tokens(&it), Some((10, 15, 25)));
    assert_eq!(it.error_text(), None);
    assert_eq!(it.slots(), [Some("c1"), None, Some("acme"), None, None]);
    assert_eq!(meta(&it, "documents_retrieved"), Some("3"));
    let asked = request(&it);
    assert_eq!(asked.prompt, "What is the weather like?");
    assert_eq!(asked.tool_name.as_deref(), Some("weather_api"));
    assert_eq!(asked.tool_arguments.as_ref().unwrap()["units"], "metric");
    assert_eq!(
        asked.parameters.len(),
        1,
        "what the log adds is not recorded again"
    );
    assert_eq!(asked.parameters["temperature"], 0.7);
    let said = response(&it);
    assert_eq!(said.content, "18°C and sunny.");
    assert_eq!(said.tool_result, Some(json!({"temperature": 18})));
    assert_eq!(said.confidence, Some(0.95));
    assert_eq!(said.metadata["model_version"], "gpt-4-turbo");
}

#[test]
fn all_but_the_request_is_optional() {
    for request in ["null", "{}"] {
        let line = format!("{{\"request_data\":{request}}}");
        let it = only(line.as_bytes(), Format::Auto);
        assert_eq!(it.agent_id(), Some("unknown"));
        assert_eq!(it.model_identifier(), Some("unknown"));
        let kind = it.interaction_type();
        assert_eq!(kind, Some(ModelInteractionType::Completion));
        assert!(it.response_data().is_none(), "the request is still open");
        assert_eq!(it.request_data().unwrap().prompt, "");
    }
}

#[test]
fn what_has_no_place_is_kept_with_the_request_or_the_response() {
    let line = br#"{"session":{"a":[1]},"request_data":{"prompt":[{"role":"user"}],"seed":5},
        "response_data":{"content":"x","logprobs":[0.5]},"error":{"code":1}}"#;
    let line: Vec<u8> = line.iter().copied().filter(|b| *b != b'\n').collect();
    let it = only(&line, Format::Auto);
    assert_eq!(request(&it).prompt, r#"[{"role":"user"}]"#);
    assert_eq!(request(&it).parameters["session"], json!({"a": [1]}));
    assert_eq!(request(&it).parameters["seed"], 5);
    assert_eq!(response(&it).metadata["logprobs"], json!([0.5]));
    assert_eq!(it.error_text(), Some(r#"{"code":1}"#));
}

#[test]
fn a_missing_total_is_the_sum() {
    let line =
        br#"{"request_data":{},"token_usage":{"input_tokens":4294967295,"output_tokens":1}}"#;
    assert_eq!(
        tokens(&only(line, Format::Auto)),
        Some((u32::MAX, 1, u32::MAX))
    );
}

#[track_caller]
fn refused(line: &str, field: &str) {
    let error = units(line.as_bytes(), Format::Interaction)
        .remove(0)
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with(&format!("line 1: field {field} must be")),
        "{text}"
    );
    assert!(!text.contains("SECRET"), "{text}");
}

#[test]
fn a_wrong_type_names_the_field_and_never_its_value() {
    refused(r#"{"request_data":"SECRET"}"#, "request_data");
    refused(r#"{"request_data":{"parameters":"SECRET"}}"#, "parameters");
    refused(
        r#"{"request_data":{},"response_data":["SECRET"]}"#,
        "response_data",
    );
    refused(
        r#"{"request_data":{},"interaction_type":"SECRET"}"#,
        "interaction_type",
    );
    refused(r#"{"request_data":{},"latency_ms":"SECRET"}"#, "latency_ms");
    refused(r#"{"request_data":{},"latency_ms":-1}"#, "latency_ms");
    refused(r#"{"request_data":{},"timestamp":"SECRET"}"#, "timestamp");
    refused(
        r#"{"request_data":{},"token_usage":{"input_tokens":"SECRET"}}"#,
        "token_usage",
    );
    refused(r#"{"request_data":{},"metadata":"SECRET"}"#, "metadata");
    refused(r#"{"request_data":{},"agent_id":{"SECRET":1}}"#, "agent_id");
    refused(r#"{"request_data":{},"id":"SECRET"}"#, "id");
    refused(
        r#"{"request_data":{},"response_data":{"confidence":"SECRET"}}"#,
        "confidence",
    );
}

#[test]
fn the_example_file_is_read() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../examples/data/interactions.jsonl"
    );
    let Ok(file) = std::fs::read(path) else {
        eprintln!("SKIPPED: the_example_file_is_read: examples/ is not packaged");
        return;
    };
    let all = crate::support::interactions(&file, Format::Auto);
    assert_eq!(all.len(), 10);
    assert!(all[9].response_data().is_none());
}
