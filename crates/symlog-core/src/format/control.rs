//! Control lines: what happened to the log itself, in the same sequence as its entries.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::bytes::{decode_base64, push_base64};
use super::entry::{push_extensions, push_head};
use super::json::push_string;
use super::leaf::{LeafKind, Record};
use super::timestamp::Timestamp;

/// The kinds of control line that this version knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ControlKind {
    /// A segment begins: its secrets, its predecessor, its writer.
    Segment,
    /// A segment is complete; repeats what its first line said.
    Sealed,
    /// An erasure unit's first line in this log.
    Unit,
    /// A torn tail was cut, or damage was found, when the log was opened.
    Recovered,
    /// A sequence number whose entry could not be written.
    Void,
    /// Entries that the overflow policy dropped before they had a number.
    Dropped,
    /// Where the key came from, and why earlier sources were passed over.
    Key,
    /// A key was replaced by a new one.
    Rotated,
    /// The writer closed the log in order.
    Shutdown,
    /// Objects were archived: names the files and their digests.
    Archived,
    /// Lines were erased: allows the tombstones in their place.
    Erased,
    /// Lines outlived their retention: allows the tombstones in their place.
    Expired,
}

impl ControlKind {
    const ALL: [Self; 12] = [
        Self::Segment,
        Self::Sealed,
        Self::Unit,
        Self::Recovered,
        Self::Void,
        Self::Dropped,
        Self::Key,
        Self::Rotated,
        Self::Shutdown,
        Self::Archived,
        Self::Erased,
        Self::Expired,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Segment => "segment",
            Self::Sealed => "sealed",
            Self::Unit => "unit",
            Self::Recovered => "recovered",
            Self::Void => "void",
            Self::Dropped => "dropped",
            Self::Key => "key",
            Self::Rotated => "rotated",
            Self::Shutdown => "shutdown",
            Self::Archived => "archived",
            Self::Erased => "erased",
            Self::Expired => "expired",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Whether the writer signs the line, because what is not there any more rests on it.
    pub(crate) fn is_permit(self) -> bool {
        matches!(self, Self::Archived | Self::Erased | Self::Expired)
    }

    /// Whether a reader that does not know the kind must refuse to read on.
    pub(crate) fn is_critical(self) -> bool {
        matches!(self, Self::Segment | Self::Sealed | Self::Unit | Self::Void)
    }
}

/// A control line without its `durable` and `leaf`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ControlLine<'a> {
    pub(crate) segment: u64,
    pub(crate) sequence: u64,
    /// The name as it stands, also when this version does not know it.
    pub(crate) control: Cow<'a, str>,
    pub(crate) critical: bool,
    pub(crate) timestamp: Timestamp,
    /// The body as canonical JSON.
    pub(crate) body: Cow<'a, str>,
    pub(crate) extensions: Cow<'a, str>,
}

impl ControlLine<'_> {
    pub(crate) fn kind(&self) -> Option<ControlKind> {
        ControlKind::from_name(&self.control)
    }

    /// Appends the line up to and without `,"durable"`.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        push_head(out, self.segment, self.sequence);
        out.extend_from_slice(b",\"control\":");
        push_string(out, &self.control);
        out.extend_from_slice(b",\"critical\":");
        out.extend_from_slice(if self.critical { b"true" } else { b"false" });
        out.extend_from_slice(b",\"timestamp\":\"");
        out.extend_from_slice(self.timestamp.text().as_str().as_bytes());
        out.extend_from_slice(b"\",\"body\":");
        out.extend_from_slice(self.body.as_bytes());
        push_extensions(out, &self.extensions);
    }

    /// The digest of all fields, from which the leaf follows.
    pub(crate) fn body_digest(&self, log: &[u8; 16]) -> [u8; 32] {
        let mut record = Record::new(
            LeafKind::Control,
            log,
            self.segment,
            self.sequence,
            &self.timestamp.text(),
        );
        record.field(self.control.as_bytes());
        record.field(&[u8::from(self.critical)]);
        record.field(self.body.as_bytes());
        record.field(self.extensions.as_bytes());
        record.finish()
    }
}

/// The body of `segment` and `sealed`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SegmentBody {
    /// The log's identity, a UUID.
    pub(crate) log: String,
    /// How often the log came back shorter than it had been.
    pub(crate) epoch: u64,
    pub(crate) previous: PreviousBody,
    /// The writer's Ed25519 public key, base64.
    pub(crate) writer: String,
    /// Generation of the keyring that the wraps refer to.
    pub(crate) keyring: u64,
    /// The UTC month whose keys wrap the secrets, `2026-11`.
    pub(crate) period: String,
    pub(crate) classes: Vec<ClassSecretsBody>,
}

/// The tree of everything before a segment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PreviousBody {
    /// Number of lines, which is also the sequence number of the segment's first line.
    pub(crate) size: u64,
    /// RFC 6962 tree hash of their leaves, base64.
    pub(crate) root: String,
    /// The roots of the perfect subtrees that make it up, largest first, base64: what a writer
    /// needs to go on without reading what came before.
    pub(crate) range: Vec<String>,
}

/// The secrets of one retention class in one segment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ClassSecretsBody {
    pub(crate) class: u16,
    pub(crate) name: String,
    /// Opens the envelopes.
    pub(crate) secret: SecretBody,
    /// May find, may not read.
    pub(crate) search: SecretBody,
}

impl ClassSecretsBody {
    /// The keys that the secret is wrapped under, as the line names them.
    pub(crate) fn key_ids(&self) -> impl Iterator<Item = &str> {
        self.secret.wraps.iter().map(|wrap| wrap.key_id.as_str())
    }
}

/// A committed secret and the ways to unwrap it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SecretBody {
    pub(crate) commitment: String,
    pub(crate) wraps: Vec<WrapBody>,
}

/// A secret under one key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct WrapBody {
    pub(crate) alg: String,
    /// Which key, base64 of sixteen bytes.
    pub(crate) key_id: String,
    /// What the key is for: `period`.
    pub(crate) role: String,
    pub(crate) bytes: String,
}

/// The body of `unit`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct UnitBody {
    pub(crate) class: u16,
    /// The salt of the sealed reference, base64 of sixteen bytes.
    pub(crate) salt: String,
    /// The unit's key id and the digest of its name, sealed under the class's segment secret.
    pub(crate) unit: String,
    /// Key commitment, base64 of 32 bytes.
    pub(crate) commitment: String,
}

/// Base64 as a string, for bodies, which are written rarely.
pub(crate) fn base64(bytes: &[u8]) -> String {
    let mut out = Vec::new();
    push_base64(&mut out, bytes);
    String::from_utf8(out).unwrap_or_default()
}

/// The bytes of a base64 member of fixed length.
pub(crate) fn fixed<const N: usize>(text: &str) -> Option<[u8; N]> {
    decode_base64(text)?.try_into().ok()
}
