//! String escapes, and the way back from decoded to original offsets.

/// A string without its escapes.
#[derive(Debug, Default)]
pub(crate) struct Decoded {
    pub(crate) text: String,
    // Where the distance between decoded and original offset changes: (decoded, original).
    steps: Vec<(usize, usize)>,
}

impl Decoded {
    /// Decodes the inside of a JSON string. `None` where an escape is malformed.
    pub(crate) fn new(raw: &str) -> Option<Self> {
        let mut out = Self {
            text: String::with_capacity(raw.len()),
            steps: vec![(0, 0)],
        };
        let bytes = raw.as_bytes();
        let mut from = 0;
        for at in memchr::memchr_iter(b'\\', bytes) {
            if at < from {
                continue;
            }
            out.text.push_str(&raw[from..at]);
            let (c, len) = unescape(&bytes[at..])?;
            // Within the escape every decoded byte belongs to its whole.
            out.steps.push((out.text.len(), at));
            out.text.push(c);
            from = at + len;
            out.steps.push((out.text.len(), from));
        }
        out.text.push_str(&raw[from..]);
        Some(out)
    }

    /// A text of which nothing is there yet.
    pub(crate) fn with_capacity(len: usize) -> Self {
        Self {
            text: String::with_capacity(len),
            steps: vec![(0, 0)],
        }
    }

    /// Adds `c`, or nothing, for what stands at `from..to` of the original.
    pub(crate) fn push(&mut self, c: Option<char>, from: usize, to: usize) {
        self.steps.push((self.text.len(), from));
        self.text.extend(c);
        self.steps.push((self.text.len(), to));
    }

    /// The original offset of a decoded one that is a char boundary.
    pub(crate) fn original(&self, at: usize) -> usize {
        let step = self.steps.partition_point(|(decoded, _)| *decoded <= at) - 1;
        let (decoded, original) = self.steps[step];
        original + (at - decoded)
    }
}

/// The character of the escape that `bytes` begins with, and the escape's length.
fn unescape(bytes: &[u8]) -> Option<(char, usize)> {
    let c = match bytes.get(1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unescape_unicode(bytes),
        _ => return None,
    };
    Some((c, 2))
}

fn unescape_unicode(bytes: &[u8]) -> Option<(char, usize)> {
    let unit = |from: usize| {
        let digits = bytes.get(from..from + 4)?;
        digits
            .iter()
            .try_fold(0, |n, d| Some(n << 4 | (*d as char).to_digit(16)?))
    };
    let high = unit(2)?;
    if !(0xd800..0xe000).contains(&high) {
        return Some((char::from_u32(high)?, 6));
    }
    let low = (high < 0xdc00 && bytes.get(6..8) == Some(b"\\u"))
        .then(|| unit(8))
        .flatten();
    match low {
        Some(low) if (0xdc00..0xe000).contains(&low) => {
            let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
            Some((char::from_u32(code)?, 12))
        }
        // A lone surrogate is no character, but real payloads that were cut hold them.
        _ => Some(('\u{fffd}', 6)),
    }
}

/// Appends `text` as it stands inside a JSON string.
pub(crate) fn escape_into(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => {
                use std::fmt::Write as _;
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn offsets_lead_back() {
        let raw = r"a\n\u00e9b\ud83d\ude00c";
        let decoded = Decoded::new(raw).unwrap();
        assert_eq!(decoded.text, "a\né\u{62}😀c");
        let at = decoded.text.find('b').unwrap();
        assert_eq!(&raw[decoded.original(at)..decoded.original(at + 1)], "b");
        let c = decoded.text.find('c').unwrap();
        assert_eq!(&raw[decoded.original(c)..], "c");
        assert_eq!(decoded.original(decoded.text.len()), raw.len());
    }

    #[test]
    fn malformed_escapes_are_told() {
        for raw in [r"\", r"\x", r"\u12", r"\u12g4"] {
            assert!(Decoded::new(raw).is_none(), "{raw}");
        }
        assert_eq!(Decoded::new(r"\ud800x").unwrap().text, "\u{fffd}x");
    }

    proptest! {
        #[test]
        fn what_is_escaped_decodes_to_itself(text in any::<String>()) {
            let mut raw = String::new();
            escape_into(&text, &mut raw);
            let decoded = Decoded::new(&raw).unwrap();
            prop_assert_eq!(&decoded.text, &text);
            for (at, _) in text.char_indices() {
                prop_assert!(raw.is_char_boundary(decoded.original(at)));
            }
        }
    }
}
