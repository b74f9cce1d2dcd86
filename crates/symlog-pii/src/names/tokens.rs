//! The words of a line, with what is known of each.

use super::gazetteer;
use crate::rules::{fold_hash, fold_hash_at};
use crate::text::{Word, words};

/// The most words of a line that are looked at together. Longer lines are cut.
pub(super) const MAX_TOKENS: usize = 256;

/// A word.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Of the lower-cased word.
    pub(super) hash: u64,
    pub(super) shape: Shape,
    /// Whether it is a given name and no ordinary word. Of words with capitals it is not told.
    pub(super) given: bool,
    /// Most words are passed over, and need none of it.
    about: Option<About>,
}

/// What is known of a word besides how it is written.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct About {
    /// What the lists say.
    pub(super) flags: u8,
    /// The sign before and after the word; a blank where there is none.
    pub(super) before: u8,
    pub(super) after: u8,
}

/// How a word is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Shape {
    Lower,
    Title,
    Upper,
    Initial,
    Mixed,
    Digits,
    Both,
}

impl Token {
    pub(super) const NONE: Self = Self {
        start: 0,
        end: 0,
        hash: 0,
        shape: Shape::Lower,
        given: false,
        about: None,
    };

    pub(super) fn capital(&self) -> bool {
        matches!(
            self.shape,
            Shape::Title | Shape::Upper | Shape::Initial | Shape::Mixed
        )
    }

    /// What [`look_up`](Self::look_up) has found.
    #[inline]
    pub(super) fn about(&self) -> About {
        debug_assert!(self.about.is_some(), "the word has been looked up");
        self.about.unwrap_or_default()
    }

    pub(super) fn has(&self, flags: u8) -> bool {
        self.about().flags & flags != 0
    }

    /// Finds out what is known of the word.
    #[inline]
    pub(super) fn look_up(&mut self, text: &str) {
        if self.about.is_some() {
            return;
        }
        let bytes = text.as_bytes();
        let letters = !matches!(self.shape, Shape::Digits | Shape::Both);
        self.about = Some(About {
            flags: if letters {
                gazetteer::flags(self.hash)
            } else {
                0
            },
            before: sign(
                self.start.checked_sub(1).and_then(|i| bytes.get(i)),
                self.start.checked_sub(2).and_then(|i| bytes.get(i)),
            ),
            after: sign_after(text, self),
        });
    }
}

/// Reads the words of `text[from..]` into `out`, as far as they may be one name and on the same
/// line, and looks all of them up. Returns how many there are.
pub(super) fn read_few(text: &str, from: usize, out: &mut [Token]) -> usize {
    let mut count = 0;
    let bytes = text.as_bytes();
    let mut at = from;
    while at < bytes.len() && bytes[at] != b'\n' && count < out.len() {
        if !in_word(bytes[at]) {
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len() && in_word(bytes[at]) {
            at += 1;
        }
        let word = Word {
            start,
            end: at,
            lower: false,
            title: false,
        };
        let mut token = token(text, word);
        token.look_up(text);
        out[count] = token;
        count += 1;
        // Only `de` and the like are small, and nothing stands farther apart than by ". ".
        let ends = token.shape == Shape::Lower && token.end - token.start > MAX_PARTICLE;
        if ends || bytes.iter().skip(at).take(MAX_JOINT).all(|b| !in_word(*b)) {
            break;
        }
    }
    count
}

/// Reads the words of the line `text[from..to]` into `out`, up to the most there may be. Returns
/// where the next line, or the rest of this one, begins.
pub(super) fn read_line(
    text: &str,
    from: usize,
    to: usize,
    most: usize,
    out: &mut Vec<Token>,
) -> usize {
    out.clear();
    let mut full = None;
    words(&text.as_bytes()[from..to], |word| {
        let word = Word {
            start: from + word.start,
            end: from + word.end,
            ..word
        };
        if out.len() < most {
            out.push(token(text, word));
        } else {
            full.get_or_insert(word.start);
        }
        full.is_none()
    });
    full.unwrap_or(to + 1)
}

/// The longest small word inside of a name.
const MAX_PARTICLE: usize = 3;
/// The first byte of the next word of a name is one of so many.
const MAX_JOINT: usize = 4;

pub(super) const fn in_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}

#[inline]
fn token(text: &str, word: Word) -> Token {
    let Word {
        start,
        end,
        lower,
        title,
    } = word;
    let bytes = &text.as_bytes()[start..end];
    let shape = if lower {
        Shape::Lower
    } else if title && bytes[0].is_ascii_uppercase() {
        Shape::Title
    } else {
        shape(text, start, end)
    };
    let hash = if lower || bytes.is_ascii() {
        fold_hash_at(text.as_bytes(), start, end)
    } else {
        fold_hash(text[start..end].to_lowercase().as_bytes())
    };
    Token {
        start,
        end,
        hash,
        shape,
        given: shape == Shape::Lower && gazetteer::is_given(hash),
        about: None,
    }
}

/// The sign after a word; a blank where there is none.
#[inline]
pub(super) fn sign_after(text: &str, token: &Token) -> u8 {
    let bytes = text.as_bytes();
    sign(bytes.get(token.end), bytes.get(token.end + 1))
}

/// The nearest sign that is no blank, if it is within two bytes.
fn sign(near: Option<&u8>, far: Option<&u8>) -> u8 {
    match (near, far) {
        (Some(b' '), Some(far)) if far.is_ascii_punctuation() => *far | 0x80,
        (Some(near), _) if near.is_ascii_punctuation() => *near,
        (None | Some(b'\n'), _) => b'\n',
        _ => b' ',
    }
}

fn shape(text: &str, start: usize, end: usize) -> Shape {
    let word = &text[start..end];
    if word.is_ascii() {
        return ascii_shape(word.as_bytes());
    }
    let (mut upper, mut lower, mut digits, mut count) = (0, 0, 0, 0);
    let mut first_upper = false;
    for c in word.chars() {
        count += 1;
        if c.is_ascii_digit() {
            digits += 1;
        } else if c.is_uppercase() {
            upper += 1;
            first_upper |= count == 1;
        } else {
            lower += 1;
        }
    }
    shape_of(upper, lower, digits, first_upper)
}

fn ascii_shape(word: &[u8]) -> Shape {
    let upper = word.iter().filter(|b| b.is_ascii_uppercase()).count();
    let digits = word.iter().filter(|b| b.is_ascii_digit()).count();
    shape_of(
        upper,
        word.len() - upper - digits,
        digits,
        word[0].is_ascii_uppercase(),
    )
}

fn shape_of(upper: usize, lower: usize, digits: usize, first_upper: bool) -> Shape {
    match (upper, lower, digits) {
        (0, 0, _) => Shape::Digits,
        (_, _, 1..) => Shape::Both,
        (0, ..) => Shape::Lower,
        (1, 0, 0) => Shape::Initial,
        (_, 0, 0) => Shape::Upper,
        (1, ..) if first_upper => Shape::Title,
        _ => Shape::Mixed,
    }
}
