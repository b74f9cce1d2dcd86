//! Northern, central and eastern Europe.

use super::luhn::luhn;
use super::math::{Number, base36, mod_11_10, month_day, uniform, weighted};

/// A Swedish personal or coordination number: a date (days from 61 for the latter), then Luhn.
pub(super) fn se_pnr(n: &Number<'_>) -> bool {
    let digits = n.digits();
    let ten = match digits.len() {
        10 => digits,
        12 if matches!(n.part(0, 2), 18..=20) => &digits[2..],
        _ => return false,
    };
    let at = digits.len() - 8;
    let day = n.part(at + 2, 2);
    n.all_digits() && month_day(n.part(at, 2), if day > 60 { day - 60 } else { day }) && luhn(ten)
}

/// A Finnish personal identity code: the number modulo 31 gives the last character.
pub(super) fn hetu(n: &Number<'_>) -> bool {
    let c = n.compact();
    let digits: Vec<u8> = n
        .raw()
        .bytes()
        .take(6)
        .chain(n.raw().bytes().skip(7).take(3))
        .collect();
    if n.raw().len() != 11 || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let value = digits
        .iter()
        .fold(0u32, |v, d| v * 10 + u32::from(d - b'0'));
    let last = b"0123456789ABCDEFHJKLMNPRSTUVWXY"[(value % 31) as usize];
    month_day(n.part(2, 2), n.part(0, 2)) && c.last() == Some(&last)
}

/// A Danish personal number: a date. Its old check digit ran out in 2007.
pub(super) fn cpr(n: &Number<'_>) -> bool {
    n.digits().len() == 10 && month_day(n.part(2, 2), n.part(0, 2))
}

/// A Norwegian birth number: two check digits modulo 11; D-numbers add 40 to the day.
pub(super) fn fnr(n: &Number<'_>) -> bool {
    n.values::<11>().is_some_and(|v| {
        let day = n.part(0, 2);
        weighted(&v, &[3, 7, 6, 1, 8, 9, 4, 5, 2, 1]).is_multiple_of(11)
            && weighted(&v, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
            && month_day(n.part(2, 2) % 40, if day > 40 { day - 40 } else { day })
    })
}

/// A Polish PESEL: a date, the century in its month, and a check digit.
pub(super) fn pesel(n: &Number<'_>) -> bool {
    n.values::<11>().is_some_and(|v| {
        month_day(n.part(2, 2) % 20, n.part(4, 2))
            && weighted(&v, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]).is_multiple_of(10)
    })
}

/// A Polish tax number.
pub(super) fn nip(n: &Number<'_>) -> bool {
    n.values::<10>()
        .is_some_and(|v| weighted(&v, &[6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 == v[9] && !uniform(&v))
}

/// A Polish business number of nine digits.
pub(super) fn regon(n: &Number<'_>) -> bool {
    n.values::<9>()
        .is_some_and(|v| weighted(&v, &[8, 9, 2, 3, 4, 5, 6, 7]) % 11 % 10 == v[8] && !uniform(&v))
}

/// A Polish identity card: three letters, then the check digit.
pub(super) fn dowod(n: &Number<'_>) -> bool {
    let c = n.compact();
    c.len() == 9 && {
        let sum: u32 = c
            .iter()
            .zip([7, 3, 1, 9, 7, 3, 1, 7, 3])
            .map(|(b, w)| base36(*b) * w)
            .sum();
        sum.is_multiple_of(10)
    }
}

/// A Czech or Slovak birth number: a date (months of women and of late series are higher), and
/// divisible by 11 when it has ten digits.
pub(super) fn rodne_cislo(n: &Number<'_>) -> bool {
    let month = n.part(2, 2);
    let month = [70, 50, 20, 0]
        .into_iter()
        .find(|m| month > *m)
        .map_or(0, |m| month - m);
    let date = month_day(month, n.part(4, 2));
    match n.digits().len() {
        9 => date && n.all_digits() && n.part(0, 2) < 54,
        10 => {
            date && n.all_digits()
                && (n.whole().is_multiple_of(11)
                    || (n.whole() / 10 % 11 == 10 && n.whole().is_multiple_of(10)))
        }
        _ => false,
    }
}

/// A Hungarian tax number of a person: 8, then weights 1 to 9.
pub(super) fn hu_tax(n: &Number<'_>) -> bool {
    n.values::<10>()
        .is_some_and(|v| v[0] == 8 && weighted(&v, &[1, 2, 3, 4, 5, 6, 7, 8, 9]) % 11 == v[9])
}

/// A Hungarian insurance number: weights 3 and 7.
pub(super) fn taj(n: &Number<'_>) -> bool {
    n.values::<9>()
        .is_some_and(|v| weighted(&v, &[3, 7, 3, 7, 3, 7, 3, 7]) % 10 == v[8] && !uniform(&v))
}

/// A Romanian personal code.
pub(super) fn cnp(n: &Number<'_>) -> bool {
    n.values::<13>().is_some_and(|v| {
        let rest = weighted(&v, &[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11;
        v[0] != 0
            && v[12] == if rest == 10 { 1 } else { rest }
            && month_day(n.part(3, 2), n.part(5, 2))
    })
}

/// A Bulgarian civil number.
pub(super) fn egn(n: &Number<'_>) -> bool {
    n.values::<10>().is_some_and(|v| {
        weighted(&v, &[2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10 == v[9]
            && month_day(n.part(2, 2) % 20, n.part(4, 2))
    })
}

/// A Greek tax number: powers of two, modulo 11.
pub(super) fn afm(n: &Number<'_>) -> bool {
    n.values::<9>().is_some_and(|v| {
        weighted(&v, &[256, 128, 64, 32, 16, 8, 4, 2]) % 11 % 10 == v[8] && !uniform(&v)
    })
}

/// A Greek insurance number: a date of birth, then Luhn.
pub(super) fn amka(n: &Number<'_>) -> bool {
    n.digits().len() == 11 && month_day(n.part(2, 2), n.part(0, 2)) && luhn(n.digits())
}

/// An Estonian or Lithuanian personal code: two rounds of weights.
pub(super) fn baltic(n: &Number<'_>) -> bool {
    n.values::<11>().is_some_and(|v| {
        let first = weighted(&v, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11;
        let check = match first {
            10 => weighted(&v, &[3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11 % 10,
            _ => first,
        };
        (1..=8).contains(&v[0]) && check == v[10] && month_day(n.part(3, 2), n.part(5, 2))
    })
}

/// A Latvian personal code: a date and a check digit, or 32 and more for the new ones.
pub(super) fn latvia(n: &Number<'_>) -> bool {
    n.values::<11>().is_some_and(|v| {
        if matches!(n.part(0, 2), 32..=39) {
            return true;
        }
        let sum = weighted(&v, &[1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
        month_day(n.part(2, 2), n.part(0, 2)) && (1101 - sum) % 11 % 10 == v[10]
    })
}

/// A Slovenian (and formerly Yugoslav) citizen number.
pub(super) fn emso(n: &Number<'_>) -> bool {
    n.values::<13>().is_some_and(|v| {
        let rest = weighted(&v, &[7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
        month_day(n.part(2, 2), n.part(0, 2)) && rest != 1 && v[12] == (11 - rest) % 11
    })
}

/// A Slovenian tax number.
pub(super) fn si_tax(n: &Number<'_>) -> bool {
    n.values::<8>().is_some_and(|v| {
        let check = 11 - weighted(&v, &[8, 7, 6, 5, 4, 3, 2]) % 11;
        v[0] != 0 && v[7] == check % 10 && check != 11
    })
}

/// A Croatian identification number: ISO 7064 MOD 11,10.
pub(super) fn oib(n: &Number<'_>) -> bool {
    n.values::<11>()
        .is_some_and(|v| mod_11_10(&v) && !uniform(&v))
}
