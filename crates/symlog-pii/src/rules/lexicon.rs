//! Words, looked up by hash while scanning.

use std::collections::HashMap;

/// The hash of a word without regard to ASCII case.
#[inline]
pub(crate) fn fold_hash(word: &[u8]) -> u64 {
    fold_hash_at(word, 0, word.len())
}

/// The hash of the word that stands from `start` to `end`. What stands before it is read too, so
/// that a short word takes one load.
#[inline]
pub(crate) fn fold_hash_at(text: &[u8], start: usize, end: usize) -> u64 {
    let word = &text[start..end];
    let mut hash = 0x9e37_79b9_7f4a_7c15 ^ word.len() as u64;
    let mut mix = |bytes: u64| {
        hash = (hash ^ (bytes | 0x2020_2020_2020_2020)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        hash ^= hash >> 32;
    };
    let (chunks, rest) = word.as_chunks::<8>();
    for chunk in chunks {
        mix(u64::from_le_bytes(*chunk));
    }
    if !rest.is_empty() {
        mix(match text[..end].last_chunk::<8>() {
            Some(last) => u64::from_le_bytes(*last) >> (64 - 8 * rest.len()),
            None => short(rest),
        });
    }
    hash
}

/// Up to seven bytes as a number, in a few loads that may overlap.
#[inline]
fn short(bytes: &[u8]) -> u64 {
    if let (Some(head), Some(tail)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        let [head, tail] = [head, tail].map(|half| u64::from(u32::from_le_bytes(*half)));
        return head | tail << (8 * (bytes.len() - 4));
    }
    match bytes {
        [] => 0,
        [a] => u64::from(*a),
        [a, b] => u64::from(*a) | u64::from(*b) << 8,
        [a, b, c, ..] => u64::from(*a) | u64::from(*b) << 8 | u64::from(*c) << 16,
    }
}

/// The hash of a word's first eight bytes and its length, without regard to ASCII case: what is
/// told of a word by one load.
pub(crate) fn head_of(word: &[u8]) -> u64 {
    head_at(word, 0, word.len())
}

/// [`head_of`] the word of `len` bytes that stands at `start`.
#[inline]
pub(crate) fn head_at(text: &[u8], start: usize, len: usize) -> u64 {
    let kept = u64::MAX >> (64 - 8 * len.clamp(1, 8));
    let first = match text[start..].first_chunk() {
        Some(first) => u64::from_le_bytes(*first),
        None => short(&text[start..]),
    };
    let folded = (first | 0x2020_2020_2020_2020) & kept;
    (folded ^ (len.min(9) as u64) << 56).wrapping_mul(0xff51_afd7_ed55_8ccd)
}

/// Tells by their heads most words that are not of a set.
#[derive(Debug, Clone)]
pub(crate) struct Heads(Vec<u64>);

impl Heads {
    /// How many bits of a hash are told apart: few enough for the first cache.
    const BITS: u32 = 15;

    pub(crate) fn new(hashes: impl IntoIterator<Item = u64>) -> Self {
        let mut bits = vec![0; 1 << (Self::BITS - 6)];
        for hash in hashes {
            let bit = hash >> (64 - Self::BITS);
            bits[(bit / 64) as usize] |= 1 << (bit % 64);
        }
        Self(bits)
    }

    /// Whether a word with this head may be one of the set.
    #[inline]
    pub(crate) fn may_hold(&self, hash: u64) -> bool {
        let bit = hash >> (64 - Self::BITS);
        self.0[(bit / 64) as usize] >> (bit % 64) & 1 == 1
    }
}

/// A map from words to values, with a bitmap in front that answers most lookups.
#[derive(Debug, Clone)]
pub(crate) struct Words<T> {
    bits: Vec<u64>,
    shift: u32,
    map: HashMap<u64, T, Identity>,
}

/// The keys are hashes already.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Identity;

/// Passes a hash through.
#[derive(Debug, Default)]
pub(crate) struct Through(u64);

impl std::hash::Hasher for Through {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

impl std::hash::BuildHasher for Identity {
    type Hasher = Through;

    fn build_hasher(&self) -> Through {
        Through::default()
    }
}

impl<T> Default for Words<T> {
    fn default() -> Self {
        Self {
            bits: vec![0],
            shift: 58,
            map: HashMap::default(),
        }
    }
}

impl<T> Words<T> {
    /// The words with their values, given as hashes.
    pub(crate) fn new(entries: impl IntoIterator<Item = (u64, T)>) -> Self {
        let map: HashMap<u64, T, Identity> = entries.into_iter().collect();
        // Eight to sixteen bits a word, two of them set, keep false answers near one in thirty.
        let log = (map.len().max(8) * 16).ilog2().max(6);
        let mut bits = vec![0u64; 1 << (log - 6)];
        let shift = 64 - log;
        for hash in map.keys() {
            let (word, pair) = place(*hash, shift);
            bits[word] |= pair;
        }
        Self { bits, shift, map }
    }

    /// All values.
    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.map.values()
    }

    /// The value of the word with this hash.
    #[inline]
    pub(crate) fn get(&self, hash: u64) -> Option<&T> {
        let (word, pair) = place(hash, self.shift);
        if self.bits[word] & pair != pair {
            return None;
        }
        self.map.get(&hash)
    }
}

/// Where the two bits of a word stand in the bitmap: next to each other in memory.
#[inline]
fn place(hash: u64, shift: u32) -> (usize, u64) {
    let spread = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let bit = spread >> shift;
    ((bit / 64) as usize, 1 << (bit % 64) | 1 << (spread % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_that_of_the_zero_padded_words() {
        // The trained weights of names stand under these hashes.
        let slowly = |word: &[u8]| {
            let mut hash = 0x9e37_79b9_7f4a_7c15 ^ word.len() as u64;
            for chunk in word.chunks(8) {
                let mut bytes = [0; 8];
                bytes[..chunk.len()].copy_from_slice(chunk);
                let folded = u64::from_le_bytes(bytes) | 0x2020_2020_2020_2020;
                hash = (hash ^ folded).wrapping_mul(0xff51_afd7_ed55_8ccd);
                hash ^= hash >> 32;
            }
            hash
        };
        let text = b"Krankenversicherungsnummer 0123456789";
        for len in 0..text.len() {
            assert_eq!(fold_hash(&text[..len]), slowly(&text[..len]), "{len}");
            assert_eq!(
                fold_hash_at(text, 3.min(len), len),
                slowly(&text[3.min(len)..len])
            );
        }
    }

    #[test]
    fn words_are_found_in_any_case() {
        let names = ["a", "ssn", "passport", "Krankenversicherung", "dé"];
        let words = Words::new(
            names
                .iter()
                .enumerate()
                .map(|(i, w)| (fold_hash(w.as_bytes()), i)),
        );
        assert_eq!(words.get(fold_hash(b"SSN")), Some(&1));
        assert_eq!(words.get(fold_hash(b"krankenVERSICHERUNG")), Some(&3));
        assert_eq!(words.get(fold_hash(b"krankenversicherun")), None);
        assert_eq!(words.get(fold_hash(b"")), None);
    }
}
