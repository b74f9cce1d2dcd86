//! The words around a candidate.

use crate::rules::fold_hash;

/// How far back words are looked for, in bytes and in words.
const MAX_BACK: usize = 80;
const MAX_WORDS: usize = 12;

/// Whether a byte is a part of a word.
#[inline]
pub(super) const fn in_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}

/// Words before a place, nearest first. A word in camel case also comes in its parts.
pub(super) struct Back<'t> {
    bytes: &'t [u8],
    at: usize,
    floor: usize,
    words: usize,
    /// The rest of a word whose parts are being given.
    part: Option<(usize, usize)>,
    lines: usize,
}

/// One word: where it stands and how many words lie between.
#[derive(Debug, Clone, Copy)]
pub(super) struct Near<'t> {
    pub(super) text: &'t [u8],
    pub(super) start: usize,
    pub(super) distance: usize,
}

impl Near<'_> {
    pub(super) fn hash(&self) -> u64 {
        fold_hash(self.text)
    }
}

/// The words before `at`.
pub(super) fn back(text: &str, at: usize) -> Back<'_> {
    Back {
        bytes: text.as_bytes(),
        at,
        floor: at.saturating_sub(MAX_BACK),
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
                text: &self.bytes[at..end],
                start: at,
                distance: self.words - 1,
            });
        }
        if self.words == MAX_WORDS {
            return None;
        }
        while self.at > self.floor && !in_word(self.bytes[self.at - 1]) {
            self.at -= 1;
            if self.bytes[self.at] == b'\n' {
                self.lines += 1;
                if self.lines > 1 {
                    return None;
                }
            }
        }
        let end = self.at;
        while self.at > self.floor && in_word(self.bytes[self.at - 1]) {
            self.at -= 1;
        }
        if self.at == end || (self.at == self.floor && self.floor > 0) {
            return None;
        }
        self.words += 1;
        let word = &self.bytes[self.at..end];
        let mixed = word.len() > 3
            && word.windows(2).any(|w| {
                (w[0].is_ascii_lowercase() && w[1].is_ascii_uppercase())
                    || w[0].is_ascii_digit() != w[1].is_ascii_digit()
            });
        if mixed {
            self.part = Some((self.at, end));
        }
        Some(Near {
            text: word,
            start: self.at,
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
}
