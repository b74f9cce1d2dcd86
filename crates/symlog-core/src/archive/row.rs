use std::fmt;

use symlog_crypto::Algorithm;

use crate::interaction::{ModelInteractionType, TokenUsage};

/// What kind of line a row stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RowKind {
    /// A request, a response, or both.
    #[default]
    Entry,
    /// A piece of a large payload.
    Chunk,
    /// What happened to the log.
    Control,
    /// What stands for an erased line.
    Tombstone,
}

impl RowKind {
    /// The kind as archives name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Chunk => "chunk",
            Self::Control => "control",
            Self::Tombstone => "tombstone",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Entry, Self::Chunk, Self::Control, Self::Tombstone]
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }
}

/// All of a line but what is sealed on it: enough, with the [`Payloads`] and the keys, to build the
/// line again bit for bit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// What kind of line.
    pub kind: RowKind,
    /// Its segment.
    pub segment: u64,
    /// Its sequence number.
    pub sequence: u64,
    /// What it says was synced.
    pub durable: Option<u64>,
    /// Its leaf in the log's tree.
    pub leaf: [u8; 32],
    /// When, in microseconds since 1970; a tombstone has no time.
    pub time: Option<i64>,
    /// The entry; of entries and chunks.
    pub id: Option<[u8; 16]>,
    /// The salt of its envelopes.
    pub salt: Option<[u8; 16]>,
    /// Its retention class.
    pub class: Option<u16>,
    /// Extension members as they stand on the line, or empty.
    pub extensions: String,
    /// Who asked.
    pub agent: Option<String>,
    /// What kind of interaction.
    pub interaction: Option<ModelInteractionType>,
    /// Milliseconds that the answer took.
    pub latency_ms: Option<u64>,
    /// Who was asked.
    pub model: Option<String>,
    /// Metadata in clear, sorted by key.
    pub metadata: Vec<(String, String)>,
    /// The class of an error.
    pub error: Option<String>,
    /// Tokens.
    pub tokens: Option<TokenUsage>,
    /// The conversation.
    pub conversation: Option<String>,
    /// The tenant.
    pub tenant: Option<String>,
    /// The trace.
    pub trace: Option<String>,
    /// What caused it.
    pub parent: Option<String>,
    /// Type and count, sorted by type.
    pub masked: Vec<(String, u64)>,
    /// The request, or the data of a chunk.
    pub request: Option<EnvelopeShape>,
    /// The response.
    pub response: Option<EnvelopeShape>,
    /// All metadata, where it is sealed.
    pub sealed: Option<EnvelopeShape>,
    /// Which piece of which payload a chunk is.
    pub chunk: Option<ChunkInfo>,
    /// The kind of a control line.
    pub control: Option<String>,
    /// Whether a reader must know that kind.
    pub critical: bool,
    /// The body of a control line.
    pub body: Option<String>,
    /// What allows a tombstone.
    pub allowed_by: Option<u64>,
}

/// An envelope without its nonce and ciphertext, which follow from the plaintext and the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnvelopeShape {
    /// The AEAD.
    pub algorithm: Algorithm,
    /// The chain of chunks that it closes.
    pub chain: Option<Chain>,
}

impl EnvelopeShape {
    /// One sealed with the AEAD of this name, as lines have it.
    #[must_use]
    pub fn named(algorithm: &str) -> Option<Self> {
        let algorithm = algorithm.parse().ok()?;
        Some(Self {
            algorithm,
            chain: None,
        })
    }
}

/// Chunk lines that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Sequence number of the first.
    pub first: u64,
    /// Their number.
    pub count: u32,
}

/// Which piece of which payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkInfo {
    /// Whether it is of the response.
    pub is_response: bool,
    /// Its index.
    pub index: u32,
    /// Whether it is the last.
    pub last: bool,
}

/// The exact plaintexts of a line. What a chunk holds is its request.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Payloads {
    /// Of the request.
    pub request: Option<Vec<u8>>,
    /// Of the response.
    pub response: Option<Vec<u8>>,
    /// Of sealed metadata.
    pub metadata: Option<Vec<u8>>,
}

impl fmt::Debug for Payloads {
    /// Lengths only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len = |part: &Option<Vec<u8>>| part.as_ref().map(Vec::len);
        f.debug_struct("Payloads")
            .field("request", &len(&self.request))
            .field("response", &len(&self.response))
            .field("metadata", &len(&self.metadata))
            .finish()
    }
}

/// The key id of an erasure unit; all zero where an entry belongs to none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UnitId(pub [u8; 16]);

impl UnitId {
    /// Of entries that belong to no unit.
    pub const NONE: Self = Self([0; 16]);
}
