//! Which keys name something secret, judged word by word.

mod cue;
mod field;
mod roles;

pub(crate) use cue::{Cue, cue, cue_words, may_run_together};
pub(crate) use field::kind_named;
pub(crate) use roles::{may_end_key, may_end_sensitive};

use crate::rules::fold_hash;
use roles::Role;

/// At most this many words of a key are looked at, counted from its end.
const MAX_WORDS: usize = 12;
/// A longer word is data, not a name.
const MAX_WORD: usize = 24;
/// A longer key is data too.
const MAX_KEY: usize = 128;

/// Whether a value under `key` is secret by its name alone.
///
/// `key` may be a JSON path or a header; its last segment decides.
pub(crate) fn is_sensitive(key: &str) -> bool {
    let name = last_segment(key).as_bytes();
    if is_one_word(name) {
        return may_end_sensitive(name) && is_secret_word(name);
    }
    Words::of(name).is_some_and(|words| words.sensitive())
}

/// Whether a key that is one word of letters names a secret.
pub(crate) fn is_secret_word(word: &[u8]) -> bool {
    let alone = Role::STRONG | Role::TOKEN | Role::KEY | Role::PIN;
    word.len() <= MAX_WORD && (roles::of(fold_hash(word)).has(alone) || roles::runs_together(word))
}

/// Whether a name is letters alone, all of one case after the first.
fn is_one_word(name: &[u8]) -> bool {
    let rest = name.get(1..).unwrap_or_default();
    name.first().is_some_and(u8::is_ascii_alphabetic)
        && (rest.iter().all(u8::is_ascii_lowercase) || name.iter().all(u8::is_ascii_uppercase))
}

/// Whether one of the words of `key` is `word`.
pub(crate) fn has_word(key: &str, word: &str) -> bool {
    Words::of(last_segment(key).as_bytes()).is_some_and(|words| {
        (0..words.count).any(|i| words.get(i).eq_ignore_ascii_case(word.as_bytes()))
    })
}

/// Whether what stands under `key` is the name of what stands beside it under a [`is_value`].
pub(crate) fn is_name(key: &str) -> bool {
    matches!(key.len(), 3 | 4)
        && (key.eq_ignore_ascii_case("name") || key.eq_ignore_ascii_case("key"))
}

/// Whether `key` says no more than that a value stands under it.
pub(crate) fn is_value(key: &str) -> bool {
    key.len() == 5 && key.eq_ignore_ascii_case("value")
}

/// Whether `key` says that what lies below it are the model's own tokens.
pub(crate) fn is_logprobs(key: &str) -> bool {
    const WORD: &[u8] = b"logprob";
    if key.len() < WORD.len() {
        return false;
    }
    let begins = |from: usize| {
        let letters = key.as_bytes()[from..].iter();
        letters
            .filter(|b| b.is_ascii_alphabetic())
            .map(u8::to_ascii_lowercase)
            .take(WORD.len())
            .eq(WORD.iter().copied())
    };
    memchr::memchr2_iter(b'l', b'L', key.as_bytes()).any(begins)
        || key.eq_ignore_ascii_case("completion_probabilities")
}

/// `a.b[0].c` -> `c`, `/a/b/c` -> `c`, `a['c']` -> `c`.
pub(crate) fn last_segment(key: &str) -> &str {
    let mut key = key;
    while let Some(open) = key.strip_suffix(']').and_then(|k| k.rfind('[')) {
        let inside = key[open + 1..key.len() - 1].trim_matches(['"', '\'']);
        if !inside.is_empty() && !inside.bytes().all(|b| b.is_ascii_digit() || b == b'*') {
            return inside;
        }
        key = &key[..open];
    }
    let key = key.trim_end_matches(['.', '/']);
    let parts = |b: &u8| matches!(b, b'.' | b'/');
    let from = key.as_bytes().iter().rposition(parts).map_or(0, |n| n + 1);
    &key[from..]
}

/// The words of a key, where they stand in it.
struct Words<'k> {
    key: &'k [u8],
    spans: [(u8, u8); MAX_WORDS],
    count: usize,
}

impl<'k> Words<'k> {
    /// Splits at everything that is no letter or digit, between `aB`, `ABc`, and a letter and a
    /// digit. `None` when a word is too long to be a name.
    fn of(key: &'k [u8]) -> Option<Self> {
        if key.len() > MAX_KEY {
            return None;
        }
        let mut words = Self {
            key,
            spans: [(0, 0); MAX_WORDS],
            count: 0,
        };
        let mut in_word = false;
        let mut previous = b' ';
        for (i, &byte) in key.iter().enumerate() {
            if !byte.is_ascii_alphanumeric() && byte.is_ascii() {
                in_word = false;
                previous = byte;
                continue;
            }
            let before_lower = || key.get(i + 1).is_some_and(u8::is_ascii_lowercase);
            let capital = byte.is_ascii_uppercase()
                && (previous.is_ascii_lowercase()
                    || (previous.is_ascii_uppercase() && before_lower()));
            if !in_word || capital || previous.is_ascii_digit() != byte.is_ascii_digit() {
                words.open(i as u8);
            }
            in_word = true;
            previous = byte;
            words.extend_to(i as u8 + 1)?;
        }
        Some(words)
    }

    fn open(&mut self, at: u8) {
        if self.count == MAX_WORDS {
            self.spans.copy_within(1.., 0);
            self.count -= 1;
        }
        self.spans[self.count] = (at, at);
        self.count += 1;
    }

    fn extend_to(&mut self, to: u8) -> Option<()> {
        let (start, end) = &mut self.spans[self.count - 1];
        *end = to;
        (usize::from(to - *start) <= MAX_WORD).then_some(())
    }

    fn get(&self, i: usize) -> &'k [u8] {
        let (start, end) = self.spans[i];
        &self.key[usize::from(start)..usize::from(end)]
    }

    fn role(&self, i: usize) -> Role {
        roles::of(fold_hash(self.get(i)))
    }

    fn is_number(&self, i: usize) -> bool {
        self.get(i).iter().all(u8::is_ascii_digit)
    }

    /// Whether the words at `i - 1` and `i` are secret together.
    fn pair(&self, i: usize) -> bool {
        i > 0 && self.role(i).has(Role::SECOND) && roles::is_pair(self.get(i - 1), self.get(i))
    }

    fn sensitive(&self) -> bool {
        // Words after the one that names the secret may only say which one, or how it is
        // written: `password_2`, `token_value`. `token_count` is a count.
        let neutral = |i: usize| self.is_number(i) || self.role(i).has(Role::NEUTRAL);
        let mut end = self.count;
        while end > 0 && neutral(end - 1) {
            end -= 1;
        }
        let Some(head) = end.checked_sub(1) else {
            return false;
        };
        let role = self.role(head);
        if head == 0
            && end < self.count
            && matches!(&self.get(0).to_ascii_lowercase()[..], b"key" | b"token")
            && self.is_number(1)
        {
            // `key1`, `key2`: a numbered example.
            return false;
        }
        if role.has(Role::STRONG) || roles::runs_together(self.get(head)) || self.pair(head) {
            return true;
        }
        let before = head.checked_sub(1).map_or(Role::NONE, |i| self.role(i));
        if role.has(Role::TOKEN) {
            !before.has(Role::NO_TOKEN)
        } else if role.has(Role::KEY) {
            !before.has(Role::NO_KEY)
        } else if role.has(Role::PIN) {
            !before.has(Role::NO_PIN)
        } else if role.has(Role::PLURAL) {
            before.has(Role::WITH_PLURAL)
        } else if role.has(Role::CODE) {
            before.has(Role::WITH_CODE)
        } else if role.has(Role::NUMBER) {
            before.has(Role::WITH_NUMBER) || (head > 0 && self.pair(head - 1))
        } else {
            // `password_db_prod`: a strong word may stand first when no word after it turns
            // the key into a statement about the secret.
            (0..head).any(|i| {
                self.role(i).has(Role::FIRST)
                    && (i + 1..end).all(|j| !self.role(j).has(Role::ABOUT))
            })
        }
    }
}

#[cfg(test)]
mod tests;
