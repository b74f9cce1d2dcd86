//! Characters that only look different: full-width digits, odd blanks and hyphens, signs of no
//! width, and the `%40` of a URL.

use super::blocks::scan;
use super::classes::Wanted;
use super::for_each;
use crate::json::Decoded;

/// The text with plain characters in their places.
pub(crate) fn fold(text: &str) -> Decoded {
    let mut out = Decoded::with_capacity(text.len());
    let mut from = 0;
    scan(text.as_bytes(), Wanted::Disguises, |block, base| {
        for_each(block.disguises(), |bit| {
            let at = base + bit;
            if at >= from
                && let Some((plain, len)) = plain_at(text, at)
            {
                out.text.push_str(&text[from..at]);
                from = at + len;
                out.push(plain, at, from);
            }
        });
    });
    out.text.push_str(&text[from..]);
    out
}

/// Whether a character only looks like another one, of those that may: they begin where `bits` has
/// one, from `base` on.
#[inline(never)]
pub(super) fn is_disguised(text: &str, bits: u64, base: usize) -> bool {
    let mut found = false;
    for_each(bits, |bit| {
        found |= plain_at(text, base + bit).is_some();
    });
    found
}

/// What stands for the character at `at`, or for the escape, and its length.
fn plain_at(text: &str, at: usize) -> Option<(Option<char>, usize)> {
    let rest = text.get(at..)?;
    if rest.starts_with('%') {
        let escaped = match rest.get(1..3)? {
            "40" => '@',
            // The sign of a telephone number.
            "2B" | "2b" if digit(rest.as_bytes().get(3)) => '+',
            _ => return None,
        };
        return Some((Some(escaped), 3));
    }
    let c = rest.chars().next()?;
    if matches!(c, '\u{2022}' | '\u{b7}') {
        let before = at.checked_sub(1).and_then(|i| text.as_bytes().get(i));
        let between = digit(before) && digit(rest.as_bytes().get(c.len_utf8()));
        return between.then_some((Some('-'), c.len_utf8()));
    }
    plain(c).map(|plain| (plain, c.len_utf8()))
}

fn digit(byte: Option<&u8>) -> bool {
    byte.is_some_and(u8::is_ascii_digit)
}

/// What stands for `c`: a character, or nothing; `None` where `c` stands for itself.
fn plain(c: char) -> Option<Option<char>> {
    Some(match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0),
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => Some(' '),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => Some('-'),
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' => None,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_disguised(text: &str) -> bool {
        let mut found = false;
        scan(text.as_bytes(), Wanted::Disguises, |block, base| {
            found |= super::is_disguised(text, block.disguises(), base);
        });
        found
    }

    #[test]
    fn plain_characters_take_their_places() {
        let text = "\u{ff14}\u{ff11}1\u{a0}5\u{200b}5 \u{2013} x%40y.io é";
        assert!(is_disguised(text) && is_disguised("a%40") && !is_disguised("4%"));
        let folded = fold(text);
        assert_eq!(folded.text, "411 55 - x@y.io é");
        let at = folded.text.find("55").unwrap();
        assert_eq!(
            &text[folded.original(at)..folded.original(at + 2)],
            "5\u{200b}5"
        );
        let at = folded.text.find('x').unwrap();
        assert_eq!(
            &text[folded.original(at)..folded.original(at + 6)],
            "x%40y.io"
        );
        assert_eq!(
            fold("078\u{2022}05\u{b7}1120 %2B1415").text,
            "078-05-1120 +1415"
        );
        let text = "plain é € \u{2022} a\u{b7}1 %2Bx %2";
        assert!(!is_disguised(text));
        assert_eq!(fold(text).text, text);
    }
}
