//! What the training tool needs of the scorer. Not for other uses.

use super::features::BITS;
use super::model::{BYTES, SCALE, TAGS, best};
use super::tagger;

/// Weights in the making.
#[derive(Debug)]
pub struct Trainer {
    weights: Vec<[f32; TAGS]>,
    totals: Vec<[f32; TAGS]>,
    step: f32,
}

impl Default for Trainer {
    fn default() -> Self {
        let zero = vec![[0.0; TAGS]; 1 << BITS];
        Self {
            weights: zero.clone(),
            totals: zero,
            step: 1.0,
        }
    }
}

impl Trainer {
    /// Goes through `text` once. `gold` is the right tag of a word: 0 none, 1 person, 2 place,
    /// 3 organisation. Weights move where the tag was wrong or unsure.
    pub fn learn(&mut self, text: &str, rate: f32, gold: &dyn Fn(usize, usize) -> u8) {
        let mut score = |features: &super::features::Features, start: usize, end: usize| {
            let mut sums = [0.0; TAGS];
            for feature in features.as_slice() {
                for (sum, weight) in sums.iter_mut().zip(&self.weights[*feature as usize]) {
                    *sum += weight;
                }
            }
            let right = gold(start, end);
            let (top, _) = best(sums);
            let highest = sums.iter().copied().fold(f32::MIN, f32::max);
            let total: f32 = sums.iter().map(|s| (s - highest).exp()).sum();
            for (tag, sum) in sums.iter().enumerate() {
                let p = (sum - highest).exp() / total;
                let gradient = f32::from(u8::from(usize::from(right) == tag)) - p;
                if gradient.abs() < 0.02 {
                    continue;
                }
                for feature in features.as_slice() {
                    self.weights[*feature as usize][tag] += rate * gradient;
                    self.totals[*feature as usize][tag] += self.step * rate * gradient;
                }
            }
            self.step += 1.0;
            (top, 1.0)
        };
        tagger::walk(text, &mut score, &mut |_, _, _, _| {});
    }

    /// The averaged weights in the form of the model file.
    #[must_use]
    pub fn finish(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(BYTES);
        for (weights, totals) in self.weights.iter().zip(&self.totals) {
            for (weight, total) in weights.iter().zip(totals) {
                let average = weight - total / self.step;
                out.push((average * SCALE).round().clamp(-127.0, 127.0) as i8 as u8);
            }
        }
        out
    }
}
