//! The trained weights.

use super::features::{BITS, Features};

/// Tags a word can have.
pub(super) const TAGS: usize = 4;
/// What a weight of 1 is in the file.
pub(super) const SCALE: f32 = 16.0;
/// Bytes of the model file.
pub(super) const BYTES: usize = TAGS << BITS;

/// The weights of the default build: one signed byte for each feature and tag.
static WEIGHTS: &[u8; BYTES] = include_bytes!("../../data/names.model");

/// The best tag and how sure it is.
pub(super) fn score(features: &Features) -> (u8, f32) {
    let (weights, _) = WEIGHTS.as_chunks::<TAGS>();
    let mut sums = [0i32; TAGS];
    for feature in features.as_slice() {
        let row = &weights[*feature as usize];
        for (sum, weight) in sums.iter_mut().zip(row) {
            *sum += i32::from(*weight as i8);
        }
    }
    // How sure it is that a word is nothing is not asked.
    if sums[1..].iter().all(|sum| *sum <= sums[0]) {
        return (0, 1.0);
    }
    best(sums.map(|sum| sum as f32 / SCALE))
}

/// The best tag and its probability.
pub(super) fn best(sums: [f32; TAGS]) -> (u8, f32) {
    let top = (0..TAGS).fold(0, |top, i| if sums[i] > sums[top] { i } else { top });
    let total: f32 = sums.iter().map(|sum| (sum - sums[top]).exp()).sum();
    (top as u8, 1.0 / total)
}
