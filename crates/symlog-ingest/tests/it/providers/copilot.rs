use super::{Expect, check};

#[test]
fn streamed_chat_parallel_tools() {
    check(
        "copilot",
        "copilot/streaming_tools/raw_stream_surfaces_two_distinct_tool_calls_before_text#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "gpt-4o-2024-11-20",
            tools: &[
                ("lookup_harbor_label", "{}"),
                ("lookup_orchard_label", "{}"),
            ],
            tokens: Some((157, 46, 203)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_chat_text() {
    check(
        "copilot",
        "copilot/streaming_tools/raw_followup_uses_tool_result_without_new_tool_calls#1",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "gpt-4o-2024-11-20",
            content: r#"The harbor label is "crimson-harbor.""#,
            tokens: Some((67, 12, 79)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_chat_tools() {
    check(
        "copilot",
        "copilot/streaming_tools/raw_stream_emits_required_zero_arg_tool_call#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "gpt-4o-2024-11-20",
            tools: &[("ping", "{}")],
            tokens: Some((57, 11, 68)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_parallel_tools() {
    check(
        "copilot",
        "copilot/permission_control/permission_control_prompt_example#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "gpt-4o-mini-2024-07-18",
            tools: &[("read_file_head", "{}"), ("read_file_tail", "{}")],
            tokens: Some((105, 42, 147)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_text() {
    check(
        "copilot",
        "copilot/agent/completion_smoke#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "gpt-4o-2024-11-20",
            content: "Rust is a systems programming language focused on performance, safety, and concurrency, enforcing memory safety without a garbage collector. Memory safety matters to prevent common bugs like null pointer dereferencing or data races, which can lead to crashes or security vulnerabilities.",
            tokens: Some((38, 49, 87)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_tools() {
    check(
        "copilot",
        "copilot/multi_extract/batch_multi_extract_chain#8",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "gpt-4o-mini-2024-07-18",
            tools: &[("submit", r#"{"topics":["Putin"]}"#)],
            tokens: Some((147, 16, 163)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_responses_text() {
    check(
        "copilot",
        "copilot/routing/codex_models_route_through_responses#0",
        &Expect {
            operation: "responses",
            prompt_field: "input",
            model: "gpt-5.3-codex",
            content: "Refactoring is the process of improving a codebase’s internal structure without changing its external behavior.",
            tokens: Some((30, 23, 53)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_responses_tools() {
    check(
        "copilot",
        "copilot/reasoning_tool_roundtrip/nonstreaming#0",
        &Expect {
            operation: "responses",
            prompt_field: "input",
            model: "gpt-5.3-codex",
            tools: &[("get_weather", r#"{"city":"Tokyo, Japan"}"#)],
            tokens: Some((148, 65, 213)),
            ..Expect::default()
        },
    );
}
