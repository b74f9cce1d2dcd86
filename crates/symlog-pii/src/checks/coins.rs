//! Addresses of crypto currencies.

use sha2::{Digest, Sha256};

use super::math::Number;

const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// A Bitcoin address of the older forms: Base58Check.
pub(super) fn bitcoin(n: &Number<'_>) -> bool {
    let mut decoded = [0u8; 25];
    for byte in n.raw().bytes() {
        let Some(value) = BASE58.iter().position(|b| *b == byte) else {
            return false;
        };
        let mut carry = value;
        for place in decoded.iter_mut().rev() {
            carry += usize::from(*place) * 58;
            *place = (carry % 256) as u8;
            carry /= 256;
        }
        if carry > 0 {
            return false;
        }
    }
    Sha256::digest(Sha256::digest(&decoded[..21]))[..4] == decoded[21..]
}

/// A segregated-witness address: the checksum of BIP 173 or BIP 350.
pub(super) fn bech32(n: &Number<'_>) -> bool {
    const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    const GENERATOR: [u32; 5] = [
        0x3b6a_57b2,
        0x2650_8e6d,
        0x1ea1_19fa,
        0x3d42_33dd,
        0x2a14_62b3,
    ];
    let raw = n.raw().to_ascii_lowercase();
    let Some((human, data)) = raw.rsplit_once('1') else {
        return false;
    };
    let high = human.bytes().map(|b| b >> 5);
    let low = human.bytes().map(|b| b & 31);
    let mut sum = 1u32;
    let mut feed = |value: u8| {
        let top = sum >> 25;
        sum = (sum & 0x01ff_ffff) << 5 ^ u32::from(value);
        for (i, generator) in GENERATOR.iter().enumerate() {
            if top >> i & 1 == 1 {
                sum ^= generator;
            }
        }
    };
    high.chain([0]).chain(low).for_each(&mut feed);
    for byte in data.bytes() {
        match ALPHABET.iter().position(|b| *b == byte) {
            Some(value) => feed(value as u8),
            None => return false,
        }
    }
    matches!(sum, 1 | 0x2bc8_30a3)
}

/// An Ethereum address: forty hexadecimal digits that are not one digit repeated.
pub(super) fn ethereum(n: &Number<'_>) -> bool {
    let digits = n.raw().get(2..).unwrap_or("").as_bytes();
    digits.len() == 40 && digits.iter().any(|d| *d != digits[0])
}
