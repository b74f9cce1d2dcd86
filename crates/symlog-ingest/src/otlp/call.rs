//! One call of a model, a tool or an agent, put together from what was reported about it.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};
use symlog_core::{Interaction, ModelInteractionType, RequestData, ResponseData};

use super::Item;
use super::messages::{Indexed, Said, decoded, of_choice, of_event, of_output};
use crate::exchange::Usage;
use crate::reader::Place;

/// What is known about a call. What was said first stays.
#[derive(Default)]
pub(super) struct Call {
    /// Where it was first reported.
    pub(super) place: Place,
    pub(super) bytes: usize,
    /// The spans that are this call.
    pub(super) spans: Vec<(String, String)>,
    /// From when to when, once a span has said so.
    pub(super) interval: Option<(Duration, Duration)>,
    pub(super) response_id: Option<String>,
    /// Whether an answer has been seen, which ends a call that no span identifies.
    pub(super) answered: bool,
    at: Option<Duration>,
    trace: Option<String>,
    parent: Option<String>,
    service: Option<String>,
    texts: HashMap<&'static str, String>,
    usage: Usage,
    /// The messages as one attribute has them.
    input: Option<Value>,
    output: Option<Value>,
    /// The messages as one event each.
    messages: Vec<Value>,
    choice: Option<Said>,
    arguments: Option<Value>,
    result: Option<Value>,
    parameters: HashMap<String, Value>,
    metadata: HashMap<String, Value>,
    failed: bool,
    status: Option<String>,
}

/// Attributes that are texts with a place of their own.
const TEXTS: [(&str, &str); 16] = [
    ("gen_ai.operation.name", "operation"),
    ("gen_ai.request.model", "request_model"),
    ("gen_ai.response.model", "model"),
    ("gen_ai.system", "provider"),
    ("gen_ai.provider.name", "provider"),
    ("gen_ai.conversation.id", "conversation"),
    ("session.id", "conversation"),
    ("gen_ai.agent.name", "agent"),
    ("gen_ai.agent.id", "agent"),
    ("gen_ai.tool.name", "tool"),
    ("error.type", "error"),
    ("enduser.id", "subject"),
    ("user.id", "subject"),
    ("exception.message", "exception"),
    ("llm.request.type", "operation"),
    ("event.name", "event"),
];

impl Call {
    /// A call that was first reported at `place`.
    pub(super) fn at(place: Place) -> Self {
        Self {
            place,
            ..Self::default()
        }
    }

    /// Takes what a span or a log record says.
    pub(super) fn take(&mut self, item: Item) {
        self.bytes += item.bytes;
        fill(&mut self.trace, non_empty(item.trace));
        fill(&mut self.service, item.service);
        let event = match item.attributes.get("event.name") {
            Some(Value::String(name)) if item.name.is_empty() => name.clone(),
            _ => item.name,
        };
        if item.is_span {
            self.interval = Some((item.start, item.end));
            fill(&mut self.parent, non_empty(item.parent));
            self.failed |= item.failed;
            fill(&mut self.status, non_empty(item.status));
        } else if self.at.is_none() && !item.start.is_zero() {
            self.at = Some(item.start);
        }
        self.attributes(item.attributes);
        for inner in item.events {
            self.event(&inner.name, Value::Null, inner.attributes);
        }
        if !item.is_span {
            self.event(&event, item.body, Map::new());
        }
    }

    fn event(&mut self, name: &str, body: Value, attributes: Map<String, Value>) {
        // Inside a span the body of an event is its attributes.
        let body = match (body, attributes.is_empty()) {
            (Value::Null, false) if name.ends_with(".message") || name == "gen_ai.choice" => {
                Value::Object(attributes)
            }
            (body, _) => {
                self.attributes(attributes);
                body
            }
        };
        if name == "gen_ai.choice" {
            self.answered = true;
            if self.choice.is_none() {
                self.choice = of_choice(&body);
            }
        } else if let Some(message) = of_event(name, body) {
            self.messages.push(message);
        }
    }

    fn attributes(&mut self, attributes: Map<String, Value>) {
        let (mut prompts, mut completions) = (Indexed::default(), Indexed::default());
        let mut counts = Map::new();
        for (key, value) in attributes {
            if let Some((_, slot)) = TEXTS.iter().find(|(name, _)| *name == key)
                && let Value::String(text) = &value
            {
                self.texts.entry(slot).or_insert_with(|| text.clone());
                continue;
            }
            if let Some(rest) = key.strip_prefix("gen_ai.prompt.")
                && prompts.take(rest, &value)
            {
                continue;
            }
            if let Some(rest) = key.strip_prefix("gen_ai.completion.")
                && completions.take(rest, &value)
            {
                continue;
            }
            match key.as_str() {
                "gen_ai.response.id" => {
                    fill(&mut self.response_id, value.as_str().map(str::to_owned));
                }
                "gen_ai.input.messages" | "gen_ai.prompt" => {
                    fill(&mut self.input, Some(decoded(value)));
                }
                "gen_ai.output.messages" | "gen_ai.completion" => {
                    self.answered = true;
                    fill(&mut self.output, Some(decoded(value)));
                }
                "gen_ai.response.finish_reasons" => {
                    let first = value.get(0).unwrap_or(&value);
                    if let Some(reason) = first.as_str() {
                        self.texts
                            .entry("finish")
                            .or_insert_with(|| reason.to_owned());
                    }
                }
                "gen_ai.tool.call.arguments" => fill(&mut self.arguments, Some(decoded(value))),
                "gen_ai.tool.call.result" => fill(&mut self.result, Some(decoded(value))),
                "gen_ai.system_instructions" | "gen_ai.tool.definitions" => {
                    let name = key.trim_start_matches("gen_ai.").to_owned();
                    self.parameters
                        .entry(name)
                        .or_insert_with(|| decoded(value));
                }
                _ => self.other(&key, value, &mut counts),
            }
        }
        self.usage.report(&Value::Object(counts));
        fill(&mut self.input, prompts.into_messages());
        fill(&mut self.output, completions.into_messages());
    }

    fn other(&mut self, key: &str, value: Value, counts: &mut Map<String, Value>) {
        if let Some(name) = key.strip_prefix("gen_ai.request.") {
            self.parameters.entry(name.to_owned()).or_insert(value);
        } else if let Some(name) = key
            .strip_prefix("gen_ai.usage.")
            .or_else(|| key.strip_prefix("llm.usage."))
        {
            let name = match name {
                "cache_read.input_tokens" => "cache_read_input_tokens",
                "cache_creation.input_tokens" => "cache_creation_input_tokens",
                "reasoning.output_tokens" => "reasoning_tokens",
                name => name,
            };
            counts.insert(name.to_owned(), value);
        } else {
            let name = key.strip_prefix("gen_ai.").unwrap_or(key);
            self.metadata.entry(name.to_owned()).or_insert(value);
        }
    }

    /// Takes what another report of the same call knows beside this one.
    pub(super) fn absorb(&mut self, other: Self) {
        let Self {
            place: _,
            bytes,
            spans,
            interval,
            response_id,
            answered,
            at,
            trace,
            parent,
            service,
            texts,
            usage,
            input,
            output,
            messages,
            choice,
            arguments,
            result,
            parameters,
            metadata,
            failed,
            status,
        } = other;
        self.bytes += bytes;
        self.spans.extend(spans);
        self.answered |= answered;
        self.failed |= failed;
        fill(&mut self.interval, interval);
        fill(&mut self.response_id, response_id);
        fill(&mut self.at, at);
        fill(&mut self.trace, trace);
        fill(&mut self.parent, parent);
        fill(&mut self.service, service);
        fill(&mut self.input, input);
        fill(&mut self.output, output);
        fill(&mut self.choice, choice);
        fill(&mut self.arguments, arguments);
        fill(&mut self.result, result);
        fill(&mut self.status, status);
        if self.messages.is_empty() {
            self.messages = messages;
        }
        for (name, text) in texts {
            self.texts.entry(name).or_insert(text);
        }
        for (name, value) in parameters {
            self.parameters.entry(name).or_insert(value);
        }
        for (name, value) in metadata {
            self.metadata.entry(name).or_insert(value);
        }
        self.usage.fill(&usage);
    }

    pub(super) fn into_interaction(mut self, agent: &str, model: &str) -> Interaction {
        let mut text = |name| self.texts.remove(name);
        let operation = text("operation").unwrap_or_else(|| "chat".to_owned());
        let (kind, tool) = (kind(&operation), text("tool"));
        let names_tool = kind == ModelInteractionType::ToolCall;
        let model = text("model")
            .or(text("request_model"))
            .or(tool.clone().filter(|_| names_tool))
            .unwrap_or_else(|| model.to_owned());
        let finish = text("finish");
        let agent = text("agent")
            .or(self.service)
            .unwrap_or_else(|| agent.to_owned());
        let error = match (
            text("error").map(|kind| class(&kind)),
            self.status.or(text("exception")),
        ) {
            (Some(class), Some(words)) => Some(format!("{class}: {words}")),
            (Some(class), None) => Some(class),
            (None, words) if self.failed => Some(match words {
                Some(words) => format!("error: {words}"),
                None => "error".to_owned(),
            }),
            _ => None,
        };
        let said = self
            .output
            .as_ref()
            .map(of_output)
            .or(self.choice)
            .unwrap_or_default();
        let prompt = self
            .input
            .or_else(|| (!self.messages.is_empty()).then_some(Value::Array(self.messages)));
        let request = RequestData {
            prompt: match prompt {
                Some(Value::String(text)) => text,
                Some(messages) => messages.to_string(),
                None => String::new(),
            },
            tool_name: tool,
            tool_arguments: self.arguments,
            parameters: self.parameters,
        };
        let mut response = ResponseData {
            content: said.text,
            tool_result: self.result.or(said.tool_calls),
            confidence: None,
            metadata: self.metadata,
        };
        response.metadata.extend(self.usage.details());
        for (name, value) in [
            ("reasoning", non_empty(said.reasoning)),
            ("finish_reason", said.finish.or(finish)),
            ("id", self.response_id),
        ] {
            if let Some(value) = value {
                response.metadata.insert(name.to_owned(), value.into());
            }
        }
        let mut interaction = Interaction::new(agent, kind, model)
            .request(request)
            .operation(operation);
        // Messages alone are a request that is still open.
        if self.answered || self.interval.is_some() || error.is_some() {
            interaction = interaction.response(response);
        }
        if let Some(provider) = text("provider") {
            interaction = interaction.meta("provider", provider);
        }
        let began = self.interval.map(|(start, _)| start).or(self.at);
        if let Some(at) = began.and_then(|at| SystemTime::UNIX_EPOCH.checked_add(at)) {
            interaction = interaction.timestamp(at);
        }
        if let Some((start, end)) = self.interval {
            interaction = interaction.latency(end.saturating_sub(start));
        }
        if let Some(tokens) = self.usage.tokens() {
            interaction = interaction.tokens(tokens);
        }
        if let Some(error) = error {
            interaction = interaction.error(error);
        }
        if let Some(conversation) = text("conversation") {
            interaction = interaction.conversation(conversation);
        }
        if let Some(subject) = text("subject") {
            interaction = interaction.subject(subject);
        }
        if let Some(trace) = self.trace {
            interaction = interaction.trace(trace);
        }
        if let Some(parent) = self.parent {
            interaction = interaction.parent(parent);
        }
        interaction
    }
}

/// The operations of the GenAI semantic conventions, version 1.41.
fn kind(operation: &str) -> ModelInteractionType {
    match operation {
        "embeddings" | "retrieval" | "rerank" => ModelInteractionType::RagQuery,
        "execute_tool" => ModelInteractionType::ToolCall,
        "invoke_agent" | "create_agent" | "invoke_workflow" => ModelInteractionType::AgentExecution,
        _ => ModelInteractionType::Completion,
    }
}

/// The class of an `error.type`, which is a status or the name of an exception: `429` is
/// `http_429`, `openai.RateLimitError` is `rate_limit_error`.
fn class(kind: &str) -> String {
    if kind.len() == 3 && kind.bytes().all(|byte| byte.is_ascii_digit()) {
        return format!("http_{kind}");
    }
    let name = kind.rsplit(['.', ':']).next().unwrap_or(kind);
    let mut class = String::with_capacity(name.len() + 4);
    let mut before = None::<char>;
    let mut letters = name.chars().peekable();
    while let Some(letter) = letters.next() {
        // A word begins at a capital after a small letter, or at the last of several capitals.
        let begins = letter.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_uppercase()
                        && letters.peek().is_some_and(|next| next.is_lowercase())
            });
        if begins {
            class.push('_');
        }
        class.extend(letter.to_lowercase());
        before = Some(letter);
    }
    class
}

fn fill<T>(slot: &mut Option<T>, value: Option<T>) {
    if slot.is_none() {
        *slot = value;
    }
}

fn non_empty(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::class;

    #[test]
    fn kinds_of_errors_become_classes() {
        for (kind, expected) in [
            ("429", "http_429"),
            ("RateLimitError", "rate_limit_error"),
            ("openai.APIConnectionError", "api_connection_error"),
            ("timeout", "timeout"),
            ("_OTHER", "_other"),
            ("", ""),
        ] {
            assert_eq!(class(kind), expected);
        }
    }
}
