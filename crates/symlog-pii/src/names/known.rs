//! Names that were sure once, and their other mentions.

use std::collections::HashSet;
use std::fmt;
use std::hash::{BuildHasher, RandomState};

use super::gazetteer::{self, COMMON, FIRST, LAST, PLACE};
use crate::finding::RuleId;
use crate::rules::{fold_hash, fold_hash_at};
use crate::text::{Word, words};

pub(crate) const AGAIN: RuleId = RuleId::new("person-again");

/// Digests kept at most: some hundred names.
const MAX: usize = 1024;

/// The names of a document or a conversation that a cue made sure, to find their other mentions.
///
/// It holds keyed digests, no names, under a key that this process drew for itself, and nine bits
/// of a hash of each word. Clones share the key.
#[derive(Clone, Default)]
pub struct KnownNames {
    key: RandomState,
    digests: HashSet<u64>,
    words: Outline,
}

/// Tells most words from those of known names before a digest is made of them.
#[derive(Clone, Default)]
struct Outline([u64; 8]);

impl Outline {
    fn place(hash: u64) -> (usize, u32) {
        ((hash >> 61) as usize, (hash >> 55) as u32 & 63)
    }

    fn add(&mut self, hash: u64) {
        let (word, bit) = Self::place(hash);
        self.0[word] |= 1 << bit;
    }

    fn may_hold(&self, hash: u64) -> bool {
        let (word, bit) = Self::place(hash);
        self.0[word] >> bit & 1 == 1
    }
}

impl KnownNames {
    /// How much is known, to tell whether more was learnt.
    #[must_use]
    pub fn len(&self) -> usize {
        self.digests.len()
    }

    /// Whether no name is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.digests.is_empty()
    }

    /// Adds what another one of the same key knows.
    pub fn merge(&mut self, other: &Self) {
        let room = MAX.saturating_sub(self.digests.len());
        let new = other.digests.iter().filter(|d| !self.digests.contains(d));
        let new: Vec<u64> = new.take(room).copied().collect();
        self.digests.extend(new);
        for (word, more) in self.words.0.iter_mut().zip(other.words.0) {
            *word |= more;
        }
    }

    /// One that knows nothing yet, with the same key.
    #[must_use]
    pub fn fresh(&self) -> Self {
        Self {
            key: self.key.clone(),
            digests: HashSet::new(),
            words: Outline::default(),
        }
    }

    /// Learns the words of `name`: each that is a name by itself, and each with the one after it.
    pub(crate) fn learn(&mut self, name: &str) {
        let mut before: Option<u64> = None;
        for word in name.split(|c: char| !c.is_alphanumeric()) {
            if word.chars().count() < 2 || self.digests.len() + 2 > MAX {
                before = None;
                continue;
            }
            let lower = word.to_lowercase();
            let digest = self.key.hash_one(&lower);
            let hash = fold_hash(lower.as_bytes());
            self.words.add(hash);
            let flags = gazetteer::flags(hash);
            let place = flags & PLACE != 0 && flags & (FIRST | LAST) == 0;
            let capital = word.starts_with(char::is_uppercase);
            if capital && flags & COMMON == 0 && !place && word.chars().count() >= 3 {
                self.digests.insert(digest);
            }
            if let Some(before) = before {
                self.digests.insert(self.key.hash_one((before, digest)));
            }
            before = Some(digest);
        }
    }

    /// Calls `each` with the start and end of every word that belongs to a known name, in order.
    /// `raw` text has the escapes of JSON.
    pub(crate) fn find(&self, text: &str, raw: bool, each: &mut dyn FnMut(usize, usize)) {
        let bytes = text.as_bytes();
        // The word before, and whether it was reported.
        let mut before: Option<(usize, usize, u64, bool)> = None;
        words(
            bytes,
            |Word {
                 start, end, lower, ..
             }| {
                let last = before.take();
                if lower {
                    return true;
                }
                let mut start = start;
                if raw && start > 0 && bytes[start - 1] == b'\\' {
                    // `\nEmma`: the first letter, or `u` and four digits, is the escape's.
                    start = end.min(start + if bytes[start] == b'u' { 5 } else { 1 });
                }
                let capital =
                    |word: &&str| word.starts_with(char::is_uppercase) && word.len() <= 64;
                let Some(word) = text.get(start..end).filter(capital) else {
                    return true;
                };
                let lower = match word.is_ascii() {
                    true if !self.words.may_hold(fold_hash_at(bytes, start, end)) => return true,
                    true => word.to_ascii_lowercase(),
                    false => word.to_lowercase(),
                };
                let digest = self.key.hash_one(lower);
                let paired = last.filter(|(_, end, before, _)| {
                    matches!(&bytes[*end..start], b" " | b"-" | b"'" | b". ")
                        && self.digests.contains(&self.key.hash_one((*before, digest)))
                });
                if let Some((from, to, _, false)) = paired {
                    each(from, to);
                }
                let known = paired.is_some() || self.digests.contains(&digest);
                if known {
                    each(start, end);
                }
                before = Some((start, end, digest, known));
                true
            },
        );
    }
}

/// Makes one span of words that are next to each other.
pub(crate) fn join_words(text: &str, words: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    let mut spans: Vec<(usize, usize)> = Vec::with_capacity(words.len());
    for (start, end) in words {
        match spans.last_mut() {
            Some(last) if matches!(&text[last.1..start], " " | "-" | "'") => last.1 = end,
            _ => spans.push((start, end)),
        }
    }
    spans
}

impl fmt::Debug for KnownNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KnownNames")
            .field("digests", &self.digests.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, text: &str, expect: &[&str]) {
        let mut names = KnownNames::default();
        names.learn(name);
        let mut words = Vec::new();
        names.find(text, true, &mut |from, to| words.push((from, to)));
        let spans = join_words(text, words).into_iter();
        let found: Vec<&str> = spans.map(|(from, to)| &text[from..to]).collect();
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn mentions_of_a_name_are_found() {
        let text = "Emma said that Garcia-Lopez and EMMA GARCIA came; Emmanuel and emma not.";
        check("Emma Garcia", text, &["Emma", "Garcia", "EMMA GARCIA"]);
        check("Łucja Wójcik", "Pani Wójcik", &["Wójcik"]);
        check("Emma Garcia", "x\\nEmma \\u00e9Garcia", &["Emma", "Garcia"]);
    }

    /// A word that is also something else is a mention only beside the other.
    #[test]
    fn common_words_are_no_mentions_by_themselves() {
        check(
            "Will Baker",
            "Will it rain? Will Baker knows.",
            &["Will Baker"],
        );
        check("May Green", "In May the Green party", &[]);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut names = KnownNames::default();
        for n in 0..10_000_u32 {
            let letters: String = (0..6)
                .map(|i| char::from(b'a' + (n >> (2 * i) & 15) as u8))
                .collect();
            names.learn(&format!("Xq{letters} Zv{letters}"));
        }
        assert!(names.len() <= MAX);
        let mut other = names.fresh();
        other.learn("Someone Else");
        names.merge(&other);
        assert!(names.len() <= MAX && !names.is_empty());
    }
}
