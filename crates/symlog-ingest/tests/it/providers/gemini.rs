use super::{Expect, check};

#[test]
fn cached_contents_error_400() {
    check(
        "gemini",
        "gemini/cached_content_matrix/edge_below_minimum#0",
        &Expect {
            operation: "cached_contents",
            model: "gemini-2.5-flash",
            error: Some(
                "http_400: Cached content is too small. total_token_count=97, min_total_token_count=1024",
            ),
            ..Expect::default()
        },
    );
}

#[test]
fn cached_contents_error_403() {
    check(
        "gemini",
        "gemini/prompt_caching/explicit_cache_expired#2",
        &Expect {
            operation: "cached_contents",
            model: "unknown",
            error: Some("http_403: CachedContent not found (or permission denied)"),
            ..Expect::default()
        },
    );
}

#[test]
fn embeddings_error_404() {
    check(
        "gemini",
        "gemini/embedding_matrix/error_preserves_provider_body#0",
        &Expect {
            operation: "embeddings",
            prompt_field: "requests",
            model: "no-such-embedding-model",
            error: Some(
                "http_404: models/no-such-embedding-model is not found for API version v1beta, or is not supported for embedContent. Call ModelService.ListModels to see the list of available models and their supported methods.",
            ),
            ..Expect::default()
        },
    );
}

#[test]
fn generate_content_error_400() {
    check(
        "gemini",
        "gemini/response_identity/auth_rejection_keeps_transport_shape#0",
        &Expect {
            operation: "generate_content",
            prompt_field: "contents",
            model: "gemini-2.5-flash",
            error: Some("http_400: API key not valid. Please pass a valid API key."),
            ..Expect::default()
        },
    );
}

#[test]
fn generate_content_error_404() {
    check(
        "gemini",
        "gemini/error_envelope/nonexistent_model_error_preserves_status_and_body#0",
        &Expect {
            operation: "generate_content",
            prompt_field: "contents",
            model: "gemini-nonexistent-rig-test",
            error: Some(
                "http_404: models/gemini-nonexistent-rig-test is not found for API version v1beta, or is not supported for generateContent. Call ModelService.ListModels to see the list of available models and their supported methods.",
            ),
            ..Expect::default()
        },
    );
}

#[test]
fn models_error_400() {
    check(
        "gemini",
        "gemini/models/list_models_rejected_key_reports_api_error_with_context#0",
        &Expect {
            operation: "models",
            model: "unknown",
            error: Some("http_400: API key not valid. Please pass a valid API key."),
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_generate_content_text() {
    check(
        "gemini",
        "gemini/agent_run_streamed/streamed_skip_abandons_the_turn_and_recovers#1",
        &Expect {
            operation: "generate_content",
            prompt_field: "contents",
            model: "gemini-2.5-flash",
            content: "I am sorry, but the add tool is disabled, so I cannot help you with this request.",
            tokens: Some((197, 20, 229)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_generate_content_text_and_reasoning_parts() {
    check(
        "gemini",
        "gemini/code_execution_matrix/streaming_code_execution_with_visible_thoughts#0",
        &Expect {
            operation: "generate_content",
            prompt_field: "contents",
            model: "gemini-2.5-flash",
            content: "To compute the 20th Fibonacci number, I will use a Python script. The Fibonacci sequence starts with 0 and 1, and each subsequent number is the sum of the two preceding ones (F(0)=0, F(1)=1, F(n)=F(n-1)+F(n-2)).\n\nThe 20th Fibonacci number is 6765.",
            reasoning: "**Begin Calculation: Fibonacci**\n\nOkay, I'm starting to formulate a plan. I'll need to use the Python tool. I'm thinking a simple iterative approach is the best here. I'll write the code for the Fibonacci sequence calculation and then print the value of the 20th number. It's a pretty straightforward task.\n\n\n",
            tokens: Some((23, 593, 1347)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_generate_content_text_cached() {
    check(
        "gemini",
        "gemini/cached_content_matrix/use_streaming#1",
        &Expect {
            operation: "generate_content",
            prompt_field: "contents",
            model: "gemini-2.5-flash",
            content: "streamed",
            tokens: Some((1087, 2, 1089)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_generate_content_text_parts() {
    check(
        "gemini",
        "gemini/code_execution_matrix/streaming_code_execution_on_gemini_3_flash#0",
        &Expect {
            operation: "generate_content",
            prompt_field: "contents",
            model: "gemini-3-flash-preview",
            content: "17 squared is 289.",
            tokens: Some((89, 30, 322)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn streamed_generate_content_tools() {
    check(
        "gemini",
        "gemini/generate_tool_args/unicode_arguments_streaming#0",
        &Expect {
            operation: "generate_content",
            prompt_field: "contents",
            model: "gemini-2.5-flash",
            tools: &[(
                "echo",
                r#"{"message":"Grüße aus 東京, from the \"naïve café\"!"}"#,
            )],
            tokens: Some((94, 27, 199)),
            streamed: true,
            ..Expect::default()
        },
    );
}

#[test]
fn whole_generate_content_parallel_tools() {
    check(
        "gemini",
        "gemini/agent_tools/string_output_verbatim_struct_output_json#0",
        &Expect {
            operation: "generate_content",
            prompt_field: "contents",
            model: "gemini-2.5-flash",
            tools: &[("fetch_motto", "{}"), ("fetch_config", "{}")],
            tokens: Some((86, 21, 166)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_generate_content_text() {
    check(
        "gemini",
        "gemini/agent/completion_smoke#0",
        &Expect {
            operation: "generate_content",
            prompt_field: "contents",
            model: "gemini-2.5-flash",
            content: "Rust is a systems programming language focused on performance, reliability, and concurrency, known for guaranteeing memory safety without a garbage collector. Memory safety is crucial as it prevents common programming errors like buffer overflows and null pointer dereferences, which can lead to crashes, data corruption, or security vulnerabilities.",
            tokens: Some((29, 57, 269)),
            ..Expect::default()
        },
    );
}

#[test]
fn whole_generate_content_tools() {
    check(
        "gemini",
        "gemini/agent_run_resume/resume_after_invalid_tool_call_retry_rollback#0",
        &Expect {
            operation: "generate_content",
            prompt_field: "contents",
            model: "gemini-2.5-flash",
            tools: &[("add", r#"{"x":21,"y":21}"#)],
            tokens: Some((104, 20, 183)),
            ..Expect::default()
        },
    );
}
