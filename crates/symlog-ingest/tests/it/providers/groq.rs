use super::{Expect, check};

#[test]
fn chat_error_401() {
    check(
        "groq",
        "groq/response_identity_edge/auth_rejection_classifies_with_contract#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "llama-3.3-70b-versatile",
            error: Some("http_401: Invalid API Key"),
            ..Expect::default()
        },
    );
}

#[test]
fn chat_error_404() {
    check(
        "groq",
        "groq/response_identity_edge/provider_error_response_carries_request_id#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "groq-nonexistent-model-for-identity-edge",
            error: Some(
                "http_404: The model `groq-nonexistent-model-for-identity-edge` does not exist or you do not have access to it.",
            ),
            ..Expect::default()
        },
    );
}

#[test]
fn models_error_401() {
    check(
        "groq",
        "groq/models/list_models_rejected_key_reports_api_error_with_context#0",
        &Expect {
            operation: "models",
            model: "unknown",
            error: Some("http_401: Invalid API Key"),
            ..Expect::default()
        },
    );
}

#[test]
fn models_get() {
    check(
        "groq",
        "groq/models/list_models_smoke#0",
        &Expect {
            operation: "models",
            model: "unknown",
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_chat_parallel_tools() {
    check(
        "groq",
        "groq/agent_tool_sessions/parallel_tool_calls_single_turn_streaming#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "llama-3.3-70b-versatile",
            tools: &[
                ("lookup_harbor_label", "null"),
                ("lookup_orchard_label", "null"),
            ],
            tokens: Some((359, 35, 394)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_chat_text() {
    check(
        "groq",
        "groq/raw_stream_capture_matrix/stream_raw_exposes_terminal_queue_time#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "allam-2-7b",
            content: "pong ",
            tokens: Some((15, 4, 19)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_chat_tools() {
    check(
        "groq",
        "groq/agent_tool_sessions/raw_stream_complex_tool_call_deltas_have_object_arguments#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "llama-3.3-70b-versatile",
            tools: &[(
                "inspect_manifest",
                r#"{"flags":{"critical":true,"retries":2},"note":"streamed nested JSON","project":"rig-groq","steps":[{"name":"plan","weight":1},{"name":"verify","weight":2}]}"#,
            )],
            tokens: Some((369, 66, 435)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_empty_and_reasoning() {
    check(
        "groq",
        "groq/prompt_caching/blocking_probe#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "openai/gpt-oss-20b",
            reasoning: r#"The user says: "Do not call any tools. Reply with"#,
            tokens: Some((1795, 16, 1811)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_empty_and_reasoning_cached() {
    check(
        "groq",
        "groq/prompt_caching/blocking_probe#1",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "openai/gpt-oss-20b",
            reasoning: r#"The user says: "Do not call any tools. Reply with"#,
            tokens: Some((1795, 16, 1811)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_parallel_tools() {
    check(
        "groq",
        "groq/agent_tool_sessions/parallel_tool_calls_single_turn_nonstreaming#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "llama-3.3-70b-versatile",
            tools: &[
                ("lookup_harbor_label", "null"),
                ("lookup_orchard_label", "null"),
            ],
            tokens: Some((359, 35, 394)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_text() {
    check(
        "groq",
        "groq/raw_capture_matrix/raw_exposes_queue_time#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "allam-2-7b",
            content: "pong ",
            tokens: Some((15, 4, 19)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_text_and_reasoning() {
    check(
        "groq",
        "groq/agent_tool_sessions/json_schema_structured_output_roundtrip#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "openai/gpt-oss-20b",
            content: r#"{"lane":"canary","checks":{"compile":true,"replay":true},"risk":"low"}"#,
            reasoning: r#"We need to produce a JSON object that satisfies schema. Must include fields lane, checks, risk. checks must have compile and replay booleans. Provide lane=canary, risk=low. So JSON: {"lane":"canary","checks":{"compile":true,"replay":true},"risk":"low"} Ensure valid compact JSON."#,
            tokens: Some((260, 100, 360)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_tools() {
    check(
        "groq",
        "groq/agent_tool_sessions/tool_choice_auto_required_specific_and_none#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "llama-3.3-70b-versatile",
            tools: &[("lookup_harbor_label", "{}")],
            tokens: Some((223, 13, 236)),
            ..Expect::default()
        },
    );
}
