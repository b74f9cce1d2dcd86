//! Byte classes, 64 bytes at a time.

use super::classes::{Chunk, Classes, Wanted, classify};
use super::first_of_runs;
use crate::rules::MIN_TOKEN;

/// 64 bytes of text: one bit per byte, set where something of interest begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block<'a> {
    earlier: &'a Classes,
    before: &'a Classes,
    here: &'a Classes,
    after: &'a Classes,
}

impl Block<'_> {
    /// All digits of this block, and of the next one.
    #[inline]
    pub(super) fn digits(&self) -> u128 {
        u128::from(self.here.digit) | u128::from(self.after.digit) << 64
    }

    /// Digits that no digit precedes.
    #[inline]
    pub(super) fn digit_starts(&self) -> u64 {
        first_of_runs(self.before.digit, self.here.digit)
    }

    /// `@`.
    #[inline]
    pub(super) fn at(&self) -> u64 {
        self.here.at
    }

    /// `=` and `:`, of several in a row the first.
    #[inline]
    pub(super) fn assign(&self) -> u64 {
        first_of_runs(self.before.assign, self.here.assign)
    }

    /// Which bytes `//` follows.
    #[inline]
    pub(super) fn before_slashes(&self) -> u64 {
        let slash = |by| self.here.slash >> by | self.after.slash << (64 - by);
        slash(1) & slash(2)
    }

    /// Which bytes an `=` or `:` follows, at once or as the third.
    #[inline]
    pub(super) fn before_assign(&self) -> u64 {
        let assign = |by| self.here.assign >> by | self.after.assign << (64 - by);
        assign(1) | assign(3)
    }

    /// How many bytes stand between the one at `bit` and the word before it; at most 64.
    #[inline]
    pub(super) fn gap(&self, bit: usize) -> usize {
        let upto = u128::from(self.before.word) | u128::from(self.here.word) << 64;
        ((upto >> bit) as u64).leading_zeros() as usize
    }

    /// The classes of the bytes around, from two blocks before this one on.
    #[inline]
    pub(super) fn around(&self, class: impl Fn(&Classes) -> u64) -> [u64; 4] {
        [self.earlier, self.before, self.here, self.after].map(class)
    }

    /// Where a character may begin that only looks like another one.
    #[inline]
    pub(super) fn disguises(&self) -> u64 {
        self.here.disguise
    }

    /// Whether there is no digit, `@`, `=` or `:`.
    #[inline]
    pub(super) fn is_plain(&self) -> bool {
        self.here.digit | self.here.at | self.here.assign == 0
    }

    #[inline]
    fn word_starts(&self) -> u64 {
        first_of_runs(self.before.word, self.here.word)
    }

    /// Words that begin with an upper-case letter or beyond ASCII.
    #[inline]
    pub(super) fn capitals(&self) -> u64 {
        self.here.capital & self.word_starts()
    }

    /// Words that begin with `p`.
    #[inline]
    pub(super) fn p_starts(&self) -> u64 {
        self.here.p & self.word_starts()
    }

    /// Runs of ten bytes and more of which tokens consist.
    #[inline]
    pub(super) fn tokens(&self) -> u64 {
        const { assert!(MIN_TOKEN == 10) };
        let around = u128::from(self.before.token >> 32)
            | u128::from(self.here.token) << 32
            | u128::from(self.after.token) << 96;
        let mut run = around & around >> 1;
        run &= run >> 2;
        run &= run >> 4;
        run &= run >> 2;
        let mut cover = run | run << 1;
        cover |= cover << 2;
        cover |= cover << 4;
        cover |= cover << 2;
        (cover >> 32) as u64
    }

    /// How many bytes of the word at `bit` stand before it, and how many from it on, if the blocks
    /// around tell.
    #[inline]
    pub(super) fn word_around(&self, bit: usize) -> Option<(usize, usize)> {
        let upto = u128::from(self.before.word) | u128::from(self.here.word) << 64;
        let from = u128::from(self.here.word) | u128::from(self.after.word) << 64;
        let back = (upto << (64 - bit)).leading_ones() as usize;
        let ahead = (from >> bit).trailing_ones() as usize;
        (ahead > 0 && back < 64 + bit && ahead < 128 - bit).then_some((back, ahead))
    }

    /// Words of at least [`LONG`] bytes that end in this block, as bits from [`LONG_FROM`] before
    /// the block on.
    #[inline]
    pub(super) fn long_words(&self) -> u64 {
        let both = u128::from(self.before.word) | u128::from(self.here.word) << 64;
        let mut run = both & (both >> 1);
        run &= run >> 2;
        run &= run >> 4;
        run &= run >> 8;
        let starts = run & !(both << 1);
        (starts >> (64 - LONG_FROM)) as u64
    }
}

/// From this length on a word is worth a look even without digits.
pub(super) const LONG: usize = 16;
/// How far before a block the words of [`Block::long_words`] may begin.
pub(super) const LONG_FROM: usize = LONG - 1;

/// Chunks that are classified at once: enough to make up for the call, few enough for the stack.
const BATCH: usize = 16;

/// Calls `each` with every block, and where it begins.
pub(super) fn scan(bytes: &[u8], wanted: Wanted, mut each: impl FnMut(&Block, usize)) {
    // Most texts are names and short answers.
    if bytes.len() <= 64 {
        let mut chunk = [0; 64];
        chunk[..bytes.len()].copy_from_slice(bytes);
        let mut here = [Classes::default()];
        classify(&[chunk], wanted, &mut here);
        let nothing = Classes::default();
        let block = Block {
            earlier: &nothing,
            before: &nothing,
            here: &here[0],
            after: &nothing,
        };
        return each(&block, 0);
    }
    let mut scanner = Scanner {
        window: [Classes::default(); BATCH + 3],
        base: None,
        wanted,
        each,
    };
    let (chunks, rest) = bytes.as_chunks::<64>();
    for batch in chunks.chunks(BATCH) {
        scanner.take(batch);
    }
    if !rest.is_empty() {
        let mut last = [0; 64];
        last[..rest.len()].copy_from_slice(rest);
        scanner.take(&[last]);
    }
    scanner.finish();
}

/// A word, and how it is written as far as the masks tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Nothing but small ASCII letters.
    pub(crate) lower: bool,
    /// Small ASCII letters after one byte that may be a capital.
    pub(crate) title: bool,
}

/// Calls `each` with each word, until it answers `false`.
pub(crate) fn words(bytes: &[u8], mut each: impl FnMut(Word) -> bool) {
    let mut classes = [Classes::default(); BATCH];
    let (chunks, rest) = bytes.as_chunks::<64>();
    // Where the text fills its chunks the last one is empty, and ends the last word.
    let mut last = [[0; 64]];
    last[0][..rest.len()].copy_from_slice(rest);
    // A word that goes on from the chunk before: where it begins, and whether it is lower so far.
    let mut open: Option<(usize, bool)> = None;
    let mut base = 0;
    for batch in chunks.chunks(BATCH).chain(std::iter::once(&last[..])) {
        classify(batch, Wanted::Words, &mut classes);
        for here in &classes[..batch.len()] {
            let other = here.digit | here.capital;
            let before = here.word << 1 | u64::from(open.is_some());
            let mut starts = here.word & !before;
            let mut ends = before & !here.word;
            while ends != 0 {
                let to = ends.trailing_zeros();
                ends &= ends - 1;
                let end = base + to as usize;
                let word = if let Some((start, lower)) = open.take() {
                    Word {
                        start,
                        end,
                        lower: lower && other & ((1 << to) - 1) == 0,
                        title: false,
                    }
                } else {
                    let from = starts.trailing_zeros();
                    starts &= starts - 1;
                    let other = other >> from & ((1 << (to - from)) - 1);
                    Word {
                        start: base + from as usize,
                        end,
                        lower: other == 0,
                        title: other == 1 && to - from > 1,
                    }
                };
                if !each(word) {
                    return;
                }
            }
            if starts != 0 {
                let from = starts.trailing_zeros();
                open = Some((base + from as usize, other >> from == 0));
            } else if let Some((_, lower)) = &mut open {
                *lower &= other == 0;
            }
            base += 64;
        }
    }
}

/// Gives each block once it knows the one after it.
struct Scanner<F> {
    /// The classes of the two blocks given last, of the one that is held, and of those after them.
    window: [Classes; BATCH + 3],
    /// Where the block begins that is held, if one is.
    base: Option<usize>,
    wanted: Wanted,
    each: F,
}

impl<F: FnMut(&Block, usize)> Scanner<F> {
    fn take(&mut self, batch: &[Chunk]) {
        classify(batch, self.wanted, &mut self.window[3..]);
        let (first, mut base) = match self.base {
            Some(base) => (2, base),
            None => (3, 0),
        };
        for around in self.window[first - 2..batch.len() + 3].windows(4) {
            let [earlier, before, here, after] = around else {
                continue;
            };
            let block = Block {
                earlier,
                before,
                here,
                after,
            };
            (self.each)(&block, base);
            base += 64;
        }
        self.base = Some(base);
        self.window.copy_within(batch.len()..batch.len() + 3, 0);
    }

    fn finish(mut self) {
        if let Some(base) = self.base {
            let [earlier, before, here, ..] = &self.window;
            let block = Block {
                earlier,
                before,
                here,
                after: &Classes::default(),
            };
            (self.each)(&block, base);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_are_told_by_how_they_are_written() {
        for pad in [0, 1, 50, 60, 63, 64, 1020] {
            let text = format!(
                "{} lower Title UPPER x1 T señor {}",
                " ".repeat(pad),
                "w".repeat(130)
            );
            let mut found = Vec::new();
            words(text.as_bytes(), |word| {
                found.push((&text[word.start..word.end], word.lower));
                assert!(!word.title || text[word.start..].starts_with("Title"));
                true
            });
            assert_eq!(found[0], ("lower", true));
            assert_eq!(found[5], ("señor", false));
            assert_eq!((found[6].0.len(), found[6].1), (130, true));
            assert_eq!(found.iter().filter(|(_, lower)| *lower).count(), 2);
        }
    }

    proptest! {
        #[test]
        fn blocks_find_each_word_once(text in proptest::collection::vec(prop_oneof![4 => Just(b'1'), 8 => Just(b'a'), 1 => Just(b'@'), 2 => any::<u8>()], 0..300)) {
            let mut capitals = Vec::new();
            let mut digits = Vec::new();
            let mut long = Vec::new();
            scan(&text, Wanted::All, |block, base| {
                let bits = |mask: u64| (0..64).filter(move |i| mask >> i & 1 == 1).map(move |i| base + i);
                capitals.extend(bits(block.capitals()));
                digits.extend(bits(block.digit_starts()));
                long.extend(bits(block.long_words()).map(|at| at - LONG_FROM));
            });
            let word = |b: u8| b.is_ascii_alphanumeric() || b >= 0x80;
            let starts = |class: &dyn Fn(u8) -> bool| -> Vec<usize> {
                (0..text.len()).filter(|&i| class(text[i]) && (i == 0 || !class(text[i - 1]))).collect()
            };
            let words = starts(&word);
            let is_long = |at: &usize| text[*at..].iter().take_while(|b| word(**b)).count() >= LONG;
            let is_capital = |at: &usize| text[*at].is_ascii_uppercase() || text[*at] >= 0x80;
            prop_assert_eq!(long, words.iter().copied().filter(is_long).collect::<Vec<_>>());
            prop_assert_eq!(capitals, words.iter().copied().filter(is_capital).collect::<Vec<_>>());
            prop_assert_eq!(digits, starts(&|b| b.is_ascii_digit()));
        }
    }
}
