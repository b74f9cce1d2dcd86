//! Lines that allow something to be gone: their signature, over the body and the place.

use symlog_crypto::{SigningKey, verify_ed25519};

use super::bytes::push_base64;
use super::control::fixed;

/// `body` with the signature of the log's writer as its last member. It must be a JSON object with members.
pub(crate) fn sign_permit(key: &SigningKey, log: &[u8; 16], sequence: u64, body: &str) -> String {
    let signature = key.sign(&message(log, sequence, body));
    let mut signed = body.strip_suffix('}').unwrap_or(body).as_bytes().to_vec();
    signed.extend_from_slice(b",\"signature\":\"");
    push_base64(&mut signed, &signature);
    signed.extend_from_slice(b"\"}");
    String::from_utf8(signed).unwrap_or_default()
}

/// Whether `body` ends in the signature by `writer` of what comes before it, at its place.
pub(crate) fn permit_is_signed(
    writer: &[u8; 32],
    log: &[u8; 16],
    sequence: u64,
    body: &str,
) -> bool {
    let Some((unsigned, signature)) = split(body) else {
        return false;
    };
    verify_ed25519(writer, &message(log, sequence, &unsigned), &signature).is_ok()
}

/// The body as it was before it was signed, and the signature.
fn split(body: &str) -> Option<(String, [u8; 64])> {
    let (before, after) = body.rsplit_once(",\"signature\":\"")?;
    let signature = fixed(after.strip_suffix("\"}")?)?;
    Some((format!("{before}}}"), signature))
}

fn message(log: &[u8; 16], sequence: u64, unsigned: &str) -> Vec<u8> {
    let mut message = b"symlog/v1/permit".to_vec();
    message.extend_from_slice(log);
    message.extend_from_slice(&sequence.to_be_bytes());
    message.extend_from_slice(unsigned.as_bytes());
    message
}
