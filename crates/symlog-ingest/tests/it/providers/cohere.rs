use super::{Expect, check};

#[test]
fn chat_error_404() {
    check(
        "cohere",
        "cohere/errors/completion_error_preserves_status_and_body#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "command-does-not-exist",
            error: Some(
                "http_404: model 'command-does-not-exist' not found, make sure the correct model ID was used and that you have access to the model.",
            ),
            ..Expect::default()
        },
    );
}

#[test]
fn embeddings_error_404() {
    check(
        "cohere",
        "cohere/embedding_matrix/error_preserves_provider_body#0",
        &Expect {
            operation: "embeddings",
            prompt_field: "texts",
            model: "no-such-embedding-model",
            error: Some(
                "http_404: model 'no-such-embedding-model' not found, make sure the correct model ID was used and that you have access to the model.",
            ),
            ..Expect::default()
        },
    );
}

#[test]
fn embeddings_post() {
    check(
        "cohere",
        "cohere/embeddings/embed_search_query_smoke#0",
        &Expect {
            operation: "embeddings",
            prompt_field: "texts",
            model: "embed-english-light-v3.0",
            tokens: Some((9, 0, 9)),
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_chat_text_cached() {
    check(
        "cohere",
        "cohere/raw_stream_capture_matrix/raw_exposes_terminal_only_fields#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "command-a-03-2025",
            content: "streamed",
            tokens: Some((506, 5, 511)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_chat_tools_cached() {
    check(
        "cohere",
        "cohere/streaming_grammar/required_tool_choice_streams_tool_call#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "command-a-03-2025",
            tools: &[("subtract", r#"{"x":8,"y":3}"#)],
            tokens: Some((1493, 38, 1531)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_text_cached() {
    check(
        "cohere",
        "cohere/agent/max_tokens_sets_max_tokens_finish_reason#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "command-a-03-2025",
            content: "The ocean,",
            tokens: Some((506, 4, 510)),
            ..Expect::default()
        },
    );
}
