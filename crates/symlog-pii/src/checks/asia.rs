//! Asia, Africa and Australia.

use super::luhn::luhn;
use super::math::{Number, base36, month_day, uniform, weighted};

/// A Turkish identity number: two check digits.
pub(super) fn kimlik(n: &Number<'_>) -> bool {
    n.values::<11>().is_some_and(|v| {
        let odd = v[0] + v[2] + v[4] + v[6] + v[8];
        let even = v[1] + v[3] + v[5] + v[7];
        v[0] != 0 && (odd * 7 + 90 - even) % 10 == v[9] && v[..10].iter().sum::<u32>() % 10 == v[10]
    })
}

/// An Israeli identity number: Luhn over nine digits.
pub(super) fn israel(n: &Number<'_>) -> bool {
    n.values::<9>()
        .is_some_and(|v| luhn(n.digits()) && !uniform(&v))
}

/// An Indian Aadhaar: no first digit below 2, Verhoeff.
pub(super) fn aadhaar(n: &Number<'_>) -> bool {
    n.values::<12>()
        .is_some_and(|v| v[0] > 1 && !uniform(&v) && verhoeff(&v))
}

/// Verhoeff's check in the dihedral group of order ten.
fn verhoeff(values: &[u32]) -> bool {
    const MULTIPLY: [[u8; 10]; 10] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
        [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
        [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
        [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
        [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
        [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
        [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
        [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
        [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
    ];
    const PERMUTE: [[u8; 10]; 8] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 5, 7, 6, 2, 8, 3, 0, 9, 4],
        [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
        [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
        [9, 4, 5, 3, 1, 2, 6, 8, 7, 0],
        [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
        [2, 7, 9, 3, 8, 0, 6, 4, 1, 5],
        [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
    ];
    let check = values.iter().rev().enumerate().fold(0, |c, (i, v)| {
        MULTIPLY[usize::from(c)][usize::from(PERMUTE[i % 8][*v as usize])]
    });
    check == 0
}

/// An Indian GSTIN: a state, and the base-36 check character.
pub(super) fn gstin(n: &Number<'_>) -> bool {
    n.compact().len() == 15
        && (1..=37).contains(&(base36(n.compact()[0]) * 10 + base36(n.compact()[1])))
}

/// A Chinese resident number (GB 11643-1999): a date, and ISO 7064 MOD 11-2.
pub(super) fn china(n: &Number<'_>) -> bool {
    let c = n.compact();
    if c.len() != 18
        || n.digits().len() < 17
        || !matches!(n.part(6, 2), 18..=20)
        || !month_day(n.part(10, 2), n.part(12, 2))
    {
        return false;
    }
    let values: Vec<u32> = c[..17].iter().map(|b| base36(*b)).collect();
    let sum = weighted(
        &values,
        &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2],
    );
    c[17] == b"10X98765432"[(sum % 11) as usize]
}

/// A Japanese individual number.
pub(super) fn my_number(n: &Number<'_>) -> bool {
    n.values::<12>().is_some_and(|v| {
        let rest = weighted(&v, &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
        v[11] == if rest < 2 { 0 } else { 11 - rest } && !uniform(&v)
    })
}

/// A Korean resident or foreigner number: a date and a century. The check digit ended in 2020.
pub(super) fn rrn(n: &Number<'_>) -> bool {
    n.values::<13>()
        .is_some_and(|v| month_day(n.part(2, 2), n.part(4, 2)) && matches!(v[6], 1..=8))
}

/// A Taiwanese identity number: the letter counts as two digits.
pub(super) fn taiwan(n: &Number<'_>) -> bool {
    const LETTERS: &[u8; 26] = b"ABCDEFGHJKLMNPQRSTUVXYWZIO";
    let c = n.compact();
    let Some(code) = c
        .first()
        .and_then(|first| LETTERS.iter().position(|l| l == first))
    else {
        return false;
    };
    if c.len() != 10 || n.digits().len() != 9 || !matches!(c[1], b'1' | b'2' | b'8' | b'9') {
        return false;
    }
    let code = code as u32 + 10;
    let values: Vec<u32> = n.digits().iter().map(|d| u32::from(d - b'0')).collect();
    (code / 10 + code % 10 * 9 + weighted(&values, &[8, 7, 6, 5, 4, 3, 2, 1, 1])).is_multiple_of(10)
}

/// A Singapore NRIC or FIN.
pub(super) fn nric(n: &Number<'_>) -> bool {
    let c = n.compact();
    if c.len() != 9 || n.digits().len() != 7 {
        return false;
    }
    let values: Vec<u32> = n.digits().iter().map(|d| u32::from(d - b'0')).collect();
    let sum = weighted(&values, &[2, 7, 6, 5, 4, 3, 2]) as usize;
    let (letters, offset): (&[u8; 11], usize) = match c[0] {
        b'S' => (b"JZIHGFEDCBA", 0),
        b'T' => (b"JZIHGFEDCBA", 4),
        b'F' => (b"XWUTRQPNMLK", 0),
        b'G' => (b"XWUTRQPNMLK", 4),
        b'M' => return c[8] == b"KLJNPQRTUWX"[10 - (sum + 3) % 11],
        _ => return false,
    };
    c[8] == letters[(sum + offset) % 11]
}

/// A Thai identity number.
pub(super) fn thailand(n: &Number<'_>) -> bool {
    n.values::<13>().is_some_and(|v| {
        let sum = weighted(&v, &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
        v[0] != 0 && v[1] != 0 && (11 - sum % 11) % 10 == v[12]
    })
}

/// A Hong Kong identity card.
pub(super) fn hong_kong(n: &Number<'_>) -> bool {
    let c = n.compact();
    let (head, check) = match c.len() {
        8 => ([36, base36(c[0])], c[7]),
        9 => ([base36(c[0]), base36(c[1])], c[8]),
        _ => return false,
    };
    let digits = n.digits();
    if digits.len() < 6 {
        return false;
    }
    let values: Vec<u32> = digits[..6].iter().map(|d| u32::from(d - b'0')).collect();
    let sum = head[0] * 9 + head[1] * 8 + weighted(&values, &[7, 6, 5, 4, 3, 2]);
    let expect = (11 - sum % 11) % 11;
    check
        == if expect == 10 {
            b'A'
        } else {
            b'0' + expect as u8
        }
}

/// An Australian tax file number.
pub(super) fn tfn(n: &Number<'_>) -> bool {
    n.values::<9>().is_some_and(|v| {
        weighted(&v, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11) && !uniform(&v)
    })
}

/// An Australian business number: subtract one from the first digit, modulo 89.
pub(super) fn abn(n: &Number<'_>) -> bool {
    n.values::<11>().is_some_and(|mut v| {
        let first = v[0];
        v[0] = first.saturating_sub(1);
        first > 0 && weighted(&v, &[10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]).is_multiple_of(89)
    })
}

/// An Australian company number.
pub(super) fn acn(n: &Number<'_>) -> bool {
    n.values::<9>().is_some_and(|v| {
        (10 - weighted(&v, &[8, 7, 6, 5, 4, 3, 2, 1]) % 10) % 10 == v[8] && !uniform(&v)
    })
}

/// An Australian Medicare number.
pub(super) fn medicare(n: &Number<'_>) -> bool {
    let digits = n.digits();
    if !n.all_digits() || !(10..=11).contains(&digits.len()) {
        return false;
    }
    let values: Vec<u32> = digits.iter().map(|d| u32::from(d - b'0')).collect();
    matches!(values[0], 2..=6) && weighted(&values, &[1, 3, 7, 9, 1, 3, 7, 9]) % 10 == values[8]
}

/// A South African identity number: a date, then Luhn.
pub(super) fn south_africa(n: &Number<'_>) -> bool {
    n.values::<13>()
        .is_some_and(|v| month_day(n.part(2, 2), n.part(4, 2)) && v[10] < 3 && luhn(n.digits()))
}
