use symlog_crypto::SigningKey;

use crate::format::{ClassSecretsBody, Timestamp};
use crate::seal::SegmentSecrets;

/// A segment while it is written: its secrets, and what its first line will say but for what only
/// the writer knows.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) log: [u8; 16],
    pub(super) number: u64,
    pub(super) first_sequence: u64,
    pub(super) secrets: SegmentSecrets,
    pub(super) period: String,
    pub(super) classes: Vec<ClassSecretsBody>,
    pub(super) keyring_generation: u64,
    /// The writer's key, which may be another one than that of the segment before.
    pub(super) signer: SigningKey,
    pub(super) epoch: u64,
    pub(super) opened_at: Timestamp,
    /// Whether a new object must begin with this segment.
    pub(super) rolls: bool,
    /// How many failures of the writer the sequencer knew of when it opened this segment.
    pub(super) after_failures: u64,
}
