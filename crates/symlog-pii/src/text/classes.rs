//! The classes of 64 bytes at once, with the widest instructions that the processor has.
//!
//! The only module of the workspace that needs `unsafe`: calling a function that is compiled for
//! AVX2 or SSE2. Nothing in it reads memory through a pointer.

/// One bit per byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Classes {
    /// Letters, digits and everything beyond ASCII.
    pub(super) word: u64,
    pub(super) digit: u64,
    /// Upper-case letters and everything beyond ASCII.
    pub(super) capital: u64,
    /// `p` and `P`.
    pub(super) p: u64,
    /// `@`.
    pub(super) at: u64,
    /// `=` and `:`.
    pub(super) assign: u64,
}

#[cfg(target_arch = "x86_64")]
#[expect(
    unsafe_code,
    reason = "calls into code for processor features that were detected"
)]
pub(super) fn classify(bytes: &[u8; 64]) -> Classes {
    if std::is_x86_feature_detected!("avx2") {
        // SAFETY: AVX2 was detected.
        unsafe { x86::avx2(bytes) }
    } else {
        // SAFETY: SSE2 is part of every x86-64.
        unsafe { x86::sse2(bytes) }
    }
}

#[cfg(not(target_arch = "x86_64"))]
pub(super) fn classify(bytes: &[u8; 64]) -> Classes {
    scalar(bytes)
}

/// What the vector code must agree with; the whole of it where there is none.
#[cfg(any(test, not(target_arch = "x86_64")))]
fn scalar(bytes: &[u8; 64]) -> Classes {
    let mut out = Classes::default();
    for (i, byte) in bytes.iter().enumerate() {
        out.word |= u64::from(byte.is_ascii_alphanumeric() || *byte >= 0x80) << i;
        out.digit |= u64::from(byte.is_ascii_digit()) << i;
        out.capital |= u64::from(byte.is_ascii_uppercase() || *byte >= 0x80) << i;
        out.p |= u64::from(byte | 0x20 == b'p') << i;
        out.at |= u64::from(*byte == b'@') << i;
        out.assign |= u64::from(matches!(byte, b'=' | b':')) << i;
    }
    out
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::Classes;

    /// Eight bytes as the number that a vector is made of.
    fn lane(bytes: &[u8; 64], i: usize) -> i64 {
        let (lanes, _) = bytes.as_chunks::<8>();
        i64::from_le_bytes(lanes[i])
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn avx2(bytes: &[u8; 64]) -> Classes {
        let mut out = Classes::default();
        for half in 0..2 {
            let at = half * 4;
            let v = _mm256_set_epi64x(
                lane(bytes, at + 3),
                lane(bytes, at + 2),
                lane(bytes, at + 1),
                lane(bytes, at),
            );
            let bits = |m: __m256i| u64::from(_mm256_movemask_epi8(m) as u32) << (half * 32);
            let is = |byte: u8| _mm256_cmpeq_epi8(v, _mm256_set1_epi8(byte as i8));
            let within = |v: __m256i, from: u8, len: u8| {
                let shifted = _mm256_sub_epi8(v, _mm256_set1_epi8(from as i8));
                _mm256_cmpeq_epi8(
                    _mm256_min_epu8(shifted, _mm256_set1_epi8(len as i8)),
                    shifted,
                )
            };
            let digit = within(v, b'0', 9);
            let folded = _mm256_or_si256(v, _mm256_set1_epi8(0x20));
            let letter = within(folded, b'a', 25);
            out.p |= bits(_mm256_cmpeq_epi8(folded, _mm256_set1_epi8(b'p' as i8)));
            let high = bits(v);
            let digits = bits(digit);
            out.digit |= digits;
            out.word |= bits(letter) | digits | high;
            out.capital |= bits(within(v, b'A', 25)) | high;
            out.at |= bits(is(b'@'));
            out.assign |= bits(_mm256_or_si256(is(b'='), is(b':')));
        }
        out
    }

    #[target_feature(enable = "sse2")]
    pub(super) fn sse2(bytes: &[u8; 64]) -> Classes {
        let mut out = Classes::default();
        for quarter in 0..4 {
            let v = _mm_set_epi64x(lane(bytes, quarter * 2 + 1), lane(bytes, quarter * 2));
            let bits = |m: __m128i| u64::from(_mm_movemask_epi8(m) as u16) << (quarter * 16);
            let is = |byte: u8| _mm_cmpeq_epi8(v, _mm_set1_epi8(byte as i8));
            let within = |v: __m128i, from: u8, len: u8| {
                let shifted = _mm_sub_epi8(v, _mm_set1_epi8(from as i8));
                _mm_cmpeq_epi8(_mm_min_epu8(shifted, _mm_set1_epi8(len as i8)), shifted)
            };
            let digit = within(v, b'0', 9);
            let folded = _mm_or_si128(v, _mm_set1_epi8(0x20));
            let letter = within(folded, b'a', 25);
            out.p |= bits(_mm_cmpeq_epi8(folded, _mm_set1_epi8(b'p' as i8)));
            let high = bits(v);
            let digits = bits(digit);
            out.digit |= digits;
            out.word |= bits(letter) | digits | high;
            out.capital |= bits(within(v, b'A', 25)) | high;
            out.at |= bits(is(b'@'));
            out.assign |= bits(_mm_or_si128(is(b'='), is(b':')));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_value_is_classified_alike_at_every_place() {
        for shift in 0..64u8 {
            for base in 0..4u8 {
                let block: [u8; 64] =
                    std::array::from_fn(|i| (base * 64 + i as u8).wrapping_add(shift));
                assert_eq!(classify(&block), scalar(&block));
                #[cfg(target_arch = "x86_64")]
                #[expect(
                    unsafe_code,
                    reason = "the narrower code is not what `classify` takes here"
                )]
                // SAFETY: SSE2 is part of every x86-64.
                let narrow = unsafe { x86::sse2(&block) };
                #[cfg(target_arch = "x86_64")]
                assert_eq!(narrow, scalar(&block));
            }
        }
    }
}
