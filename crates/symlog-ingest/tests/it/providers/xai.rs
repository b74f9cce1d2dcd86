use super::{Expect, check};

#[test]
fn images_generations_post() {
    check(
        "xai",
        "xai/image_generation/image_generation_smoke#0",
        &Expect {
            operation: "images.generations",
            prompt_field: "prompt",
            model: "grok-imagine-image-pro",
            ..Expect::default()
        },
    );
}

#[test]
fn responses_error_400() {
    check(
        "xai",
        "xai/response_identity/auth_rejection_classifies_with_contract#0",
        &Expect {
            operation: "responses",
            prompt_field: "input",
            model: "grok-3-mini",
            error: Some(
                "http_400: Incorrect API key provided. You can obtain an API key from https://console.x.ai.",
            ),
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_responses_text_and_reasoning_cached() {
    check(
        "xai",
        "xai/streaming_tools/raw_responses_stream_preserves_tool_then_followup_text_ordering#1",
        &Expect {
            operation: "responses",
            prompt_field: "input",
            model: "grok-4.3",
            content: "The word is azure.",
            reasoning: "The tool result is \"azure\".\n",
            tokens: Some((373, 132, 505)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_responses_tools_and_reasoning_cached() {
    check(
        "xai",
        "xai/streaming_tools/raw_stream_emits_required_zero_arg_tool_call#0",
        &Expect {
            operation: "responses",
            prompt_field: "input",
            model: "grok-4.3",
            reasoning: "The user says: \"Call the ping tool with no arguments. Do not answer with normal text before the tool call.\"\n",
            tools: &[("ping", "{}")],
            tokens: Some((226, 241, 467)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn whole_responses_parallel_tools_cached() {
    check(
        "xai",
        "xai/agent_tool_sessions/parallel_tool_calls_single_turn_nonstreaming#0",
        &Expect {
            operation: "responses",
            prompt_field: "input",
            model: "grok-4.3",
            reasoning: r#"The instruction is: "Call `lookup_harbor_label` and `lookup_orchard_label` exactly once each before answering. After both tool results are available, stop calling tools and respond in one short senten..."#,
            tools: &[
                ("lookup_harbor_label", "{}"),
                ("lookup_orchard_label", "{}"),
            ],
            tokens: Some((352, 295, 647)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_responses_text_and_reasoning_cached() {
    check(
        "xai",
        "xai/agent_tool_sessions/tool_choice_required_specific_and_none#2",
        &Expect {
            operation: "responses",
            prompt_field: "input",
            model: "grok-4.3",
            content: "no-tool-answer",
            reasoning: "The user says: \"Do not call tools. Reply with exactly this phrase: no-tool-answer\"\n",
            tokens: Some((226, 192, 418)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_responses_tools_and_reasoning_cached() {
    check(
        "xai",
        "xai/agent_tool_sessions/tool_choice_required_specific_and_none#0",
        &Expect {
            operation: "responses",
            prompt_field: "input",
            model: "grok-4.3",
            reasoning: "The task is: \"Call lookup_harbor_label exactly once with an empty object and do not answer in prose.\"\n",
            tools: &[("lookup_harbor_label", "{}")],
            tokens: Some((229, 202, 431)),
            ..Expect::default()
        },
    );
}
