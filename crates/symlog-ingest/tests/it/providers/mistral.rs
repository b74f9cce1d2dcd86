use super::{Expect, check};

#[test]
fn chat_error_400() {
    check(
        "mistral",
        "mistral/response_identity_edge/blocking_error_carries_the_correlation_id#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "definitely-not-a-model",
            error: Some("http_400: Invalid model: definitely-not-a-model"),
            ..Expect::default()
        },
    );
}

#[test]
fn chat_error_401() {
    check(
        "mistral",
        "mistral/response_identity_edge/blocking_unauthorized_carries_the_correlation_id#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "mistral-small-latest",
            error: Some("http_401: Invalid API Key"),
            ..Expect::default()
        },
    );
}

#[test]
fn embeddings_error_400() {
    check(
        "mistral",
        "mistral/embedding_matrix/error_preserves_provider_body#0",
        &Expect {
            operation: "embeddings",
            prompt_field: "input",
            model: "no-such-embedding-model",
            error: Some("http_400: Invalid model: no-such-embedding-model"),
            ..Expect::default()
        },
    );
}

#[test]
fn embeddings_post() {
    check(
        "mistral",
        "mistral/embedding_matrix/dimensions_request#0",
        &Expect {
            operation: "embeddings",
            prompt_field: "input",
            model: "codestral-embed",
            tokens: Some((38, 0, 38)),
            ..Expect::default()
        },
    );
}

#[test]
fn models_error_401() {
    check(
        "mistral",
        "mistral/models/list_models_rejected_key_reports_api_error_with_context#0",
        &Expect {
            operation: "models",
            model: "unknown",
            error: Some("http_401: Invalid API Key"),
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_chat_parallel_tools() {
    check(
        "mistral",
        "mistral/agent_tool_sessions/parallel_tool_calls_single_turn_streaming#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "mistral-small-latest",
            tools: &[
                ("lookup_harbor_label", "{}"),
                ("lookup_orchard_label", "{}"),
            ],
            tokens: Some((213, 16, 229)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_chat_several_choices() {
    check(
        "mistral",
        "mistral/capability_edges/streaming_with_two_candidates_answers_from_the_first#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "mistral-small-latest",
            content: "Aardvark",
            tokens: Some((20, 8, 28)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_chat_text() {
    check(
        "mistral",
        "mistral/multimodal_content/streaming_text_only_content_still_flattens_to_a_string#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "mistral-small-latest",
            content: "Paris",
            tokens: Some((34, 2, 36)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_chat_text_cached() {
    check(
        "mistral",
        "mistral/history_roundtrip_matrix/streaming_mistral_small_raw_text#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "mistral-small-latest",
            content: "lantern-42",
            tokens: Some((49, 6, 55)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_chat_tools() {
    check(
        "mistral",
        "mistral/multimodal_content/streaming_image_with_a_tool_configured#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "mistral-small-latest",
            tools: &[("record_colour", r#"{"colour":"red"}"#)],
            tokens: Some((115, 13, 128)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_chat_tools_cached() {
    check(
        "mistral",
        "mistral/agent_tool_sessions/sequential_complex_tool_calls_streaming#2",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "mistral-small-latest",
            tools: &[(
                "join_labels",
                r#"{"labels":["north","beta gamma","quote:\"delta\"","slash\\path"],"separator":"|"}"#,
            )],
            tokens: Some((837, 34, 871)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_parallel_tools() {
    check(
        "mistral",
        "mistral/agent_tool_sessions/parallel_tool_calls_single_turn_nonstreaming#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "mistral-small-latest",
            tools: &[
                ("lookup_harbor_label", "{}"),
                ("lookup_orchard_label", "{}"),
            ],
            tokens: Some((213, 16, 229)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_text() {
    check(
        "mistral",
        "mistral/agent_tool_sessions/tool_choice_auto_any_specific_and_none#3",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "mistral-small-latest",
            content: "no-tool-answer",
            tokens: Some((30, 5, 35)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_text_cached() {
    check(
        "mistral",
        "mistral/agent_tool_sessions/json_object_response_format_roundtrip#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "mistral-small-latest",
            content: r#"{"release_lane": "canary", "risk": "low", "checks": {"compile": true, "replay": true}}"#,
            tokens: Some((34, 31, 65)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_tools() {
    check(
        "mistral",
        "mistral/agent_tool_sessions/tool_choice_auto_any_specific_and_none#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "mistral-small-latest",
            tools: &[("lookup_harbor_label", "{}")],
            tokens: Some((79, 9, 88)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_tools_cached() {
    check(
        "mistral",
        "mistral/agent_tool_sessions/sequential_complex_tool_calls_nonstreaming#1",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "mistral-small-latest",
            tools: &[(
                "inspect_manifest",
                r#"{"project":"rig-mistral","flags":{"critical":true,"retries":2},"steps":[{"name":"plan","weight":1},{"name":"verify","weight":2}],"note":"line one; line two says \"hello\" and path C:\\rig\\mistral"}"#,
            )],
            tokens: Some((734, 82, 816)),
            ..Expect::default()
        },
    );
}
