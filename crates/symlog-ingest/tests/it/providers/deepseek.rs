use super::{Expect, check};

#[test]
fn chat_error_400() {
    check(
        "deepseek",
        "deepseek/wire_shape_matrix/chat_completion_rejects_an_unknown_model_with_the_provider_body#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "deepseek-v9-nonexistent",
            error: Some(
                "http_400: The supported API model names are deepseek-v4-pro or deepseek-v4-flash, but you passed deepseek-v9-nonexistent.",
            ),
            ..Expect::default()
        },
    );
}

#[test]
fn chat_error_401() {
    check(
        "deepseek",
        "deepseek/wire_shape_matrix/chat_completion_rejects_a_bogus_key_with_the_provider_body#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "deepseek-v4-flash",
            error: Some("http_401: Authentication Fails, Your api key: ****-key is invalid"),
            ..Expect::default()
        },
    );
}

#[test]
fn models_error_401() {
    check(
        "deepseek",
        "deepseek/models/list_models_rejected_key_reports_api_error_with_context#0",
        &Expect {
            operation: "models",
            model: "unknown",
            error: Some("http_401: Authentication Fails, Your api key: ****-key is invalid"),
            ..Expect::default()
        },
    );
}

#[test]
fn models_get() {
    check(
        "deepseek",
        "deepseek/models/list_models_smoke#0",
        &Expect {
            operation: "models",
            model: "unknown",
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_chat_parallel_tools_cached() {
    check(
        "deepseek",
        "deepseek/agent_tool_sessions/parallel_tool_calls_single_turn_streaming#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "deepseek-v4-flash",
            tools: &[
                ("lookup_harbor_label", "{}"),
                ("lookup_orchard_label", "{}"),
            ],
            tokens: Some((404, 48, 452)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_chat_text() {
    check(
        "deepseek",
        "deepseek/streaming_logprobs_matrix/streaming_disabled_length_top_absent#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "deepseek-v4-flash",
            content: "abcdef",
            tokens: Some((13, 1, 14)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_chat_text_and_reasoning() {
    check(
        "deepseek",
        "deepseek/raw_stream_capture_matrix/stream_reasoning_raw_round_trips_terminal_type#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "deepseek-v4-flash",
            content: "391",
            reasoning: "We need answer only number. 17*23=391.",
            tokens: Some((98, 15, 113)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_chat_text_cached() {
    check(
        "deepseek",
        "deepseek/agent_tool_sessions/parallel_tool_calls_single_turn_streaming#1",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "deepseek-v4-flash",
            content: r#"The harbor label is "crimson-harbor" and the orchard label is "silver-orchard"."#,
            tokens: Some((482, 23, 505)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_chat_tools_cached() {
    check(
        "deepseek",
        "deepseek/reasoning_block_order/streaming_non_thinking_tool_turn_has_no_reasoning_block#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "deepseek-v4-flash",
            tools: &[("get_weather", r#"{"city":"Tokyo, Japan"}"#)],
            tokens: Some((381, 46, 427)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_parallel_tools() {
    check(
        "deepseek",
        "deepseek/agent_tool_sessions/parallel_tool_calls_single_turn_nonstreaming#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "deepseek-v4-flash",
            tools: &[
                ("lookup_harbor_label", "{}"),
                ("lookup_orchard_label", "{}"),
            ],
            tokens: Some((404, 48, 452)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_text() {
    check(
        "deepseek",
        "deepseek/agent_tool_sessions/chat_alias_vs_reasoner_alias_behavior#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "deepseek-v4-flash",
            content: "chat-mode-ok",
            tokens: Some((12, 4, 16)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_text_and_reasoning() {
    check(
        "deepseek",
        "deepseek/followup_hunt_matrix/low_reasoning_effort_produces_a_reasoning_turn#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "deepseek-v4-flash",
            content: "42",
            reasoning: "We need answer only number. 17+25=42.",
            tokens: Some((18, 15, 33)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_text_cached() {
    check(
        "deepseek",
        "deepseek/agent_tool_sessions/parallel_tool_calls_single_turn_nonstreaming#1",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "deepseek-v4-flash",
            content: "The harbor label is **crimson-harbor** and the orchard label is **silver-orchard**.",
            tokens: Some((482, 23, 505)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_tools() {
    check(
        "deepseek",
        "deepseek/agent_tool_sessions/tool_choice_required_specific_and_none#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "deepseek-v4-flash",
            tools: &[("lookup_harbor_label", "{}")],
            tokens: Some((290, 24, 314)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_tools_and_reasoning() {
    check(
        "deepseek",
        "deepseek/multi_extract/batch_multi_extract_chain#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "deepseek-v4-flash",
            reasoning: r#"Let me extract the name from this text. The text mentions "Ada Lovelace" who is a person with a name."#,
            tools: &[("submit", r#"{"names":["Ada Lovelace"]}"#)],
            tokens: Some((421, 74, 495)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_tools_and_reasoning_cached() {
    check(
        "deepseek",
        "deepseek/extractor_usage/extract_with_usage_returns_data_and_usage#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "deepseek-v4-flash",
            reasoning: "The text mentions Jane Smith, age 45, and her profession is data scientist. Let me submit this structured data.",
            tools: &[(
                "submit",
                r#"{"name":"Jane Smith","age":45,"profession":"data scientist"}"#,
            )],
            tokens: Some((433, 102, 535)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_tools_cached() {
    check(
        "deepseek",
        "deepseek/agent_tool_sessions/sequential_complex_tool_calls_nonstreaming#1",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "deepseek-v4-flash",
            content: "**Step 2:** inspect_manifest with project rig-deepseek, flags critical=true and retries=2, steps plan weight=1 and verify weight=2, and the exact note from the user.",
            tools: &[(
                "inspect_manifest",
                r#"{"project":"rig-deepseek","flags":{"critical":true,"retries":2},"steps":[{"name":"plan","weight":1},{"name":"verify","weight":2}],"note":"line one; line two says \"hello\" and path C:\\rig\\deepseek"}"#,
            )],
            tokens: Some((838, 188, 1026)),
            ..Expect::default()
        },
    );
}
