//! SHA-256 (FIPS 180-4), for the check bytes of Base58Check. Nothing secret is hashed here.

const ROUND: [u32; 64] = round_constants();
const START: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// The cube roots of the first 64 primes, 32 bits after the point.
const fn round_constants() -> [u32; 64] {
    let mut out = [0; 64];
    let (mut n, mut prime) = (0, 2u128);
    while n < 64 {
        let mut divisor = 2;
        while !prime.is_multiple_of(divisor) {
            divisor += 1;
        }
        if divisor == prime {
            // The integer cube root of prime * 2^96 holds the fraction in its lower 32 bits.
            let target = prime << 96;
            let mut root = 0u128;
            let mut bit = 1u128 << 35;
            while bit > 0 {
                let next = root | bit;
                if next * next * next <= target {
                    root = next;
                }
                bit >>= 1;
            }
            out[n] = root as u32;
            n += 1;
        }
        prime += 1;
    }
    out
}

/// The digest of at most 55 bytes: one block.
pub(super) fn sha256(message: &[u8]) -> [u8; 32] {
    let mut block = [0; 64];
    let len = message.len().min(55);
    block[..len].copy_from_slice(&message[..len]);
    block[len] = 0x80;
    block[56..].copy_from_slice(&(len as u64 * 8).to_be_bytes());
    let mut w = [0u32; 64];
    for (word, bytes) in w.iter_mut().zip(block.as_chunks::<4>().0) {
        *word = u32::from_be_bytes(*bytes);
    }
    for i in 16..64 {
        let (a, b) = (w[i - 15], w[i - 2]);
        let s0 = a.rotate_right(7) ^ a.rotate_right(18) ^ (a >> 3);
        let s1 = b.rotate_right(17) ^ b.rotate_right(19) ^ (b >> 10);
        w[i] = w[i - 16]
            .wrapping_add(s0)
            .wrapping_add(w[i - 7])
            .wrapping_add(s1);
    }
    let mut s = START;
    for i in 0..64 {
        let s1 = s[4].rotate_right(6) ^ s[4].rotate_right(11) ^ s[4].rotate_right(25);
        let choose = (s[4] & s[5]) ^ (!s[4] & s[6]);
        let t1 = s[7]
            .wrapping_add(s1)
            .wrapping_add(choose)
            .wrapping_add(ROUND[i])
            .wrapping_add(w[i]);
        let s0 = s[0].rotate_right(2) ^ s[0].rotate_right(13) ^ s[0].rotate_right(22);
        let majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
        let t2 = s0.wrapping_add(majority);
        s = [
            t1.wrapping_add(t2),
            s[0],
            s[1],
            s[2],
            s[3].wrapping_add(t1),
            s[4],
            s[5],
            s[6],
        ];
    }
    let mut out = [0; 32];
    for (i, bytes) in out.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        *bytes = s[i].wrapping_add(START[i]).to_be_bytes();
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_published_vector() {
        let digest = super::sha256(b"abc");
        assert_eq!(
            digest[..8],
            [0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea]
        );
        assert_eq!(digest[28..], [0xf2, 0x00, 0x15, 0xad]);
    }
}
