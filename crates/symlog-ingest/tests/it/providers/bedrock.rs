use super::{Expect, check};

#[test]
fn converse_error_400() {
    check(
        "bedrock",
        "bedrock/model_ids/bare_profile_only_model_id_is_rejected#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "deepseek.r1-v1:0",
            error: Some(
                "http_400: Invocation of model ID deepseek.r1-v1:0 with on-demand throughput isn’t supported. Retry your request with the ID or ARN of an inference profile that contains this model.",
            ),
            ..Expect::default()
        },
    );
}

#[test]
fn converse_error_404() {
    check(
        "bedrock",
        "bedrock/model_ids/retired_model_id_preserves_provider_error#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "anthropic.claude-3-5-sonnet-20240620-v1:0",
            error: Some(
                "http_404: This model version has reached the end of its life. Please refer to the AWS documentation for more details.",
            ),
            ..Expect::default()
        },
    );
}

#[test]
fn embeddings_post() {
    check(
        "bedrock",
        "bedrock/embeddings/embeddings_smoke#0",
        &Expect {
            operation: "embeddings",
            prompt_field: "inputText",
            model: "amazon.titan-embed-text-v2:0",
            tokens: Some((11, 0, 11)),
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_converse_text() {
    check(
        "bedrock",
        "bedrock/raw_streaming/raw_stream_text_response_smoke#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "amazon.nova-lite-v1:0",
            content: "cedar\nmaple",
            tokens: Some((27, 5, 32)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_converse_tools() {
    check(
        "bedrock",
        "bedrock/raw_streaming/raw_stream_emits_required_zero_arg_tool_call#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "amazon.nova-lite-v1:0",
            tools: &[("ping", "{}")],
            tokens: Some((402, 11, 413)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn whole_converse_text() {
    check(
        "bedrock",
        "bedrock/raw_provider_data/request_id_survives_into_raw_completion#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "amazon.nova-lite-v1:0",
            content: "Ready.",
            tokens: Some((8, 3, 11)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_converse_text_and_reasoning() {
    check(
        "bedrock",
        "bedrock/model_ids/cross_region_profile_id_completes#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "us.deepseek.r1-v1:0",
            content: "\n\nready",
            reasoning: "Okay, the user just asked me to reply with the single word \"ready\". Let me make sure I understand the instruction correctly. They want nothing else in the response except that one word. Alright, so I should just respond with \"ready\" without any additional text or punctuation. Let me double-check if there's any hidden context or trick here. The user might be testing if I can follow simple instructions precisely. Since they emphasized \"single word\", I need to ensure there's no period or any other characters. Just \"ready\" in lowercase as they wrote it. Yep, that's straightforward. No need for any extra analysis or commentary. Time to send the response.\n",
            tokens: Some((13, 142, 155)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_converse_text_cached() {
    check(
        "bedrock",
        "bedrock/agent/prompt_caching_completion_smoke#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "amazon.nova-lite-v1:0",
            content: "Rust is a systems programming language focused on safety, performance, and concurrency. Memory safety in Rust is crucial to prevent common errors like null pointer dereferencing, buffer overflows, and data races, ensuring robust and secure software.",
            tokens: Some((0, 48, 75)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_converse_tools() {
    check(
        "bedrock",
        "bedrock/tool_choice/required_forces_function_call#0",
        &Expect {
            operation: "chat",
            prompt_field: "messages",
            model: "amazon.nova-lite-v1:0",
            tools: &[("add", r#"{"x":20,"y":22}"#)],
            tokens: Some((434, 21, 455)),
            ..Expect::default()
        },
    );
}
