//! Characters that only look different: full-width digits, odd blanks and hyphens, signs of no
//! width, and the `%40` of a URL.

use crate::json::Decoded;

/// The text with plain characters in their places, or `None` when it has none of the others.
pub(crate) fn fold(text: &str) -> Option<Decoded> {
    let bytes = text.as_bytes();
    let escaped = memchr::memchr_iter(b'%', bytes).any(|at| bytes[at + 1..].starts_with(b"40"));
    if !escaped
        && (text.is_ascii()
            || memchr::memchr3(0xc2, 0xe2, 0xef, bytes).is_none()
                && memchr::memchr(0xe3, bytes).is_none())
    {
        return None;
    }
    let mut out = Decoded::empty();
    let mut changed = false;
    let mut from = 0;
    for (at, c) in text.char_indices() {
        if at < from {
            continue;
        }
        let (plain, len) = match c {
            '%' if bytes[at..].starts_with(b"%40") => (Some('@'), 3),
            _ => match plain(c) {
                Some(plain) => (plain, c.len_utf8()),
                None => continue,
            },
        };
        changed = true;
        out.text.push_str(&text[from..at]);
        from = at + len;
        out.push(plain, at, from);
    }
    out.text.push_str(&text[from..]);
    changed.then_some(out)
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

    #[test]
    fn plain_characters_take_their_places() {
        let text = "\u{ff14}\u{ff11}1\u{a0}5\u{200b}5 \u{2013} x%40y.io é";
        let folded = fold(text).unwrap();
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
        assert!(fold("plain é €").is_none());
    }
}
