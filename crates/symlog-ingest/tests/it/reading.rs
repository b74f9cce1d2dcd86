//! Streams, formats and line numbers.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use symlog_ingest::{Format, Options, Problem, UnknownFormat, reader};

use crate::support::{interactions, row, units};

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn formats_have_the_names_of_the_command_line() {
    for format in Format::ALL {
        assert_eq!(format.to_string().parse(), Ok(format));
    }
    let error: UnknownFormat = "jsonl".parse::<Format>().unwrap_err();
    assert!(error.to_string().contains("provider-http"));
}

#[test]
fn good_lines_around_a_bad_one_are_read() {
    let input = b"{\"request_data\":{\"prompt\":\"1\"}}\n\n  \t\r\nbad\n{\"request_data\":{\"prompt\":\"5\"}}\r\n{\"request_data\":{\"prompt\":\"6\"}}";
    let units = units(input, Format::Auto);
    assert_eq!(units.len(), 4);
    let lines: Vec<u64> = units
        .iter()
        .map(|unit| match unit {
            Ok(unit) => unit.line,
            Err(error) => error.line,
        })
        .collect();
    assert_eq!(lines, [1, 4, 5, 6]);
    assert!(units[1].is_err());
}

#[test]
fn formats_may_be_mixed_line_by_line() {
    let mut input = row("/v1/chat/completions", "{}", 200, "{}");
    input.extend(
        b"\n{\"request_data\":{}}\n{\"traj\":[{\"role\":\"assistant\",\"content\":\"x\"}]}\n",
    );
    input.extend(br#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0a","spanId":"0b","attributes":[{"key":"gen_ai.system","value":{"stringValue":"x"}}]}]}]}]}"#);
    assert_eq!(interactions(&input, Format::Auto).len(), 4);
}

#[test]
fn a_byte_order_mark_is_no_error() {
    let input = "\u{feff}{\"request_data\":{\"prompt\":\"x\"}}";
    assert_eq!(interactions(input.as_bytes(), Format::Auto).len(), 1);
}

#[test]
fn gzip_is_recognised_in_any_format() {
    let mut members = gzip(b"{\"request_data\":{}}\n");
    members.extend(gzip(b"{\"request_data\":{}}\n"));
    assert_eq!(interactions(&members, Format::Interaction).len(), 2);
}

#[test]
fn readers_that_give_one_byte_at_a_time_are_read_alike() {
    struct Slow<'a>(&'a [u8]);
    impl std::io::Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let n = 1.min(self.0.len()).min(buffer.len());
            buffer[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }
    let plain = b"{\"request_data\":{\"prompt\":\"a\"}}\nbad\n{\"request_data\":{}}\n";
    for input in [plain.to_vec(), gzip(plain)] {
        let slow = std::io::BufReader::with_capacity(1, Slow(&input));
        let results: Vec<bool> = reader(slow, Format::Auto, Options::default())
            .map(|unit| unit.is_ok())
            .collect();
        assert_eq!(results, [true, false, true]);
    }
}

#[test]
fn a_line_is_given_out_before_the_next_one_is_there() {
    /// Gives one line, then fails the test: nothing more may be asked for.
    struct Pipe(bool);
    impl std::io::Read for Pipe {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            assert!(!std::mem::replace(&mut self.0, true), "waits for more");
            let line = b"{\"request_data\":{}}\n";
            buffer[..line.len()].copy_from_slice(line);
            Ok(line.len())
        }
    }
    let pipe = std::io::BufReader::new(Pipe(false));
    let mut units = reader(pipe, Format::Auto, Options::default());
    assert!(units.next().is_some_and(|unit| unit.is_ok()));
}

#[test]
fn protobuf_is_recognised_byte_by_byte() {
    let body = crate::support::testdata("otlp/v2-default-traces-1.pb");
    let slow = std::io::BufReader::with_capacity(1, &*body);
    let found: usize = reader(slow, Format::Auto, Options::default())
        .map(|unit| unit.unwrap().interactions.len())
        .sum();
    assert_eq!(found, 6);
}

#[test]
fn a_line_beyond_the_limit_is_passed_over_and_named() {
    let options = Options {
        max_line_bytes: 40,
        ..Options::default()
    };
    let long = format!(
        "{{\"request_data\":{{\"prompt\":\"{}\"}}}}",
        "x".repeat(100)
    );
    let input = format!("{{\"request_data\":{{}}}}\n{long}\n{{\"request_data\":{{}}}}\n");
    let units: Vec<_> = reader(input.as_bytes(), Format::Auto, options).collect();
    assert!(units[0].is_ok() && units[2].is_ok());
    let error = units[1].as_ref().unwrap_err();
    assert_eq!(error.line, 2);
    assert!(matches!(
        error.problem,
        Problem::TooLong { bytes, limit: 40 } if bytes == long.len() as u64
    ));
}

#[test]
fn nothing_is_an_error() {
    for input in [&b""[..], b"\n\n", &gzip(b"")] {
        let units = units(input, Format::Auto);
        assert_eq!(units.len(), 1);
        assert!(matches!(
            units[0].as_ref().unwrap_err().problem,
            Problem::Empty
        ));
    }
}

#[test]
fn the_fields_of_an_unknown_line_are_named_but_not_quoted() {
    let text = units(br#"{"foo":"SECRET","jane@example.com":1}"#, Format::Auto)
        .remove(0)
        .unwrap_err()
        .to_string();
    assert!(text.contains("the fields foo, …"), "{text}");
    assert!(!text.contains("SECRET") && !text.contains("jane"), "{text}");
    let text = units(br#"{"request_data":{}}"#, Format::ProviderHttp)
        .remove(0)
        .unwrap_err()
        .to_string();
    assert!(text.contains("not of format provider-http"), "{text}");
    assert!(text.contains("request_data"), "{text}");
}

#[test]
fn options_name_agent_and_model() {
    let options = Options {
        agent_id: "importer".to_owned(),
        model: "gpt-4o".to_owned(),
        ..Options::default()
    };
    let unit = reader(&b"{\"request_data\":{}}"[..], Format::Auto, options)
        .next()
        .unwrap()
        .unwrap();
    assert_eq!(unit.interactions[0].agent_id(), Some("importer"));
    assert_eq!(unit.interactions[0].model_identifier(), Some("gpt-4o"));
}

/// The texts of an interaction: those that were put aside as well as those that were not.
fn texts(mut interaction: symlog_core::Interaction) -> [Option<String>; 3] {
    let mut texts = interaction.take_readers().map(|reader| {
        reader.map(|mut reader| {
            let mut text = String::new();
            reader.read_to_string(&mut text).unwrap();
            text
        })
    });
    if let Some(request) = interaction.request_data() {
        texts[0].get_or_insert_with(|| request.prompt.clone());
    }
    if let Some(response) = interaction.response_data() {
        texts[1].get_or_insert_with(|| response.content.clone());
        if let Some(serde_json::Value::String(result)) = &response.tool_result {
            texts[2].get_or_insert_with(|| result.clone());
        }
    }
    texts
}

fn held_up_to(bytes: usize) -> Options {
    Options {
        hold_line_bytes: bytes,
        max_line_bytes: 1 << 20,
        ..Options::default()
    }
}

#[test]
fn a_long_line_comes_to_the_same_as_a_short_one() {
    let long = "All work and\n no \"play\" \\ é 😀. ".repeat(60_000);
    let line = serde_json::json!({
        "id": "0199f3a1-7c22-7d10-9f3e-2b1c5a6d7e8f",
        "agent_id": "a", "interaction_type": "ToolCall", "model_identifier": "m",
        "timestamp": "2026-01-15T10:30:00Z", "latency_ms": 150,
        "request_data": {"prompt": long, "tool_name": "t", "parameters": {"n": [1, 2.5e3]}, "own": true},
        "response_data": {"content": "short", "tool_result": long, "metadata": {"x": "y"}},
        "metadata": {"conversation_id": "c", "k": "v"}, "error": "timeout",
        "token_usage": {"input_tokens": 1, "output_tokens": 2}, "extra": 7,
    })
    .to_string();
    let text = format!("\u{feff}{line}\n{{\"request_data\":{{\"prompt\":\"next\"}}}}\n");
    for format in [Format::Auto, Format::Interaction] {
        let [mut held, mut read] = [16 << 20, 1000].map(|hold| {
            let options = Options {
                max_line_bytes: 16 << 20,
                ..held_up_to(hold)
            };
            reader(text.as_bytes(), format, options)
                .map(|unit| unit.unwrap().interactions.remove(0))
                .collect::<Vec<_>>()
        });
        assert_eq!((held.len(), read.len()), (2, 2));
        let (held, read) = (held.remove(0), read.remove(0));
        assert_eq!(held.entry_id(), read.entry_id());
        assert_eq!(held.agent_id(), read.agent_id());
        assert_eq!(held.happened_at(), read.happened_at());
        assert_eq!(held.took(), read.took());
        assert_eq!(held.slots(), read.slots());
        assert_eq!(held.metadata_map(), read.metadata_map());
        assert_eq!(held.error_text(), read.error_text());
        assert_eq!(held.token_usage(), read.token_usage());
        let [before, after] = [&held, &read].map(|it| it.request_data().unwrap());
        assert_eq!(before.parameters, after.parameters);
        assert_eq!(before.tool_name, after.tool_name);
        let [before, after] = [&held, &read].map(|it| it.response_data().unwrap());
        assert_eq!(before.metadata, after.metadata);
        assert_eq!(texts(held), texts(read));
    }
}

#[test]
fn a_long_list_of_messages_is_kept_as_its_text() {
    let message = serde_json::json!({"role": "user", "content": "x".repeat(1000)});
    let messages = serde_json::Value::from(vec![message; 3000]).to_string();
    let line = format!("{{\"request_data\":{{\"prompt\":{messages}}}}}");
    let mut units = reader(line.as_bytes(), Format::Auto, held_up_to(1000));
    let interaction = units.next().unwrap().unwrap().interactions.remove(0);
    assert_eq!(texts(interaction)[0].as_deref(), Some(&*messages));
}

#[test]
fn a_long_line_that_is_wrong_says_where_and_the_next_is_read() {
    let long = "x".repeat(2 << 20);
    for (line, expected) in [
        (
            format!("{{\"request_data\":{{\"prompt\":\"{long}"),
            "in the middle of a JSON value",
        ),
        (
            format!("{{\"request_data\":{{\"prompt\":\"{long}\"}},}}"),
            "not JSON at column 2097",
        ),
        (
            format!("{{\"request_data\":{{\"prompt\":\"{long}\\q\"}}}}"),
            "not JSON at column 2097",
        ),
        (
            format!("{{\"request_data\":{{\"prompt\":\"{long}\"}}}} x"),
            "not JSON at column 2097",
        ),
        (
            format!("{{\"request_data\":{{\"prompt\":\"{long}\"}},\"id\":7}}"),
            "field id must be",
        ),
        (
            format!("{{\"request_data\":{{\"own\":\"{long}\"}}}}"),
            "more than the 1048576 that are allowed",
        ),
        (
            format!(
                "{{\"request_data\":{{\"prompt\":{}}}}}",
                "[".repeat(long.len())
            ),
            "levels deep",
        ),
        (
            format!("{{\"path\":\"/v1\",\"request_body\":\"{long}\"}}"),
            "more than the 1048576 that are allowed",
        ),
    ] {
        let text = format!("{line}\n{{\"request_data\":{{\"prompt\":\"next\"}}}}\n");
        let mut units = reader(text.as_bytes(), Format::Auto, held_up_to(1000));
        let error = units.next().unwrap().unwrap_err();
        assert_eq!(error.line, 1);
        assert!(error.to_string().contains(expected), "{error}: {expected}");
        assert!(!error.to_string().contains("xxx"), "{error}");
        let next = units.next().unwrap().unwrap();
        assert_eq!((next.line, next.interactions.len()), (2, 1));
        assert!(units.next().is_none());
    }
}

#[test]
fn a_long_line_of_invalid_utf8_says_so() {
    let mut line = b"{\"request_data\":{\"prompt\":\"".to_vec();
    line.extend(vec![b'x'; 100_000]);
    line.extend(b"\xff\"}}\n");
    let mut units = reader(&line[..], Format::Interaction, held_up_to(1000));
    let error = units.next().unwrap().unwrap_err();
    assert!(
        matches!(error.problem, Problem::InvalidUtf8 { .. }),
        "{error}"
    );
    assert!(units.next().is_none());
}
