//! Each provider's own exchanges, from `testdata/`.

mod anthropic;
mod bedrock;
mod chatgpt;
mod cohere;
mod copilot;
mod deepseek;
mod doubleword;
mod gemini;
mod groq;
mod llamacpp;
mod mistral;
mod mistralrs;
mod ollama;
mod openai;
mod openrouter;
mod perplexity;
mod venice;
mod xai;

use serde_json::Value;
use symlog_ingest::Format;

use crate::support::{meta, only, request, response, testdata, tokens, tool_calls};

/// What an exchange must come to.
#[derive(Debug, Default)]
struct Expect {
    operation: &'static str,
    model: &'static str,
    /// The field of the request that must be the prompt.
    prompt_field: &'static str,
    content: &'static str,
    reasoning: &'static str,
    /// Names, and arguments as JSON.
    tools: &'static [(&'static str, &'static str)],
    tokens: Option<(u32, u32, u32)>,
    error: Option<&'static str>,
    streamed: bool,
}

#[track_caller]
fn check(provider: &str, id: &str, expect: &Expect) {
    let Expect {
        operation,
        model,
        prompt_field,
        content,
        reasoning,
        tools,
        tokens: expected_tokens,
        error,
        streamed,
    } = expect;
    let file = testdata(&format!("{provider}.jsonl"));
    let (line, row) = file
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| (line, serde_json::from_slice::<Value>(line).unwrap()))
        .find(|(_, row)| row["id"] == id)
        .expect("the exchange is in testdata");
    let interaction = only(line, Format::ProviderHttp);

    assert_eq!(meta(&interaction, "provider"), Some(provider));
    assert_eq!(meta(&interaction, "operation"), Some(*operation));
    assert_eq!(meta(&interaction, "exchange_id"), Some(id));
    let status = row["status"].to_string();
    assert_eq!(meta(&interaction, "http.status"), Some(status.as_str()));
    assert_eq!(meta(&interaction, "stream").is_some(), *streamed);
    assert_eq!(interaction.model_identifier(), Some(*model));
    assert_eq!(interaction.error_text(), *error);
    assert_eq!(tokens(&interaction), *expected_tokens);

    let said = response(&interaction);
    assert_eq!(said.content.trim(), content.trim());
    let thought = said.metadata.get("reasoning").and_then(Value::as_str);
    assert_eq!(thought.unwrap_or_default(), *reasoning);
    let expected: Vec<(String, Value)> = tools
        .iter()
        .map(|(name, arguments)| ((*name).to_owned(), serde_json::from_str(arguments).unwrap()))
        .collect();
    assert_eq!(tool_calls(&interaction), expected);
    if !prompt_field.is_empty() {
        let body: Value = serde_json::from_str(row["request_body"].as_str().unwrap()).unwrap();
        let prompt = &request(&interaction).prompt;
        match &body[prompt_field] {
            Value::String(text) => assert_eq!(prompt, text),
            other => assert_eq!(&serde_json::from_str::<Value>(prompt).unwrap(), other),
        }
        for (name, value) in body.as_object().unwrap() {
            if name != prompt_field {
                assert_eq!(&request(&interaction).parameters[name], value, "{name}");
            }
        }
    }
}
