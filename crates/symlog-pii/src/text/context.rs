//! The words around a candidate.

use super::classes::{Classes, Wanted, classify};
use crate::rules::fold_hash_at;

/// How far back words are looked for, in bytes and in words.
pub(super) const MAX_BACK: usize = 80;
const MAX_WORDS: usize = 12;

/// Whether a byte is a part of a word.
#[inline]
pub(super) const fn in_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}

/// Words before a place, nearest first. A word in camel case also comes in its parts.
pub(super) struct Back<'t> {
    bytes: &'t [u8],
    /// Where the bytes begin that the masks are of.
    floor: usize,
    /// Whether a word that begins at the floor may have begun before it.
    cut: bool,
    /// What is in words, of what has not been given yet; the last byte is the highest bit.
    word: u128,
    /// Bytes before which a part of a word may end.
    joint: u128,
    /// Where the next word is looked for, from the floor on.
    at: usize,
    words: usize,
    /// The rest of a word whose parts are being given.
    part: Option<(usize, usize)>,
    lines: usize,
}

/// One word: where it stands and how many words lie between.
#[derive(Debug, Clone, Copy)]
pub(super) struct Near<'t> {
    /// All of the text.
    all: &'t [u8],
    pub(super) text: &'t [u8],
    pub(super) start: usize,
    pub(super) distance: usize,
}

impl<'t> Near<'t> {
    /// The word from `start` to `end`.
    pub(super) fn new(all: &'t [u8], start: usize, end: usize, distance: usize) -> Self {
        Self {
            all,
            text: &all[start..end],
            start,
            distance,
        }
    }

    /// The same word with as many words between.
    pub(super) fn at(self, distance: usize) -> Self {
        Self { distance, ..self }
    }

    pub(super) fn hash(&self) -> u64 {
        fold_hash_at(self.all, self.start, self.start + self.text.len())
    }
}

/// The words before `at`.
pub(super) fn back(text: &str, at: usize) -> Back<'_> {
    let bytes = text.as_bytes();
    let floor = at.saturating_sub(MAX_BACK);
    let mut chunks = [[0; 64]; 2];
    chunks.as_flattened_mut()[..at - floor].copy_from_slice(&bytes[floor..at]);
    let mut classes = [Classes::default(); 2];
    classify(&chunks, Wanted::Words, &mut classes);
    let mask = |class: fn(&Classes) -> u64| {
        u128::from(class(&classes[0])) | u128::from(class(&classes[1])) << 64
    };
    let (word, digit, capital) = (mask(|c| c.word), mask(|c| c.digit), mask(|c| c.capital));
    let lower = word & !digit & !capital;
    Back {
        bytes,
        floor,
        word,
        cut: floor > 0,
        joint: word & word << 1 & ((lower << 1 & capital) | (digit ^ digit << 1)),
        at: at - floor,
        words: 0,
        part: None,
        lines: 0,
    }
}

/// The word before a place is too far from it, or too long, to be told without [`back`].
pub(super) struct Further;

/// The hash of the first word that [`back`] gives, where that is near and short.
pub(super) fn one_before(text: &str, at: usize) -> Result<Option<u64>, Further> {
    const NEAR: usize = 24;
    let bytes = text.as_bytes();
    let near = |from: usize, counts: fn(&u8) -> bool| {
        let bytes = bytes[..from].iter().rev();
        let count = bytes.take(NEAR).take_while(|b| counts(b)).count();
        if count < NEAR {
            Ok(count)
        } else {
            Err(Further)
        }
    };
    let end = at - near(at, |b| !in_word(*b))?;
    let start = end - near(end, |b| in_word(*b))?;
    let lines = bytes[end..at].iter().filter(|b| **b == b'\n').count();
    Ok((start < end && lines < 2).then(|| fold_hash_at(bytes, start, end)))
}

/// The word that ends at `at`, and its parts.
pub(super) fn last(text: &str, at: usize) -> Back<'_> {
    let bytes = text.as_bytes();
    let floor = at.saturating_sub(MAX_BACK);
    let len = bytes[floor..at]
        .iter()
        .rev()
        .take_while(|b| in_word(**b))
        .count();
    let whole = floor == 0 || len < at - floor;
    let len = if whole { len } else { 0 };
    Back {
        bytes,
        floor: at - len,
        word: (1 << len) - 1,
        cut: false,
        joint: u128::MAX,
        at: len,
        words: 0,
        part: None,
        lines: 0,
    }
}

impl Back<'_> {
    /// Whether a part of the word that ends at `end` begins at `at`.
    fn is_joint(&self, at: usize, end: usize) -> bool {
        let (before, byte) = (self.bytes[at - 1], self.bytes[at]);
        let follows_lower = byte.is_ascii_uppercase() && !before.is_ascii_uppercase();
        let last_capital =
            byte.is_ascii_uppercase() && at + 1 < end && self.bytes[at + 1].is_ascii_lowercase();
        follows_lower || last_capital || byte.is_ascii_digit() != before.is_ascii_digit()
    }
}

impl<'t> Iterator for Back<'t> {
    type Item = Near<'t>;

    fn next(&mut self) -> Option<Near<'t>> {
        if let Some((start, end)) = self.part {
            let mut at = end - 1;
            while at > start && !self.is_joint(at, end) {
                at -= 1;
            }
            self.part = (at > start).then_some((start, at));
            return Some(Near {
                all: self.bytes,
                text: &self.bytes[at..end],
                start: at,
                distance: self.words - 1,
            });
        }
        if self.words == MAX_WORDS {
            return None;
        }
        let below = |mask: u128, at: usize| if at == 0 { 0 } else { mask << (128 - at) };
        let gap = below(self.word, self.at).leading_zeros() as usize;
        let end = self.at.checked_sub(gap).filter(|end| *end > 0)?;
        let between = &self.bytes[self.floor + end..self.floor + self.at];
        self.lines += between.iter().filter(|b| **b == b'\n').count();
        let len = below(self.word, end).leading_ones() as usize;
        self.at = end - len;
        if self.lines > 1 || (self.at == 0 && self.cut) {
            return None;
        }
        self.words += 1;
        let inside = below(self.joint, end) >> (128 - len) >> 1;
        let (start, end) = (self.floor + self.at, self.floor + end);
        let word = &self.bytes[start..end];
        let mixed = inside != 0
            && len > 3
            && word.windows(2).any(|w| {
                (w[0].is_ascii_lowercase() && w[1].is_ascii_uppercase())
                    || w[0].is_ascii_digit() != w[1].is_ascii_digit()
            });
        if mixed {
            self.part = Some((start, end));
        }
        Some(Near {
            all: self.bytes,
            text: word,
            start,
            distance: self.words - 1,
        })
    }
}

/// The words after `at`, at most `count`, on the same line.
pub(super) fn ahead(text: &str, at: usize, count: usize) -> impl Iterator<Item = Near<'_>> {
    let bytes = text.as_bytes();
    let mut at = at;
    (0..count).map_while(move |distance| {
        let limit = bytes.len().min(at + 24);
        while at < limit && !in_word(bytes[at]) && bytes[at] != b'\n' {
            at += 1;
        }
        let start = at;
        let limit = bytes.len().min(at + 24);
        while at < limit && in_word(bytes[at]) {
            at += 1;
        }
        (at > start).then_some(Near {
            all: bytes,
            text: &bytes[start..at],
            start,
            distance,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_nearest_first() {
        let text = "The patientSSN (social security) is 5";
        let words: Vec<_> = back(text, text.len() - 1)
            .map(|w| std::str::from_utf8(w.text).unwrap())
            .collect();
        assert_eq!(
            words,
            [
                "is",
                "security",
                "social",
                "patientSSN",
                "SSN",
                "patient",
                "The"
            ]
        );
        let words: Vec<_> = ahead("5 years old, he", 1, 2)
            .map(|w| std::str::from_utf8(w.text).unwrap())
            .collect();
        assert_eq!(words, ["years", "old"]);
    }

    #[test]
    fn the_nearest_word_is_that_of_all() {
        let long = format!("x {}", "w".repeat(30));
        for text in [
            "",
            " ",
            "a",
            "one two ",
            "one\n\n",
            "one\n ",
            "oneTwo3 - ",
            &long,
        ] {
            for at in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
                if let Ok(word) = one_before(text, at) {
                    let first = back(text, at).next();
                    assert_eq!(word, first.map(|near| near.hash()), "{text:?} {at}");
                }
            }
        }
    }
}
