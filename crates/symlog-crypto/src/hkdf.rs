use std::fmt;

use ring::hmac;
use zeroize::{Zeroize, Zeroizing};

use crate::lanes::{State, digest_after_one_block};
use crate::{CryptoError, Key, NONCE_LEN, Nonce};

const BLOCK: usize = 64;
const HASH_LEN: usize = 32;
const MAX_OUTPUT: usize = 255 * HASH_LEN;

/// A pseudorandom key of HKDF-SHA256 (RFC 5869), wiped when dropped.
///
/// Held as the two states of HMAC (RFC 2104) that its padded key leads to, so that each output
/// block starts from them.
pub struct Prk {
    inner: Zeroizing<State>,
    outer: Zeroizing<State>,
}

impl Prk {
    /// HKDF-Extract: the entropy of `ikm`, concentrated under `salt`.
    #[must_use]
    pub fn extract(salt: &[u8], ikm: &[u8]) -> Self {
        let salt = hmac::Key::new(hmac::HMAC_SHA256, salt);
        let mut key = Zeroizing::new([0; HASH_LEN]);
        key.copy_from_slice(hmac::sign(&salt, ikm).as_ref());
        Self::from_bytes(&key)
    }

    /// A uniform 256-bit key taken as it is: section 3.3 allows to skip the extract step then.
    #[must_use]
    pub fn from_key(key: &Key) -> Self {
        Self::from_bytes(key.expose())
    }

    fn from_bytes(key: &[u8; HASH_LEN]) -> Self {
        let mut block = Zeroizing::new([0u8; BLOCK]);
        let mut state = |pad: u8| {
            block.fill(pad);
            for (byte, key) in block.iter_mut().zip(key) {
                *byte ^= key;
            }
            Zeroizing::new(State::after(&block))
        };
        Self {
            inner: state(0x36),
            outer: state(0x5c),
        }
    }

    /// HKDF-Expand. The parts of `info` are concatenated; lengths that vary are the caller's to encode.
    ///
    /// # Errors
    /// [`CryptoError::HkdfOutput`] when `out` is longer than 8,160 bytes.
    pub fn expand(&self, info: &[&[u8]], out: &mut [u8]) -> Result<(), CryptoError> {
        if out.len() > MAX_OUTPUT {
            return Err(CryptoError::HkdfOutput);
        }
        let mut before = Zeroizing::new([0; HASH_LEN]);
        for (counter, out) in (1..=u8::MAX).zip(out.chunks_mut(HASH_LEN)) {
            // There is no block before the first.
            let chained = if counter == 1 { 0 } else { HASH_LEN };
            let counter = [counter];
            let mut parts = vec![&before[..chained]];
            parts.extend_from_slice(info);
            parts.push(&counter);
            let inner = Zeroizing::new(digest_after_one_block(&self.inner, &parts));
            *before = digest_after_one_block(&self.outer, &[&*inner]);
            out.copy_from_slice(&before[..out.len()]);
        }
        Ok(())
    }

    /// HKDF-Expand to one 256-bit key.
    ///
    /// # Errors
    /// None in practice; 32 bytes are always within the bound.
    pub fn expand_key(&self, info: &[&[u8]]) -> Result<Key, CryptoError> {
        let mut out = Zeroizing::new([0; Key::LEN]);
        self.expand(info, out.as_mut_slice())?;
        Key::try_from_slice(out.as_slice())
    }
}

impl fmt::Debug for Prk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prk(..)")
    }
}

/// HKDF-Expand to a key and the nonce behind it, 44 bytes, for several infos side by side: what
/// [`sha256_each`](crate::sha256_each) is to hashing.
///
/// For infos of 55 to 86 bytes, whose messages fill two blocks.
#[must_use]
pub fn expand_keys_and_nonces<const N: usize, const INFO: usize>(
    inputs: [(&Prk, &[u8; INFO]); N],
) -> [(Key, Nonce); N] {
    const {
        assert!(
            INFO >= 55 && INFO <= 86,
            "its messages must fill two blocks"
        )
    };
    let prks = inputs.map(|(prk, _)| prk);
    let mut messages = [[0u8; 2 * BLOCK]; N];
    for (message, (_, info)) in messages.iter_mut().zip(inputs) {
        message[..INFO].copy_from_slice(info);
        message[INFO] = 1;
    }
    let keys = hmac_each(prks, &mut messages, INFO + 1);
    for ((message, (_, info)), key) in messages.iter_mut().zip(inputs).zip(&*keys) {
        message[..HASH_LEN].copy_from_slice(key);
        message[HASH_LEN..HASH_LEN + INFO].copy_from_slice(info);
        message[HASH_LEN + INFO] = 2;
    }
    let nonces = hmac_each(prks, &mut messages, HASH_LEN + INFO + 1);
    for message in &mut messages {
        message[..HASH_LEN].zeroize();
    }
    std::array::from_fn(|i| {
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(&nonces[i][..NONCE_LEN]);
        (Key::copy_of(&keys[i]), Nonce::from_bytes(nonce))
    })
}

/// HMAC of messages of `len` bytes, which are padded here.
fn hmac_each<const N: usize>(
    prks: [&Prk; N],
    messages: &mut [[u8; 2 * BLOCK]; N],
    len: usize,
) -> Zeroizing<[[u8; HASH_LEN]; N]> {
    let mut states = prks.map(|prk| *prk.inner);
    for message in messages.iter_mut() {
        pad(message, len);
    }
    for half in 0..2 {
        for (state, message) in states.iter_mut().zip(&*messages) {
            state.add(&message.as_chunks().0[half]);
        }
    }
    let mut blocks = [[0u8; BLOCK]; N];
    for (block, state) in blocks.iter_mut().zip(&states) {
        block[..HASH_LEN].copy_from_slice(&state.digest());
        pad(block, HASH_LEN);
    }
    states = prks.map(|prk| *prk.outer);
    for (state, block) in states.iter_mut().zip(&blocks) {
        state.add(block);
    }
    Zeroizing::new(std::array::from_fn(|i| states[i].digest()))
}

/// The padding of a message (FIPS 180-4, section 5.1.1) behind the one block of the key.
fn pad(message: &mut [u8], len: usize) {
    let bits = 8 * (BLOCK + len) as u64;
    let (_, padding) = message.split_at_mut(len);
    padding.fill(0);
    padding[0] = 0x80;
    if let Some(end) = padding.last_chunk_mut() {
        *end = bits.to_be_bytes();
    }
}
