//! What the checks have in common.

/// The longest text that a check is given.
const MAX: usize = 128;

/// A matched text without its separators.
pub(crate) struct Number<'t> {
    raw: &'t str,
    compact: [u8; MAX],
    compact_len: usize,
    digits: [u8; MAX],
    digits_len: usize,
}

impl<'t> Number<'t> {
    /// What comes after the longest number there is does not count.
    pub(super) fn new(raw: &'t str) -> Self {
        let mut number = Self {
            raw,
            compact: [0; MAX],
            compact_len: 0,
            digits: [0; MAX],
            digits_len: 0,
        };
        for byte in raw.bytes().filter(u8::is_ascii_alphanumeric).take(MAX) {
            number.compact[number.compact_len] = byte.to_ascii_uppercase();
            number.compact_len += 1;
            if byte.is_ascii_digit() {
                number.digits[number.digits_len] = byte;
                number.digits_len += 1;
            }
        }
        number
    }

    /// As it stands in the text.
    pub(super) fn raw(&self) -> &'t str {
        self.raw
    }

    /// Letters, in upper case, and digits.
    pub(super) fn compact(&self) -> &[u8] {
        &self.compact[..self.compact_len]
    }

    /// The digits alone, as characters.
    pub(super) fn digits(&self) -> &[u8] {
        &self.digits[..self.digits_len]
    }

    pub(super) fn all_digits(&self) -> bool {
        self.digits_len == self.compact_len && self.digits_len > 0
    }

    /// The digits as values, if there are `N` of them and no letters.
    pub(super) fn values<const N: usize>(&self) -> Option<[u32; N]> {
        if !self.all_digits() || self.digits_len != N {
            return None;
        }
        Some(std::array::from_fn(|i| u32::from(self.digits[i] - b'0')))
    }

    /// The number that `len` digits from `from` on form.
    pub(super) fn part(&self, from: usize, len: usize) -> u32 {
        self.digits()
            .iter()
            .skip(from)
            .take(len)
            .fold(0, |n, d| n * 10 + u32::from(d - b'0'))
    }

    /// All digits as one number.
    pub(super) fn whole(&self) -> u64 {
        self.digits()
            .iter()
            .take(18)
            .fold(0, |n, d| n * 10 + u64::from(d - b'0'))
    }
}

/// The sum of the products.
pub(super) fn weighted(values: &[u32], weights: &[u32]) -> u32 {
    values.iter().zip(weights).map(|(v, w)| v * w).sum()
}

/// Whether month and day can be those of a date.
pub(super) fn month_day(month: u32, day: u32) -> bool {
    (1..=12).contains(&month) && (1..=31).contains(&day)
}

/// Whether all digits are the same one.
pub(super) fn uniform(values: &[u32]) -> bool {
    values.iter().all(|v| *v == values[0])
}

/// ISO 7064 MOD 11,10, the check digit being the last.
pub(super) fn mod_11_10(values: &[u32]) -> bool {
    let Some((check, rest)) = values.split_last() else {
        return false;
    };
    let product = rest.iter().fold(10, |product, digit| {
        let sum = (digit + product) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (11 - product) % 10 == *check
}

/// The value of a character in base 36.
pub(super) fn base36(byte: u8) -> u32 {
    char::from(byte).to_digit(36).unwrap_or(0)
}

/// The remainder modulo 97 of characters that count as in an IBAN (ISO 7064 MOD 97-10).
pub(super) fn mod_97(characters: impl Iterator<Item = u8>) -> u32 {
    characters.fold(0, |rest, byte| {
        let value = base36(byte);
        (if value > 9 {
            rest * 100 + value
        } else {
            rest * 10 + value
        }) % 97
    })
}
