use base64_simd::STANDARD;
use zeroize::Zeroizing;

pub(crate) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode_to_string(bytes)
}

/// Canonical standard base64 with padding, or nothing.
pub(crate) fn decode(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    STANDARD.decode_to_vec(text).ok().map(Zeroizing::new)
}
