//! Raw requests of real SDKs, with the answers they were given.

use serde_json::json;
use symlog_ingest::{HttpExchange, MappedExchange, map_exchange};

use crate::support::{meta, request, response, testdata, tokens, tool_calls};

fn capture(name: &str) -> MappedExchange {
    let asked = testdata(&format!("http/{name}.request.bin"));
    let said = testdata(&format!("http/{name}.response.bin"));
    let (first, _, request_body) = http(&asked);
    let (status, response_headers, response_body) = http(&said);
    let mut words = first.split(' ');
    let exchange = HttpExchange {
        provider: name.split('-').next().map(str::to_owned),
        method: words.next().unwrap().to_owned(),
        path: words.next().unwrap().to_owned(),
        query: Vec::new(),
        request_body,
        status: status.split(' ').nth(1).unwrap().parse().unwrap(),
        response_headers,
        response_body,
    };
    let shown = format!("{exchange:?}");
    assert!(
        !shown.contains("Gott") && !shown.contains("sk-test"),
        "{shown}"
    );
    map_exchange(&exchange, "agent")
}

/// First line, headers, and the body without its chunks.
fn http(message: &[u8]) -> (String, Vec<(String, String)>, Vec<u8>) {
    let end = message
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap();
    let head = std::str::from_utf8(&message[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let first = lines.next().unwrap().to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let body = &message[end + 4..];
    let chunked = headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("transfer-encoding"));
    let body = if chunked {
        dechunk(body)
    } else {
        body.to_vec()
    };
    (first, headers, body)
}

fn dechunk(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = bytes.windows(2).position(|w| w == b"\r\n").unwrap();
        let size = std::str::from_utf8(&bytes[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            return body;
        }
        body.extend_from_slice(&bytes[end + 2..end + 2 + size]);
        bytes = &bytes[end + 4 + size..];
    }
}

#[test]
fn no_credential_of_a_request_is_recorded() {
    for name in ["openai-chat", "anthropic-messages"] {
        let it = capture(name).interaction;
        let all = format!(
            "{} {}",
            serde_json::to_string(request(&it)).unwrap(),
            serde_json::to_string(response(&it)).unwrap()
        );
        assert!(!all.contains("FAKE"), "{name}");
    }
}

#[test]
fn openai_chat_whole_and_streamed_say_the_same() {
    for (name, streamed) in [("openai-chat", false), ("openai-chat-stream", true)] {
        let MappedExchange {
            interaction: it,
            summary,
            ..
        } = capture(name);
        assert_eq!(response(&it).content, "Grüezi — héllo 🌍", "{name}");
        assert_eq!(it.model_identifier(), Some("gpt-4o-mini"));
        assert_eq!(summary.streamed, streamed);
        assert_eq!(summary.operation, "chat");
        assert!(summary.prompt && summary.text && summary.model);
        assert!(request(&it).prompt.starts_with(r#"[{"role":"system""#));
        assert!(request(&it).prompt.contains("Grüß Gott"));
        assert_eq!(response(&it).metadata["finish_reason"], "stop");
        assert_eq!(response(&it).metadata["request_id"], "req_fake123");
    }
}

#[test]
fn openai_tool_calls_whole_and_streamed_say_the_same() {
    for name in ["openai-chat-tools", "openai-chat-tools-stream"] {
        let it = capture(name).interaction;
        assert_eq!(
            tool_calls(&it),
            [("get_weather".to_owned(), json!({"city": "Zürich"}))],
            "{name}"
        );
    }
    let it = capture("openai-chat-toolresult").interaction;
    assert!(request(&it).prompt.contains(r#""role":"tool""#));
    assert!(!response(&it).content.is_empty());
}

#[test]
fn openai_responses_whole_and_streamed_say_the_same() {
    let whole = capture("openai-responses").interaction;
    let streamed = capture("openai-responses-stream").interaction;
    assert_eq!(response(&whole).content, response(&streamed).content);
    assert_eq!(response(&whole).content, "Grüezi 🌍");
    assert_eq!(meta(&whole, "operation"), Some("responses"));
    assert_eq!(tokens(&whole), tokens(&streamed));
    let tools = capture("openai-responses-tools-stream").interaction;
    assert_eq!(
        tool_calls(&tools),
        [("get_weather".to_owned(), json!({"city": "Bern"}))]
    );
}

#[test]
fn anthropic_messages_whole_and_streamed_say_the_same() {
    for name in ["anthropic-messages", "anthropic-messages-stream"] {
        let it = capture(name).interaction;
        assert_eq!(response(&it).content, "Grüezi 🌍", "{name}");
        assert_eq!(meta(&it, "operation"), Some("chat"));
        assert!(tokens(&it).is_some());
    }
    for name in [
        "anthropic-messages-tools",
        "anthropic-messages-tools-stream",
    ] {
        let it = capture(name).interaction;
        assert_eq!(
            tool_calls(&it),
            [("get_weather".to_owned(), json!({"city": "Zürich"}))],
            "{name}"
        );
    }
}

#[test]
fn embeddings_are_a_retrieval_and_their_vectors_are_not_kept() {
    let MappedExchange {
        interaction: it,
        summary,
        ..
    } = capture("openai-embeddings");
    assert_eq!(summary.operation, "embeddings");
    assert_eq!(it.interaction_type().unwrap().as_str(), "RagQuery");
    let kept = &response(&it).metadata["embeddings"];
    assert!(kept["count"].as_u64().unwrap() >= 1);
    assert!(kept["dimensions"].as_u64().unwrap() >= 1);
    assert!(!request(&it).prompt.is_empty());
}

#[test]
fn a_rate_limit_is_an_error_in_the_providers_words() {
    let it = capture("openai-chat-429").interaction;
    assert_eq!(it.error_text(), Some("http_429: Rate limit reached"));
    assert_eq!(it.model_identifier(), Some("boom"));
    assert_eq!(meta(&it, "http.status"), Some("429"));
}
