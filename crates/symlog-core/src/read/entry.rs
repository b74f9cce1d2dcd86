use std::collections::BTreeMap;
use std::io::Write;
use std::time::SystemTime;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde::ser::{Error as _, Serializer};
use serde_json::value::RawValue;

use super::chunks::{ChunkedPayload, PayloadReader};
use super::error::ReadError;
use crate::format::Timestamp;
use crate::interaction::{ModelInteractionType, RequestData, ResponseData, TokenUsage};

/// One entry in clear, its response joined to its request.
///
/// Serialises to the seed's entry, every field present, the payloads as JSON objects. A payload
/// that was stored in chunks is read while it is serialised; to stream it in bounded memory use
/// [`write_json`](Self::write_json).
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Entry {
    /// A UUID.
    pub id: String,
    /// Who asked.
    pub agent_id: Option<String>,
    /// What kind of interaction it was.
    pub interaction_type: Option<ModelInteractionType>,
    /// When, in UTC: RFC 3339.
    pub timestamp: String,
    /// How long the answer took, in milliseconds; `None` where nobody said.
    pub latency_ms: Option<u64>,
    /// Who was asked.
    pub model_identifier: Option<String>,
    /// What was asked.
    pub request_data: Option<Payload>,
    /// What came back; `None` while the request is open.
    pub response_data: Option<Payload>,
    /// What the caller added.
    pub metadata: BTreeMap<String, String>,
    /// The masked text of the error, if there was one.
    pub error: Option<String>,
    /// Tokens as the provider counted them.
    pub token_usage: Option<TokenUsage>,
    /// The conversation that it belongs to.
    pub conversation: Option<String>,
    /// The tenant.
    pub tenant: Option<String>,
    /// The trace that it is part of.
    pub trace: Option<String>,
    /// What caused it.
    pub parent: Option<String>,
    /// How often each type of data was masked in it.
    pub masked: BTreeMap<String, u64>,
    /// The same by type and rule; empty, and not written, where the log does not say.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub masked_by_rule: BTreeMap<String, BTreeMap<String, u64>>,
    /// Its place in the log.
    #[serde(skip)]
    pub sequence: u64,
}

impl Entry {
    /// Whether the response has not been logged.
    pub fn is_open(&self) -> bool {
        self.response_data.is_none()
    }

    /// When it happened.
    pub fn time(&self) -> Option<SystemTime> {
        Timestamp::parse_rfc3339(&self.timestamp)
            .ok()
            .map(Timestamp::to_system_time)
    }

    /// Writes the entry as one JSON object, without holding a chunked payload in memory.
    ///
    /// # Errors
    ///
    /// When the output cannot be written, or a chunk is damaged; what was written then is no
    /// whole object.
    pub fn write_json(&self, out: &mut dyn Write) -> Result<(), ReadError> {
        let mut head = self.clone();
        head.request_data = None;
        head.response_data = None;
        let text = serde_json::to_string(&head).map_err(std::io::Error::other)?;
        // Both stand as null, between members whose text cannot hold an unescaped quote.
        const REQUEST: &str = "\"request_data\":";
        const RESPONSE: &str = ",\"response_data\":";
        let cut = format!("{REQUEST}null{RESPONSE}null");
        let (before, after) = text
            .split_once(&cut)
            .ok_or_else(|| std::io::Error::other("an entry without payload members"))?;
        out.write_all(before.as_bytes())?;
        for (name, payload) in [
            (REQUEST, &self.request_data),
            (RESPONSE, &self.response_data),
        ] {
            out.write_all(name.as_bytes())?;
            match payload {
                Some(payload) => payload.write_json(out)?,
                None => out.write_all(b"null")?,
            }
        }
        out.write_all(after.as_bytes())?;
        Ok(())
    }
}

/// A payload in clear, byte for byte as it was sealed.
#[derive(Clone)]
pub struct Payload(Kind);

#[derive(Clone)]
enum Kind {
    Inline(Box<RawValue>),
    Chunked(Box<ChunkedPayload>),
}

impl Payload {
    /// `None` if the text is no JSON.
    pub(crate) fn inline(json: String) -> Option<Self> {
        RawValue::from_string(json)
            .ok()
            .map(|json| Self(Kind::Inline(json)))
    }

    pub(crate) fn chunked(payload: ChunkedPayload) -> Self {
        Self(Kind::Chunked(Box::new(payload)))
    }

    /// Length of the JSON text in bytes; 0 for a stream that has no end in the log.
    pub fn byte_len(&self) -> u64 {
        match &self.0 {
            Kind::Inline(json) => json.get().len() as u64,
            Kind::Chunked(payload) => payload.byte_len(),
        }
    }

    /// The JSON text, read chunk by chunk where it was stored in chunks.
    ///
    /// # Errors
    ///
    /// When the log's files cannot be read.
    pub fn reader(&self) -> Result<PayloadReader<'_>, ReadError> {
        match &self.0 {
            Kind::Inline(json) => Ok(PayloadReader::inline(json.get())),
            Kind::Chunked(payload) => PayloadReader::chunked(payload),
        }
    }

    /// Writes the JSON text; one that was stored in chunks is read chunk by chunk.
    ///
    /// # Errors
    ///
    /// When the output cannot be written, or a chunk is missing or damaged.
    pub fn write_json(&self, out: &mut dyn Write) -> Result<(), ReadError> {
        match &self.0 {
            Kind::Inline(json) => Ok(out.write_all(json.get().as_bytes())?),
            Kind::Chunked(payload) => payload.write_to(out),
        }
    }

    /// The payload of a request.
    ///
    /// # Errors
    ///
    /// When a chunk is missing or damaged, or the JSON is not that of a request.
    pub fn to_request(&self) -> Result<RequestData, ReadError> {
        self.parse()
    }

    /// The payload of a response.
    ///
    /// # Errors
    ///
    /// When a chunk is missing or damaged, or the JSON is not that of a response.
    pub fn to_response(&self) -> Result<ResponseData, ReadError> {
        self.parse()
    }

    fn parse<T: DeserializeOwned>(&self) -> Result<T, ReadError> {
        let parsed = match &self.0 {
            Kind::Inline(json) => serde_json::from_str(json.get()),
            Kind::Chunked(payload) => {
                let mut text = Vec::new();
                payload.write_to(&mut text)?;
                serde_json::from_slice(&text)
            }
        };
        // The error of serde_json quotes what it read, so it goes no further.
        parsed.map_err(|_| {
            ReadError::Output(std::sync::Arc::new(std::io::Error::other(
                "the payload is not of the shape that was asked for",
            )))
        })
    }
}

impl std::fmt::Debug for Payload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Payload({} bytes)", self.byte_len())
    }
}

impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Kind::Inline(json) => json.serialize(serializer),
            Kind::Chunked(payload) => {
                let mut text = Vec::new();
                payload.write_to(&mut text).map_err(S::Error::custom)?;
                let text = String::from_utf8(text).map_err(S::Error::custom)?;
                RawValue::from_string(text)
                    .map_err(S::Error::custom)?
                    .serialize(serializer)
            }
        }
    }
}
