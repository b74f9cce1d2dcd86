//! What a path asks for.

use super::request::Asked;

/// The operation that a path names, and the model where the path holds it.
pub(super) struct Route {
    pub(super) operation: &'static str,
    pub(super) model: Option<String>,
}

/// Endings of paths, after the model has been taken out; the first that fits counts. Operations have
/// the names of the GenAI semantic conventions where these have one.
const OPERATIONS: [(&str, &str); 37] = [
    ("/chat/completions", "chat"),
    ("/completions", "text_completion"),
    ("/responses", "responses"),
    ("/messages/count_tokens", "count_tokens"),
    ("/messages/batches", "batches"),
    ("/messages", "chat"),
    (":generateContent", "generate_content"),
    (":streamGenerateContent", "generate_content"),
    (":rawPredict", "chat"),
    (":streamRawPredict", "chat"),
    (":countTokens", "count_tokens"),
    (":embedContent", "embeddings"),
    (":batchEmbedContents", "embeddings"),
    (":predict", "predict"),
    ("/cachedContents", "cached_contents"),
    ("/v2/chat", "chat"),
    ("/v1/chat", "chat"),
    ("/api/chat", "chat"),
    ("/api/generate", "generate"),
    ("/converse", "chat"),
    ("/converse-stream", "chat"),
    ("/invoke", "invoke"),
    ("/invoke-with-response-stream", "invoke"),
    ("/embeddings", "embeddings"),
    ("/embed", "embeddings"),
    ("/rerank", "rerank"),
    ("/audio/speech", "audio.speech"),
    ("/audio/transcriptions", "audio.transcriptions"),
    ("/audio/translations", "audio.translations"),
    ("/images/generations", "images.generations"),
    ("/image/generate", "images.generations"),
    ("/images/edits", "images.edits"),
    ("/moderations", "moderations"),
    ("/batches", "batches"),
    ("/files", "files"),
    ("/models", "models"),
    ("/api/tags", "models"),
];

impl Route {
    pub(super) fn of(path: &str, asked: &Asked) -> Self {
        let path = path.split('?').next().unwrap_or_default();
        let path = path.trim_end_matches('/');
        let named = named(path)
            // The thing itself: `/v1/files/file_123`, `/v1/responses/resp_1/cancel`.
            .or_else(|| parents(path).find_map(named));
        let operation = match named {
            Some("invoke") if asked.prompt_field == Some("inputText") && titan_embeds(path) => {
                "embeddings"
            }
            Some(operation) => operation,
            None if path.ends_with("/props") => "props",
            None => by_body(asked),
        };
        Self {
            operation,
            model: model(path),
        }
    }
}

fn named(path: &str) -> Option<&'static str> {
    OPERATIONS
        .into_iter()
        .find(|(ending, _)| path.ends_with(ending))
        .map(|(_, operation)| operation)
}

fn parents(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(path.rsplit_once('/').map(|(parent, _)| parent), |path| {
        path.rsplit_once('/').map(|(parent, _)| parent)
    })
    .take(4)
}

/// Bedrock's one path for every model says nothing about what the model does.
fn titan_embeds(path: &str) -> bool {
    path.contains("embed")
}

fn by_body(asked: &Asked) -> &'static str {
    match asked.prompt_field {
        Some("messages") => "chat",
        Some("contents") => "generate_content",
        Some("prompt") => "text_completion",
        _ => "other",
    }
}

/// `/v1beta/models/MODEL:verb` (Gemini), `/model/MODEL/converse` (Bedrock),
/// `/openai/deployments/MODEL/…` (Azure).
fn model(path: &str) -> Option<String> {
    let after = |marker: &str| path.rsplit_once(marker).map(|(_, rest)| rest);
    let name = if let Some(rest) = after("/models/") {
        rest.rsplit_once(':').map_or(rest, |(name, _)| name)
    } else {
        let rest = after("/model/").or_else(|| after("/deployments/"))?;
        rest.split('/').next().unwrap_or(rest)
    };
    let name = percent_decode(name);
    (!name.is_empty()).then_some(name)
}

fn percent_decode(text: &str) -> String {
    let hex = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|n| u8::try_from(n).ok())
    };
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let pair = (bytes[at] == b'%')
            .then(|| Some((hex(*bytes.get(at + 1)?)?, hex(*bytes.get(at + 2)?)?)))
            .flatten();
        if let Some((high, low)) = pair {
            decoded.push(high << 4 | low);
            at += 3;
        } else {
            decoded.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, operation: &str, model: Option<&str>) {
        let asked = Asked {
            request: Default::default(),
            model: None,
            prompt_field: Some("inputText"),
        };
        let route = Route::of(path, &asked);
        assert_eq!(
            (route.operation, route.model.as_deref()),
            (operation, model)
        );
    }

    #[test]
    fn paths_name_operation_and_model() {
        check("/v1/chat/completions", "chat", None);
        check("/openai/v1/chat/completions?x=1", "chat", None);
        check("/v1/completions", "text_completion", None);
        check("/backend-api/codex/responses", "responses", None);
        check("/v1/responses/resp_1/cancel", "responses", None);
        check("/v1/messages", "chat", None);
        check("/v1/messages/count_tokens", "count_tokens", None);
        check("/v1/files/file_1", "files", None);
        check("/v1beta/cachedContents/cached-1", "cached_contents", None);
        check(
            "/v1beta/models/gemini-2.5-flash:streamGenerateContent",
            "generate_content",
            Some("gemini-2.5-flash"),
        );
        check(
            "/model/amazon.nova-lite-v1%3A0/converse-stream",
            "chat",
            Some("amazon.nova-lite-v1:0"),
        );
        check(
            "/model/amazon.titan-embed-text-v2%3A0/invoke",
            "embeddings",
            Some("amazon.titan-embed-text-v2:0"),
        );
        check(
            "/openai/deployments/my-gpt/chat/completions",
            "chat",
            Some("my-gpt"),
        );
        check("/api/v1/image/generate", "images.generations", None);
        check("/props", "props", None);
        check("/nobody/knows", "other", None);
    }

    #[test]
    fn broken_percent_escapes_stay() {
        assert_eq!(percent_decode("a%3Ab%3%zz%"), "a:b%3%zz%");
    }
}
