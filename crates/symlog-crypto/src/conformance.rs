//! What every [`Aead`] must do, as a function that any implementation can run in its own tests.

use crate::{Aead, AeadError, Key, Nonce};

/// Runs every check and panics with what was broken.
///
/// # Panics
/// When `aead` breaks its contract.
pub fn check_aead(aead: &dyn Aead, published: &[AeadVector]) {
    for vector in published {
        check_vector(aead, vector);
    }
    for len in [0, 1, 15, 16, 17, 255, 4096, 100_003] {
        check_round_trip(aead, len);
    }
    check_refusals(aead);
}

/// A published test vector.
#[derive(Debug, Clone)]
pub struct AeadVector {
    /// 32 bytes.
    pub key: [u8; 32],
    /// 12 bytes.
    pub nonce: [u8; 12],
    /// Associated data.
    pub aad: Vec<u8>,
    /// What is sealed.
    pub plaintext: Vec<u8>,
    /// Ciphertext and tag.
    pub sealed: Vec<u8>,
}

fn check_vector(aead: &dyn Aead, vector: &AeadVector) {
    let key = Key::from_bytes(vector.key);
    let nonce = Nonce::from_bytes(vector.nonce);
    let mut buf = vector.plaintext.clone();
    let sealed = aead.seal(&key, &nonce, &vector.aad, &mut buf);
    assert_eq!(sealed, Ok(()), "{aead:?} refuses to seal a vector");
    assert!(buf == vector.sealed, "{aead:?} seals to other bytes");
    let opened = aead.open(&key, &nonce, &vector.aad, &mut buf);
    assert_eq!(opened, Ok(()), "{aead:?} refuses to open a vector");
    assert!(buf == vector.plaintext, "{aead:?} opens to other bytes");
}

fn sample(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 31 % 251) as u8).collect()
}

fn check_round_trip(aead: &dyn Aead, len: usize) {
    let key = Key::from_bytes([7; 32]);
    let nonce = Nonce::from_bytes([9; 12]);
    let mut buf = Vec::with_capacity(len + crate::TAG_LEN);
    buf.extend_from_slice(&sample(len));
    let place = buf.as_ptr();
    assert_eq!(aead.seal(&key, &nonce, b"aad", &mut buf), Ok(()));
    assert_eq!(buf.len(), len + crate::TAG_LEN, "the tag is 16 bytes");
    assert_eq!(place, buf.as_ptr(), "sealing moved a buffer that had room");
    assert_eq!(aead.open(&key, &nonce, b"aad", &mut buf), Ok(()));
    assert!(buf == sample(len), "{len} bytes come back changed");
}

fn check_refusals(aead: &dyn Aead) {
    let key = Key::from_bytes([1; 32]);
    let nonce = Nonce::from_bytes([2; 12]);
    let mut sealed = sample(100);
    assert_eq!(aead.seal(&key, &nonce, b"aad", &mut sealed), Ok(()));

    let refuses = |what: &str, key: &Key, nonce: &Nonce, aad: &[u8], bytes: &[u8]| {
        let mut buf = bytes.to_vec();
        let opened = aead.open(key, nonce, aad, &mut buf);
        assert_eq!(opened, Err(AeadError), "{aead:?} opens with {what}");
        assert!(buf.is_empty(), "{aead:?} leaves bytes after {what}");
    };
    refuses(
        "another key",
        &Key::from_bytes([3; 32]),
        &nonce,
        b"aad",
        &sealed,
    );
    refuses(
        "another nonce",
        &key,
        &Nonce::from_bytes([3; 12]),
        b"aad",
        &sealed,
    );
    refuses("other associated data", &key, &nonce, b"aae", &sealed);
    refuses("no associated data", &key, &nonce, b"", &sealed);
    for cut in [0, 1, 15, 16, 17, 115] {
        refuses("a truncated message", &key, &nonce, b"aad", &sealed[..cut]);
    }
    for at in 0..sealed.len() {
        let mut flipped = sealed.clone();
        flipped[at] ^= 1 << (at % 8);
        refuses("a flipped bit", &key, &nonce, b"aad", &flipped);
    }
}
