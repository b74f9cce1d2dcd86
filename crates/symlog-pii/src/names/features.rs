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
    /// What the whole line looks like: see [`manner`].
    pub(super) manner: u8,
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
    let manner = u64::from(context.manner);
    out.add(31, manner << 16 | own << 8 | known);
    out.add(
        32,
        manner << 16 | shape(before) << 8 | own << 4 | shape(after),
    );
    if i > 0 {
        out.add(30, first_colon(context, i));
    }
    out
}

/// How a line is written: the sign that it begins with (a heading, a list, a table), and whether
/// it is in capitals.
pub(super) fn manner(text: &str, tokens: &[Token]) -> u8 {
    let Some(first) = tokens.first() else {
        return 0;
    };
    let lead = first
        .start
        .checked_sub(1)
        .map(|at| &text.as_bytes()[..=at])
        .and_then(|before| {
            before
                .iter()
                .rev()
                .take(8)
                .take_while(|b| **b != b'\n')
                .find(|b| matches!(b, b'#' | b'-' | b'*' | b'|' | b'>' | b'@' | b'+'))
        });
    let words = tokens.iter().filter(|t| t.end - t.start > 2);
    let (upper, all) = words.fold((0, 0), |(upper, all), t| {
        (upper + usize::from(t.shape == Shape::Upper), all + 1)
    });
    let capitals = all >= 3 && upper * 3 > all * 2;
    lead.map_or(0, |b| b & 0x3f) | u8::from(capitals) << 7
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
    if token.shape == Shape::Digits && in_number(tokens, i) {
        return false;
    }
    if tag_before == 0 {
        return token.shape == Shape::Digits && next().is_some_and(Token::capital);
    }
    token.shape != Shape::Lower
        || sign_after(text, token) != b' '
        || next().is_some_and(|t| t.capital() || t.shape == Shape::Digits)
}

/// Whether digits are a part of a longer number, and of no postal code (`00-590`, `90210-1234`).
fn in_number(tokens: &[Token], i: usize) -> bool {
    let token = &tokens[i];
    let len = |t: &Token| t.end - t.start;
    let joined = |a: &Token, b: &Token| {
        b.start - a.end == 1
            && a.shape == Shape::Digits
            && b.shape == Shape::Digits
            && !matches!((len(a), len(b)), (2, 3) | (3, 2) | (5, 4))
    };
    len(token) > 6
        || tokens.get(i + 1).is_some_and(|next| joined(token, next))
        || i.checked_sub(1)
            .is_some_and(|before| joined(&tokens[before], token))
}

/// Whether a line looks like code rather than like a sentence.
pub(super) fn is_code(line: &str) -> bool {
    let head = &line.as_bytes()[..line.len().min(MAX_HEAD)];
    // Lines are short: what is left of the last sixteen bytes would take longer than they.
    let (parts, rest) = head.as_chunks::<16>();
    let mut last = [0; 16];
    last[..rest.len()].copy_from_slice(rest);
    let mut counts = [0u8; 16];
    for part in parts.iter().chain([&last]) {
        for (count, b) in counts.iter_mut().zip(part) {
            *count += u8::from(is_sign(*b));
        }
    }
    let signs: u8 = counts.iter().sum();
    let indented = line.starts_with("    ") || line.starts_with('\t');
    usize::from(signs) * 14 > head.len() || (indented && !is_form(line))
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

/// A line of a form that is set in: a label, a colon, a value, and no sign of code.
fn is_form(line: &str) -> bool {
    let line = line.trim_ascii();
    line.as_bytes().first().is_some_and(u8::is_ascii_uppercase)
        && line.split_once(": ").is_some_and(|(label, _)| {
            label.len() <= 40
                && label
                    .chars()
                    .all(|c| c.is_alphabetic() || matches!(c, ' ' | '/' | '.'))
        })
        && !line.contains([';', '{', '}', '=', '`', '"', '(', '['])
}
