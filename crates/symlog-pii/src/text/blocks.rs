//! Byte classes, 64 bytes at a time.

/// One bit per byte of a 64-byte block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Block {
    /// First bytes of words: letters, digits and everything beyond ASCII.
    pub(super) word_starts: u64,
    /// `@`.
    pub(super) at: u64,
    /// `=` and `:`.
    pub(super) assign: u64,
}

/// Calls `each` with every block that holds anything, and where it begins.
pub(super) fn scan(bytes: &[u8], mut each: impl FnMut(Block, usize)) {
    let mut carry = 0;
    let (blocks, rest) = bytes.as_chunks::<64>();
    for (i, block) in blocks.iter().enumerate() {
        let (block, words) = classify(block, carry);
        carry = words >> 63;
        if block != Block::default() {
            each(block, i * 64);
        }
    }
    if !rest.is_empty() {
        let mut last = [0; 64];
        last[..rest.len()].copy_from_slice(rest);
        each(classify(&last, carry).0, blocks.len() * 64);
    }
}

fn classify(bytes: &[u8; 64], carry: u64) -> (Block, u64) {
    let masks = masks(bytes);
    let block = Block {
        word_starts: masks.word & !((masks.word << 1) | carry),
        at: masks.at,
        assign: masks.assign,
    };
    (block, masks.word)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Masks {
    word: u64,
    at: u64,
    assign: u64,
}

fn masks(bytes: &[u8; 64]) -> Masks {
    let mut out = Masks::default();
    for (i, byte) in bytes.iter().enumerate() {
        out.word |= u64::from(byte.is_ascii_alphanumeric() || *byte >= 0x80) << i;
        out.at |= u64::from(*byte == b'@') << i;
        out.assign |= u64::from(matches!(byte, b'=' | b':')) << i;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn blocks_find_each_word_once(text in proptest::collection::vec(prop_oneof![Just(b'1'), Just(b'a'), Just(b'@'), any::<u8>()], 0..300)) {
            let mut found = Vec::new();
            scan(&text, |block, base| {
                found.extend((0..64).filter(|i| block.word_starts >> i & 1 == 1).map(|i| base + i));
            });
            let word = |b: u8| b.is_ascii_alphanumeric() || b >= 0x80;
            let expect: Vec<usize> = (0..text.len())
                .filter(|&i| word(text[i]) && (i == 0 || !word(text[i - 1])))
                .collect();
            prop_assert_eq!(found, expect);
        }
    }
}
