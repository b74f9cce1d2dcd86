//! What the scorer sees of a word: hashed features of it and its neighbours.

use super::tokens::{Shape, Token, sign_after};

/// Bits of a feature's hash.
pub(super) const BITS: u32 = 16;
/// The most features of a word.
pub(super) const MAX: usize = 40;

/// A line and where in it the word stands.
pub(super) struct Context<'a> {
    pub(super) text: &'a str,
    pub(super) tokens: &'a [Token],
}

/// The features of one word, as indices into the model.
pub(super) struct Features {
    list: [u32; MAX],
    len: usize,
}

impl Features {
    pub(super) fn as_slice(&self) -> &[u32] {
        &self.list[..self.len]
    }

    fn add(&mut self, kind: u64, value: u64) {
        if self.len < MAX {
            let mixed = (value ^ kind.wrapping_mul(0x9e37_79b9_7f4a_7c15))
                .wrapping_mul(0xd6e8_feb8_6659_fd93);
            self.list[self.len] = (mixed >> (64 - BITS)) as u32;
            self.len += 1;
        }
    }
}

/// The features of the word at `i`, given the tag of the word before.
pub(super) fn of(context: &Context<'_>, i: usize, tag_before: u8) -> Features {
    let mut out = Features {
        list: [0; MAX],
        len: 0,
    };
    let token = &context.tokens[i];
    let at = |distance: isize| {
        i.checked_add_signed(distance)
            .and_then(|i| context.tokens.get(i))
    };
    let (before, after) = (at(-1), at(1));
    let hash = |token: Option<&Token>| token.map_or(1, |t| t.hash);
    let flags = |token: Option<&Token>| token.map_or(128, |t| u64::from(t.about().flags));
    let shape = |token: Option<&Token>| token.map_or(9, |t| t.shape as u64);
    let word = &context.text.as_bytes()[token.start..token.end];
    let own = token.shape as u64;
    let about = token.about();
    let known = u64::from(about.flags);
    let start = u64::from(i == 0 || matches!(about.before & 0x7f, b'.' | b'!' | b'?'));
    out.add(1, 0);
    out.add(2, token.hash);
    out.add(3, hash(before));
    out.add(4, hash(after));
    out.add(5, hash(at(-2)));
    out.add(6, hash(at(2)));
    out.add(7, own << 8 | known);
    out.add(8, flags(before) << 8 | known);
    out.add(9, flags(after) << 8 | known);
    out.add(10, u64::from(tag_before) << 16 | own << 8 | known);
    out.add(11, u64::from(tag_before) << 8 | u64::from(about.before));
    out.add(12, own << 8 | u64::from(about.before));
    out.add(13, own << 8 | u64::from(about.after));
    out.add(14, start << 16 | own << 8 | known);
    out.add(15, shape(before) << 8 | own << 4 | shape(after));
    out.add(16, suffix(word, 3));
    out.add(17, suffix(word, 2) << 8 | own);
    out.add(18, prefix(word, 3));
    out.add(20, hash(before) ^ own << 1);
    out.add(21, hash(after) ^ own << 1);
    out.add(22, hash(before).rotate_left(17) ^ hash(at(-2)));
    out.add(23, u64::from(tag_before) << 8 | flags(after));
    out.add(24, word.len().min(12) as u64 * 16 + own);
    out.add(25, hash(at(-3)));
    out.add(26, flags(at(-2)) << 16 | flags(before) << 8 | own);
    out.add(27, flags(at(2)) << 16 | flags(after) << 8 | own);
    out.add(28, token.hash ^ u64::from(tag_before));
    out.add(
        29,
        u64::from(about.after) << 24 | u64::from(about.before) << 16 | known << 4 | own,
    );
    if i > 0 {
        out.add(30, first_colon(context, i));
    }
    out
}

/// The word before the first colon of the line: the label of a form.
fn first_colon(context: &Context<'_>, i: usize) -> u64 {
    let label = context.tokens[..i]
        .iter()
        .rev()
        .take(8)
        .find(|t| context.text.as_bytes().get(t.end) == Some(&b':'));
    label.map_or(7, |t| t.hash)
}

fn suffix(word: &[u8], len: usize) -> u64 {
    letters(&word[word.len().saturating_sub(len)..])
}

fn prefix(word: &[u8], len: usize) -> u64 {
    letters(&word[..len.min(word.len())])
}

fn letters(word: &[u8]) -> u64 {
    word.iter()
        .fold(word.len() as u64, |v, b| v << 8 | u64::from(b | 0x20))
}

/// Whether the word is worth scoring at all.
#[inline]
pub(super) fn is_candidate(tokens: &[Token], i: usize, tag_before: u8, text: &str) -> bool {
    let token = &tokens[i];
    let next = || tokens.get(i + 1);
    if token.capital() || token.given {
        return true;
    }
    if tag_before == 0 {
        return token.shape == Shape::Digits && next().is_some_and(Token::capital);
    }
    token.shape != Shape::Lower
        || sign_after(text, token) != b' '
        || next().is_some_and(|t| t.capital() || t.shape == Shape::Digits)
}

/// Whether a line looks like code rather than like a sentence.
pub(super) fn is_code(line: &str) -> bool {
    let head = &line.as_bytes()[..line.len().min(MAX_HEAD)];
    let signs: u8 = head.iter().map(|b| u8::from(is_sign(*b))).sum();
    usize::from(signs) * 14 > head.len() || line.starts_with("    ") || line.starts_with('\t')
}

/// How much of a line tells whether it is code; their number must fit a byte.
const MAX_HEAD: usize = 240;

/// One of ``{};=<>_[]`\$``, in comparisons that go through a line sixteen bytes at a time.
#[inline]
fn is_sign(b: u8) -> bool {
    (b.wrapping_sub(b';') < 4)
        | (b.wrapping_sub(b'[') < 3)
        | (b.wrapping_sub(b'_') < 2)
        | (b == b'{')
        | (b == b'}')
        | (b == b'$')
}
