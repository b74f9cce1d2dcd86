//! Shapes that the providers document and the recorded exchanges do not have.

use serde_json::{Value, json};
use symlog_core::Interaction;
use symlog_ingest::Format;

use crate::support::{meta, only, request, response, row, tokens, tool_calls};

fn exchange(path: &str, request: &Value, response: &str) -> Interaction {
    only(
        &row(path, &request.to_string(), 200, response),
        Format::ProviderHttp,
    )
}

#[track_caller]
fn says(path: &str, body: &Value, text: &str, counts: Option<(u32, u32, u32)>) {
    let it = exchange(path, &json!({"prompt": "p"}), &body.to_string());
    assert_eq!(response(&it).content, text);
    assert_eq!(tokens(&it), counts);
    assert_eq!(request(&it).prompt, "p");
}

#[test]
fn models_behind_bedrocks_invoke() {
    let path = "/model/amazon.titan-text-express-v1/invoke";
    says(
        path,
        &json!({"inputTextTokenCount": 5, "results": [
            {"tokenCount": 3, "outputText": "hello", "completionReason": "FINISH"}]}),
        "hello",
        Some((5, 3, 8)),
    );
    says(
        path,
        &json!({"generation": "hi", "prompt_token_count": 2, "generation_token_count": 1, "stop_reason": "stop"}),
        "hi",
        Some((2, 1, 3)),
    );
    says(
        path,
        &json!({"outputs": [{"text": "x", "stop_reason": "stop"}]}),
        "x",
        None,
    );
    says(path, &json!({"generations": [{"text": "y"}]}), "y", None);
    let it = exchange(
        "/model/anthropic.claude-3-haiku/invoke",
        &json!({"anthropic_version": "bedrock-2023-05-31", "messages": [{"role": "user", "content": "q"}]}),
        &json!({"type": "message", "content": [{"type": "text", "text": "a"}], "stop_reason": "end_turn"})
            .to_string(),
    );
    assert_eq!(response(&it).content, "a");
    assert_eq!(it.model_identifier(), Some("anthropic.claude-3-haiku"));
    assert_eq!(meta(&it, "operation"), Some("invoke"));
}

#[test]
fn completions_of_older_kinds() {
    says(
        "/v1/completions",
        &json!({"choices": [{"index": 0, "text": "one"}, {"index": 1, "text": "two"}], "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}}),
        "one",
        Some((1, 2, 3)),
    );
    says(
        "/v1/complete",
        &json!({"completion": "z", "stop_reason": "stop_sequence"}),
        "z",
        None,
    );
    says(
        "/completion",
        &json!({"content": "w", "stop": true, "tokens_evaluated": 4, "tokens_predicted": 6}),
        "w",
        Some((4, 6, 10)),
    );
    let generate = "{\"model\":\"m\",\"response\":\"a\",\"done\":false}\n{\"model\":\"m\",\"response\":\"b\",\"done\":true,\"done_reason\":\"stop\",\"eval_count\":2}\n";
    let it = exchange("/api/generate", &json!({"prompt": "p"}), generate);
    assert_eq!(response(&it).content, "ab");
    assert_eq!(it.model_identifier(), Some("m"));
    assert_eq!(meta(&it, "stream"), Some("true"));
}

#[test]
fn a_transcription_is_a_text() {
    let it = exchange(
        "/v1/audio/transcriptions",
        &json!({}),
        r#"{"text":"Hello there.","usage":{"type":"tokens","input_tokens":14,"output_tokens":4,"total_tokens":18}}"#,
    );
    assert_eq!(response(&it).content, "Hello there.");
    assert_eq!(tokens(&it), Some((14, 4, 18)));
    assert_eq!(meta(&it, "operation"), Some("audio.transcriptions"));
}

#[test]
fn a_ranking_keeps_its_scores() {
    let it = exchange(
        "/v2/rerank",
        &json!({"model": "rerank-v3.5", "query": "q", "documents": ["a", "b"]}),
        r#"{"id":"1","results":[{"index":1,"relevance_score":0.9}],"meta":{"billed_units":{"search_units":1}}}"#,
    );
    assert_eq!(
        it.interaction_type().map(|kind| kind.as_str()),
        Some("RagQuery")
    );
    assert_eq!(request(&it).prompt, "q");
    assert_eq!(request(&it).parameters["documents"], json!(["a", "b"]));
    assert_eq!(response(&it).metadata["results"][0]["relevance_score"], 0.9);
}

#[test]
fn vectors_of_every_shape_are_counted_and_dropped() {
    for body in [
        json!({"embedding": {"values": [0.1, 0.2, 0.3]}}),
        json!({"embeddings": [{"values": [0.1, 0.2, 0.3]}]}),
        json!({"embeddings": [[0.1, 0.2, 0.3]]}),
        json!({"embeddings": {"float": [[0.1, 0.2, 0.3]]}}),
        json!({"embedding": [0.1, 0.2, 0.3], "embeddingsByType": {"float": [0.1, 0.2, 0.3]}}),
        json!({"data": [{"embedding": [0.1, 0.2, 0.3], "index": 0}]}),
        json!({"data": [{"embedding": "zczMPc3MTD6amZk+", "index": 0}]}),
    ] {
        let it = exchange("/v1/embeddings", &json!({"input": "i"}), &body.to_string());
        let kept = serde_json::to_value(response(&it)).unwrap();
        assert_eq!(
            kept["metadata"]["embeddings"],
            json!({"count": 1, "dimensions": 3}),
            "{body}"
        );
        assert!(!kept.to_string().contains("0.2"), "{kept}");
    }
}

#[test]
fn thinking_streams_apart_from_the_answer() {
    let stream = [
        json!({"type": "message_start", "message": {"model": "claude", "usage": {"input_tokens": 9, "output_tokens": 1, "cache_read_input_tokens": 7}}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "s"}}),
        json!({"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}}),
        json!({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "yes"}}),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 12}}),
        json!({"type": "message_stop"}),
    ];
    let body: String = stream
        .iter()
        .map(|event| format!("data: {event}\n\n"))
        .collect();
    let it = exchange("/v1/messages", &json!({"messages": []}), &body);
    assert_eq!(response(&it).content, "yes");
    assert_eq!(response(&it).metadata["reasoning"], "hm");
    assert_eq!(response(&it).metadata["cached_tokens"], 7);
    assert_eq!(
        tokens(&it),
        Some((9, 12, 21)),
        "cached tokens are not added"
    );
}

#[test]
fn mistrals_thinking_parts_go_apart() {
    let it = exchange(
        "/v1/chat/completions",
        &json!({"messages": []}),
        &json!({"choices": [{"index": 0, "message": {"content": [
            {"type": "thinking", "thinking": [{"type": "text", "text": "so"}]},
            {"type": "text", "text": "a"}, {"type": "reference", "reference_ids": [1]},
            {"type": "text", "text": "b"}]}}]})
        .to_string(),
    );
    assert_eq!(response(&it).content, "ab");
    assert_eq!(response(&it).metadata["reasoning"], "so");
    assert_eq!(response(&it).metadata["parts"][0]["type"], "reference");
}

#[test]
fn a_refusal_is_no_answer() {
    let it = exchange(
        "/v1/chat/completions",
        &json!({"messages": []}),
        r#"{"choices":[{"index":0,"message":{"content":null,"refusal":"I cannot."},"finish_reason":"stop"}]}"#,
    );
    assert_eq!(response(&it).content, "");
    assert_eq!(response(&it).metadata["refusal"], "I cannot.");
    let it = exchange(
        "/v1/responses",
        &json!({"input": "x"}),
        r#"{"object":"response","status":"completed","output":[{"type":"message","content":[{"type":"refusal","refusal":"No."}]}]}"#,
    );
    assert_eq!(response(&it).metadata["refusal"], "No.");
}

#[test]
fn geminis_array_of_chunks_is_a_stream() {
    let body = json!([
        {"candidates": [{"content": {"parts": [{"text": "a"}]}}, {"index": 1, "content": {"parts": [{"text": "other"}]}}], "usageMetadata": {"promptTokenCount": 1}},
        {"candidates": [{"content": {"parts": [{"text": "b"}]}, "finishReason": "STOP"}], "usageMetadata": {"promptTokenCount": 2, "candidatesTokenCount": 3, "totalTokenCount": 9}},
    ]);
    let it = exchange(
        "/v1beta/models/gemini-x:streamGenerateContent",
        &json!({"contents": [{"parts": [{"text": "q"}]}]}),
        &body.to_string(),
    );
    assert_eq!(response(&it).content, "ab");
    assert_eq!(tokens(&it), Some((2, 3, 9)));
    assert_eq!(it.model_identifier(), Some("gemini-x"));
    assert_eq!(meta(&it, "stream"), Some("true"));
}

#[test]
fn a_response_stream_without_final_items_is_assembled_from_its_deltas() {
    let stream = [
        json!({"type": "response.created", "response": {"object": "response", "model": "m", "status": "in_progress", "output": []}}),
        json!({"type": "response.output_item.added", "output_index": 0, "item": {"type": "message", "content": []}}),
        json!({"type": "response.output_text.delta", "output_index": 0, "delta": "he"}),
        json!({"type": "response.output_text.delta", "output_index": 0, "delta": "llo"}),
        json!({"type": "response.output_item.added", "output_index": 1, "item": {"type": "function_call", "name": "f", "call_id": "c", "arguments": ""}}),
        json!({"type": "response.function_call_arguments.delta", "output_index": 1, "delta": "{\"a\":"}),
        json!({"type": "response.function_call_arguments.delta", "output_index": 1, "delta": "1}"}),
    ];
    let body: String = stream
        .iter()
        .map(|event| format!("event: x\ndata: {event}\n\n"))
        .collect();
    let it = exchange("/v1/responses", &json!({"input": "q"}), &body);
    assert_eq!(response(&it).content, "hello");
    assert_eq!(tool_calls(&it), [("f".to_owned(), json!({"a": 1}))]);
    assert_eq!(response(&it).metadata["incomplete"], true);
    let failed = format!(
        "{body}data: {}\n\n",
        json!({"type": "response.failed", "response": {"object": "response", "model": "m", "status": "failed", "error": {"code": "server_error", "message": "broke"}, "output": []}})
    );
    let it = exchange("/v1/responses", &json!({"input": "q"}), &failed);
    assert_eq!(it.error_text(), Some("provider_error: broke"));
    assert_eq!(response(&it).content, "hello");
}

#[test]
fn tool_calls_without_indices_are_told_apart() {
    let whole = json!({"choices": [{"message": {"tool_calls": [
        {"id": "1", "function": {"name": "f", "arguments": "{}"}},
        {"id": "2", "function": {"name": "f", "arguments": {"x": 2}}},
        {"function": {"name": "g", "arguments": "not json"}},
    ]}}]});
    let it = exchange(
        "/v1/chat/completions",
        &json!({"messages": []}),
        &whole.to_string(),
    );
    assert_eq!(
        tool_calls(&it),
        [
            ("f".to_owned(), json!({})),
            ("f".to_owned(), json!({"x": 2})),
            ("g".to_owned(), json!("not json")),
        ]
    );
    let stream = [
        json!({"choices": [{"index": 0, "delta": {"tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{\"a\""}}]}}]}),
        json!({"choices": [{"index": 0, "delta": {"tool_calls": [{"function": {"arguments": ":1}"}}]}}]}),
        json!({"choices": [{"index": 0, "delta": {"tool_calls": [{"id": "2", "function": {"name": "g", "arguments": "{}"}}]}}]}),
    ];
    let body: String = stream
        .iter()
        .map(|event| format!("data: {event}\n\n"))
        .collect();
    let it = exchange("/v1/chat/completions", &json!({"messages": []}), &body);
    assert_eq!(
        tool_calls(&it),
        [
            ("f".to_owned(), json!({"a": 1})),
            ("g".to_owned(), json!({}))
        ]
    );
}

#[test]
fn a_get_has_no_prompt_and_keeps_its_path_and_query() {
    let line = br#"{"provider":"gemini","method":"GET","path":"/v1beta/models?pageSize=5","query":[{"name":"key","value":"[REDACTED]"}],"request_body":null,"status":200,"response_body":"{\"models\":[{\"name\":\"models/x\"}]}"}"#;
    let it = only(line, Format::Auto);
    assert_eq!(request(&it).prompt, "");
    assert_eq!(
        request(&it).parameters["http"],
        json!({"method": "GET", "path": "/v1beta/models", "query": {"key": "[REDACTED]", "pageSize": "5"}})
    );
    assert_eq!(
        response(&it).metadata["body"]["models"][0]["name"],
        "models/x"
    );
    assert_eq!(meta(&it, "operation"), Some("models"));
}
