//! Byte classes, 64 bytes at a time.

use super::classes::{Classes, classify};

/// One bit per byte of a 64-byte block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Block {
    /// Bytes of words: letters, digits and everything beyond ASCII.
    pub(super) words: u64,
    /// First bytes of words.
    pub(super) word_starts: u64,
    /// Digits that no digit precedes.
    pub(super) digit_starts: u64,
    /// Upper-case letters, and bytes beyond ASCII, that begin a word.
    pub(super) capitals: u64,
    /// `@`.
    pub(super) at: u64,
    /// `=` and `:`.
    pub(super) assign: u64,
}

/// Calls `each` with every block that holds anything, and where it begins.
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

fn block_of(classes: Classes, before: Classes) -> Block {
    let Classes {
        word,
        digit,
        capital,
        at,
        assign,
    } = classes;
    let word_starts = word & !((word << 1) | (before.word >> 63));
    Block {
        words: word,
        word_starts,
        digit_starts: digit & !((digit << 1) | (before.digit >> 63)),
        capitals: capital & word_starts,
        at,
        assign,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn blocks_find_each_word_once(text in proptest::collection::vec(prop_oneof![Just(b'1'), Just(b'a'), Just(b'@'), any::<u8>()], 0..300)) {
            let mut words = Vec::new();
            let mut digits = Vec::new();
            scan(&text, |block, base| {
                let bits = |mask: u64| (0..64).filter(move |i| mask >> i & 1 == 1).map(move |i| base + i);
                words.extend(bits(block.word_starts));
                digits.extend(bits(block.digit_starts));
            });
            let word = |b: u8| b.is_ascii_alphanumeric() || b >= 0x80;
            let starts = |class: &dyn Fn(u8) -> bool| -> Vec<usize> {
                (0..text.len()).filter(|&i| class(text[i]) && (i == 0 || !class(text[i - 1]))).collect()
            };
            prop_assert_eq!(words, starts(&word));
            prop_assert_eq!(digits, starts(&|b| b.is_ascii_digit()));
        }
    }
}
