//! What came back, assembled.

use std::collections::HashMap;

use serde_json::{Map, Value};
use symlog_core::ResponseData;

use super::body::{Framing, take_apart};
use super::responses::Items;
use super::shape::Shape;
use super::tools::Calls;
use super::usage::Usage;
use super::{HttpExchange, error_body, think};
use super::{anthropic, bedrock, chat, cohere, gemini, ollama, other, responses};

/// How many events, parts or calls of one kind are kept: each takes many times the memory of its
/// shortest text, and no answer has that many. How many were left out is said.
const MOST: usize = 1 << 16;

/// An answer, as far as it has been read.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) text: String,
    pub(super) reasoning: String,
    pub(super) refusal: String,
    pub(super) calls: Calls,
    pub(super) model: Option<String>,
    pub(super) usage: Usage,
    pub(super) finish: Option<String>,
    /// The provider's words about what went wrong.
    pub(super) failure: Option<String>,
    /// Whether it came as a stream.
    pub(super) streamed: bool,
    /// Whether a stream came to its end.
    pub(super) ended: bool,
    /// Everything else that is worth keeping.
    pub(super) extra: HashMap<String, Value>,
    /// Answers beside the first one, by their index.
    pub(super) others: Map<String, Value>,
    pub(super) items: Items,
    /// How many values were too many to be kept.
    omitted: u64,
}

impl Answer {
    pub(super) fn read(exchange: &HttpExchange) -> Self {
        let mut answer = Self::default();
        let header = |name: &str| {
            exchange
                .response_headers
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.as_str())
        };
        let body = &exchange.response_body;
        let failed = exchange.status >= 400;
        let mut shape = None;
        let mut unrecognised = Vec::new();
        let parts = take_apart(body, header("content-type"), &mut |event| {
            shape = shape.or_else(|| Shape::of(&event));
            match shape {
                Some(shape) if !failed => answer.event(shape, &event),
                _ if unrecognised.len() < MOST => unrecognised.push(event),
                _ => answer.omitted += 1,
            }
        });
        answer.streamed = matches!(parts.framing, Framing::Events);
        if matches!(parts.framing, Framing::Opaque) && !body.is_empty() {
            answer.opaque(body, header("content-type"), failed);
        }
        answer.unrecognised(unrecognised, shape.is_some(), failed);
        answer.settle(shape, parts.done, parts.unreadable);
        for name in ["request-id", "x-request-id", "x-amzn-requestid"] {
            if let Some(id) = header(name) {
                answer.extra.insert("request_id".to_owned(), id.into());
                break;
            }
        }
        answer
    }

    fn event(&mut self, shape: Shape, event: &Value) {
        if let Some(error) = event.get("error").filter(|error| !error.is_null()) {
            self.fail(event, error);
        }
        match shape {
            Shape::Chat => chat::event(self, event),
            Shape::Responses => responses::event(self, event),
            Shape::Anthropic => anthropic::event(self, event),
            Shape::Gemini => gemini::event(self, event),
            Shape::Cohere => cohere::event(self, event),
            Shape::Converse => bedrock::event(self, event),
            Shape::Ollama => ollama::event(self, event),
            Shape::Retrieval => other::retrieval(self, event),
            Shape::Plain => other::plain(self, event),
        }
    }

    /// Notes that the provider has reported an error inside an answer.
    pub(super) fn fail(&mut self, event: &Value, error: &Value) {
        self.failure = Some(error_body::message(event).unwrap_or_default());
        self.extra.insert("error".to_owned(), error.clone());
    }

    /// Keeps the fields of `object` except `used`; of several objects in a stream the last wins.
    pub(super) fn keep(&mut self, object: &Value, used: &[&str]) {
        // Random letters that hide the length of a token on the wire.
        const PADDING: [&str; 2] = ["p", "obfuscation"];
        for (name, value) in object.as_object().into_iter().flatten() {
            let name_is_in = |list: &[&str]| list.contains(&name.as_str());
            if !name_is_in(used) && !name_is_in(&PADDING) && !value.is_null() {
                self.extra.insert(name.clone(), value.clone());
            }
        }
    }

    /// Appends `value` to the list that is kept under `name`.
    pub(super) fn collect(&mut self, name: &str, value: &Value) {
        let list = self
            .extra
            .entry(name.to_owned())
            .or_insert_with(|| Value::Array(Vec::new()));
        match list {
            Value::Array(list) if list.len() < MOST => list.push(value.clone()),
            _ => self.omitted += 1,
        }
    }

    pub(super) fn set_model(&mut self, model: Option<&Value>) {
        if let Some(model) = model
            .and_then(Value::as_str)
            .filter(|model| !model.is_empty())
        {
            self.model = Some(model.to_owned());
        }
    }

    pub(super) fn set_finish(&mut self, reason: Option<&Value>) {
        if let Some(reason) = reason
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
        {
            self.finish = Some(reason.to_owned());
        }
    }

    /// Neither JSON nor a stream: audio, an error page, plain text.
    fn opaque(&mut self, body: &[u8], content_type: Option<&str>, failed: bool) {
        let text = String::from_utf8_lossy(body);
        if failed {
            self.failure = error_body::of_text(&text);
        }
        if let Some(kind) = content_type {
            self.extra.insert("content_type".to_owned(), kind.into());
        }
        self.extra.insert("bytes".to_owned(), body.len().into());
        let whole = match std::str::from_utf8(body) {
            Ok(text) => text.to_owned(),
            Err(_) => {
                self.extra.insert("encoding".to_owned(), "base64".into());
                base64_simd::STANDARD.encode_to_string(body)
            }
        };
        self.extra.insert("body".to_owned(), whole.into());
    }

    /// What no protocol claims: bodies of errors, lists of models, files; kept whole. Of a stream
    /// that was recognised later, only an error counts.
    fn unrecognised(&mut self, mut events: Vec<Value>, recognised: bool, failed: bool) {
        for event in &events {
            if failed || event.get("error").is_some_and(|error| !error.is_null()) {
                let message = error_body::message(event).unwrap_or_default();
                self.failure.get_or_insert(message);
            }
        }
        if recognised && !failed {
            return;
        }
        let body = match events.len() {
            0 => return,
            1 => events.remove(0),
            _ => Value::Array(events),
        };
        self.set_model(body.get("model"));
        self.extra.insert("body".to_owned(), body);
    }

    /// What can only be said when everything has been read.
    fn settle(&mut self, shape: Option<Shape>, done: bool, unreadable: u64) {
        let items = std::mem::take(&mut self.items);
        items.settle(self);
        if let Some((text, thought)) = think::split(&self.text) {
            self.text = text;
            if !self.reasoning.is_empty() && !thought.is_empty() {
                self.reasoning.push('\n');
            }
            self.reasoning.push_str(&thought);
        }
        if self.streamed {
            if unreadable > 0 {
                self.extra
                    .insert("unreadable_events".to_owned(), unreadable.into());
            }
            let ended = self.ended || done || self.finish.is_some() || self.failure.is_some();
            if !ended && (shape.is_some() || unreadable > 0) {
                self.extra.insert("incomplete".to_owned(), true.into());
            }
        }
    }
}

impl From<Answer> for ResponseData {
    fn from(answer: Answer) -> Self {
        let Answer {
            text,
            reasoning,
            refusal,
            calls,
            model: _,
            usage,
            finish,
            failure: _,
            streamed: _,
            ended: _,
            mut extra,
            others,
            items: _,
            omitted,
        } = answer;
        extra.extend(usage.details());
        let omitted = omitted + calls.omitted();
        if omitted > 0 {
            extra.insert("omitted".to_owned(), omitted.into());
        }
        for (name, text) in [("reasoning", reasoning), ("refusal", refusal)] {
            if !text.is_empty() {
                extra.insert(name.to_owned(), text.into());
            }
        }
        if let Some(finish) = finish {
            extra.insert("finish_reason".to_owned(), finish.into());
        }
        if !others.is_empty() {
            extra.insert("other_choices".to_owned(), Value::Object(others));
        }
        Self {
            content: text,
            tool_result: calls.into_value(),
            confidence: None,
            metadata: extra,
        }
    }
}
