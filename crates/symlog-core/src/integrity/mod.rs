//! The Merkle tree over the leaves of a log (RFC 6962).

mod range;

pub(crate) use range::CompactRange;
