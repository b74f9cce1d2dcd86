//! Which protocol an answer speaks, told by the answer itself.

use serde_json::Value;

use super::other;

/// The protocols. Many providers share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// OpenAI chat and text completions, and all who copy them.
    Chat,
    Responses,
    Anthropic,
    Gemini,
    Cohere,
    /// Bedrock's Converse.
    Converse,
    Ollama,
    /// Vectors and rankings.
    Retrieval,
    /// Answers that are a text and little else: transcriptions, models behind Bedrock's invoke.
    Plain,
}

impl Shape {
    /// The protocol of one event, or of a whole body; none where it could be several.
    pub(super) fn of(event: &Value) -> Option<Self> {
        let has = |name| event.get(name).is_some();
        let kind = event
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let object = event.get("object").and_then(Value::as_str);
        if event.get("choices").is_some_and(Value::is_array) {
            return Some(Self::Chat);
        }
        if kind.starts_with("response.") || object == Some("response") {
            return Some(Self::Responses);
        }
        if matches!(
            kind,
            "message"
                | "message_start"
                | "content_block_start"
                | "content_block_delta"
                | "content_block_stop"
                | "message_delta"
                | "message_stop"
        ) && !has("object")
        {
            return Some(Self::Anthropic);
        }
        if has("candidates") || has("promptFeedback") || has("usageMetadata") {
            return Some(Self::Gemini);
        }
        if matches!(
            kind,
            "message-start" | "content-start" | "content-delta" | "message-end" | "tool-call-start"
        ) {
            return Some(Self::Cohere);
        }
        if event.pointer("/output/message").is_some()
            || [
                "messageStart",
                "contentBlockStart",
                "contentBlockDelta",
                "messageStop",
            ]
            .into_iter()
            .any(has)
        {
            return Some(Self::Converse);
        }
        if has("done") && (has("message") || has("response")) {
            return Some(Self::Ollama);
        }
        if event.get("message").is_some_and(Value::is_object) {
            return Some(Self::Cohere);
        }
        if other::plain_text(event).is_some() {
            return Some(Self::Plain);
        }
        let vectors = |list: &Value| {
            list.as_array()
                .and_then(|list| list.first())
                .is_some_and(|first| first.get("embedding").is_some())
        };
        if has("embeddings") || has("embedding") || event.get("data").is_some_and(vectors) {
            return Some(Self::Retrieval);
        }
        if event.get("results").is_some_and(Value::is_array) {
            return Some(Self::Retrieval);
        }
        None
    }
}
