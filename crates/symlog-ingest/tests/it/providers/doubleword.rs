use super::{Expect, check};

#[test]
fn chat_error_400() {
    check(
        "doubleword",
        "doubleword/error_matrix/invalid_temperature_blocking#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "Qwen/Qwen3.5-9B",
            error: Some("http_400: Validation: Temperature must be between 0 and 2, got 100"),
            ..Expect::default()
        },
    );
}

#[test]
fn chat_error_403() {
    check(
        "doubleword",
        "doubleword/error_matrix/invalid_key_blocking#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "Qwen/Qwen3.5-9B",
            error: Some("http_403: Forbidden"),
            ..Expect::default()
        },
    );
}

#[test]
fn chat_error_404() {
    check(
        "doubleword",
        "doubleword/error_matrix/unknown_model_blocking#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "rig/definitely-not-a-doubleword-model",
            error: Some(
                "http_404: The model `rig/definitely-not-a-doubleword-model` does not exist or you do not have access to it.",
            ),
            ..Expect::default()
        },
    );
}

#[test]
fn embeddings_error_400() {
    check(
        "doubleword",
        "doubleword/embedding_dimensions/empty_input_at_a_requested_width#0",
        &Expect {
            operation: "embeddings",
            prompt_field: "input",
            model: "Qwen/Qwen3-Embedding-8B",
            error: Some("http_400: Invalid request"),
            ..Expect::default()
        },
    );
}

#[test]
fn embeddings_error_404() {
    check(
        "doubleword",
        "doubleword/embedding_dimensions/an_unknown_model_still_puts_the_requested_width_on_the_wire#0",
        &Expect {
            operation: "embeddings",
            prompt_field: "input",
            model: "Qwen/Qwen4-Embedding-Unreleased",
            error: Some(
                "http_404: The model `Qwen/Qwen4-Embedding-Unreleased` does not exist or you do not have access to it.",
            ),
            ..Expect::default()
        },
    );
}

#[test]
fn embeddings_post() {
    check(
        "doubleword",
        "doubleword/embedding_dimensions/two_widths_in_one_scenario_stay_independent#0",
        &Expect {
            operation: "embeddings",
            prompt_field: "input",
            model: "Qwen/Qwen3-Embedding-8B",
            tokens: Some((3, 0, 3)),
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_chat_empty_and_reasoning() {
    check(
        "doubleword",
        "doubleword/finish_reason_matrix/streaming_token_limit#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "Qwen/Qwen3.5-9B",
            reasoning: "Here",
            tokens: Some((24, 1, 25)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_chat_text() {
    check(
        "doubleword",
        "doubleword/finish_reason_matrix/streaming_natural_stop#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "Qwen/Qwen3.5-9B",
            content: "done",
            tokens: Some((17, 2, 19)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_chat_text_and_reasoning() {
    check(
        "doubleword",
        "doubleword/streaming_tools/streaming_tools_smoke#1",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "Qwen/Qwen3.5-397B-A17B-FP8",
            content: "2 - 5 = -3",
            reasoning: "The function returned -3, which is the correct result of 2 - 5. I should provide this answer to the user.",
            tokens: Some((518, 39, 557)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_chat_tools_and_reasoning() {
    check(
        "doubleword",
        "doubleword/conformance/streaming_tool#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "Qwen/Qwen3.5-397B-A17B-FP8",
            reasoning: "The user wants me to calculate 17 + 25 using the add tool. I need to call the add function with a=17 and b=25.\n",
            tools: &[("add", r#"{"a":17,"b":25}"#)],
            tokens: Some((357, 77, 434)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_parallel_tools() {
    check(
        "doubleword",
        "doubleword/conformance/tool_output_serialization#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "Qwen/Qwen3.5-397B-A17B-FP8",
            reasoning: "The user wants me to call both fetch_motto and fetch_config functions, then summarize both outputs in one sentence. I need to make both function calls first.\n\nLet me call both functions:",
            tools: &[("fetch_motto", "{}"), ("fetch_config", "{}")],
            tokens: Some((329, 74, 403)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_text_and_reasoning() {
    check(
        "doubleword",
        "doubleword/conformance/zero_argument_tool#1",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "Qwen/Qwen3.5-397B-A17B-FP8",
            content: "The ping tool returned the marker: pong-crimson-7423",
            reasoning: r#"The ping tool returned "pong-crimson-7423". I need to report this exact marker to the user."#,
            tokens: Some((357, 47, 404)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_tools_and_reasoning() {
    check(
        "doubleword",
        "doubleword/conformance/zero_argument_tool#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "Qwen/Qwen3.5-397B-A17B-FP8",
            reasoning: "The user wants me to call the ping tool and report the exact marker it returns. I need to use the ping function which takes no arguments.\n",
            tools: &[("ping", "{}")],
            tokens: Some((287, 47, 334)),
            ..Expect::default()
        },
    );
}
