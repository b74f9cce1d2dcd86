//! The written form of what keyed operators give: `[EMAIL:…]` and `[EMAIL~…]`.

use crate::kind::PiiType;

/// What a keyed operator writes in the place of a value.
///
/// Its letters are `g` to `v`, four bits each: no rule takes them for a number, a digest, an
/// address or a credential, so that text which is masked already stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What the value is.
    pub kind: PiiType,
    /// Whether the value can be had back from `bytes` with a key.
    pub reversible: bool,
    /// The digest, or the sealed value.
    pub bytes: Vec<u8>,
}

/// A digest of this many bytes, or more, is a token; what is shorter is something else.
const MIN_BYTES: usize = 8;
const FIRST: u8 = b'g';

impl Token {
    /// Appends the token to `out`.
    pub fn write(&self, out: &mut String) {
        out.push('[');
        out.push_str(self.kind.as_str());
        out.push(if self.reversible { '~' } else { ':' });
        for byte in &self.bytes {
            out.push(char::from(FIRST + (byte >> 4)));
            out.push(char::from(FIRST + (byte & 15)));
        }
        out.push(']');
    }

    /// The token that is written as `text`, with or without its brackets.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text
            .strip_prefix('[')
            .map_or(Some(text), |rest| rest.strip_suffix(']'))?;
        let at = text.find(['~', ':'])?;
        let (kind, letters) = (&text[..at], &text.as_bytes()[at + 1..]);
        let nibble = |letter: &u8| letter.checked_sub(FIRST).filter(|n| *n < 16);
        let bytes = letters
            .chunks(2)
            .map(|pair| match pair {
                [high, low] => Some(nibble(high)? << 4 | nibble(low)?),
                _ => None,
            })
            .collect::<Option<Vec<u8>>>()?;
        let reversible = text.as_bytes()[at] == b'~';
        (bytes.len() >= MIN_BYTES).then_some(Self {
            kind: kind.parse().ok()?,
            reversible,
            bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for reversible in [true, false] {
            let token = Token {
                kind: PiiType::HealthPlanId,
                reversible,
                bytes: (0..=255).collect(),
            };
            let mut text = String::new();
            token.write(&mut text);
            assert_eq!(Token::parse(&text), Some(token.clone()));
            assert_eq!(Token::parse(&text[1..text.len() - 1]), Some(token));
        }
    }

    #[test]
    fn nothing_else_is_a_token() {
        for text in [
            "",
            "[]",
            "[EMAIL:]",
            "[EMAIL:ghij]",
            "[EMAIL:ghijghijghijghijg]",
            "[EMAIL:ghijghijghijghi1]",
            "[MAIL:ghijghijghijghij]",
            "[EMAIL:ghijghijghijghij",
            "[REDACTED:EMAIL]",
            "***",
        ] {
            assert_eq!(Token::parse(text), None, "{text}");
        }
    }
}
