//! All exchanges that are shared, against an assembly of their answers written independently: by
//! provider and framing instead of by shape.

use std::collections::BTreeMap;
use std::io::Read;

use serde_json::Value;
use symlog_core::Interaction;
use symlog_ingest::Format;

use crate::support::{request, response, shared, tokens, tool_calls, units_of_file};

#[derive(Default)]
struct Truth {
    text: String,
    calls: BTreeMap<u64, (String, String)>,
    input: Option<u64>,
    output: Option<u64>,
    model: Option<String>,
}

impl Truth {
    fn call(&mut self, key: u64, name: &Value, arguments: &Value) {
        let call = self.calls.entry(key).or_default();
        if let Some(name) = name.as_str().filter(|name| !name.is_empty()) {
            name.clone_into(&mut call.0);
        }
        match arguments {
            Value::String(more) => call.1.push_str(more),
            Value::Null => {}
            whole => call.1 = whole.to_string(),
        }
    }

    fn usage(&mut self, input: &Value, output: &Value) {
        self.input = input.as_u64().or(self.input);
        self.output = output.as_u64().or(self.output);
    }

    fn model(&mut self, model: &Value) {
        if let Some(model) = model.as_str().filter(|model| !model.is_empty()) {
            self.model = Some(model.to_owned());
        }
    }

    fn openai_chat(&mut self, event: &Value) {
        self.model(&event["model"]);
        let usage = &event["usage"];
        self.usage(&usage["prompt_tokens"], &usage["completion_tokens"]);
        for choice in list(&event["choices"]).filter(|choice| choice["index"] == 0) {
            let message = choice.get("delta").unwrap_or(&choice["message"]);
            self.text
                .push_str(message["content"].as_str().unwrap_or_default());
            for part in list(&message["content"]).filter(|part| part["type"] == "text") {
                self.text.push_str(part["text"].as_str().unwrap());
            }
            for (position, call) in (0..).zip(list(&message["tool_calls"])) {
                let key = call["index"].as_u64().unwrap_or(position);
                self.call(
                    key,
                    &call["function"]["name"],
                    &call["function"]["arguments"],
                );
            }
        }
    }

    fn responses(&mut self, body: &Value) {
        let streamed = body["type"].is_string();
        let object = if streamed { &body["response"] } else { body };
        self.model(&object["model"]);
        let usage = &object["usage"];
        self.usage(&usage["input_tokens"], &usage["output_tokens"]);
        if body["type"] == "response.output_text.delta" {
            self.text.push_str(body["delta"].as_str().unwrap());
        }
        if body["type"] == "response.output_item.done" && body["item"]["type"] == "function_call" {
            let key = body["output_index"].as_u64().unwrap();
            self.call(key, &body["item"]["name"], &body["item"]["arguments"]);
        }
        if !streamed {
            for (key, item) in (0..).zip(list(&object["output"])) {
                for part in list(&item["content"]).filter(|_| item["type"] == "message") {
                    self.text
                        .push_str(part["text"].as_str().unwrap_or_default());
                }
                if item["type"] == "function_call" {
                    self.call(key, &item["name"], &item["arguments"]);
                }
            }
        }
    }

    fn anthropic(&mut self, event: &Value) {
        let message = event.get("message").unwrap_or(event);
        self.model(&message["model"]);
        self.usage(
            &message["usage"]["input_tokens"],
            &message["usage"]["output_tokens"],
        );
        let started = std::iter::once(&event["content_block"]);
        let first = event["index"].as_u64().unwrap_or(0);
        for (key, block) in (first..).zip(list(&message["content"]).chain(started)) {
            match block["type"].as_str() {
                Some("text") => self.text.push_str(block["text"].as_str().unwrap()),
                Some("tool_use") if event["type"] == "message" => {
                    self.call(key, &block["name"], &block["input"]);
                }
                Some("tool_use") => self.call(key, &block["name"], &Value::Null),
                _ => {}
            }
        }
        self.text
            .push_str(event["delta"]["text"].as_str().unwrap_or_default());
        if event["delta"]["partial_json"].is_string() {
            self.call(first, &Value::Null, &event["delta"]["partial_json"]);
        }
    }

    fn gemini(&mut self, event: &Value) {
        self.model(&event["modelVersion"]);
        let usage = &event["usageMetadata"];
        self.usage(&usage["promptTokenCount"], &usage["candidatesTokenCount"]);
        for part in list(&event["candidates"][0]["content"]["parts"]) {
            if part["thought"] != true {
                self.text
                    .push_str(part["text"].as_str().unwrap_or_default());
            }
            if part["functionCall"].is_object() {
                let key = self.calls.len() as u64;
                self.call(
                    key,
                    &part["functionCall"]["name"],
                    &part["functionCall"]["args"],
                );
            }
        }
    }

    fn cohere(&mut self, event: &Value) {
        let end = if event["delta"].is_object() {
            &event["delta"]
        } else {
            event
        };
        let counts = &end["usage"]["tokens"];
        self.usage(&counts["input_tokens"], &counts["output_tokens"]);
        let message = &end["message"];
        self.text
            .push_str(message["content"]["text"].as_str().unwrap_or_default());
        for part in list(&message["content"]) {
            self.text
                .push_str(part["text"].as_str().unwrap_or_default());
        }
        let one = std::iter::once(&message["tool_calls"]).filter(|call| call.is_object());
        let first = event["index"].as_u64().unwrap_or(0);
        for (key, call) in (first..).zip(list(&message["tool_calls"]).chain(one)) {
            self.call(
                key,
                &call["function"]["name"],
                &call["function"]["arguments"],
            );
        }
    }

    fn converse(&mut self, event: &Value) {
        let usage = event.get("usage").unwrap_or(&event["metadata"]["usage"]);
        self.usage(&usage["inputTokens"], &usage["outputTokens"]);
        for (key, block) in (0..).zip(list(&event["output"]["message"]["content"])) {
            self.text
                .push_str(block["text"].as_str().unwrap_or_default());
            if block["toolUse"].is_object() {
                self.call(key, &block["toolUse"]["name"], &block["toolUse"]["input"]);
            }
        }
    }

    fn ollama(&mut self, event: &Value) {
        self.model(&event["model"]);
        self.usage(&event["prompt_eval_count"], &event["eval_count"]);
        self.text
            .push_str(event["message"]["content"].as_str().unwrap_or_default());
        for call in list(&event["message"]["tool_calls"]) {
            let key = self.calls.len() as u64;
            self.call(
                key,
                &call["function"]["name"],
                &call["function"]["arguments"],
            );
        }
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The JSON values of a body, whatever is around them.
fn events(body: &str) -> Vec<Value> {
    if let Ok(whole) = serde_json::from_str(body) {
        return vec![whole];
    }
    body.lines()
        .filter_map(|line| serde_json::from_str(line.strip_prefix("data:").unwrap_or(line)).ok())
        .collect()
}

/// None where the exchange is no generation of text, or in frames, which `providers` checks.
fn truth(row: &Value) -> Option<Truth> {
    let (path, body) = (row["path"].as_str()?, row["response_body"].as_str()?);
    if row["status"].as_u64()? >= 400 || row["method"] != "POST" {
        return None;
    }
    let take: fn(&mut Truth, &Value) = if path.ends_with("/chat/completions") {
        Truth::openai_chat
    } else if path.ends_with("/responses") {
        Truth::responses
    } else if path.ends_with("/messages") {
        Truth::anthropic
    } else if path.contains("enerateContent") {
        Truth::gemini
    } else if path.ends_with("/v2/chat") {
        Truth::cohere
    } else if path.ends_with("/converse") {
        Truth::converse
    } else if path.ends_with("/api/chat") {
        Truth::ollama
    } else {
        return None;
    };
    let mut truth = Truth::default();
    for event in events(body) {
        take(&mut truth, &event);
    }
    Some(truth)
}

#[track_caller]
fn compare(row: &Value, it: &Interaction, truth: &Truth) {
    let id = &row["id"];
    let said = response(it);
    // What is inside tags goes apart, with the line feeds after it.
    let (text, thought) = truth
        .text
        .split_once("</think>")
        .map_or((truth.text.as_str(), None), |(thought, text)| {
            (text.trim_start_matches('\n'), Some(thought))
        });
    assert_eq!(said.content, text, "{id}");
    if let Some(thought) = thought {
        assert!(
            said.metadata["reasoning"]
                .as_str()
                .unwrap()
                .contains(thought.trim()),
            "{id}"
        );
    }
    let calls: Vec<(String, Value)> = truth
        .calls
        .values()
        .map(|(name, arguments)| {
            let parsed = serde_json::from_str(arguments);
            (
                name.clone(),
                parsed.unwrap_or_else(|_| arguments.as_str().into()),
            )
        })
        .collect();
    assert_eq!(tool_calls(it), calls, "{id}");
    assert_eq!(
        tokens(it).map(|(input, output, _)| (u64::from(input), u64::from(output))),
        truth
            .input
            .or(truth.output)
            .map(|_| { (truth.input.unwrap_or(0), truth.output.unwrap_or(0)) }),
        "{id}"
    );
    if let Some(model) = &truth.model {
        assert_eq!(it.model_identifier(), Some(model.as_str()), "{id}");
    }
    assert!(!said.metadata.contains_key("incomplete"), "{id}");
}

#[test]
fn every_exchange_is_one_interaction_that_says_what_was_said() {
    let name = "exchanges/provider_http.jsonl.gz";
    let Some(path) = shared("every_exchange_is_one_interaction", name) else {
        return;
    };
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(&path).unwrap())
        .read_to_string(&mut text)
        .unwrap();
    let mut units = units_of_file(&path, Format::Auto).into_iter();
    let (mut providers, mut compared, mut calls) = (BTreeMap::<String, usize>::new(), 0, 0);
    for row in text.lines() {
        let row: Value = serde_json::from_str(row).unwrap();
        let id = &row["id"];
        let unit = units.next().unwrap().unwrap();
        let [it] = &unit.interactions[..] else {
            panic!("{id}: not one interaction");
        };
        let summary = unit.provider.unwrap();
        assert_eq!(row["provider"], summary.provider.as_str());
        *providers.entry(summary.provider.clone()).or_default() += 1;

        let asked = row["request_body"].as_str().unwrap_or_default();
        let body: Value = serde_json::from_str(asked).unwrap_or_default();
        let sent = ["messages", "contents", "input"]
            .iter()
            .find_map(|name| body.get(name));
        let prompt = &request(it).prompt;
        match sent {
            Some(Value::String(text)) => assert_eq!(prompt, text, "{id}"),
            Some(sent) => {
                assert_eq!(
                    &serde_json::from_str::<Value>(prompt).unwrap(),
                    sent,
                    "{id}"
                );
                assert!(asked.contains(prompt), "{id}: not as it was sent");
            }
            None => assert_eq!(prompt.is_empty(), asked.is_empty(), "{id}"),
        }
        assert_eq!(summary.prompt, !prompt.is_empty(), "{id}");

        let status = row["status"].as_u64().unwrap();
        match it.error_text() {
            Some(error) => assert!(
                error.starts_with(&format!("http_{status}: ")),
                "{id}: {error}"
            ),
            None => assert!(status < 400, "{id}"),
        }
        if let Some(truth) = truth(&row) {
            compare(&row, it, &truth);
            compared += 1;
            calls += truth.calls.len();
        }
        assert_eq!(summary.tools, tool_calls(it).len());
    }
    assert!(units.next().is_none());
    let expected = [
        ("anthropic", 76),
        ("bedrock", 29),
        ("chatgpt", 31),
        ("cohere", 45),
        ("copilot", 42),
        ("deepseek", 70),
        ("doubleword", 58),
        ("gemini", 70),
        ("groq", 45),
        ("llamacpp", 77),
        ("mistral", 70),
        ("mistralrs", 8),
        ("ollama", 30),
        ("openai", 77),
        ("openrouter", 62),
        ("perplexity", 18),
        ("venice", 44),
        ("xai", 59),
    ];
    let expected: BTreeMap<String, usize> = expected
        .map(|(name, count)| (name.to_owned(), count))
        .into();
    assert_eq!(providers, expected);
    assert_eq!((compared, calls), (727, 314));
}
