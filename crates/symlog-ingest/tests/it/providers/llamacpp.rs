use super::{Expect, check};

#[test]
fn audio_transcriptions_error_501() {
    check(
        "llamacpp",
        "llamacpp/unmapped_surface/transcription_not_supported#0",
        &Expect {
            operation: "audio.transcriptions",
            model: "unknown",
            error: Some("http_501: The current model does not support audio input."),
            ..Expect::default()
        },
    );
}

#[test]
fn chat_error_400() {
    check(
        "llamacpp",
        "llamacpp/error_matrix/malformed_request_field#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "Qwen3-1.7B-Q4_K_M",
            error: Some(
                "http_400: Field 'temperature': [json.exception.type_error.302] type must be number, but is string",
            ),
            ..Expect::default()
        },
    );
}

#[test]
fn chat_error_401() {
    check(
        "llamacpp",
        "llamacpp/error_matrix/missing_api_key_is_401#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "Qwen3-1.7B-Q4_K_M",
            error: Some("http_401: Invalid API Key"),
            ..Expect::default()
        },
    );
}

#[test]
fn chat_error_500() {
    check(
        "llamacpp",
        "llamacpp/multimodal_matrix/unfetchable_image_url#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "Qwen3-VL-2B-Instruct-Q8_0",
            error: Some("http_500: error: cannot make GET request"),
            ..Expect::default()
        },
    );
}

#[test]
fn embeddings_error_400() {
    check(
        "llamacpp",
        "llamacpp/error_matrix/embeddings_with_pooling_none#0",
        &Expect {
            operation: "embeddings",
            prompt_field: "input",
            model: "Qwen3-Embedding-0.6B-Q8_0",
            error: Some(
                "http_400: Pooling type 'none' is not OAI compatible. Please use a different pooling type",
            ),
            ..Expect::default()
        },
    );
}

#[test]
fn embeddings_error_501() {
    check(
        "llamacpp",
        "llamacpp/error_matrix/embeddings_without_the_flag#0",
        &Expect {
            operation: "embeddings",
            prompt_field: "input",
            model: "Qwen3-Embedding-0.6B-Q8_0",
            error: Some(
                "http_501: This server does not support embeddings. Start it with `--embeddings`",
            ),
            ..Expect::default()
        },
    );
}

#[test]
fn models_get() {
    check(
        "llamacpp",
        "llamacpp/error_matrix/model_listing_is_public#0",
        &Expect {
            operation: "models",
            model: "unknown",
            ..Expect::default()
        },
    );
}

#[test]
fn props_error_401() {
    check(
        "llamacpp",
        "llamacpp/error_matrix/verify_rejects_a_missing_key#0",
        &Expect {
            operation: "props",
            model: "unknown",
            error: Some("http_401: Invalid API Key"),
            ..Expect::default()
        },
    );
}

#[test]
fn props_get() {
    check(
        "llamacpp",
        "llamacpp/error_matrix/verify_accepts_the_key#0",
        &Expect {
            operation: "props",
            model: "unknown",
            ..Expect::default()
        },
    );
}

#[test]
fn rerank_error_400() {
    check(
        "llamacpp",
        "llamacpp/error_matrix/rerank_empty_documents#0",
        &Expect {
            operation: "rerank",
            prompt_field: "query",
            model: "bge-reranker-v2-m3-Q4_K_M",
            error: Some(r#"http_400: "documents" must be a non-empty string array"#),
            ..Expect::default()
        },
    );
}

#[test]
fn rerank_error_501() {
    check(
        "llamacpp",
        "llamacpp/error_matrix/rerank_without_a_reranker#0",
        &Expect {
            operation: "rerank",
            prompt_field: "query",
            model: "bge-reranker-v2-m3-Q4_K_M",
            error: Some(
                "http_501: This server does not support reranking. Start it with `--reranking`",
            ),
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_chat_parallel_tools() {
    check(
        "llamacpp",
        "llamacpp/streaming_tools/raw_stream_surfaces_two_distinct_tool_calls_before_text#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "/REDACTED_PATH/Qwen3-1.7B-Q4_K_M.gguf",
            tools: &[
                ("lookup_harbor_label", "{}"),
                ("lookup_orchard_label", "{}"),
            ],
            tokens: Some((286, 42, 328)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_chat_parallel_tools_cached() {
    check(
        "llamacpp",
        "llamacpp/permission_control/permission_control_streaming_example#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "/REDACTED_PATH/Qwen3-1.7B-Q4_K_M.gguf",
            tools: &[("read_file_head", "{}"), ("read_file_tail", "{}")],
            tokens: Some((226, 38, 264)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_chat_several_choices_cached() {
    check(
        "llamacpp",
        "llamacpp/response_shape_matrix/two_candidates_streaming#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "/REDACTED_PATH/Qwen3-1.7B-Q4_K_M.gguf",
            content: "Tidehaven",
            tokens: Some((28, 8, 36)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_chat_text_cached() {
    check(
        "llamacpp",
        "llamacpp/response_identity_matrix/streaming_identity#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "/REDACTED_PATH/Qwen3-1.7B-Q4_K_M.gguf",
            content: "cedar",
            tokens: Some((19, 7, 26)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_chat_tools() {
    check(
        "llamacpp",
        "llamacpp/streaming_tools/raw_stream_emits_required_zero_arg_tool_call#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "/REDACTED_PATH/Qwen3-1.7B-Q4_K_M.gguf",
            tools: &[("ping", "{}")],
            tokens: Some((155, 19, 174)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_chat_tools_cached() {
    check(
        "llamacpp",
        "llamacpp/streaming_tools/streaming_tools_emit_tool_call_before_later_text#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "/REDACTED_PATH/Qwen3-1.7B-Q4_K_M.gguf",
            tools: &[("lookup_harbor_label", "{}")],
            tokens: Some((208, 23, 231)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_empty_cached() {
    check(
        "llamacpp",
        "llamacpp/content_matrix/empty_answer_with_stop#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "/REDACTED_PATH/Qwen3-1.7B-Q4_K_M.gguf",
            tokens: Some((18, 1, 19)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_text_and_reasoning() {
    check(
        "llamacpp",
        "llamacpp/bare_openai_client/authorization_header_is_always_sent#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "/REDACTED_PATH/Qwen3-1.7B-Q4_K_M.gguf",
            content: "ok",
            reasoning: "Okay, the user wants me to reply with the single word \"ok\". Let me make sure I understand the request correctly. They mentioned \"Reply with the single word: ok\" so they just want me to output \"ok\" as the answer. I need to confirm that there's no additional context or hidden meaning here. The instruction is straightforward, so I'll just return \"ok\" as specified.\n",
            tokens: Some((15, 87, 102)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_text_and_reasoning_cached() {
    check(
        "llamacpp",
        "llamacpp/error_matrix/api_key_is_accepted#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "/REDACTED_PATH/Qwen3-1.7B-Q4_K_M.gguf",
            content: "ok",
            reasoning: "Okay, the user wants me to reply with the single word \"ok\". Let me make sure I understand the request correctly. They mentioned \"Reply with the single word: ok\" so they just want me to output \"ok\" as the answer. I need to confirm that there's no additional context or hidden meaning here. The instruction is straightforward, so I'll just return \"ok\" as specified.\n",
            tokens: Some((15, 87, 102)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_text_cached() {
    check(
        "llamacpp",
        "llamacpp/content_matrix/consecutive_same_role#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "/REDACTED_PATH/Qwen3-1.7B-Q4_K_M.gguf",
            content: r#"The second word you said was **"quicksilver."**"#,
            tokens: Some((43, 18, 61)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_chat_tools_and_reasoning_cached() {
    check(
        "llamacpp",
        "llamacpp/extractor_usage/usage_tracking_works_for_different_schemas#1",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "/REDACTED_PATH/Qwen3-1.7B-Q4_K_M.gguf",
            reasoning: "Okay, let's see. The user provided an address: \"456 Oak Avenue, Cambridge, MA 02139\". I need to extract the street, city, state, and zip code.\n\nFirst, the street is \"456 Oak Avenue\". Then the city is \"Cambridge\". The state is \"MA\" because that's the two-letter abbreviation for Massachusetts. The zip code is \"02139\". \n\nI should check if all the required fields are present. The submit function needs street, city, state, and zip_code. All of these are here. No missing fields. So I can call the submit function with these values.\n",
            tools: &[(
                "submit",
                r#"{"street":"456 Oak Avenue","city":"Cambridge","state":"MA","zip_code":"02139"}"#,
            )],
            tokens: Some((345, 189, 534)),
            ..Expect::default()
        },
    );
}
