//! The classes of 64 bytes at once, with the widest instructions that the processor has.
//!
//! The only module of the workspace that needs `unsafe`: calling a function that is compiled for
//! AVX2 or SSE2. Nothing in it reads memory through a pointer.

use super::token::TOKEN;

/// 64 bytes of text.
pub(super) type Chunk = [u8; 64];

/// One bit per byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Classes {
    pub(super) digit: u64,
    /// `@`.
    pub(super) at: u64,
    /// `=` and `:`.
    pub(super) assign: u64,
    pub(super) slash: u64,
    /// Letters, digits and everything beyond ASCII.
    pub(super) word: u64,
    /// Upper-case letters and everything beyond ASCII.
    pub(super) capital: u64,
    /// `p` and `P`.
    pub(super) p: u64,
    /// What tokens consist of.
    pub(super) token: u64,
    /// Where a character may begin that only looks like another one: the bytes C2, E2, E3 and EF,
    /// and `%`.
    pub(super) disguise: u64,
    pub(super) newline: u64,
}

/// The few classes that tell what needs no words around it; one bit per byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Signs {
    pub(super) digit: u64,
    pub(super) at: u64,
    pub(super) assign: u64,
    pub(super) disguise: u64,
}

impl From<Classes> for Signs {
    fn from(classes: Classes) -> Self {
        let Classes {
            digit,
            at,
            assign,
            disguise,
            ..
        } = classes;
        Self {
            digit,
            at,
            assign,
            disguise,
        }
    }
}

/// Which classes are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Digits, letters, `@`, `=`, `:`, `/` and disguises; the others are left out.
    Signs,
    /// Digits, letters, capitals and newlines; the others may be left out.
    Words,
    /// All of them.
    All,
    /// Disguises; the others may be left out.
    Disguises,
}

/// Writes the classes of each chunk to the same place of `out`.
#[cfg(target_arch = "x86_64")]
#[expect(
    unsafe_code,
    reason = "calls into code for processor features that were detected"
)]
pub(super) fn classify(chunks: &[Chunk], wanted: Wanted, out: &mut [Classes]) {
    match (std::is_x86_feature_detected!("avx2"), wanted) {
        // SAFETY: AVX2 was detected.
        (true, Wanted::Signs) => unsafe { x86::avx2::<true, false, true>(chunks, out) },
        // SAFETY: AVX2 was detected.
        (true, Wanted::Words) => unsafe { x86::avx2::<false, true, false>(chunks, out) },
        // SAFETY: AVX2 was detected.
        (true, Wanted::All) => unsafe { x86::avx2::<true, true, true>(chunks, out) },
        // SAFETY: AVX2 was detected.
        (true, Wanted::Disguises) => unsafe { x86::avx2::<false, false, true>(chunks, out) },
        // SAFETY: SSE2 is part of every x86-64.
        (false, _) => unsafe { x86::sse2(chunks, out) },
    }
}

/// Writes those few classes of each chunk to the same place of `out`.
#[cfg_attr(
    target_arch = "x86_64",
    expect(
        unsafe_code,
        reason = "calls into code for processor features that were detected"
    )
)]
pub(super) fn signs(chunks: &[Chunk], out: &mut [Signs]) {
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") {
        // SAFETY: AVX2 was detected.
        return unsafe { x86::avx2_signs(chunks, out) };
    }
    for (chunk, out) in chunks.iter().zip(out) {
        let mut classes = [Classes::default()];
        classify(&[*chunk], Wanted::Signs, &mut classes);
        *out = classes[0].into();
    }
}

#[cfg(not(target_arch = "x86_64"))]
pub(super) fn classify(chunks: &[Chunk], _: Wanted, out: &mut [Classes]) {
    for (chunk, out) in chunks.iter().zip(out) {
        *out = scalar(chunk);
    }
}

/// What the vector code must agree with; the whole of it where there is none.
#[cfg(any(test, not(target_arch = "x86_64")))]
fn scalar(bytes: &Chunk) -> Classes {
    let mut out = Classes::default();
    for (i, byte) in bytes.iter().enumerate() {
        out.word |= u64::from(byte.is_ascii_alphanumeric() || *byte >= 0x80) << i;
        out.digit |= u64::from(byte.is_ascii_digit()) << i;
        out.capital |= u64::from(byte.is_ascii_uppercase() || *byte >= 0x80) << i;
        out.p |= u64::from(byte | 0x20 == b'p') << i;
        out.at |= u64::from(*byte == b'@') << i;
        out.assign |= u64::from(matches!(byte, b'=' | b':')) << i;
        out.slash |= u64::from(*byte == b'/') << i;
        out.token |= u64::from(TOKEN[usize::from(*byte)]) << i;
        out.disguise |= u64::from(matches!(byte, 0xc2 | 0xe2 | 0xe3 | 0xef | b'%')) << i;
        out.newline |= u64::from(*byte == b'\n') << i;
    }
    out
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::{Chunk, Classes, Signs, TOKEN};

    #[expect(
        unsafe_code,
        reason = "a load has no safe form that is one instruction"
    )]
    #[target_feature(enable = "avx2")]
    fn load(bytes: &[u8; 32]) -> __m256i {
        // SAFETY: the reference says that 32 bytes can be read; the load needs no alignment.
        unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
    }

    #[target_feature(enable = "avx2")]
    fn halves(chunk: &Chunk) -> [__m256i; 2] {
        let (halves, _) = chunk.as_chunks::<32>();
        [load(&halves[0]), load(&halves[1])]
    }

    /// For each low half of a byte, the high halves from 2 to 7 with which it is of [`TOKEN`].
    const OF_LOW: [i64; 2] = {
        let mut table = [0; 16];
        let mut byte = 0x20;
        while byte < 0x80 {
            if TOKEN[byte] {
                table[byte & 15] |= 1 << ((byte >> 4) - 2);
            }
            byte += 1;
        }
        numbers(table)
    };

    /// For each high half its bit in [`OF_LOW`].
    const OF_HIGH: [i64; 2] = numbers([0, 0, 1, 2, 4, 8, 16, 32, 0, 0, 0, 0, 0, 0, 0, 0]);

    const fn numbers(table: [u8; 16]) -> [i64; 2] {
        let mut out = [0; 2];
        let mut i = 0;
        while i < 16 {
            out[i / 8] |= (table[i] as i64) << (i % 8 * 8);
            i += 1;
        }
        out
    }

    /// A table of sixteen entries in both halves of a vector.
    #[target_feature(enable = "avx2")]
    fn twice([low, high]: [i64; 2]) -> __m256i {
        _mm256_set_epi64x(high, low, high, low)
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn avx2<const SIGNS: bool, const WORDS: bool, const DISGUISES: bool>(
        chunks: &[Chunk],
        out: &mut [Classes],
    ) {
        for (chunk, out) in chunks.iter().zip(out) {
            *out = Classes::default();
            for (half, v) in halves(chunk).into_iter().enumerate() {
                let bits = |m: __m256i| u64::from(_mm256_movemask_epi8(m) as u32) << (half * 32);
                let is = |byte: u8| _mm256_cmpeq_epi8(v, _mm256_set1_epi8(byte as i8));
                let within = |v: __m256i, from: u8, len: u8| {
                    let shifted = _mm256_sub_epi8(v, _mm256_set1_epi8(from as i8));
                    _mm256_cmpeq_epi8(
                        _mm256_min_epu8(shifted, _mm256_set1_epi8(len as i8)),
                        shifted,
                    )
                };
                let folded = _mm256_or_si256(v, _mm256_set1_epi8(0x20));
                if DISGUISES {
                    let c2_e2 = _mm256_cmpeq_epi8(folded, _mm256_set1_epi8(0xe2_u8 as i8));
                    let others = _mm256_or_si256(is(0xe3), _mm256_or_si256(is(0xef), is(b'%')));
                    out.disguise |= bits(_mm256_or_si256(c2_e2, others));
                }
                if !SIGNS && !WORDS {
                    continue;
                }
                let digit = within(v, b'0', 9);
                let letter = within(folded, b'a', 25);
                out.digit |= bits(digit);
                // The sign bit of a byte beyond ASCII is a bit of the mask already.
                out.word |= bits(_mm256_or_si256(v, _mm256_or_si256(letter, digit)));
                if SIGNS {
                    out.at |= bits(is(b'@'));
                    out.assign |= bits(_mm256_or_si256(is(b'='), is(b':')));
                    out.slash |= bits(is(b'/'));
                }
                if WORDS {
                    out.capital |= bits(_mm256_or_si256(v, within(v, b'A', 25)));
                }
                if WORDS {
                    out.newline |= bits(is(b'\n'));
                }
                if SIGNS && WORDS {
                    out.p |= bits(_mm256_cmpeq_epi8(folded, _mm256_set1_epi8(b'p' as i8)));
                    let high = _mm256_and_si256(_mm256_srli_epi16(v, 4), _mm256_set1_epi8(15));
                    let of_low = _mm256_shuffle_epi8(twice(OF_LOW), v);
                    let of_high = _mm256_shuffle_epi8(twice(OF_HIGH), high);
                    let none = _mm256_and_si256(of_low, of_high);
                    let none = _mm256_cmpeq_epi8(none, _mm256_setzero_si256());
                    out.token |= bits(_mm256_xor_si256(none, _mm256_set1_epi8(-1)));
                }
            }
        }
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn avx2_signs(chunks: &[Chunk], out: &mut [Signs]) {
        for (chunk, out) in chunks.iter().zip(out) {
            let mut signs = Signs::default();
            for (half, v) in halves(chunk).into_iter().enumerate() {
                let bits = |m: __m256i| u64::from(_mm256_movemask_epi8(m) as u32) << (half * 32);
                let is = |byte: u8| _mm256_cmpeq_epi8(v, _mm256_set1_epi8(byte as i8));
                let shifted = _mm256_sub_epi8(v, _mm256_set1_epi8(b'0' as i8));
                let digit = _mm256_min_epu8(shifted, _mm256_set1_epi8(9));
                signs.digit |= bits(_mm256_cmpeq_epi8(digit, shifted));
                signs.at |= bits(is(b'@'));
                signs.assign |= bits(_mm256_or_si256(is(b'='), is(b':')));
                let c2_e2 = _mm256_cmpeq_epi8(
                    _mm256_or_si256(v, _mm256_set1_epi8(0x20)),
                    _mm256_set1_epi8(0xe2_u8 as i8),
                );
                let others = _mm256_or_si256(is(0xe3), _mm256_or_si256(is(0xef), is(b'%')));
                signs.disguise |= bits(_mm256_or_si256(c2_e2, others));
            }
            *out = signs;
        }
    }

    /// Eight bytes as the number that a vector is made of.
    fn lane(bytes: &Chunk, i: usize) -> i64 {
        let (lanes, _) = bytes.as_chunks::<8>();
        i64::from_le_bytes(lanes[i])
    }

    #[target_feature(enable = "sse2")]
    pub(super) fn sse2(chunks: &[Chunk], out: &mut [Classes]) {
        for (chunk, out) in chunks.iter().zip(out) {
            let token = |(i, byte): (usize, &u8)| u64::from(TOKEN[usize::from(*byte)]) << i;
            *out = Classes {
                token: chunk.iter().enumerate().map(token).sum(),
                ..Classes::default()
            };
            for quarter in 0..4 {
                let v = _mm_set_epi64x(lane(chunk, quarter * 2 + 1), lane(chunk, quarter * 2));
                let bits = |m: __m128i| u64::from(_mm_movemask_epi8(m) as u16) << (quarter * 16);
                let is = |byte: u8| _mm_cmpeq_epi8(v, _mm_set1_epi8(byte as i8));
                let within = |v: __m128i, from: u8, len: u8| {
                    let shifted = _mm_sub_epi8(v, _mm_set1_epi8(from as i8));
                    _mm_cmpeq_epi8(_mm_min_epu8(shifted, _mm_set1_epi8(len as i8)), shifted)
                };
                let digit = within(v, b'0', 9);
                let folded = _mm_or_si128(v, _mm_set1_epi8(0x20));
                let letter = within(folded, b'a', 25);
                out.digit |= bits(digit);
                out.newline |= bits(is(b'\n'));
                out.at |= bits(is(b'@'));
                out.assign |= bits(_mm_or_si128(is(b'='), is(b':')));
                out.slash |= bits(is(b'/'));
                let c2_e2 = _mm_cmpeq_epi8(folded, _mm_set1_epi8(0xe2_u8 as i8));
                let others = _mm_or_si128(is(0xe3), is(0xef));
                out.disguise |= bits(_mm_or_si128(c2_e2, _mm_or_si128(others, is(b'%'))));
                out.p |= bits(_mm_cmpeq_epi8(folded, _mm_set1_epi8(b'p' as i8)));
                out.word |= bits(_mm_or_si128(v, _mm_or_si128(letter, digit)));
                out.capital |= bits(_mm_or_si128(v, within(v, b'A', 25)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Chunks in which every byte value stands at every place.
    fn chunks() -> Vec<Chunk> {
        let shifted = |shift: u8, base: u8| {
            std::array::from_fn(|i| (base * 64 + i as u8).wrapping_add(shift))
        };
        (0..64)
            .flat_map(|shift| (0..4).map(move |base| shifted(shift, base)))
            .collect()
    }

    #[test]
    fn every_byte_value_is_classified_alike_at_every_place() {
        let chunks = chunks();
        let expect: Vec<Classes> = chunks.iter().map(scalar).collect();
        let mut found = vec![Classes::default(); chunks.len()];
        classify(&chunks, Wanted::All, &mut found);
        assert_eq!(found, expect);
        classify(&chunks, Wanted::Signs, &mut found);
        let signs = |c: &Classes| (c.digit, c.word, c.at, c.assign, c.slash, c.disguise);
        assert!(found.iter().map(signs).eq(expect.iter().map(signs)));
        classify(&chunks, Wanted::Words, &mut found);
        let mut few = vec![Signs::default(); chunks.len()];
        super::signs(&chunks, &mut few);
        assert!(
            few.iter()
                .copied()
                .eq(expect.iter().map(|c| Signs::from(*c)))
        );
        let words = |c: &Classes| (c.digit, c.word, c.capital, c.newline);
        assert!(found.iter().map(words).eq(expect.iter().map(words)));
        classify(&chunks, Wanted::Disguises, &mut found);
        let disguises = |c: &Classes| c.disguise;
        assert!(found.iter().map(disguises).eq(expect.iter().map(disguises)));
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    #[expect(
        unsafe_code,
        reason = "the narrower code is not what `classify` takes here"
    )]
    fn the_narrower_code_agrees() {
        let chunks = chunks();
        let expect: Vec<Classes> = chunks.iter().map(scalar).collect();
        let mut found = vec![Classes::default(); chunks.len()];
        // SAFETY: SSE2 is part of every x86-64.
        unsafe { x86::sse2(&chunks, &mut found) };
        assert_eq!(found, expect);
    }
}
