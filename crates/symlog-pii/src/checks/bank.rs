//! Cards and accounts.

use super::luhn::luhn;
use super::math::{Number, mod_97, weighted};

/// Length and first digits of a payment card (ISO/IEC 7812) and its check digit.
pub(super) fn card(n: &Number<'_>) -> bool {
    let digits = n.digits();
    n.all_digits()
        && (12..=19).contains(&digits.len())
        && (matches!(digits[0], b'2'..=b'6') || digits.starts_with(b"1800"))
        && digits.iter().any(|d| *d != digits[0])
        && luhn(digits)
}

/// An ABA routing number: a Federal Reserve district and weights 3, 7, 1.
pub(super) fn aba(n: &Number<'_>) -> bool {
    let Some(v) = n.values::<9>() else {
        return false;
    };
    let district = v[0] * 10 + v[1];
    (matches!(district, 1..=12 | 21..=32 | 61..=72 | 80))
        && weighted(&v, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10)
}

/// An IBAN: the length of its country and ISO 7064 MOD 97-10.
pub(crate) fn iban(compact: &[u8]) -> bool {
    let Some((head, tail)) = compact.split_at_checked(4) else {
        return false;
    };
    let country = LENGTHS
        .iter()
        .find(|(code, _)| code.as_bytes() == &head[..2]);
    country.is_some_and(|(_, len)| *len == compact.len())
        && head[2..].iter().all(u8::is_ascii_digit)
        && mod_97(tail.iter().chain(head).copied()) == 1
}

/// Lengths by country, SWIFT IBAN registry release 99.
const LENGTHS: [(&str, usize); 88] = [
    ("AD", 24),
    ("AE", 23),
    ("AL", 28),
    ("AT", 20),
    ("AZ", 28),
    ("BA", 20),
    ("BE", 16),
    ("BG", 22),
    ("BH", 22),
    ("BI", 27),
    ("BR", 29),
    ("BY", 28),
    ("CH", 21),
    ("CR", 22),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DJ", 27),
    ("DK", 18),
    ("DO", 28),
    ("EE", 20),
    ("EG", 29),
    ("ES", 24),
    ("FI", 18),
    ("FK", 18),
    ("FO", 18),
    ("FR", 27),
    ("GB", 22),
    ("GE", 22),
    ("GI", 23),
    ("GL", 18),
    ("GR", 27),
    ("GT", 28),
    ("HN", 28),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IL", 23),
    ("IQ", 23),
    ("IS", 26),
    ("IT", 27),
    ("JO", 30),
    ("KW", 30),
    ("KZ", 20),
    ("LB", 28),
    ("LC", 32),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("LY", 25),
    ("MC", 27),
    ("MD", 24),
    ("ME", 22),
    ("MK", 19),
    ("MN", 20),
    ("MR", 27),
    ("MT", 31),
    ("MU", 30),
    ("NI", 28),
    ("NL", 18),
    ("NO", 15),
    ("OM", 23),
    ("PK", 24),
    ("PL", 28),
    ("PS", 29),
    ("PT", 25),
    ("QA", 29),
    ("RO", 24),
    ("RS", 22),
    ("RU", 33),
    ("SA", 24),
    ("SC", 31),
    ("SD", 18),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("SM", 27),
    ("SO", 23),
    ("ST", 25),
    ("SV", 28),
    ("TL", 23),
    ("TN", 24),
    ("TR", 26),
    ("UA", 29),
    ("VA", 22),
    ("VG", 24),
    ("XK", 20),
];
