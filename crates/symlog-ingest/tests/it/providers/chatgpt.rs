use super::{Expect, check};

#[test]
fn responses_error_401() {
    check(
        "chatgpt",
        "chatgpt/http_errors/nonstreaming_unauthorized_preserves_status_and_body#0",
        &Expect {
            operation: "responses",
            prompt_field: "input",
            model: "gpt-5.4",
            error: Some(
                "http_401: Could not parse your authentication token. Please try signing in again.",
            ),
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_responses_parallel_tools() {
    check(
        "chatgpt",
        "chatgpt/codex_sessions/parallel_tool_calls_single_turn_streaming#0",
        &Expect {
            operation: "responses",
            prompt_field: "input",
            model: "gpt-5.4",
            tools: &[
                ("lookup_harbor_label", "{}"),
                ("lookup_orchard_label", "{}"),
            ],
            tokens: Some((160, 49, 209)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_responses_text() {
    check(
        "chatgpt",
        "chatgpt/codex_behaviors/store_false_and_prompt_cache_fields_roundtrip#0",
        &Expect {
            operation: "responses",
            prompt_field: "input",
            model: "gpt-5.4",
            content: "CODEX-STORE-FALSE",
            tokens: Some((28, 10, 38)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_responses_tools() {
    check(
        "chatgpt",
        "chatgpt/codex_tool_args/zero_argument_tool_call_streaming#0",
        &Expect {
            operation: "responses",
            prompt_field: "input",
            model: "gpt-5.4",
            tools: &[("ping", "{}")],
            tokens: Some((68, 14, 82)),
            streamed: true,
            ..Expect::default()
        },
    );
}
