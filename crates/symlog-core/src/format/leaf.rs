//! Leaves: what the Merkle tree of a log is made of, and what finds corruption without a key.

use symlog_crypto::{NONCE_LEN, Sha256, sha256};

use super::SALT_LEN;
use super::envelope::SealedField;
use super::timestamp::TimestampText;

/// The kinds of line as the leaf names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LeafKind {
    Entry = 1,
    Chunk = 2,
    Control = 3,
}

/// SHA-256 over length-prefixed fields, so that no two lists of fields give the same bytes.
pub(super) struct Record(Sha256);

impl Record {
    pub(super) fn new(
        kind: LeafKind,
        log: &[u8; 16],
        segment: u64,
        sequence: u64,
        time: &TimestampText,
    ) -> Self {
        // One update for the fixed part: the hash's own call is what costs here.
        let mut head = [0u8; 14 + 4 + 16 + 12 + 12 + 4 + 27 + 5];
        let mut at = 0;
        let mut put = |bytes: &[u8]| {
            head[at..at + bytes.len()].copy_from_slice(bytes);
            at += bytes.len();
        };
        put(b"symlog-leaf-v1");
        put(&16u32.to_be_bytes());
        put(log);
        put(&8u32.to_be_bytes());
        put(&segment.to_be_bytes());
        put(&8u32.to_be_bytes());
        put(&sequence.to_be_bytes());
        put(&27u32.to_be_bytes());
        put(time.as_str().as_bytes());
        put(&1u32.to_be_bytes());
        put(&[kind as u8]);
        let mut hash = Sha256::new();
        hash.update(&head);
        Self(hash)
    }

    pub(super) fn field(&mut self, bytes: &[u8]) {
        self.0.update(&(bytes.len() as u32).to_be_bytes());
        self.0.update(bytes);
    }

    /// An envelope by its parts, or a single empty field where there is none.
    pub(super) fn envelope(&mut self, sealed: Option<&SealedField<'_>>) {
        let Some(sealed) = sealed else {
            return self.field(&[]);
        };
        let chunks = sealed.chunks.map(|chain| {
            let mut bytes = [0u8; 12];
            bytes[..8].copy_from_slice(&chain.first.to_be_bytes());
            bytes[8..].copy_from_slice(&chain.count.to_be_bytes());
            bytes
        });
        self.field(sealed.algorithm.as_str().as_bytes());
        self.field(super::KDF_LABEL.as_bytes());
        let mut fixed = [0u8; 4 + NONCE_LEN + 4 + SALT_LEN + 4 + 32];
        fixed[..4].copy_from_slice(&(NONCE_LEN as u32).to_be_bytes());
        fixed[4..16].copy_from_slice(&sealed.nonce);
        fixed[16..20].copy_from_slice(&(SALT_LEN as u32).to_be_bytes());
        fixed[20..36].copy_from_slice(&sealed.salt);
        fixed[36..40].copy_from_slice(&32u32.to_be_bytes());
        fixed[40..].copy_from_slice(&sha256(&[&sealed.ciphertext]));
        self.0.update(&fixed);
        self.field(chunks.as_ref().map_or(&[][..], |bytes| &bytes[..]));
    }

    pub(super) fn finish(self) -> [u8; 32] {
        self.0.finish()
    }
}

/// The RFC 6962 leaf hash of a line: of the digest of its fields, and of `durable`.
///
/// `durable` stands apart because it is known only when a batch is written, long after the
/// line was sealed.
pub(crate) fn leaf_hash(body: &[u8; 32], durable: Option<u64>) -> [u8; 32] {
    let mut data = [0u8; 1 + 4 + 32 + 4 + 8];
    data[1..5].copy_from_slice(&32u32.to_be_bytes());
    data[5..37].copy_from_slice(body);
    let len = match durable {
        None => 41,
        Some(durable) => {
            data[37..41].copy_from_slice(&8u32.to_be_bytes());
            data[41..49].copy_from_slice(&durable.to_be_bytes());
            49
        }
    };
    sha256(&[&data[..len]])
}

/// The digest that stands where nothing is bound yet.
pub(crate) fn zero_digest() -> [u8; 32] {
    [0; 32]
}
