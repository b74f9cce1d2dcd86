//! Byte classes, 64 bytes at a time.

use super::classes::{Classes, classify};

/// One bit per byte of a 64-byte block, set where something of interest begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Block {
    /// All digits.
    pub(super) digits: u64,
    /// Digits that no digit precedes.
    pub(super) digit_starts: u64,
    /// Words that begin with an upper-case letter or beyond ASCII.
    pub(super) capitals: u64,
    /// Words that begin with `p`.
    pub(super) p_starts: u64,
    /// `@`.
    pub(super) at: u64,
    /// `=` and `:`.
    pub(super) assign: u64,
    /// Words of at least [`LONG`] bytes, as bits from [`LONG_FROM`] before the block on.
    pub(super) long_words: u64,
}

/// From this length on a word is worth a look even without digits.
pub(super) const LONG: usize = 16;
/// How far before a block the words of [`Block::long_words`] may begin.
pub(super) const LONG_FROM: usize = LONG - 1;

/// Calls `each` with every block, and where it begins.
pub(super) fn scan(bytes: &[u8], mut each: impl FnMut(&Block, usize)) {
    let mut carry = Classes::default();
    let (blocks, rest) = bytes.as_chunks::<64>();
    for (i, block) in blocks.iter().enumerate() {
        let classes = classify(block);
        each(&block_of(classes, carry), i * 64);
        carry = classes;
    }
    if !rest.is_empty() {
        let mut last = [0; 64];
        last[..rest.len()].copy_from_slice(rest);
        each(&block_of(classify(&last), carry), blocks.len() * 64);
    }
}

#[inline]
fn block_of(classes: Classes, before: Classes) -> Block {
    let Classes {
        word,
        digit,
        capital,
        p,
        at,
        assign,
    } = classes;
    let word_starts = word & !((word << 1) | (before.word >> 63));
    Block {
        digits: digit,
        digit_starts: digit & !((digit << 1) | (before.digit >> 63)),
        capitals: capital & word_starts,
        p_starts: p & word_starts,
        at,
        assign,
        long_words: long_words(word, before.word),
    }
}

/// Where runs of [`LONG`] ones begin, of those that end in this block.
#[inline]
fn long_words(word: u64, before: u64) -> u64 {
    let both = u128::from(before) | u128::from(word) << 64;
    let mut run = both & (both >> 1);
    run &= run >> 2;
    run &= run >> 4;
    run &= run >> 8;
    let starts = run & !(both << 1);
    (starts >> (64 - LONG_FROM)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn blocks_find_each_word_once(text in proptest::collection::vec(prop_oneof![4 => Just(b'1'), 8 => Just(b'a'), 1 => Just(b'@'), 2 => any::<u8>()], 0..300)) {
            let mut capitals = Vec::new();
            let mut digits = Vec::new();
            let mut long = Vec::new();
            scan(&text, |block, base| {
                let bits = |mask: u64| (0..64).filter(move |i| mask >> i & 1 == 1).map(move |i| base + i);
                capitals.extend(bits(block.capitals));
                digits.extend(bits(block.digit_starts));
                long.extend(bits(block.long_words).map(|at| at - LONG_FROM));
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
