use symlog_crypto::{AeadError, CryptoError, EnvelopeError};

/// Why a line, or an envelope on it, gives nothing. Holds nothing of the content.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LineError {
    /// No JSON. serde_json's own words would quote the line.
    #[error("it is no JSON object of this format (at column {column})")]
    Json { column: usize },
    /// JSON that ends too early, which is what a crash in the middle of a write leaves.
    #[error("it is cut off")]
    CutOff,
    #[error("it is longer than {} MiB", crate::format::MAX_LINE_BYTES >> 20)]
    TooLong,
    #[error("it has no member `request_data`")]
    NoRequest,
    #[error("its timestamp is not of RFC 3339")]
    Timestamp,
    #[error("its {envelope} cannot be read: {source}")]
    Envelope {
        envelope: &'static str,
        #[source]
        source: EnvelopeProblem,
    },
    /// An answer to nothing.
    #[error("it answers a request that is damaged or does not stand before it")]
    Orphan,
}

/// What is wrong with one envelope.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EnvelopeProblem {
    #[error(transparent)]
    Fields(#[from] EnvelopeError),
    #[error("its algorithm is not AES-256-GCM")]
    Algorithm,
    #[error("its salt has {0} bytes and not 32")]
    Salt(usize),
    #[error(transparent)]
    Kdf(#[from] CryptoError),
    #[error("the logging key is not the one that it was sealed with, or its bytes were changed")]
    Sealed(#[from] AeadError),
    #[error("what it holds is no JSON")]
    Content,
}

impl LineError {
    pub(super) fn from_json(error: &serde_json::Error) -> Self {
        if error.is_eof() {
            Self::CutOff
        } else {
            Self::Json {
                column: error.column(),
            }
        }
    }
}
