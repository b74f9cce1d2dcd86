//! How random a token looks.

use super::math::Number;

/// Letters and digits both.
pub(super) fn mixed(n: &Number<'_>) -> bool {
    !n.all_digits() && !n.digits().is_empty()
}

/// Random enough to be a generated secret.
pub(super) fn random(n: &Number<'_>) -> bool {
    looks_random(n.raw().as_bytes())
}

/// Whether letters and digits were dealt out in order: `ABCD1234EFGH5678IJKL9012`.
pub(crate) fn is_dealt_out(token: &[u8]) -> bool {
    let follows = |class: fn(&u8) -> bool, round: u8| {
        let mut run = token
            .iter()
            .filter(|b| class(b))
            .map(|b| b.to_ascii_lowercase());
        let Some(mut last) = run.next() else {
            return 0;
        };
        let mut count = 1;
        for byte in run {
            if byte != last + 1 && !(last == round && byte == b'0') {
                return 0;
            }
            (last, count) = (byte, count + 1);
        }
        count
    };
    follows(u8::is_ascii_alphabetic, b'z') >= 12 && follows(u8::is_ascii_digit, b'9') >= 8
}

/// The UUID of RFC 9562's and everybody's examples.
pub(crate) fn is_example_uuid(token: &[u8]) -> bool {
    token.starts_with(b"123e4567-e89b-12d3-a456-")
}

/// Whether a token looks generated rather than written: no placeholder and no words. Other
/// sequences pass, since what stands before the token decides about those.
pub(crate) fn looks_random(token: &[u8]) -> bool {
    let (mut letters, mut digits, mut changes) = (0u32, 0u32, 0u32);
    let mut seen = [0u16; 128];
    let mut last_class = 0u8;
    for &byte in token {
        let class = match byte {
            b'a'..=b'z' => 1,
            b'A'..=b'Z' => 2,
            b'0'..=b'9' => 3,
            _ => 0,
        };
        letters += u32::from(matches!(class, 1 | 2));
        digits += u32::from(class == 3);
        changes += u32::from(class != 0 && last_class != 0 && class != last_class);
        last_class = class;
        if let Some(count) = seen.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let len = token.len() as f32;
    let entropy: f32 = seen
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let p = f32::from(*count) / len;
            -p * p.log2()
        })
        .sum();
    if digits == 0 {
        // Words have few changes of case. A generated token of letters alone has many.
        return letters >= 16 && changes * 4 >= letters && entropy >= 3.3;
    }
    entropy >= (len.log2() * 0.62).min(2.9)
}
