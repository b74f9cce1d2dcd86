//! What was asked: the prompt exactly as it was sent, and everything else as parameters.

use serde_json::{Map, Value};
use symlog_core::RequestData;

use super::HttpExchange;
use crate::fields::{Fields, text_of, value_or_text};

/// Where a prompt may stand, the conversations first.
///
/// `system` and `instructions` beside the messages stay under their own names in the parameters,
/// which are stored with the prompt in one envelope: the prompt is the array that was sent and
/// nothing else, so that a reader can parse it back.
const PROMPTS: [&str; 12] = [
    "messages",
    "contents",
    "input",
    "prompt",
    "query",
    "texts",
    "inputText",
    "inputs",
    "images",
    "requests",
    "content",
    "message",
];

/// A request, understood.
pub(super) struct Asked {
    pub(super) request: RequestData,
    pub(super) model: Option<String>,
    /// The field that the prompt was taken from.
    pub(super) prompt_field: Option<&'static str>,
}

impl Asked {
    pub(super) fn read(exchange: &HttpExchange) -> Self {
        let mut asked = match std::str::from_utf8(&exchange.request_body) {
            Ok(body) => match Fields::parse(body) {
                Ok(fields) => Self::from_fields(&fields, body),
                Err(_) => Self::from_text(body),
            },
            Err(_) => Self::from_bytes(&exchange.request_body),
        };
        asked
            .request
            .parameters
            .insert("http".to_owned(), line(exchange));
        asked
    }

    fn from_fields(fields: &Fields<'_>, body: &str) -> Self {
        let found = PROMPTS
            .into_iter()
            .find_map(|name| Some((name, fields.get(name)?)));
        let mut request = RequestData {
            // A body without any of these is kept whole.
            prompt: found.map_or_else(|| body.to_owned(), |(_, raw)| text_of(raw)),
            ..RequestData::default()
        };
        if let Some((prompt_field, _)) = found {
            request.parameters = fields
                .iter()
                .filter(|(name, _)| *name != prompt_field)
                .map(|(name, raw)| (name.to_owned(), value_or_text(raw.get())))
                .collect();
        }
        Self {
            request,
            model: ["model", "modelId", "model_id"]
                .into_iter()
                .find_map(|name| fields.text(name))
                .filter(|model| !model.is_empty())
                .map(|model| model.trim_start_matches("models/").to_owned()),
            prompt_field: found.map(|(name, _)| name),
        }
    }

    /// Forms, uploads, and what cannot be parsed.
    fn from_text(body: &str) -> Self {
        let form = form_fields(body);
        Self {
            model: form
                .iter()
                .find(|(name, _)| name == "model")
                .map(|(_, value)| value.clone()),
            request: RequestData {
                prompt: body.to_owned(),
                parameters: form
                    .into_iter()
                    .map(|(name, value)| (name, Value::String(value)))
                    .collect(),
                ..RequestData::default()
            },
            prompt_field: None,
        }
    }

    /// Uploads of pictures and sounds: every byte counts, so the body is kept in base64.
    fn from_bytes(body: &[u8]) -> Self {
        let mut asked = Self::from_text(&String::from_utf8_lossy(body));
        asked.request.prompt = base64_simd::STANDARD.encode_to_string(body);
        asked
            .request
            .parameters
            .insert("encoding".to_owned(), "base64".into());
        asked
    }
}

/// The request line: the only input of a GET or DELETE.
fn line(exchange: &HttpExchange) -> Value {
    let mut line = Map::new();
    line.insert("method".to_owned(), exchange.method.as_str().into());
    let (path, inline) = match exchange.path.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (&*exchange.path, None),
    };
    line.insert("path".to_owned(), path.into());
    let inline = inline.into_iter().flat_map(|query| query.split('&'));
    let query: Map<String, Value> = exchange
        .query
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().into()))
        .chain(inline.filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (name.to_owned(), value.into())
        }))
        .collect();
    if !query.is_empty() {
        line.insert("query".to_owned(), Value::Object(query));
    }
    Value::Object(line)
}

/// The short text fields of a `multipart/form-data` body (RFC 7578); files stay in the body.
fn form_fields(body: &str) -> Vec<(String, String)> {
    const LONGEST: usize = 4096;
    if !body.starts_with("--") {
        return Vec::new();
    }
    let Some((boundary, _)) = body.split_once("\r\n") else {
        return Vec::new();
    };
    body.split(boundary)
        .take(64)
        .filter_map(|part| {
            let (head, value) = part.strip_prefix("\r\n")?.split_once("\r\n\r\n")?;
            let (_, name) = head.split_once("name=\"")?;
            let (name, rest) = name.split_once('"')?;
            let value = value.strip_suffix("\r\n").unwrap_or(value);
            let short = value.len() <= LONGEST && !rest.contains("filename");
            short.then(|| (name.to_owned(), value.to_owned()))
        })
        .collect()
}
