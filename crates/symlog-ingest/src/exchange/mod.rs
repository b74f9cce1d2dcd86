//! One HTTP exchange with a model provider.

mod answer;
mod anthropic;
mod bedrock;
mod body;
mod chat;
mod cohere;
mod error_body;
mod eventstream;
mod gemini;
mod ollama;
mod other;
mod request;
mod responses;
mod route;
mod row;
mod shape;
mod think;
mod tools;
mod usage;

use std::fmt;

use symlog_core::{Interaction, ModelInteractionType, ResponseData};

use answer::Answer;
use request::Asked;
use route::Route;

pub(crate) use row::{map as map_row, recognises};
pub(crate) use think::split as split_thinking;
pub(crate) use tools::tool_calls;
pub(crate) use usage::Usage;

/// One HTTP exchange, with both bodies complete and not compressed.
///
/// The request's headers are no part of it: they hold credentials and nothing that was said.
#[derive(Clone, Default)]
pub struct HttpExchange {
    /// Who answered, where that is known. What was said is recognised by itself.
    pub provider: Option<String>,
    /// `POST`, `GET`, …
    pub method: String,
    /// The path, with or without a query.
    pub path: String,
    /// The parameters of the query.
    pub query: Vec<(String, String)>,
    /// The request's body; empty where there was none.
    pub request_body: Vec<u8>,
    /// The status; 0 where no answer came.
    pub status: u16,
    /// The response's headers.
    pub response_headers: Vec<(String, String)>,
    /// The response's body. A binary one may be in base64.
    pub response_body: Vec<u8>,
}

// Bodies, headers and queries must not reach a log line by way of `{:?}`.
impl fmt::Debug for HttpExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpExchange")
            .field("provider", &self.provider)
            .field("method", &self.method)
            .field("status", &self.status)
            .field("request_bytes", &self.request_body.len())
            .field("response_bytes", &self.response_body.len())
            .finish_non_exhaustive()
    }
}

/// What an exchange held, for a table per provider.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExchangeSummary {
    /// Who answered, `unknown` where that was not said.
    pub provider: String,
    /// The exact operation: `chat`, `embeddings`, ….
    pub operation: String,
    /// The status.
    pub status: u16,
    /// Whether the answer came as a stream.
    pub streamed: bool,
    /// Whether there is a prompt.
    pub prompt: bool,
    /// Whether there is text in the answer.
    pub text: bool,
    /// Whether the model is known.
    pub model: bool,
    /// Whether tokens were reported.
    pub tokens: bool,
    /// How many tools the model called.
    pub tools: usize,
}

/// An exchange as an interaction.
#[derive(Debug)]
#[non_exhaustive]
pub struct MappedExchange {
    /// The interaction; identity, time, latency and agent can still be set.
    pub interaction: Interaction,
    /// What it holds.
    pub summary: ExchangeSummary,
}

/// Maps one exchange to exactly one interaction, whatever is in it.
///
/// Bodies that are understood by none of the protocols are kept as they stand.
pub fn map_exchange(exchange: &HttpExchange, agent_id: &str) -> MappedExchange {
    map(exchange, agent_id, "unknown")
}

fn map(exchange: &HttpExchange, agent_id: &str, unknown_model: &str) -> MappedExchange {
    let asked = Asked::read(exchange);
    let route = Route::of(&exchange.path, &asked);
    let answer = Answer::read(exchange);

    let model = answer
        .model
        .clone()
        .or_else(|| asked.model.clone())
        .or(route.model);
    let provider = exchange.provider.as_deref().unwrap_or("unknown");
    let error = error(exchange, &answer);
    let tokens = answer.usage.tokens();
    let summary = ExchangeSummary {
        provider: provider.to_owned(),
        operation: route.operation.to_owned(),
        status: exchange.status,
        streamed: answer.streamed,
        prompt: !asked.request.prompt.is_empty(),
        text: !answer.text.is_empty(),
        model: model.is_some(),
        tokens: tokens.is_some(),
        tools: answer.calls.len(),
    };
    let kind = match route.operation {
        // A vector or a ranking is what a retrieval asks for; nothing is completed.
        "embeddings" | "rerank" => ModelInteractionType::RagQuery,
        _ => ModelInteractionType::Completion,
    };
    let mut interaction = Interaction::new(
        agent_id,
        kind,
        model.unwrap_or_else(|| unknown_model.to_owned()),
    )
    .request(asked.request)
    .operation(route.operation)
    .meta("provider", provider);
    if exchange.status != 0 {
        interaction = interaction.meta("http.status", exchange.status.to_string());
    }
    if answer.streamed {
        interaction = interaction.meta("stream", "true");
    }
    if let Some(tokens) = tokens {
        interaction = interaction.tokens(tokens);
    }
    if let Some(error) = error {
        interaction = interaction.error(error);
    }
    // A request that nobody answered stays open.
    if exchange.status != 0 || !exchange.response_body.is_empty() {
        interaction = interaction.response(ResponseData::from(answer));
    }
    MappedExchange {
        interaction,
        summary,
    }
}

/// The class and the provider's words: `http_429: Rate limit reached`.
fn error(exchange: &HttpExchange, answer: &Answer) -> Option<String> {
    let class = match exchange.status {
        400.. => format!("http_{}", exchange.status),
        // A stream that has begun with 200 can still fail.
        _ if answer.failure.is_some() => "provider_error".to_owned(),
        _ => return None,
    };
    Some(match &answer.failure {
        Some(message) if !message.is_empty() => format!("{class}: {message}"),
        _ => class,
    })
}
