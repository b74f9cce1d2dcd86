//! The Luhn check digit (ISO/IEC 7812-1, annex B).

/// Whether the digits, the last of which is the check digit, pass.
pub(crate) fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, digit)| {
            let value = u32::from(digit - b'0');
            match i % 2 {
                0 => value,
                _ if value > 4 => value * 2 - 9,
                _ => value * 2,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_numbers_pass_and_typos_do_not() {
        assert!(luhn(b"4111111111111111") && luhn(b"79927398713"));
        assert!(!luhn(b"4111111111111112") && !luhn(b"79927398710"));
    }
}
