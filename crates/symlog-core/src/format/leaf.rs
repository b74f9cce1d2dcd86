//! Leaves: what the Merkle tree of a log is made of, and what finds corruption without a key.

use symlog_crypto::{sha256, sha256_each};

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
///
/// The fields are gathered first: hashing them one by one costs more in calls than in hashing.
pub(super) struct Record(Vec<u8>);

/// Room for everything but long control bodies.
const RECORD_ROOM: usize = 640;

impl Record {
    pub(super) fn new(
        kind: LeafKind,
        log: &[u8; 16],
        segment: u64,
        sequence: u64,
        time: &TimestampText,
    ) -> Self {
        let mut record = Self(Vec::with_capacity(RECORD_ROOM));
        record.0.extend_from_slice(b"symlog-leaf-v1");
        record.field(log);
        record.field(&segment.to_be_bytes());
        record.field(&sequence.to_be_bytes());
        record.field(time.as_str().as_bytes());
        record.field(&[kind as u8]);
        record
    }

    pub(super) fn field(&mut self, bytes: &[u8]) {
        self.0
            .extend_from_slice(&(bytes.len() as u32).to_be_bytes());
        self.0.extend_from_slice(bytes);
    }

    /// Envelopes by their parts, or a single empty field where there is none.
    pub(super) fn envelopes<const N: usize>(&mut self, envelopes: [Option<&SealedField<'_>>; N]) {
        let ciphertexts = envelopes.map(|sealed| [sealed.map_or(&[][..], |it| &it.ciphertext)]);
        let digests = sha256_each(ciphertexts.each_ref().map(|ciphertext| &ciphertext[..]));
        for (sealed, digest) in envelopes.into_iter().zip(digests) {
            match sealed {
                Some(sealed) => self.envelope(sealed, &digest),
                None => self.field(&[]),
            }
        }
    }

    fn envelope(&mut self, sealed: &SealedField<'_>, digest: &[u8; 32]) {
        self.field(sealed.algorithm.as_str().as_bytes());
        self.field(super::KDF_LABEL.as_bytes());
        self.field(&sealed.nonce);
        self.field(&sealed.salt);
        self.field(digest);
        match sealed.chunks {
            None => self.field(&[]),
            Some(chain) => {
                let mut bytes = [0u8; 12];
                bytes[..8].copy_from_slice(&chain.first.to_be_bytes());
                bytes[8..].copy_from_slice(&chain.count.to_be_bytes());
                self.field(&bytes);
            }
        }
    }

    pub(super) fn finish(self) -> [u8; 32] {
        sha256(&[&self.0])
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
