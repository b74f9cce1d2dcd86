//! The log format, version 1, as `docs/format.md` specifies it: one canonical JSON object a line.
//!
//! Writing and reading share one serialiser, so that "canonical" has one definition: a line is
//! valid when writing what was read gives the same bytes.

mod bytes;
mod control;
mod entry;
mod envelope;
mod json;
mod leaf;
mod line;
mod masked;
mod permit;
mod timestamp;
mod tombstone;

pub(crate) use control::{
    ClassSecretsBody, ControlKind, ControlLine, PreviousBody, SecretBody, SegmentBody, UnitBody,
    WrapBody, base64, fixed,
};
pub(crate) use entry::{ChunkLine, ChunkPart, EntryLine, Meta, MetaFragments, MetaMap};
pub(crate) use envelope::{ChunkChain, MediaSpan, SealedField};
pub(crate) use json::{push_escaped, push_string};
pub(crate) use leaf::{leaf_hash, zero_digest};
pub(crate) use line::{Body, Line, LineError, parse_line, parse_meta, push_tail};
pub(crate) use masked::{mask_extension, read_mask_extension};
pub(crate) use permit::{permit_is_signed, sign_permit};
pub(crate) use timestamp::Timestamp;
pub(crate) use tombstone::Tombstone;

pub(crate) use bytes::{decode_base64, push_base64, push_u64};

/// The version of the format that this crate writes, and the newest that it reads.
pub(crate) const FORMAT_VERSION: u64 = 1;

/// The label of the key derivation in envelopes of this format.
pub(crate) const KDF_LABEL: &str = "HKDF-SHA256";

/// The longest line that a reader takes into memory. Payloads that would need more are chunked.
pub(crate) const MAX_LINE_BYTES: usize = 256 << 20;

/// Length of the random salt of a line.
pub(crate) const SALT_LEN: usize = 16;
