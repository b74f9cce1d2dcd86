use super::{Expect, check};

#[test]
fn chat_error_400() {
    check(
        "openrouter",
        "openrouter/response_identity_edge/routed_failure_error_shape#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "openai/gpt-nonexistent-routed-model",
            error: Some("http_400: openai/gpt-nonexistent-routed-model is not a valid model ID"),
            ..Expect::default()
        },
    );
}

#[test]
fn embeddings_error_400() {
    check(
        "openrouter",
        "openrouter/embedding_matrix/error_preserves_provider_body#0",
        &Expect {
            operation: "embeddings",
            prompt_field: "input",
            model: "no-such/embedding-model",
            error: Some("http_400: Model no-such/embedding-model does not exist"),
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_chat_parallel_tools() {
    check(
        "openrouter",
        "openrouter/permission_control/permission_control_streaming_example#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "openai/gpt-4o",
            tools: &[("read_file_head", "{}"), ("read_file_tail", "{}")],
            tokens: Some((105, 42, 147)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_chat_text() {
    check(
        "openrouter",
        "openrouter/raw_stream_capture_matrix/stream_raw_round_trips_terminal_type#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "openai/gpt-4o-mini",
            content: "Pong",
            tokens: Some((14, 2, 16)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_chat_tools() {
    check(
        "openrouter",
        "openrouter/agent_tool_sessions/sequential_complex_tool_calls_streaming#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "openai/gpt-4o",
            tools: &[("ping_empty", "{}")],
            tokens: Some((352, 11, 363)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_responses_text() {
    check(
        "openrouter",
        "openrouter/openai_responses_compat/openai_responses_stream_against_openrouter_completes#0",
        &Expect {
            operation: "responses",
            prompt_field: "input",
            model: "google/gemini-3-flash-preview-20251217",
            content: "Yes, this streaming response is working perfectly.",
            tokens: Some((17, 9, 26)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_parallel_tools() {
    check(
        "openrouter",
        "openrouter/agent_tool_sessions/parallel_tool_calls_single_turn_nonstreaming#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "openai/gpt-4o",
            tools: &[
                ("lookup_harbor_label", "{}"),
                ("lookup_orchard_label", "{}"),
            ],
            tokens: Some((157, 45, 202)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_text() {
    check(
        "openrouter",
        "openrouter/history_roundtrip_matrix/blocking_gpt_4_1_mini_raw_text#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "openai/gpt-4.1-mini",
            content: "lantern-42",
            tokens: Some((44, 5, 49)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_tools() {
    check(
        "openrouter",
        "openrouter/extractor/extractor_smoke#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "openai/gpt-4o-mini",
            tools: &[(
                "submit",
                r#"{"first_name":"Ada","last_name":"Lovelace","job":"mathematician"}"#,
            )],
            tokens: Some((154, 28, 182)),
            ..Expect::default()
        },
    );
}
