//! North and South America.

use super::luhn::luhn;
use super::math::{Number, month_day, uniform, weighted};

/// Areas, groups and serials that can be given out (SSA POMS RM 10201.030), without the numbers
/// that were printed in advertisements.
pub(super) fn ssn(n: &Number<'_>) -> bool {
    let Some(v) = n.values::<9>() else {
        return false;
    };
    let (area, group, serial) = (n.part(0, 3), n.part(3, 2), n.part(5, 4));
    !matches!(area, 0 | 666 | 900..)
        && group != 0
        && serial != 0
        && !uniform(&v)
        && !matches!(n.whole(), 78_051_120 | 219_099_999)
}

/// An individual taxpayer number: 9xx and the groups that the IRS uses.
pub(super) fn itin(n: &Number<'_>) -> bool {
    n.digits().len() == 9
        && n.digits()[0] == b'9'
        && matches!(n.part(3, 2), 50..=65 | 70..=88 | 90..=92 | 94..=99)
}

/// A provider identifier: Luhn over 80840 and the number (45 CFR 162.406), whose prefix adds 24.
/// One digit again and again, but for the first or the last: nobody's number.
fn is_filler(digits: &[u8]) -> bool {
    let most = digits.len() - 1;
    digits[..most].iter().all(|d| *d == digits[0]) || digits[1..].iter().all(|d| *d == digits[1])
}

pub(super) fn npi(n: &Number<'_>) -> bool {
    let digits = n.digits();
    if !n.all_digits() || digits.len() != 10 || is_filler(digits) {
        return false;
    }
    let mut full = *b"808400000000000";
    full[5..].copy_from_slice(digits);
    luhn(&full)
}

/// A DEA registration: the sums of odd and twice the even places end in the last digit.
pub(super) fn dea(n: &Number<'_>) -> bool {
    if n.digits().len() != 7 || n.compact().len() != 9 || n.whole() == 0 {
        return false;
    }
    let v: Vec<u32> = n.digits().iter().map(|d| u32::from(d - b'0')).collect();
    (v[0] + v[2] + v[4] + 2 * (v[1] + v[3] + v[5])) % 10 == v[6]
}

/// A Medicare beneficiary identifier: no letters S, L, O, I, B, Z (CMS, 2017).
pub(super) fn mbi(n: &Number<'_>) -> bool {
    n.compact().len() == 11 && !n.compact().iter().any(|b| b"SLOIBZ".contains(b))
}

/// A vehicle identification number: the ninth place is the check digit (49 CFR 565.15).
pub(super) fn vin(n: &Number<'_>) -> bool {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    let c = n.compact();
    if c.len() != 17 || n.digits().len() < 3 || n.all_digits() {
        return false;
    }
    let value = |byte: u8| match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        b'A'..=b'H' => u32::from(byte - b'A') + 1,
        b'J'..=b'N' => u32::from(byte - b'J') + 1,
        b'P' => 7,
        b'R' => 9,
        b'S'..=b'Z' => u32::from(byte - b'S') + 2,
        _ => 99,
    };
    let values: Vec<u32> = c.iter().map(|b| value(*b)).collect();
    if values.contains(&99) {
        return false;
    }
    let rest = weighted(&values, &WEIGHTS) % 11;
    c[8] == if rest == 10 { b'X' } else { b'0' + rest as u8 }
}

/// A Canadian social insurance number: Luhn, and no first digit 0 or 8.
pub(super) fn sin(n: &Number<'_>) -> bool {
    n.digits().len() == 9 && !matches!(n.digits()[0], b'0' | b'8') && luhn(n.digits())
}

fn brazil(values: &[u32], weights: &[u32]) -> bool {
    let rest = weighted(values, weights) % 11;
    values[weights.len()] == if rest < 2 { 0 } else { 11 - rest }
}

/// A Brazilian taxpayer number.
pub(super) fn cpf(n: &Number<'_>) -> bool {
    n.values::<11>().is_some_and(|v| {
        !uniform(&v)
            && brazil(&v, &[10, 9, 8, 7, 6, 5, 4, 3, 2])
            && brazil(&v, &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2])
    })
}

/// A Brazilian company number.
pub(super) fn cnpj(n: &Number<'_>) -> bool {
    n.values::<14>().is_some_and(|v| {
        !uniform(&v)
            && brazil(&v, &[5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])
            && brazil(&v, &[6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])
    })
}

/// A Mexican population registry code: its date of birth and its check digit (DOF 18 Oct 2021).
pub(super) fn curp(n: &Number<'_>) -> bool {
    const ALPHABET: &[u8] = b"0123456789ABCDEFGHIJKLMN*OPQRSTUVWXYZ";
    let c = n.compact();
    if c.len() != 18 || !month_day(n.part(2, 2), n.part(4, 2)) {
        return false;
    }
    let sum: usize = c[..17]
        .iter()
        .enumerate()
        .map(|(i, b)| ALPHABET.iter().position(|a| a == b).unwrap_or(0) * (18 - i))
        .sum();
    usize::from(c[17].wrapping_sub(b'0')) == (10 - sum % 10) % 10
}
