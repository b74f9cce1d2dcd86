use super::{Expect, check};

#[test]
fn audio_speech_post() {
    check(
        "openai",
        "openai/audio_params_matrix/default_body_returns_mp3#0",
        &Expect {
            operation: "audio.speech",
            prompt_field: "input",
            model: "tts-1",
            ..Expect::default()
        },
    );
}

#[test]
fn chat_error_400() {
    check(
        "openai",
        "openai/error_identity_edge/chat_completions_validation_error_carries_identity#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "gpt-4o",
            error: Some(
                "http_400: Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 99.0 instead.",
            ),
            ..Expect::default()
        },
    );
}

#[test]
fn embeddings_error_404() {
    check(
        "openai",
        "openai/error_identity_edge/embeddings_error_preserves_status_and_body#0",
        &Expect {
            operation: "embeddings",
            prompt_field: "input",
            model: "text-embedding-nonexistent-model",
            error: Some(
                "http_404: The model `text-embedding-nonexistent-model` does not exist or you do not have access to it.",
            ),
            ..Expect::default()
        },
    );
}

#[test]
fn images_generations_error_400() {
    check(
        "openai",
        "openai/image_params_matrix/additional_params_invalid_output_format_is_rejected#0",
        &Expect {
            operation: "images.generations",
            prompt_field: "prompt",
            model: "gpt-image-1-mini",
            error: Some(
                "http_400: Invalid value: 'rig-invalid'. Supported values are: 'png', 'webp', and 'jpeg'.",
            ),
            ..Expect::default()
        },
    );
}

#[test]
fn models_error_401() {
    check(
        "openai",
        "openai/error_identity_edge/verify_reports_invalid_authentication#0",
        &Expect {
            operation: "models",
            model: "unknown",
            error: Some(
                "http_401: Incorrect API key provided: sk-inval**************-key. You can find your API key at https://platform.openai.com/account/api-keys.",
            ),
            ..Expect::default()
        },
    );
}

#[test]
fn responses_error_400() {
    check(
        "openai",
        "openai/error_envelope/nonexistent_model_error_preserves_status_and_body#0",
        &Expect {
            operation: "responses",
            prompt_field: "input",
            model: "gpt-4o-mini-nonexistent-rig-test",
            error: Some(
                "http_400: The requested model 'gpt-4o-mini-nonexistent-rig-test' does not exist.",
            ),
            ..Expect::default()
        },
    );
}

#[test]
fn responses_error_401() {
    check(
        "openai",
        "openai/websocket_error_identity_matrix/handshake_rejection_matches_the_http_twin#0",
        &Expect {
            operation: "responses",
            model: "unknown",
            error: Some(
                "http_401: Incorrect API key provided: sk-inval************************-key. You can find your API key at https://platform.openai.com/account/api-keys.",
            ),
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_chat_several_choices() {
    check(
        "openai",
        "openai/chat_terminal_metadata_matrix/streaming_gpt_4_1_mini_tiny_plain_two#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "gpt-4.1-mini-2025-04-14",
            content: "c",
            tokens: Some((20, 2, 22)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_chat_text() {
    check(
        "openai",
        "openai/chat_terminal_metadata_matrix/streaming_gpt_4_1_mini_tiny_plain_one#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "gpt-4.1-mini-2025-04-14",
            content: "c",
            tokens: Some((20, 1, 21)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_chat_tools() {
    check(
        "openai",
        "openai/chat_terminal_metadata_matrix/streaming_gpt_4_1_mini_tiny_tool#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "gpt-4.1-mini-2025-04-14",
            tools: &[("add", r#""{\"x\":17,\"y\":25""#)],
            tokens: Some((80, 16, 96)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_text() {
    check(
        "openai",
        "openai/chat_streaming_logprobs_matrix/blocking_gpt_4_1_mini_stop_top_absent#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "gpt-4.1-mini-2025-04-14",
            content: "42",
            tokens: Some((21, 1, 22)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_tools() {
    check(
        "openai",
        "openai/additional_params_tools/builder_tools_survive_additional_params_tools#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "gpt-4o-mini-2024-07-18",
            tools: &[("lookup_alpha", "{}")],
            tokens: Some((75, 10, 85)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_responses_text() {
    check(
        "openai",
        "openai/agent/completion_smoke#0",
        &Expect {
            operation: "responses",
            prompt_field: "input",
            model: "gpt-4o-2024-08-06",
            content: "Rust is a systems programming language focused on safety, speed, and concurrency without needing a garbage collector. Memory safety matters because it prevents common bugs like null pointer dereferencing and buffer overflows, enhancing security and reliability.",
            tokens: Some((38, 44, 82)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_responses_tools() {
    check(
        "openai",
        "openai/chat_history/chat_appends_reasoning_tool_turns_to_caller_history#0",
        &Expect {
            operation: "responses",
            prompt_field: "input",
            model: "gpt-5.2-2025-12-11",
            tools: &[("get_weather", r#"{"city":"Tokyo, Japan"}"#)],
            tokens: Some((148, 52, 200)),
            ..Expect::default()
        },
    );
}
