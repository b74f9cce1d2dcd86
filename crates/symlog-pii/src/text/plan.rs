//! Which rules and judges a choice of types needs, worked out once.

use super::classes::Wanted;
use super::context::in_word;
use super::{for_each, numbers};
use crate::keys;
use crate::kind::{PiiType, TypeSet};
use crate::rules::{Heads, Keyword, LEAD, Pattern, Rule, RuleSet, Trigger, Words, head_of};

/// A rule that needs no keyword, with what tells at once that it does not match.
#[derive(Debug, Clone, Copy)]
pub(super) struct Free {
    pub(super) rule: u16,
    pub(super) min_len: u8,
    pub(super) min_digits: u8,
}

impl Free {
    fn new(index: u16, rule: &Rule) -> Self {
        Self {
            rule: index,
            min_len: rule.min_len(),
            min_digits: rule.min_digits(),
        }
    }
}

/// What is looked for.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) want: TypeSet,
    /// Number rules that need no keyword.
    pub(super) free: FreeRules,
    /// Token rules that need no keyword, in the same way.
    pub(super) free_tokens: Vec<Vec<Free>>,
    pub(super) keywords: bool,
    /// The keywords that speak for a number rule of the types.
    pub(super) number_words: Words<Keyword>,
    /// Their heads.
    pub(super) number_heads: Heads,
    /// Those that speak for a token rule.
    pub(super) token_words: Words<Keyword>,
    /// Their heads, and those of words for a secret.
    pub(super) token_heads: Heads,
    pub(super) numbers: bool,
    pub(super) dates: bool,
    pub(super) net: bool,
    /// Whether URLs are looked for, and not only the passwords in them.
    pub(super) urls: bool,
    pub(super) secrets: bool,
    pub(super) email: bool,
    pub(super) usernames: bool,
    pub(super) coordinates: bool,
    /// Whether cues for persons are.
    pub(super) cues: bool,
    pub(super) names: bool,
}

/// The number rules of the seed's shapes.
const SEED_RULES: [&str; 5] = [
    "us-ssn",
    "card",
    "card-grouped",
    "phone-nanp",
    "phone-international",
];

impl Plan {
    /// All rules of the types `want`.
    pub(crate) fn new(rules: &RuleSet, want: TypeSet) -> Self {
        let number_words = rules.words_of(|rule| {
            rule.trigger == Trigger::Number && (rule.decoy || want.contains(rule.kind))
        });
        let token_words = rules.words_of(|rule| rule.trigger == Trigger::Token);
        let cues = keys::cue_words().map(|word| head_of(word.as_bytes()));
        let vendors = token_words.values().map(|keyword| keyword.head);
        Self {
            want,
            token_heads: Heads::new(vendors.chain(cues)),
            free: FreeRules::new(rules, want, |_| true),
            free_tokens: by_first(rules, want),
            keywords: true,
            number_heads: Heads::new(number_words.values().map(|keyword| keyword.head)),
            number_words,
            token_words,
            numbers: numbers::wanted(want),
            dates: want.intersects(TypeSet::of(&[PiiType::Date, PiiType::Age])),
            net: want.intersects(TypeSet::of(&[
                PiiType::IpAddress,
                PiiType::MacAddress,
                PiiType::Uuid,
            ])),
            urls: want.contains(PiiType::Url),
            secrets: want.intersects(TypeSet::of(&[
                PiiType::Secret,
                PiiType::Password,
                PiiType::Jwt,
                PiiType::PrivateKey,
                PiiType::Media,
                PiiType::CryptoWallet,
            ])),
            email: want.contains(PiiType::Email),
            usernames: want.contains(PiiType::Username),
            coordinates: want.contains(PiiType::Coordinates),
            cues: want.contains(PiiType::Person),
            names: want.intersects(TypeSet::of(&[PiiType::Location, PiiType::Organization])),
        }
    }

    /// The seed's shapes alone: no keywords, no vendors.
    pub(crate) fn seed(rules: &RuleSet, want: TypeSet) -> Self {
        let mut plan = Self::new(rules, want);
        plan.free = FreeRules::new(rules, want, |id| SEED_RULES.contains(&id));
        plan.keywords = false;
        plan.secrets = false;
        plan
    }

    /// Whether nothing is looked for but numbers without a keyword, e-mail and values of keys.
    #[inline]
    pub(super) fn bare(&self) -> bool {
        let Self {
            keywords,
            secrets,
            cues,
            ..
        } = self;
        let others = self.dates | self.net | self.urls | self.usernames | self.coordinates;
        !(keywords | secrets | cues | others | self.names)
    }

    /// The classes of bytes at which something of the types begins.
    pub(super) fn classes(&self) -> Wanted {
        if self.secrets || self.cues {
            Wanted::All
        } else {
            Wanted::Signs
        }
    }
}

/// Longer candidates, and those of more digits, are told apart one by one.
const MAX_LEN: usize = 64;
const MAX_DIGITS: usize = 32;
/// The class of all that is beyond ASCII, and of the end of the text.
const BEYOND: u8 = 128;

/// Rules that need no keyword, in their order, with a bit for each of their patterns to tell at
/// once which of them may match somewhere.
#[derive(Debug, Default)]
pub(super) struct FreeRules {
    /// One for each pattern; those of one rule stand together.
    patterns: Vec<Free>,
    /// How many words of bits there are in each of the following.
    width: usize,
    /// By place and byte: which patterns may have it there.
    lead: Vec<u64>,
    /// By length, and by number of digits: which patterns need no more.
    len: Vec<u64>,
    digits: Vec<u64>,
    /// The shortest match of any of them.
    pub(super) min_len: u8,
    /// Whether a match may have a letter before its first digit.
    lettered: bool,
}

impl FreeRules {
    fn new(rules: &RuleSet, want: TypeSet, keep: impl Fn(&str) -> bool) -> Self {
        let kept: Vec<(Free, &Pattern)> = rules
            .iter()
            .filter(|(_, rule)| {
                rule.trigger == Trigger::Number
                    && rule.score > 0.0
                    && want.contains(rule.kind)
                    && keep(rule.id.as_str())
            })
            .flat_map(|(index, rule)| {
                let free = Free::new(index, rule);
                rule.patterns().iter().map(move |pattern| (free, pattern))
            })
            .collect();
        let width = kept.len().div_ceil(64);
        let bits = |tell: &dyn Fn(&Free, &Pattern) -> bool| {
            let mut bits = vec![0; width];
            for (i, (free, pattern)) in kept.iter().enumerate() {
                bits[i / 64] |= u64::from(tell(free, pattern)) << (i % 64);
            }
            bits
        };
        let lead = (0..LEAD).flat_map(|place| {
            (0..=BEYOND).flat_map(move |byte| bits(&|_, pattern| pattern.may_have(place, byte)))
        });
        // The last of the rows is that of everything longer, too.
        let fits = |least: u8, n: usize, rows: usize| usize::from(least).min(rows - 1) <= n;
        let len = (0..MAX_LEN).flat_map(|n| bits(&|free, _| fits(free.min_len, n, MAX_LEN)));
        let digits =
            (0..MAX_DIGITS).flat_map(|n| bits(&|free, _| fits(free.min_digits, n, MAX_DIGITS)));
        Self {
            lead: lead.collect(),
            len: len.collect(),
            digits: digits.collect(),
            min_len: kept
                .iter()
                .map(|(free, _)| free.min_len)
                .min()
                .unwrap_or(u8::MAX),
            lettered: kept.iter().any(|(_, pattern)| {
                // Two signs may stand before what else there is.
                let may_have = |byte| (0..3).any(|place| pattern.may_have(place, byte));
                (b'A'..=b'Z').chain(b'a'..=b'z').any(may_have)
            }),
            patterns: kept.iter().map(|(free, _)| *free).collect(),
            width,
        }
    }

    /// Whether some rule may match from the digit at `at` on, or from what stands before it. Only
    /// as far as the first bytes tell.
    #[inline]
    pub(super) fn may_match(&self, text: &[u8], at: usize) -> bool {
        if self.lettered && at > 0 && (in_word(text[at - 1]) || matches!(text[at - 1], b' ' | b'-'))
        {
            return true;
        }
        let signs = text[..at].iter().rev().take(2);
        let signs = signs.take_while(|b| matches!(b, b'+' | b'(')).count();
        (at - signs..=at).any(|from| {
            let head = head(&text[from..]);
            (0..self.width).any(|word| self.led(&head, word) != 0)
        })
    }

    /// Those of a word of patterns that may begin with these bytes.
    #[inline]
    fn led(&self, head: &[u8; LEAD], word: usize) -> u64 {
        head.iter()
            .enumerate()
            .fold(u64::MAX, |bits, (place, byte)| {
                let row = place * (usize::from(BEYOND) + 1) + usize::from(*byte.min(&BEYOND));
                bits & self.lead[row * self.width + word]
            })
    }

    /// Calls `each` with the rules that may match at the beginning of `text`, with so many bytes
    /// and digits at most.
    #[inline]
    pub(super) fn each(&self, text: &[u8], len: usize, digits: usize, mut each: impl FnMut(u16)) {
        let row = |table: &[u64], row: usize, word: usize| table[row * self.width + word];
        let head = head(text);
        let mut last = None;
        for word in 0..self.width {
            let bits = self.led(&head, word)
                & row(&self.len, len.min(MAX_LEN - 1), word)
                & row(&self.digits, digits.min(MAX_DIGITS - 1), word);
            for_each(bits, |bit| {
                let free = &self.patterns[word * 64 + bit];
                let fits =
                    usize::from(free.min_len) <= len && usize::from(free.min_digits) <= digits;
                if fits && last.replace(free.rule) != Some(free.rule) {
                    each(free.rule);
                }
            });
        }
    }
}

/// The first bytes of a text, and what stands for its end.
#[inline]
fn head(text: &[u8]) -> [u8; LEAD] {
    match text.first_chunk() {
        Some(head) => *head,
        None => std::array::from_fn(|place| text.get(place).copied().unwrap_or(BEYOND)),
    }
}

fn by_first(rules: &RuleSet, want: TypeSet) -> Vec<Vec<Free>> {
    (0..128u8)
        .map(|first| {
            rules
                .iter()
                .filter(|(_, rule)| {
                    rule.trigger == Trigger::Token
                        && rule.score > 0.0
                        && want.contains(rule.kind)
                        && rule.may_begin(first)
                })
                .map(|(index, rule)| Free::new(index, rule))
                .collect()
        })
        .collect()
}
