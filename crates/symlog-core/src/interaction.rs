//! What a runtime hands over: one interaction with a model or a tool.

mod large;

use std::collections::HashMap;
use std::fmt::{self, Display};
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;
use uuid::Uuid;

use crate::pipeline::Completion;

pub(crate) use large::{Large, Source};

/// The identity of an entry: a UUID, version 7 (RFC 9562) when made here.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryId(Uuid);

impl EntryId {
    /// A new identity whose first 48 bits are the present time.
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }

    /// One of several that are made together, in the order of `index`. Takes its randomness from
    /// the caller, who draws it for many at once: for one the system takes longer than for all
    /// else that is done for an entry's identity.
    pub(crate) fn one_of(millis: u64, index: u16, random: [u8; 8]) -> Self {
        let mut counter_and_random = [0; 10];
        counter_and_random[..2].copy_from_slice(&index.to_be_bytes());
        counter_and_random[2..].copy_from_slice(&random);
        let id = uuid::Builder::from_unix_timestamp_millis(millis, &counter_and_random);
        Self(id.into_uuid())
    }

    /// The sixteen bytes that the format binds into keys and leaves.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

impl fmt::Debug for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EntryId({self})")
    }
}

impl Serialize for EntryId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EntryId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

impl From<Uuid> for EntryId {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

impl FromStr for EntryId {
    type Err = uuid::Error;

    /// Takes the hyphenated form only, in lower case, because that is the one form the log holds.
    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        let id = Uuid::try_parse(text)?;
        let mut buffer = Uuid::encode_buffer();
        if id.as_hyphenated().encode_lower(&mut buffer) == text {
            Ok(Self(id))
        } else {
            // The crate offers no constructor for its error, so ask it to refuse.
            Err(Uuid::try_parse("not hyphenated lower case").expect_err("is no UUID"))
        }
    }
}

/// What kind of interaction an entry records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ModelInteractionType {
    /// A prompt and the model's answer.
    Completion,
    /// A tool invoked on a model's behalf.
    ToolCall,
    /// A retrieval: embeddings, rerank, or a whole RAG pipeline.
    RagQuery,
    /// The run of an agent.
    AgentExecution,
}

impl ModelInteractionType {
    /// All kinds, in the order of their declaration.
    pub const ALL: [Self; 4] = [
        Self::Completion,
        Self::ToolCall,
        Self::RagQuery,
        Self::AgentExecution,
    ];

    /// The name that stands in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completion => "Completion",
            Self::ToolCall => "ToolCall",
            Self::RagQuery => "RagQuery",
            Self::AgentExecution => "AgentExecution",
        }
    }
}

impl Display for ModelInteractionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A name that is no kind of interaction.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "unknown interaction type {0:?}: use one of Completion, ToolCall, RagQuery, AgentExecution"
)]
pub struct UnknownInteractionType(String);

impl FromStr for ModelInteractionType {
    type Err = UnknownInteractionType;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| UnknownInteractionType(text.to_owned()))
    }
}

/// What was asked of the model or the tool.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RequestData {
    /// The prompt; for chat protocols the messages array as JSON text.
    #[serde(default)]
    pub prompt: String,
    /// The tool's name, for a tool call.
    #[serde(default)]
    pub tool_name: Option<String>,
    /// The tool's arguments, for a tool call.
    #[serde(default)]
    pub tool_arguments: Option<Value>,
    /// Everything else that was sent: temperature, limits, tools on offer.
    #[serde(default)]
    pub parameters: HashMap<String, Value>,
}

/// What came back.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ResponseData {
    /// The text of the answer.
    #[serde(default)]
    pub content: String,
    /// The result of a tool, or the tool calls that the model asked for.
    #[serde(default)]
    pub tool_result: Option<Value>,
    /// How sure the model was, where it says.
    #[serde(default)]
    pub confidence: Option<f64>,
    /// Everything else that came back: finish reason, reasoning, cached tokens.
    #[serde(default)]
    pub metadata: HashMap<String, Value>,
}

impl From<String> for RequestData {
    fn from(prompt: String) -> Self {
        Self {
            prompt,
            ..Self::default()
        }
    }
}

impl From<&str> for RequestData {
    fn from(prompt: &str) -> Self {
        prompt.to_owned().into()
    }
}

impl From<String> for ResponseData {
    fn from(content: String) -> Self {
        Self {
            content,
            ..Self::default()
        }
    }
}

impl From<&str> for ResponseData {
    fn from(content: &str) -> Self {
        content.to_owned().into()
    }
}

// Payloads must not reach a log line by way of `{:?}`.
impl fmt::Debug for RequestData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestData")
            .field("prompt_bytes", &self.prompt.len())
            .field("parameters", &self.parameters.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ResponseData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseData")
            .field("content_bytes", &self.content.len())
            .field("metadata", &self.metadata.len())
            .finish_non_exhaustive()
    }
}

/// Tokens as the provider counted them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenUsage {
    /// Tokens of the prompt.
    pub input_tokens: u32,
    /// Tokens of the answer.
    pub output_tokens: u32,
    /// Their sum, or what the provider says it is.
    pub total_tokens: u32,
}

/// One interaction, built field by field and then handed to
/// [`ModelLogger::submit`](crate::logging::ModelLogger::submit).
///
/// All of it lives behind one pointer, so that handing it over moves eight bytes.
pub struct Interaction {
    pub(crate) parts: Box<Parts>,
}

pub(crate) struct Parts {
    pub(crate) id: Option<EntryId>,
    pub(crate) agent_id: Option<String>,
    pub(crate) kind: Option<ModelInteractionType>,
    pub(crate) model: Option<String>,
    pub(crate) timestamp: Option<SystemTime>,
    pub(crate) latency: Option<Duration>,
    pub(crate) request: Option<RequestData>,
    pub(crate) response: Option<ResponseData>,
    pub(crate) metadata: HashMap<String, String>,
    pub(crate) error: Option<String>,
    pub(crate) tokens: Option<TokenUsage>,
    pub(crate) conversation: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) tenant: Option<String>,
    pub(crate) trace: Option<String>,
    pub(crate) parent: Option<String>,
    /// What its receipt will wait for. Made here, so that handing over allocates nothing.
    pub(crate) completion: Arc<Completion>,
    /// What it occupies of the queue.
    pub(crate) charge: usize,
    /// Texts that are read while the entry is handed over.
    pub(crate) large: Option<Box<Large>>,
    /// Of an answer: what its request said of itself. It decides how the answer is masked, and is
    /// not written again.
    pub(crate) about: Option<Box<About>>,
}

/// What a request says of itself.
#[derive(Clone, Default)]
pub(crate) struct About {
    pub(crate) agent_id: Option<String>,
    pub(crate) kind: Option<ModelInteractionType>,
    pub(crate) model: Option<String>,
    pub(crate) conversation: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) tenant: Option<String>,
}

impl Parts {
    /// What it is about: by itself, or by the request that it answers.
    pub(crate) fn about(&self) -> About {
        let asked = self.about.as_deref().cloned().unwrap_or_default();
        About {
            agent_id: self.agent_id.clone().or(asked.agent_id),
            kind: self.kind.or(asked.kind),
            model: self.model.clone().or(asked.model),
            conversation: self.conversation.clone().or(asked.conversation),
            subject: self.subject.clone().or(asked.subject),
            tenant: self.tenant.clone().or(asked.tenant),
        }
    }
}

impl Interaction {
    /// An interaction of `agent_id` with `model`, of the given kind, without payload yet.
    pub fn new(
        agent_id: impl Display,
        kind: ModelInteractionType,
        model: impl Into<String>,
    ) -> Self {
        let mut new = Self::empty();
        new.parts.agent_id = Some(agent_id.to_string());
        new.parts.kind = Some(kind);
        new.parts.model = Some(model.into());
        new
    }

    /// The answer to the request that was logged as `id`.
    pub fn response_to(id: EntryId) -> Self {
        let mut new = Self::empty();
        new.parts.id = Some(id);
        new
    }

    /// Bytes of payload, counted without formatting anything.
    pub(crate) fn payload_bytes(&self) -> usize {
        let parts = &*self.parts;
        let request = parts.request.as_ref().map_or(0, |request| {
            request.prompt.len()
                + request.tool_name.as_ref().map_or(0, String::len)
                + request.tool_arguments.as_ref().map_or(0, value_bytes)
                + map_bytes(&request.parameters)
        });
        let response = parts.response.as_ref().map_or(0, |response| {
            response.content.len()
                + response.tool_result.as_ref().map_or(0, value_bytes)
                + map_bytes(&response.metadata)
        });
        let texts = [&parts.error, &parts.conversation, &parts.agent_id];
        let texts: usize = texts.into_iter().flatten().map(String::len).sum();
        let metadata: usize = parts.metadata.iter().map(|(k, v)| k.len() + v.len()).sum();
        request + response + texts + metadata
    }

    pub(crate) fn empty() -> Self {
        Self {
            parts: Box::new(Parts {
                id: None,
                agent_id: None,
                kind: None,
                model: None,
                timestamp: None,
                latency: None,
                request: None,
                response: None,
                metadata: HashMap::new(),
                error: None,
                tokens: None,
                conversation: None,
                subject: None,
                tenant: None,
                trace: None,
                parent: None,
                completion: Arc::default(),
                charge: 0,
                large: None,
                about: None,
            }),
        }
    }

    /// Sets the identity; without it the logger makes one.
    pub fn id(mut self, id: EntryId) -> Self {
        self.parts.id = Some(id);
        self
    }

    /// Sets when it happened; without it, the moment of handing over.
    pub fn timestamp(mut self, at: SystemTime) -> Self {
        self.parts.timestamp = Some(at);
        self
    }

    /// Sets what was asked; a text is a prompt.
    pub fn request(mut self, request: impl Into<RequestData>) -> Self {
        self.parts.request = Some(request.into());
        self
    }

    /// Sets what came back; a text is its content. Without it the entry is an open request.
    pub fn response(mut self, response: impl Into<ResponseData>) -> Self {
        self.parts.response = Some(response.into());
        self
    }

    /// Sets how long the model or tool took.
    pub fn latency(mut self, latency: Duration) -> Self {
        self.parts.latency = Some(latency);
        self
    }

    /// Adds all of `metadata`. The keys `conversation_id`, `subject`, `tenant`, `trace_id` and
    /// `parent_id` fill the slots of the same meaning and leave the map.
    pub fn metadata(mut self, metadata: HashMap<String, String>) -> Self {
        if self.parts.metadata.is_empty() {
            self.parts.metadata = metadata;
        } else {
            self.parts.metadata.extend(metadata);
        }
        self.take_slots();
        self
    }

    /// Adds one metadata value; the reserved keys of [`metadata`](Self::metadata) fill their slots.
    pub fn meta(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.parts.metadata.insert(key.into(), value.into());
        self.take_slots();
        self
    }

    fn take_slots(&mut self) {
        let parts = &mut *self.parts;
        if parts.metadata.is_empty() {
            return;
        }
        for (key, slot) in [
            ("conversation_id", &mut parts.conversation),
            ("subject", &mut parts.subject),
            ("tenant", &mut parts.tenant),
            ("trace_id", &mut parts.trace),
            ("parent_id", &mut parts.parent),
        ] {
            if let Some(value) = parts.metadata.remove(key) {
                *slot = Some(value);
            }
        }
    }

    /// Sets the error. A class such as `timeout` or `http_500` stands on the line; the text is
    /// masked and sealed with the response.
    pub fn error(mut self, error: impl Into<String>) -> Self {
        self.parts.error = Some(error.into());
        self
    }

    /// Sets the tokens used.
    pub fn tokens(mut self, tokens: TokenUsage) -> Self {
        self.parts.tokens = Some(tokens);
        self
    }

    /// Sets the conversation that this belongs to: the erasure unit where there is no subject.
    pub fn conversation(mut self, conversation: impl Into<String>) -> Self {
        self.parts.conversation = Some(conversation.into());
        self
    }

    /// Sets the person whom this is about: the erasure unit. Never stored in clear.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.parts.subject = Some(subject.into());
        self
    }

    /// Sets the tenant.
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.parts.tenant = Some(tenant.into());
        self
    }

    /// Sets the trace that this is part of.
    pub fn trace(mut self, trace: impl Into<String>) -> Self {
        self.parts.trace = Some(trace.into());
        self
    }

    /// Sets the entry or span that caused this one.
    pub fn parent(mut self, parent: impl Into<String>) -> Self {
        self.parts.parent = Some(parent.into());
        self
    }

    /// The identity, where one was given.
    pub fn entry_id(&self) -> Option<EntryId> {
        self.parts.id
    }

    /// The agent; none on an answer, whose request names it.
    pub fn agent_id(&self) -> Option<&str> {
        self.parts.agent_id.as_deref()
    }

    /// The kind; none on an answer, whose request names it.
    pub fn interaction_type(&self) -> Option<ModelInteractionType> {
        self.parts.kind
    }

    /// The model or tool; none on an answer, whose request names it.
    pub fn model_identifier(&self) -> Option<&str> {
        self.parts.model.as_deref()
    }

    /// When it happened, where that was given.
    pub fn happened_at(&self) -> Option<SystemTime> {
        self.parts.timestamp
    }

    /// How long it took, where that was given.
    pub fn took(&self) -> Option<Duration> {
        self.parts.latency
    }

    /// What was asked, in clear.
    pub fn request_data(&self) -> Option<&RequestData> {
        self.parts.request.as_ref()
    }

    /// What came back, in clear.
    pub fn response_data(&self) -> Option<&ResponseData> {
        self.parts.response.as_ref()
    }

    /// The metadata that is left after the reserved keys have filled their slots.
    pub fn metadata_map(&self) -> &HashMap<String, String> {
        &self.parts.metadata
    }

    /// The error's text.
    pub fn error_text(&self) -> Option<&str> {
        self.parts.error.as_deref()
    }

    /// The tokens used.
    pub fn token_usage(&self) -> Option<TokenUsage> {
        self.parts.tokens
    }

    /// The conversation, subject, tenant, trace and parent, in this order.
    pub fn slots(&self) -> [Option<&str>; 5] {
        let parts = &*self.parts;
        [
            parts.conversation.as_deref(),
            parts.subject.as_deref(),
            parts.tenant.as_deref(),
            parts.trace.as_deref(),
            parts.parent.as_deref(),
        ]
    }

    /// Sets the exact operation (`chat`, `embeddings`, …) as `metadata.operation`.
    pub fn operation(self, operation: impl Into<String>) -> Self {
        self.meta("operation", operation)
    }
}

fn map_bytes(map: &HashMap<String, Value>) -> usize {
    map.iter().map(|(k, v)| k.len() + value_bytes(v)).sum()
}

/// Without recursion: the depth is the caller's.
fn value_bytes(value: &Value) -> usize {
    let mut bytes = 0;
    let mut stack = vec![value];
    while let Some(value) = stack.pop() {
        bytes += 8;
        match value {
            Value::String(text) => bytes += text.len(),
            Value::Array(items) => stack.extend(items),
            Value::Object(members) => {
                for (key, value) in members {
                    bytes += key.len();
                    stack.push(value);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    bytes
}

impl fmt::Debug for Interaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interaction")
            .field("id", &self.parts.id)
            .field("kind", &self.parts.kind)
            .field("request", &self.parts.request)
            .field("response", &self.parts.response)
            .finish_non_exhaustive()
    }
}
