//! Western and southern Europe.

use super::math::{Number, base36, mod_11_10, month_day, uniform, weighted};

/// An NHS number: weights 10 to 2, modulo 11.
pub(super) fn nhs(n: &Number<'_>) -> bool {
    n.values::<10>().is_some_and(|v| {
        let check = (11 - weighted(&v, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11) % 11;
        check == v[9] && !uniform(&v)
    })
}

/// A unique taxpayer reference: the check digit comes first.
pub(super) fn utr(n: &Number<'_>) -> bool {
    n.values::<10>().is_some_and(|v| {
        let rest = weighted(&v[1..], &[6, 7, 8, 9, 10, 5, 4, 3, 2]) % 11;
        v[0] == [2, 1, 9, 8, 7, 6, 5, 4, 3, 2, 1][rest as usize] && !uniform(&v)
    })
}

/// Prefixes of national insurance numbers that are given out (HMRC NIM39110).
pub(super) fn nino(n: &Number<'_>) -> bool {
    let c = n.compact();
    c.len() == 9
        && !b"DFIQUV".contains(&c[0])
        && !b"DFIOQUV".contains(&c[1])
        && !matches!(
            &c[..2],
            b"BG" | b"GB" | b"KN" | b"NK" | b"NT" | b"TN" | b"ZZ"
        )
        && (b'A'..=b'D').contains(&c[8])
}

/// An Irish personal public service number.
pub(super) fn pps(n: &Number<'_>) -> bool {
    let c = n.compact();
    if n.digits().len() != 7 || !(8..=9).contains(&c.len()) {
        return false;
    }
    let values: Vec<u32> = n.digits().iter().map(|d| u32::from(d - b'0')).collect();
    let second = c.get(8).map_or(0, |b| {
        if *b == b'W' {
            0
        } else {
            u32::from(b - b'A') + 1
        }
    });
    let sum = weighted(&values, &[8, 7, 6, 5, 4, 3, 2]) + 9 * second;
    c[7] == if sum.is_multiple_of(23) {
        b'W'
    } else {
        b'A' + (sum % 23) as u8 - 1
    }
}

/// A German tax number: no leading zero, ISO 7064 MOD 11,10.
pub(super) fn de_tax_id(n: &Number<'_>) -> bool {
    n.values::<11>()
        .is_some_and(|v| v[0] != 0 && !uniform(&v) && mod_11_10(&v))
}

/// The serial number of a German identity card or passport: weights 7, 3, 1.
pub(super) fn de_document(n: &Number<'_>) -> bool {
    let c = n.compact();
    if !(9..=11).contains(&c.len()) || n.all_digits() {
        return false;
    }
    let sum: u32 = c[..9]
        .iter()
        .zip([7, 3, 1].iter().cycle())
        .map(|(b, w)| base36(*b) * w)
        .sum();
    // Nine characters hold the check digit as their last, ten have it after them.
    if c.len() == 9 {
        let sum: u32 = c[..8]
            .iter()
            .zip([7, 3, 1].iter().cycle())
            .map(|(b, w)| base36(*b) * w)
            .sum();
        return sum % 10 == base36(c[8]);
    }
    sum % 10 == base36(c[9]) || (c.len() == 10 && c[9] == b'D')
}

/// A German pension insurance number (VKVV, section 4).
pub(super) fn de_rvnr(n: &Number<'_>) -> bool {
    let c = n.compact();
    if c.len() != 12
        || !c[8].is_ascii_uppercase()
        || n.digits().len() != 11
        || !month_day(n.part(4, 2), n.part(2, 2))
    {
        return false;
    }
    let letter = u32::from(c[8] - b'A') + 1;
    let mut values: Vec<u32> = c[..8].iter().map(|b| base36(*b)).collect();
    values.extend([letter / 10, letter % 10]);
    values.extend(c[9..11].iter().map(|b| base36(*b)));
    let sum: u32 = values
        .iter()
        .zip([2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1])
        .map(|(v, w)| v * w / 10 + v * w % 10)
        .sum();
    sum % 10 == base36(c[11])
}

/// A German health insurance number: the letter counts as two digits.
pub(super) fn de_kvnr(n: &Number<'_>) -> bool {
    let c = n.compact();
    if c.len() != 10 || !c[0].is_ascii_uppercase() || n.digits().len() != 9 {
        return false;
    }
    let letter = u32::from(c[0] - b'A') + 1;
    let values = [letter / 10, letter % 10]
        .into_iter()
        .chain(c[1..9].iter().map(|b| base36(*b)));
    let sum: u32 = values
        .zip([1, 2].iter().cycle())
        .map(|(v, w)| v * w / 10 + v * w % 10)
        .sum();
    sum % 10 == base36(c[9])
}

/// A German value added tax number.
pub(super) fn de_vat(n: &Number<'_>) -> bool {
    let values: Vec<u32> = n.digits().iter().map(|d| u32::from(d - b'0')).collect();
    values.len() == 9 && values[0] != 0 && mod_11_10(&values)
}

/// A French registration number: 97 less the number modulo 97, Corsica as 19 and 18.
pub(super) fn nir(n: &Number<'_>) -> bool {
    let c = n.compact();
    if c.len() != 15 || !matches!(c[0], b'1'..=b'4' | b'7' | b'8') {
        return false;
    }
    let month = base36(c[3]) * 10 + base36(c[4]);
    let mut number = [0; 15];
    number.copy_from_slice(c);
    match &c[5..7] {
        b"2A" => number[5..7].copy_from_slice(b"19"),
        b"2B" => number[5..7].copy_from_slice(b"18"),
        _ => {}
    }
    if !number.iter().all(u8::is_ascii_digit) || !(matches!(month, 1..=12 | 20..=42 | 50..=99)) {
        return false;
    }
    let value = number[..13]
        .iter()
        .fold(0u64, |v, d| v * 10 + u64::from(d - b'0'));
    97 - value % 97 == u64::from(base36(c[13]) * 10 + base36(c[14]))
}

/// A French tax number: its last three digits are the rest modulo 511.
pub(super) fn spi(n: &Number<'_>) -> bool {
    n.values::<13>()
        .is_some_and(|v| v[0] < 4 && n.whole() / 1000 % 511 == n.whole() % 1000 && !uniform(&v))
}

const DNI: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";

/// A Spanish identity number: the letter is the number modulo 23.
pub(super) fn dni(n: &Number<'_>) -> bool {
    let digits = n.digits().len();
    n.compact().len() == digits + 1
        && (7..=8).contains(&digits)
        && n.compact().last() == Some(&DNI[(n.whole() % 23) as usize])
}

/// A Spanish foreigner's number: X, Y, Z stand for 0, 1, 2.
pub(super) fn nie(n: &Number<'_>) -> bool {
    let c = n.compact();
    let first = match c.first() {
        Some(b'X') => 0,
        Some(b'Y') => 1,
        Some(b'Z') => 2,
        _ => return false,
    };
    let digits = n.digits();
    let value = digits
        .iter()
        .fold(first, |v, d| v * 10 + u64::from(d - b'0'));
    (7..=8).contains(&digits.len())
        && c.len() == digits.len() + 2
        && c.last() == Some(&DNI[(value % 23) as usize])
}

/// A Spanish social security number: modulo 97.
pub(super) fn nuss(n: &Number<'_>) -> bool {
    if !n.all_digits() || n.digits().len() != 12 {
        return false;
    }
    let number = u64::from(n.part(2, 8));
    let province = u64::from(n.part(0, 2));
    let base = if number < 10_000_000 {
        number + province * 10_000_000
    } else {
        province * 100_000_000 + number
    };
    province > 0 && base % 97 == u64::from(n.part(10, 2))
}

/// An Italian tax code: odd places by table, even places by value, modulo 26.
pub(super) fn codice_fiscale(n: &Number<'_>) -> bool {
    const ODD: [u32; 36] = [
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3,
        6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
    ];
    let c = n.compact();
    if c.len() != 16 {
        return false;
    }
    let sum: u32 = c[..15]
        .iter()
        .enumerate()
        .map(|(i, b)| match i % 2 {
            0 => ODD[base36(*b) as usize],
            _ if b.is_ascii_digit() => base36(*b),
            _ => base36(*b) - 10,
        })
        .sum();
    u32::from(c[15]) == u32::from(b'A') + sum % 26
}

/// A Portuguese tax number: weights 9 to 2, modulo 11.
pub(super) fn pt_nif(n: &Number<'_>) -> bool {
    n.values::<9>().is_some_and(|v| {
        let rest = weighted(&v, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
        v[8] == if rest < 2 { 0 } else { 11 - rest } && v[0] != 0 && !uniform(&v)
    })
}

/// A Dutch citizen number: the eleven test with a last weight of -1.
pub(super) fn bsn(n: &Number<'_>) -> bool {
    n.values::<9>().is_some_and(|v| {
        let sum = weighted(&v, &[9, 8, 7, 6, 5, 4, 3, 2]) + 11 * 9 - v[8];
        sum.is_multiple_of(11) && !uniform(&v)
    })
}

/// A Belgian national number: 97 less the rest, with a 2 before it for births since 2000.
pub(super) fn be_nn(n: &Number<'_>) -> bool {
    if n.values::<11>().is_none() || !(n.part(2, 2) % 20 <= 12 && n.part(4, 2) <= 31) {
        return false;
    }
    let base = n.whole() / 100;
    let check = u64::from(n.part(9, 2));
    97 - base % 97 == check || 97 - (2_000_000_000 + base) % 97 == check
}

/// An Austrian insurance number: weights around the fourth digit, modulo 11.
pub(super) fn at_svnr(n: &Number<'_>) -> bool {
    n.values::<10>().is_some_and(|v| {
        let sum = weighted(&v, &[3, 7, 9, 0, 5, 8, 4, 2, 1, 6]);
        v[0] != 0 && sum % 11 == v[3] && month_day(n.part(6, 2).min(12), n.part(4, 2))
    })
}

/// A Swiss insurance number: EAN-13 under 756.
pub(super) fn ahv(n: &Number<'_>) -> bool {
    n.values::<13>().is_some_and(|v| {
        n.part(0, 3) == 756
            && weighted(&v, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]).is_multiple_of(10)
    })
}

/// A Luxembourg number: a date of birth, then Luhn and Verhoeff over the first eleven digits.
pub(super) fn lu_nin(n: &Number<'_>) -> bool {
    n.values::<13>().is_some_and(|v| {
        month_day(n.part(4, 2), n.part(6, 2))
            && (1900..2100).contains(&n.part(0, 4))
            && super::luhn(&n.digits()[..12])
            && !uniform(&v)
    })
}
