//! Numbers whose digits stand apart: `2 1 9 - 0 9 - 9 9 9 9`, `219 - 09 - 9999`.

use super::context::in_word;

/// The longest number, without the blanks.
const MAX_LEN: usize = 40;
/// How much text it may take.
const MAX_SPAN: usize = 100;
/// So many digits, each by itself, are one number.
const MIN_SINGLE: usize = 6;

/// A number without its blanks, and where each of its characters ends in the text.
pub(super) struct Spread {
    bytes: [u8; MAX_LEN],
    ends: [usize; MAX_LEN],
    len: usize,
}

impl Spread {
    /// The number that begins at `start`, if it is one whose parts stand further apart than those
    /// of others: blanks on both sides of its signs, or between all of its digits.
    pub(super) fn gather(bytes: &[u8], start: usize) -> Option<Self> {
        if start > 0 && in_word(bytes[start - 1]) {
            return None;
        }
        let bytes = &bytes[..bytes.len().min(start + MAX_SPAN)];
        let mut out = Self {
            bytes: [0; MAX_LEN],
            ends: [0; MAX_LEN],
            len: 0,
        };
        let (mut at, mut groups, mut single, mut wide) = (start, 0, 0, false);
        loop {
            let digits = bytes[at..].iter().take_while(|b| b.is_ascii_digit());
            let len = digits.count();
            if len == 0 || out.len + len + 1 > MAX_LEN {
                break;
            }
            for end in at + 1..=at + len {
                out.push(bytes[end - 1], end);
            }
            at += len;
            groups += 1;
            single += usize::from(len == 1);
            let Some((sign, next)) = gap(bytes, at) else {
                break;
            };
            wide |= sign.is_some() && next - at > 1;
            // A blank between two digits that stand alone parts nothing.
            let alone = len == 1 && !bytes.get(next + 1).is_some_and(u8::is_ascii_digit);
            match sign {
                Some(sign) => out.push(sign, next),
                None if alone => {}
                None => out.push(b' ', next),
            }
            at = next;
        }
        let whole = !bytes.get(at).is_some_and(|b| in_word(*b) || *b == b'_');
        let apart = wide || (single >= MIN_SINGLE && single * 4 >= groups * 3);
        (whole && apart).then_some(out)
    }

    fn push(&mut self, byte: u8, end: usize) {
        self.bytes[self.len] = byte;
        self.ends[self.len] = end;
        self.len += 1;
    }

    pub(super) fn text(&self) -> &str {
        // Digits and signs of ASCII.
        std::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }

    /// Where the first `len` characters end in the text.
    pub(super) fn end(&self, len: usize) -> usize {
        self.ends[len - 1]
    }
}

/// What stands between two groups: a sign with or without blanks around it, or a blank. Gives the
/// sign, and where the next group begins.
fn gap(bytes: &[u8], at: usize) -> Option<(Option<u8>, usize)> {
    let blanks = |at: usize| {
        let rest = bytes.get(at..).unwrap_or_default();
        at + rest.iter().take(2).take_while(|b| **b == b' ').count()
    };
    let from = blanks(at);
    let sign = bytes.get(from).copied();
    let sign = sign.filter(|b| matches!(b, b'-' | b'.' | b'/'));
    let next = if sign.is_some() {
        blanks(from + 1)
    } else {
        from
    };
    let digit = bytes.get(next).is_some_and(u8::is_ascii_digit);
    (digit && next > at).then_some((sign, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Option<(&str, usize)>) {
        let spread = Spread::gather(text.as_bytes(), 0);
        let found = spread.as_ref().map(|s| (s.text(), s.end(s.len)));
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn numbers_are_put_together() {
        check("219 - 09 - 9999 x", Some(("219-09-9999", 15)));
        check("2 1 9 - 0 9 - 9 9 9 9.", Some(("219-09-9999", 21)));
        check("4 1 1 1  1 1 1 1", Some(("41111111", 16)));
        check("02 / 11 / 2003", Some(("02/11/2003", 14)));
    }

    #[test]
    fn what_stands_close_is_no_case_of_this() {
        for text in [
            "219-09-9999",
            "219 09 9999",
            "1 2 3",
            "4111 1111 1111 1111",
            "1 2 3 4 5 6x",
        ] {
            check(text, None);
        }
        let long = "1 ".repeat(100);
        assert!(Spread::gather(long.as_bytes(), 0).is_none_or(|s| s.len <= MAX_LEN));
    }
}
