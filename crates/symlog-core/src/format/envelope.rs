use std::borrow::Cow;

use serde::Deserialize;
use symlog_crypto::{Algorithm, NONCE_LEN};

use super::bytes::{decode_base64, push_base64, push_u64};
use super::{KDF_LABEL, SALT_LEN};

/// The seed's five fields, and where the payload lies when it was too large for one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SealedField<'a> {
    pub(crate) ciphertext: Cow<'a, [u8]>,
    pub(crate) nonce: [u8; NONCE_LEN],
    pub(crate) salt: [u8; SALT_LEN],
    pub(crate) algorithm: Algorithm,
    pub(crate) chunks: Option<ChunkChain>,
}

/// The chunk lines that an envelope closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChunkChain {
    /// Sequence number of the first chunk line.
    pub(crate) first: u64,
    /// Number of chunk lines.
    pub(crate) count: u32,
}

/// Media of a payload that a chain of the same unit holds already.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MediaSpan {
    /// Where it belongs: an offset in what the payload's own chain holds.
    pub(crate) at: u64,
    pub(crate) bytes: u64,
    /// Lower-case hexadecimal.
    pub(crate) sha256: String,
    /// Sequence number of the first chunk line of the chain that holds it.
    pub(crate) first: u64,
    /// Where in what that chain holds.
    pub(crate) offset: u64,
}

impl MediaSpan {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let Self {
            at,
            bytes,
            sha256,
            first,
            offset,
        } = self;
        let text = format!(
            "{{\"at\":{at},\"bytes\":{bytes},\"sha256\":\"{sha256}\",\"first\":{first},\"offset\":{offset}}}"
        );
        out.extend_from_slice(text.as_bytes());
    }
}

impl SealedField<'_> {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.reserve(self.ciphertext.len() / 3 * 4 + 200);
        out.extend_from_slice(b"{\"ciphertext\":\"");
        push_base64(out, &self.ciphertext);
        out.extend_from_slice(b"\",\"nonce\":\"");
        push_base64(out, &self.nonce);
        out.extend_from_slice(b"\",\"salt\":\"");
        push_base64(out, &self.salt);
        out.extend_from_slice(b"\",\"algorithm\":\"");
        out.extend_from_slice(self.algorithm.as_str().as_bytes());
        out.extend_from_slice(b"\",\"kdf\":\"");
        out.extend_from_slice(KDF_LABEL.as_bytes());
        out.push(b'"');
        if let Some(ChunkChain { first, count }) = self.chunks {
            out.extend_from_slice(b",\"chunks\":{\"first\":");
            push_u64(out, first);
            out.extend_from_slice(b",\"count\":");
            push_u64(out, u64::from(count));
            out.push(b'}');
        }
        out.push(b'}');
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSealedField<'a> {
    #[serde(borrow)]
    ciphertext: Cow<'a, str>,
    #[serde(borrow)]
    nonce: Cow<'a, str>,
    #[serde(borrow)]
    salt: Cow<'a, str>,
    algorithm: Algorithm,
    #[serde(borrow)]
    kdf: Cow<'a, str>,
    #[serde(default)]
    chunks: Option<ChunkChain>,
}

impl RawSealedField<'_> {
    /// The decoded envelope, or the name of the member that is not of this format.
    pub(super) fn decode(self) -> Result<SealedField<'static>, &'static str> {
        if self.kdf != KDF_LABEL {
            return Err("kdf");
        }
        let fixed = |text: &str| decode_base64(text);
        Ok(SealedField {
            ciphertext: Cow::Owned(decode_base64(&self.ciphertext).ok_or("ciphertext")?),
            nonce: fixed(&self.nonce)
                .and_then(|bytes| bytes.try_into().ok())
                .ok_or("nonce")?,
            salt: fixed(&self.salt)
                .and_then(|bytes| bytes.try_into().ok())
                .ok_or("salt")?,
            algorithm: self.algorithm,
            chunks: self.chunks,
        })
    }
}
