use serde_json::{Value, json};
use symlog_core::{Interaction, ModelInteractionType};
use symlog_ingest::{Format, Options, PassedOver, Problem, Session};

use crate::support::{interactions, meta, request, response, testdata, tokens, tool_calls, units};

fn passed_over(input: &[u8]) -> PassedOver {
    units(input, Format::Otlp).remove(0).unwrap().passed_over
}

const PROMPT: &str = r#"[{"role":"system","content":"Be brief."},{"role":"user","content":"Grüß Gott, weather in Zürich?"}]"#;

#[test]
fn log_events_become_the_calls_they_belong_to() {
    let body = testdata("otlp/v2-default-logs-1.pb");
    let calls = interactions(&body, Format::Otlp);
    assert_eq!(calls.len(), 5);
    for call in &calls {
        assert_eq!(request(call).prompt, PROMPT);
        assert_eq!(call.agent_id(), Some("demo-app"));
        assert_eq!(meta(call, "provider"), Some("openai"));
        assert_eq!(call.slots()[3], Some("381c36b6d854fadbb005d21b88f8a6bf"));
        assert!(call.happened_at().is_some());
    }
    assert_eq!(response(&calls[0]).content, "Grüezi — héllo 🌍");
    assert_eq!(
        tool_calls(&calls[2]),
        [("get_weather".to_owned(), json!({"city": "Zürich"}))]
    );
    // The fifth call failed, and the logs do not say so.
    assert!(calls[4].response_data().is_none());
    assert_eq!(passed_over(&body).joined, 9);
}

#[test]
fn spans_have_the_model_the_tokens_the_time_and_the_error() {
    let calls = interactions(&testdata("otlp/v2-default-traces-1.pb"), Format::Auto);
    assert_eq!(
        calls.len(),
        6,
        "one response id four times is four calls, one after the other"
    );
    assert_eq!(calls[0].model_identifier(), Some("gpt-4o-mini"));
    assert_eq!(tokens(&calls[0]), Some((11, 7, 18)));
    assert_eq!(calls[0].took().unwrap().as_micros(), 16_292);
    assert_eq!(request(&calls[0]).parameters["temperature"], 0.2);
    assert_eq!(response(&calls[0]).metadata["finish_reason"], "stop");
    assert_eq!(tokens(&calls[3]), None);
    assert_eq!(
        calls[4].interaction_type(),
        Some(ModelInteractionType::RagQuery)
    );
    assert_eq!(meta(&calls[4], "operation"), Some("embeddings"));
    assert_eq!(
        calls[5].error_text(),
        Some("rate_limit_error: Error code: 429 - Rate limit reached")
    );
    let body = testdata("otlp/v2-default-traces-1.pb");
    assert_eq!(
        passed_over(&body).unrelated,
        1,
        "the span of the web request"
    );
}

#[test]
fn messages_in_attributes_are_decoded() {
    for body in ["v2-latest-logs-1.pb", "v2-latest-traces-1.pb"] {
        let calls = interactions(&testdata(&format!("otlp/{body}")), Format::Auto);
        let prompt: Value = serde_json::from_str(&request(&calls[0]).prompt).unwrap();
        assert_eq!(
            prompt[1]["parts"][0]["content"],
            "Grüß Gott, weather in Zürich?"
        );
        assert!(
            request(&calls[0]).prompt.contains("Zürich"),
            "no \\u escapes"
        );
        assert_eq!(response(&calls[0]).content, "Grüezi — héllo 🌍");
        assert_eq!(
            tool_calls(&calls[2]),
            [("get_weather".to_owned(), json!({"city": "Zürich"}))]
        );
    }
}

#[test]
fn without_content_the_numbers_remain() {
    let calls = interactions(&testdata("otlp/v2-nocontent-traces-1.pb"), Format::Otlp);
    assert_eq!(calls.len(), 6);
    assert_eq!(request(&calls[0]).prompt, "");
    assert_eq!(tokens(&calls[0]), Some((11, 7, 18)));
}

#[test]
fn metrics_are_counted_and_give_nothing() {
    for (body, metrics) in [
        ("v2-default-metrics-1.pb", 2),
        ("v2-gzip-metrics-1.pb.gz", 2),
    ] {
        let body = testdata(&format!("otlp/{body}"));
        assert!(interactions(&body, Format::Auto).is_empty());
        assert_eq!(passed_over(&body).metrics, metrics);
    }
}

#[test]
fn gzip_says_the_same() {
    for signal in ["logs", "traces"] {
        let plain = interactions(
            &testdata(&format!("otlp/v2-default-{signal}-1.pb")),
            Format::Otlp,
        );
        let zipped = interactions(
            &testdata(&format!("otlp/v2-gzip-{signal}-1.pb.gz")),
            Format::Otlp,
        );
        let texts = |calls: &[Interaction]| -> Vec<String> {
            calls
                .iter()
                .map(|call| request(call).prompt.clone())
                .collect()
        };
        assert_eq!(texts(&plain), texts(&zipped));
    }
}

/// What several bodies say together, in one session.
fn session(bodies: &[Vec<u8>]) -> Vec<Interaction> {
    let mut session = Session::new(Format::Auto, Options::default());
    let mut found = Vec::new();
    for body in bodies {
        found.extend(
            session
                .read(&**body)
                .flat_map(|unit| unit.unwrap().interactions),
        );
    }
    found.extend(session.finish().flat_map(|unit| unit.interactions));
    found
}

#[test]
fn logs_and_spans_of_a_call_are_one_entry() {
    let logs = testdata("otlp/v2-default-logs-1.pb");
    let spans = testdata("otlp/v2-default-traces-1.pb");
    for bodies in [[logs.clone(), spans.clone()], [spans, logs]] {
        let calls = session(&bodies);
        assert_eq!(calls.len(), 6);
        let whole = calls
            .iter()
            .find(|call| call.took().is_some_and(|took| took.as_micros() == 16_292))
            .unwrap();
        assert_eq!(request(whole).prompt, PROMPT);
        assert_eq!(response(whole).content, "Grüezi — héllo 🌍");
        assert_eq!(tokens(whole), Some((11, 7, 18)));
        assert_eq!(whole.model_identifier(), Some("gpt-4o-mini"));
        let failed = calls
            .iter()
            .find(|call| call.error_text().is_some())
            .unwrap();
        assert_eq!(request(failed).prompt, PROMPT);
    }
}

fn span(id: u32, from: u64, to: u64, attributes: &Value) -> Value {
    let attributes: Vec<Value> = attributes
        .as_object()
        .unwrap()
        .iter()
        .map(|(key, value)| {
            let value = match value {
                Value::String(_) => json!({"stringValue": value}),
                Value::Number(_) => json!({"intValue": value.to_string()}),
                _ => json!({"arrayValue": {"values": [{"stringValue": value[0]}]}}),
            };
            json!({"key": key, "value": value})
        })
        .collect();
    json!({
        "traceId": "5B8EFFF798038103D269B633813FC60C", "spanId": format!("{id:016x}"),
        "name": "chat", "kind": 3, "startTimeUnixNano": from.to_string(), "endTimeUnixNano": to,
        "attributes": attributes,
    })
}

fn traces(spans: &[Value]) -> Vec<u8> {
    json!({"resourceSpans": [{
        "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "svc"}}]},
        "scopeSpans": [{"spans": spans}],
    }]})
    .to_string()
    .into_bytes()
}

#[test]
fn two_instrumentations_of_one_call_are_one_entry() {
    let outer = span(
        1,
        1000,
        9000,
        &json!({
            "gen_ai.system": "anthropic", "gen_ai.response.id": "msg_1",
            "gen_ai.input.messages": "[{\"role\":\"user\",\"content\":\"Z\\u00fcrich?\"}]",
        }),
    );
    let inner = span(
        2,
        2000,
        8000,
        &json!({
            "gen_ai.provider.name": "anthropic", "gen_ai.response.id": "msg_1",
            "gen_ai.response.model": "claude", "gen_ai.usage.input_tokens": 5,
            "gen_ai.usage.output_tokens": 2, "gen_ai.usage.cache_read.input_tokens": 3,
            "gen_ai.response.finish_reasons": ["end_turn"],
        }),
    );
    let later = span(3, 9000, 9900, &json!({"gen_ai.response.id": "msg_1"}));
    for bodies in [
        vec![traces(&[outer.clone(), inner.clone(), later.clone()])],
        vec![traces(&[inner]), traces(&[outer]), traces(&[later])],
    ] {
        let calls = session(&bodies);
        assert_eq!(calls.len(), 2);
        assert_eq!(
            request(&calls[0]).prompt,
            r#"[{"role":"user","content":"Zürich?"}]"#
        );
        assert_eq!(calls[0].model_identifier(), Some("claude"));
        assert_eq!(tokens(&calls[0]), Some((5, 2, 7)));
        assert_eq!(response(&calls[0]).metadata["cached_tokens"], 3);
        assert_eq!(response(&calls[0]).metadata["finish_reason"], "end_turn");
        assert_eq!(
            calls[0].slots()[3],
            Some("5b8efff798038103d269b633813fc60c")
        );
    }
}

#[test]
fn indexed_attributes_are_messages_too() {
    let body = traces(&[span(
        1,
        0,
        1,
        &json!({
            "gen_ai.system": "openai",
            "gen_ai.prompt.0.role": "system", "gen_ai.prompt.0.content": "a",
            "gen_ai.prompt.1.role": "user", "gen_ai.prompt.1.content": "b",
            "gen_ai.completion.0.role": "assistant", "gen_ai.completion.0.content": "c",
            "gen_ai.completion.0.finish_reason": "stop",
            "gen_ai.completion.0.tool_calls.0.name": "f",
            "gen_ai.completion.0.tool_calls.0.arguments": "{\"x\":1}",
            "gen_ai.completion.0.tool_calls.99999999.name": "hostile",
            "llm.usage.total_tokens": 7,
        }),
    )]);
    let call = interactions(&body, Format::Auto).remove(0);
    assert_eq!(
        serde_json::from_str::<Value>(&request(&call).prompt).unwrap(),
        json!([{"role": "system", "content": "a"}, {"role": "user", "content": "b"}])
    );
    assert_eq!(response(&call).content, "c");
    assert_eq!(tool_calls(&call), [("f".to_owned(), json!({"x": 1}))]);
    assert_eq!(tokens(&call), Some((0, 0, 7)));
}

#[test]
fn tools_and_agents_have_their_kinds() {
    let body = traces(&[
        span(
            1,
            0,
            1,
            &json!({
                "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search",
                "gen_ai.tool.call.arguments": "{\"q\":\"x\"}", "gen_ai.tool.call.result": "[1]",
            }),
        ),
        span(
            2,
            0,
            1,
            &json!({
                "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "planner",
                "gen_ai.conversation.id": "conv-1",
            }),
        ),
    ]);
    let calls = interactions(&body, Format::Otlp);
    assert_eq!(
        calls[0].interaction_type(),
        Some(ModelInteractionType::ToolCall)
    );
    assert_eq!(calls[0].model_identifier(), Some("search"));
    assert_eq!(request(&calls[0]).tool_name.as_deref(), Some("search"));
    assert_eq!(request(&calls[0]).tool_arguments, Some(json!({"q": "x"})));
    assert_eq!(response(&calls[0]).tool_result, Some(json!([1])));
    assert_eq!(
        calls[1].interaction_type(),
        Some(ModelInteractionType::AgentExecution)
    );
    assert_eq!(calls[1].agent_id(), Some("planner"));
    assert_eq!(calls[1].slots()[0], Some("conv-1"));
}

#[test]
fn log_records_without_a_span_are_grouped_up_to_their_answer() {
    let record =
        |name: &str, body: Value| json!({"eventName": name, "timeUnixNano": "5", "body": body});
    let text = |text: &str| json!({"kvlistValue": {"values": [{"key": "content", "value": {"stringValue": text}}]}});
    let answer = |text: &str| {
        json!({"kvlistValue": {"values": [{"key": "message", "value": {"kvlistValue": {"values": [
            {"key": "content", "value": {"stringValue": text}}]}}}]}})
    };
    let body = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [
        record("gen_ai.user.message", text("1")), record("gen_ai.choice", answer("one")),
        record("gen_ai.user.message", text("2")), record("gen_ai.choice", answer("two")),
        record("http.request", text("3")),
    ]}]}]});
    let calls = interactions(body.to_string().as_bytes(), Format::Auto);
    assert_eq!(calls.len(), 2);
    assert_eq!(response(&calls[0]).content, "one");
    assert_eq!(
        request(&calls[1]).prompt,
        r#"[{"role":"user","content":"2"}]"#
    );
}

#[test]
fn what_is_no_body_says_so() {
    let body = testdata("otlp/v2-default-traces-1.pb");
    let cut = &body[..body.len() / 2];
    let error = units(cut, Format::Otlp).remove(0).unwrap_err();
    assert!(matches!(error.problem, Problem::NotOtlp { .. }), "{error}");
    for line in [
        r#"{"resourceSpans":{}}"#,
        r#"{"resourceSpans":[{"scopeSpans":[{"spans":[1]}]}]}"#,
        "{}",
    ] {
        let error = units(line.as_bytes(), Format::Otlp).remove(0).unwrap_err();
        assert!(
            matches!(error.problem, Problem::NotOfFormat { .. }),
            "{error}"
        );
    }
}

#[test]
fn a_unit_says_which_input_it_began_in() {
    let bodies = [1, 2].map(|id| traces(&[span(id, 0, 1, &json!({"gen_ai.system": "x"}))]));
    let mut session = Session::new(Format::Auto, Options::default());
    let read: Vec<usize> = bodies
        .iter()
        .flat_map(|body| {
            session
                .read(&**body)
                .map(|unit| unit.unwrap().input)
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(read, [0, 1]);
    let left: Vec<(usize, u64)> = session
        .finish()
        .map(|unit| (unit.input, unit.line))
        .collect();
    assert_eq!(left, [(0, 1), (1, 1)]);
}

#[test]
fn calls_wait_for_each_other_only_so_long() {
    let many: Vec<Vec<u8>> = (0..400)
        .map(|id| traces(&[span(id, 0, 1, &json!({"gen_ai.system": "x"}))]))
        .collect();
    let mut session = Session::new(Format::Otlp, Options::default());
    let mut early = 0;
    for body in &many {
        early += session
            .read(&**body)
            .map(|unit| unit.unwrap().interactions.len())
            .sum::<usize>();
    }
    assert!(early > 100, "{early}");
    assert_eq!(early + session.finish().count(), 400);
}
