use std::fmt;

use ring::hmac;
use zeroize::Zeroizing;

use crate::lanes::{Lane, State, digests};
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
        let info = info.concat();
        let mut before = None;
        let mut block = Zeroizing::new([[0; HASH_LEN]]);
        for (counter, out) in (1..=u8::MAX).zip(out.chunks_mut(HASH_LEN)) {
            output_block([(self, &info)], before.as_deref(), counter, &mut block);
            out.copy_from_slice(&block[0][..out.len()]);
            before = Some(block.clone());
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
#[must_use]
pub fn expand_keys_and_nonces<const N: usize>(inputs: [(&Prk, &[u8]); N]) -> [(Key, Nonce); N] {
    let [keys, nonces] = &*output_blocks::<N, 2>(inputs);
    std::array::from_fn(|i| {
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(&nonces[i][..NONCE_LEN]);
        (Key::copy_of(&keys[i]), Nonce::from_bytes(nonce))
    })
}

/// The first output blocks for each input.
fn output_blocks<const N: usize, const BLOCKS: usize>(
    inputs: [(&Prk, &[u8]); N],
) -> Zeroizing<[[[u8; HASH_LEN]; N]; BLOCKS]> {
    let mut blocks = Zeroizing::new([[[0; HASH_LEN]; N]; BLOCKS]);
    for (counter, at) in (1u8..).zip(0..BLOCKS) {
        let (before, from_here) = blocks.split_at_mut(at);
        output_block(inputs, before.last(), counter, &mut from_here[0]);
    }
    blocks
}

/// `T(counter) = HMAC(PRK, T(counter - 1) ‖ info ‖ counter)` for each input; there is no `T(0)`.
fn output_block<const N: usize>(
    inputs: [(&Prk, &[u8]); N],
    before: Option<&[[u8; HASH_LEN]; N]>,
    counter: u8,
    out: &mut [[u8; HASH_LEN]; N],
) {
    let counter = [counter];
    let messages: [[&[u8]; 3]; N] = std::array::from_fn(|i| {
        let before = before.map_or(&[][..], |blocks| &blocks[i][..]);
        [before, inputs[i].1, &counter]
    });
    let inner = Zeroizing::new(digests::<N>(std::array::from_fn(|i| {
        Lane::resume(&inputs[i].0.inner, &messages[i])
    })));
    let parts: [[&[u8]; 1]; N] = std::array::from_fn(|i| [&inner[i][..]]);
    *out = digests(std::array::from_fn(|i| {
        Lane::resume(&inputs[i].0.outer, &parts[i])
    }));
}
