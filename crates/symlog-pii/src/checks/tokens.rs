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

/// Whether a token looks generated rather than written: no placeholder, no words, no sequence.
pub(crate) fn looks_random(token: &[u8]) -> bool {
    let (mut lower, mut upper, mut digit) = (0u32, 0u32, 0u32);
    let mut seen = [0u16; 128];
    let mut changes = 0u32;
    let mut last_class = 0u8;
    let mut steps = 0u32;
    let mut last = 0u8;
    for &byte in token {
        let class = match byte {
            b'a'..=b'z' => {
                lower += 1;
                1
            }
            b'A'..=b'Z' => {
                upper += 1;
                2
            }
            b'0'..=b'9' => {
                digit += 1;
                3
            }
            _ => 0,
        };
        if class != 0 && last_class != 0 && class != last_class {
            changes += 1;
        }
        if class != 0 && (byte == last || byte == last.wrapping_add(1)) {
            steps += 1;
        }
        last_class = class;
        last = byte;
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
    let letters = lower + upper;
    if digit == 0 {
        // Words have few changes of case. A generated token of letters alone has many.
        return letters >= 16 && changes * 4 >= letters && entropy >= 3.3;
    }
    let hex_like = letters == 0 || entropy >= 2.6;
    let floor = if token.len() >= 32 {
        3.0
    } else {
        (len.log2() * 0.62).min(3.0)
    };
    hex_like && entropy >= floor && steps * 3 <= token.len() as u32 * 2
}
