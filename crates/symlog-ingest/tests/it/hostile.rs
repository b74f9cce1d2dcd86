//! Input that is broken, or made to break the reader.

use std::io::{BufReader, Read};

use symlog_ingest::{Format, HttpExchange, Options, Problem, map_exchange, reader};

use crate::reading::gzip;
use crate::support::{interactions, meta, only, request, response, row, testdata, units};

#[track_caller]
fn problem(input: &[u8]) -> Problem {
    let mut units = units(input, Format::Auto);
    assert_eq!(units.len(), 1);
    units.remove(0).unwrap_err().problem
}

#[test]
fn broken_lines_say_what_and_where() {
    assert!(matches!(problem(b"hello"), Problem::NotJson { column: 1 }));
    assert!(matches!(
        problem(b"{\"a\":1,}"),
        Problem::NotJson { column: 8 }
    ));
    assert!(matches!(problem(b"{} {}"), Problem::NotJson { .. }));
    assert!(matches!(problem(b"[1,2]"), Problem::NotJson { .. }));
    assert!(matches!(
        problem(b"{\"request_data\":{\"prompt\":\"hal"),
        Problem::CutShort { bytes: 30 }
    ));
    assert!(matches!(
        problem(b"{\"request_data\":\"\xff\"}"),
        Problem::InvalidUtf8 { byte: 18 }
    ));
    assert!(matches!(
        problem(b"{\"request_data\":\"\xe2\x82"),
        Problem::InvalidUtf8 { byte: 18 }
    ));
}

#[test]
fn deep_nesting_is_kept_as_text_or_refused_but_never_overflows() {
    const DEPTH: usize = 100_000;
    let deep = format!("{}{}", "[".repeat(DEPTH), "]".repeat(DEPTH));
    // As a parameter, as a prompt and as an answer it is kept as it stands.
    let line =
        format!("{{\"request_data\":{{\"prompt\":{deep},\"parameters\":{{\"x\":{deep}}}}}}}");
    let it = only(line.as_bytes(), Format::Auto);
    assert_eq!(request(&it).prompt, deep);
    assert_eq!(request(&it).parameters["x"], deep.as_str());

    let body = format!("{{\"messages\":{deep}}}");
    let it = only(
        &row("/v1/chat/completions", &body, 200, &deep),
        Format::Auto,
    );
    assert_eq!(request(&it).prompt, deep);
    assert_eq!(response(&it).metadata["body"], deep.as_str());

    // Where a structure is needed it is an error.
    let line = format!("{{\"request_data\":{{}},\"token_usage\":{deep}}}");
    assert!(matches!(
        problem(line.as_bytes()),
        Problem::TooDeep { .. } | Problem::BadField { .. }
    ));
    let line = format!("{{\"traj\":{deep}}}");
    assert!(matches!(
        problem(line.as_bytes()),
        Problem::NotOfFormat { .. }
    ));
    let line = format!("{{\"resourceSpans\":{deep}}}");
    assert!(matches!(
        problem(line.as_bytes()),
        Problem::NotOfFormat { .. }
    ));
}

#[test]
fn a_line_of_100_mb_is_one_interaction() {
    let prompt = "x".repeat(100_000_000);
    let line = format!("{{\"request_data\":{{\"prompt\":\"{prompt}\"}}}}");
    let mut it = only(line.as_bytes(), Format::Interaction);
    let [read, _, _] = it.take_readers();
    let length = std::io::copy(&mut read.unwrap(), &mut std::io::sink()).unwrap();
    assert_eq!(length, prompt.len() as u64);
}

#[test]
fn values_that_would_grow_out_of_proportion_stay_text() {
    // A tree of these would take twenty times the memory of the text.
    let ones = format!("[{}1]", "1,".repeat(2_000_000));
    let line = format!("{{\"request_data\":{{\"parameters\":{{\"x\":{ones}}}}}}}");
    let it = only(line.as_bytes(), Format::Interaction);
    assert!(request(&it).parameters["x"].is_string());
    let events = "{}\n".repeat(100_000);
    let it = only(&row("/x", "{}", 200, &events), Format::Auto);
    assert_eq!(response(&it).metadata["omitted"], 100_000 - (1 << 16));
    let calls = format!(
        "{{\"choices\":[{{\"message\":{{\"tool_calls\":[{}{{}}]}}}}]}}",
        "{\"id\":\"x\"},".repeat(5000)
    );
    let it = only(&row("/x", "{}", 200, &calls), Format::Auto);
    assert_eq!(response(&it).metadata["omitted"], 5000 - (1 << 12));
    let fields = format!("{{{}\"a\":1}}", "\"a\":1,".repeat(2000));
    assert!(matches!(
        problem(fields.as_bytes()),
        Problem::TooManyFields { .. }
    ));
}

#[test]
fn a_gzip_bomb_takes_no_more_memory_than_a_line_may() {
    // 64 MB of zeros in 64 kB, then a line that is fine.
    let mut bomb = Vec::new();
    std::io::repeat(b'0')
        .take(64 << 20)
        .read_to_end(&mut bomb)
        .unwrap();
    bomb.extend_from_slice(b"\n{\"request_data\":{}}\n");
    let bomb = gzip(&bomb);
    let options = Options {
        max_line_bytes: 1 << 16,
        ..Options::default()
    };
    let units: Vec<_> = reader(&*bomb, Format::Auto, options).collect();
    assert!(matches!(
        units[0].as_ref().unwrap_err().problem,
        Problem::TooLong { bytes, .. } if bytes == 64 << 20
    ));
    assert!(units[1].is_ok());
}

#[test]
fn a_damaged_gzip_stream_gives_what_came_before_the_damage() {
    let text = "{\"request_data\":{\"prompt\":\"x\"}}\n".repeat(2000);
    let whole = gzip(text.as_bytes());
    let cut = &whole[..whole.len() - 9];
    let mut units = units(cut, Format::Auto);
    let error = units.pop().unwrap().unwrap_err();
    assert!(matches!(error.problem, Problem::Gzip(_)), "{error}");
    assert!(units.iter().all(Result::is_ok));
    let broken = b"\x1f\x8bnot gzip at all";
    assert!(matches!(problem(broken), Problem::Gzip(_)));
}

#[test]
fn a_failing_reader_ends_with_its_error() {
    struct Failing(usize);
    impl Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            if self.0 == 0 {
                return Err(std::io::Error::other("unplugged"));
            }
            self.0 -= 1;
            let line = b"{\"request_data\":{}}\n";
            buffer[..line.len()].copy_from_slice(line);
            Ok(line.len())
        }
    }
    let units: Vec<_> = reader(
        BufReader::new(Failing(100)),
        Format::Auto,
        Options::default(),
    )
    .collect();
    assert_eq!(units.len(), 101);
    let error = units[100].as_ref().unwrap_err();
    assert_eq!(error.line, 101);
    assert!(matches!(error.problem, Problem::Io(_)));
    let source = std::error::Error::source(error).unwrap();
    assert_eq!(source.to_string(), "unplugged");
}

/// The exchange of `testdata` with the given id, its answer cut after `keep` bytes.
fn cut(provider: &str, streamed: bool, keep: impl Fn(usize) -> usize) -> Vec<Vec<u8>> {
    testdata(&format!("{provider}.jsonl"))
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice::<serde_json::Value>(line).unwrap())
        .filter(|row| row["streaming"].as_bool() == Some(streamed) && row["status"] == 200)
        .map(|mut row| {
            let body = row["response_body"].as_str().unwrap();
            let at = body.floor_char_boundary(keep(body.len()));
            row["response_body"] = body[..at].into();
            row.to_string().into_bytes()
        })
        .collect()
}

#[test]
fn a_stream_cut_short_keeps_what_came_and_says_so() {
    for provider in ["anthropic", "openai", "cohere", "xai", "gemini", "mistral"] {
        for line in cut(provider, true, |length| length / 3) {
            let it = only(&line, Format::ProviderHttp);
            assert_eq!(
                response(&it).metadata.get("incomplete"),
                Some(&true.into()),
                "{provider} {:?}",
                meta(&it, "exchange_id")
            );
        }
    }
}

#[test]
fn a_stream_cut_anywhere_says_the_beginning_of_the_whole() {
    let line = cut("openai", true, |length| length).remove(0);
    let whole = response(&only(&line, Format::ProviderHttp)).content.clone();
    assert!(!whole.is_empty());
    let row: serde_json::Value = serde_json::from_slice(&line).unwrap();
    let length = row["response_body"].as_str().unwrap().len();
    for at in (0..length).step_by(7) {
        let line = cut("openai", true, |_| at).remove(0);
        let it = only(&line, Format::ProviderHttp);
        assert!(whole.starts_with(&response(&it).content), "cut at {at}");
    }
}

#[test]
fn bedrock_frames_that_are_damaged_are_counted_and_the_others_read() {
    let lines = cut("bedrock", false, |length| length);
    let line = lines
        .iter()
        .find(|line| {
            let it = only(line, Format::ProviderHttp);
            meta(&it, "stream").is_some() && !response(&it).content.is_empty()
        })
        .unwrap();
    let mut row: serde_json::Value = serde_json::from_slice(line).unwrap();
    let body = row["response_body"].as_str().unwrap().to_owned();
    // In the middle of a payload: base64 stays base64, the checksum fails.
    let mut damaged = body.clone().into_bytes();
    let at = body.len() / 2;
    damaged[at] = if damaged[at] == b'A' { b'B' } else { b'A' };
    row["response_body"] = String::from_utf8(damaged).unwrap().into();
    let it = only(row.to_string().as_bytes(), Format::ProviderHttp);
    assert_eq!(response(&it).metadata["unreadable_events"], 1);
    // Cut inside a frame.
    row["response_body"] = body[..body.len() - 40].into();
    let it = only(row.to_string().as_bytes(), Format::ProviderHttp);
    assert_eq!(response(&it).metadata["unreadable_events"], 1);
}

#[test]
fn answers_of_no_protocol_are_kept_whole() {
    for (body, kept) in [
        ("plain words", serde_json::json!("plain words")),
        ("[1,2,3]", serde_json::json!([1, 2, 3])),
        ("{\"hello\":true}", serde_json::json!({"hello": true})),
        ("data: not json\n\n", serde_json::Value::Null),
    ] {
        let it = only(&row("/x", "also plain", 200, body), Format::Auto);
        assert_eq!(request(&it).prompt, "also plain");
        assert_eq!(meta(&it, "operation"), Some("other"));
        let said = response(&it);
        assert_eq!(
            said.metadata.get("body").cloned().unwrap_or_default(),
            kept,
            "{body}"
        );
        assert_eq!(said.content, "");
    }
}

#[test]
fn errors_keep_the_class_the_words_and_the_body() {
    for (body, error) in [
        (
            r#"{"error":{"message":"slow down"}}"#,
            "http_429: slow down",
        ),
        (r#"{"error":"slow down"}"#, "http_429: slow down"),
        (r#"{"message":"slow down"}"#, "http_429: slow down"),
        (
            r#"[{"error":{"message":"slow down"}}]"#,
            "http_429: slow down",
        ),
        (r#"{"detail":[{"msg":"slow down"}]}"#, "http_429: slow down"),
        ("slow down", "http_429: slow down"),
        ("<html>slow down</html>", "http_429"),
        ("", "http_429"),
        ("{}", "http_429"),
    ] {
        let it = only(&row("/v1/chat/completions", "{}", 429, body), Format::Auto);
        assert_eq!(it.error_text(), Some(error), "{body}");
    }
    let it = only(
        &row(
            "/v1/chat/completions",
            "{}",
            200,
            r#"{"error":{"message":"no provider","code":502}}"#,
        ),
        Format::Auto,
    );
    assert_eq!(it.error_text(), Some("provider_error: no provider"));
    let stream = "data: {\"type\":\"message_start\",\"message\":{\"model\":\"m\"}}\n\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n";
    let it = only(&row("/v1/messages", "{}", 200, stream), Format::Auto);
    assert_eq!(it.error_text(), Some("provider_error: Overloaded"));
}

#[test]
fn bytes_that_are_no_text_are_kept_in_base64() {
    let exchange = HttpExchange {
        path: "/v1/audio/transcriptions".to_owned(),
        request_body: b"--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n\xff\xfe\r\n--b--".to_vec(),
        status: 200,
        response_body: b"\xff\xfb\x90\x00\x00".to_vec(),
        ..HttpExchange::default()
    };
    let it = map_exchange(&exchange, "agent").interaction;
    assert_eq!(it.model_identifier(), Some("whisper-1"));
    assert_eq!(request(&it).parameters["encoding"], "base64");
    assert!(request(&it).prompt.starts_with("LS1iDQpD"));
    assert_eq!(response(&it).metadata["body"], "//uQAAA=");
    assert_eq!(response(&it).metadata["encoding"], "base64");
    assert_eq!(response(&it).metadata["bytes"], 5);
}

#[test]
fn a_request_nobody_answered_is_open() {
    let line = br#"{"path":"/v1/messages","request_body":"{\"model\":\"m\",\"messages\":[]}"}"#;
    let it = only(line, Format::Auto);
    assert!(it.response_data().is_none());
    assert_eq!(it.error_text(), None);
    assert_eq!(it.model_identifier(), Some("m"));
    assert_eq!(interactions(line, Format::ProviderHttp).len(), 1);
}
