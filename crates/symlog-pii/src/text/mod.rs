//! Plain text: what proposes candidates, and what judges them.

mod age;
mod arbitrate;
mod around;
mod assign;
mod bare;
mod blocks;
mod classes;
mod context;
mod coords;
mod credential;
mod date;
mod email;
mod field;
mod fold;
mod months;
mod net;
mod numbers;
mod opaque;
mod pieces;
mod plan;
mod spread;
mod token;
mod username;

use crate::finding::{Finding, RuleId};
use crate::kind::PiiType;
#[cfg(test)]
use crate::kind::TypeSet;
use crate::rules::RuleSet;

pub(crate) use age::stated_age;
pub(crate) use arbitrate::arbitrate;
use around::Around;
pub(crate) use assign::{SENSITIVE_KEY, kind_of};
use blocks::Block;
pub(crate) use blocks::{Word, words};
use classes::Wanted;
pub(crate) use date::{is_birth, is_year};
pub(crate) use field::PERSON_FIELD;
use fold::fold;
pub(crate) use pieces::{MAX_LINE, cut, pieces};
pub(crate) use plan::Plan;
pub(crate) use token::{MAX_PEM, open_key};

/// A candidate that was verified, before arbitration.
#[derive(Debug, Clone)]
pub(crate) struct Hit {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) kind: PiiType,
    pub(crate) score: f32,
    pub(crate) rule: RuleId,
    /// The value of a key: its default mask is `***`.
    pub(crate) value: bool,
}

impl Hit {
    pub(crate) const fn new(
        start: usize,
        end: usize,
        kind: PiiType,
        score: f32,
        rule: RuleId,
    ) -> Self {
        Self {
            start,
            end,
            kind,
            score,
            rule,
            value: false,
        }
    }
}

impl From<Hit> for Finding {
    fn from(hit: Hit) -> Self {
        let Hit {
            start,
            end,
            kind,
            score,
            rule,
            value: _,
        } = hit;
        Finding {
            start,
            end,
            kind,
            score,
            rule,
        }
    }
}

/// A text, where it stands, and what is looked for in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Search<'a> {
    pub(crate) text: &'a str,
    /// The key under which the text stands, or nothing.
    pub(crate) key: &'a str,
    pub(crate) rules: &'a RuleSet,
    pub(crate) plan: &'a Plan,
    /// 1 inside of base64.
    pub(crate) depth: u8,
}

/// Appends everything of the types `want` that stands in `text`, with the built-in rules.
#[cfg(test)]
fn find(text: &str, key: &str, want: TypeSet, out: &mut Vec<Hit>) {
    let rules = RuleSet::built_in();
    Search {
        text,
        key,
        rules,
        plan: &Plan::new(rules, want),
        depth: 0,
    }
    .find_plain(out);
}

/// Up to where each judge has looked. Nothing is judged twice, so the work stays linear.
#[derive(Default)]
struct Past {
    digits: usize,
    numbers: usize,
    groups: usize,
    tries: u32,
    dates: usize,
    tokens: usize,
    net: usize,
    email: usize,
    assign: usize,
    ipv6: usize,
    /// Whether the text may hold an option such as `-u user:password`, once it was asked.
    user: Option<bool>,
}

impl Search<'_> {
    pub(crate) fn wants(&self, kind: PiiType) -> bool {
        self.plan.want.contains(kind)
    }

    /// Appends everything that stands in the text, in order and without overlap. Characters that
    /// only look like others are taken for those.
    pub(crate) fn find(&self, out: &mut Vec<Hit>) {
        let first = out.len();
        if self.look::<true>(out) {
            return;
        }
        out.truncate(first);
        let folded = fold(self.text);
        Search {
            text: &folded.text,
            ..*self
        }
        .find_plain(out);
        for hit in &mut out[first..] {
            hit.start = folded.original(hit.start);
            hit.end = folded.original(hit.end);
        }
    }

    /// [`find`](Self::find) where all characters are what they look like.
    pub(crate) fn find_plain(&self, out: &mut Vec<Hit>) {
        self.look::<false>(out);
    }

    /// Appends what stands in the text. Where it is `WARY` it gives up at the first character that
    /// only looks like another one, and answers `false`.
    fn look<const WARY: bool>(&self, out: &mut Vec<Hit>) -> bool {
        let first = out.len();
        let mut past = Past::default();
        let plain = if self.plan.bare() {
            self.bare::<WARY>(&mut past, out)
        } else {
            self.blocks::<WARY>(&mut past, out)
        };
        if !plain {
            return false;
        }
        if self.plan.email && self.plan.keywords {
            email::judge_spoken(self.text, out);
        }
        if self.plan.usernames {
            username::judge_cues(self.text, out);
        }
        if !self.key.is_empty() && self.plan.keywords {
            field::judge(self, out);
        }
        if self.wants(PiiType::PrivateKey) {
            token::private_keys(self.text, out);
        }
        token::sought(self, out);
        if self.wants(PiiType::Media) {
            token::media(self.text, out);
        }
        if self.plan.names {
            crate::names::tag(self, out);
        }
        arbitrate(out, first);
        opaque::spare(self.text, out, first);
        true
    }

    fn blocks<const WARY: bool>(&self, past: &mut Past, out: &mut Vec<Hit>) -> bool {
        let mut plain = true;
        blocks::scan(self.text.as_bytes(), self.plan.classes(), |block, base| {
            if WARY && plain && block.disguises() != 0 {
                plain = !fold::is_disguised(self.text, block.disguises(), base);
            }
            if plain {
                self.block(block, base, past, out);
            }
        });
        plain
    }

    fn block(&self, block: &Block, base: usize, past: &mut Past, out: &mut Vec<Hit>) {
        if block.is_plain() && self.plan.classes() == Wanted::Signs {
            return;
        }
        let digits = if self.plan.keywords {
            block.digit_starts()
        } else {
            long_numbers(block.digit_starts(), block.digits())
        };
        let around = Around::new(self.text, block, base);
        if digits != 0 {
            let tokens = block.tokens();
            for_each(digits, |bit| {
                let at = base + bit;
                let free = &self.plan.free;
                if at >= past.digits
                    && (self.plan.keywords || free.may_match(self.text.as_bytes(), at))
                {
                    let (start, end) = self.word(block, base, bit);
                    past.digits = end;
                    // A longer word is data.
                    if base + bit - start < 128 {
                        let word = DigitWord {
                            start,
                            end,
                            begins: start == base + bit,
                            token: tokens >> bit & 1 == 1,
                        };
                        self.digits(word, &around, past, out);
                    }
                }
            });
        }
        if self.plan.email || self.plan.usernames {
            for_each(block.at(), |bit| self.at_sign(base + bit, past, out));
        }
        if !self.plan.urls {
            for_each(block.at(), |bit| {
                net::judge_credentials(self, base + bit, out)
            });
        }
        if block.assign() != 0 {
            let signs = self.telling_signs(block, base, past);
            for_each(signs, |bit| self.sign(base + bit, past, out));
        }
        let (mut cued, mut calls) = (0, 0);
        if self.plan.cues || self.plan.secrets {
            for_each(block.capitals(), |bit| {
                let cue = crate::names::may_follow_cue(self.text, base + bit, block.gap(bit));
                cued |= u64::from(cue) << bit;
                let call = credential::may_be_call(self.text.as_bytes(), base + bit);
                calls |= u64::from(call) << bit;
            });
        }
        if self.plan.cues {
            for_each(cued, |bit| {
                crate::names::judge_cue(self.text, base + bit, out)
            });
        }
        if self.plan.dates {
            for_each(block.capitals(), |bit| {
                date::judge_month(self.text, base + bit, out)
            });
        }
        if self.plan.secrets {
            for_each(block.p_starts(), |bit| {
                let at = base + bit;
                let bytes = self.text.as_bytes();
                if credential::may_be_word(&bytes[at..]) {
                    let word = (at, self.word_end(at));
                    credential::judge_word(self.text, word, self.plan.want, out);
                } else if at > 1 && bytes[at - 1] == b'-' && bytes[at - 2] == b' ' {
                    credential::judge_option(self.text, at, self.plan.want, out);
                }
            });
            for_each(calls, |bit| {
                credential::judge_call(self.text, base + bit, self.plan.want, out)
            });
            for_each(block.long_words(), |bit| {
                let at = base + bit - blocks::LONG_FROM;
                if at >= past.tokens {
                    past.tokens = token::judge(self, at, &around, out);
                }
            });
        }
    }

    fn word_end(&self, from: usize) -> usize {
        let bytes = self.text.as_bytes();
        let rest = bytes.get(from..).unwrap_or_default();
        from.min(bytes.len())
            + rest
                .iter()
                .position(|b| !context::in_word(*b))
                .unwrap_or(rest.len())
    }

    /// Where the word in a block begins and ends of which `bit` is a part.
    #[inline]
    fn word(&self, block: &Block, base: usize, bit: usize) -> (usize, usize) {
        let at = base + bit;
        match block.word_around(bit) {
            Some((back, ahead)) => (at - back, at + ahead),
            None => self.word_at(at),
        }
    }

    /// Where the word begins and ends in which `at` stands.
    fn word_at(&self, at: usize) -> (usize, usize) {
        let before = self.text.as_bytes()[..at].iter().rev().take(128);
        let back = before.take_while(|b| context::in_word(**b)).count();
        (at - back, self.word_end(at))
    }

    fn digits(&self, word: DigitWord, around: &Around<'_>, past: &mut Past, out: &mut Vec<Hit>) {
        let DigitWord {
            start,
            end,
            begins,
            token,
        } = word;
        if self.plan.secrets && token && start >= past.tokens {
            past.tokens = token::judge(self, start, around, out);
        }
        if self.plan.net && start >= past.net {
            past.net = net::judge(self, start, end, out);
        }
        if self.plan.numbers && start >= past.numbers {
            past.numbers = self.number((start, end), Some(around), past, out);
        }
        if self.plan.coordinates && begins {
            coords::judge(self, start, end, out);
        }
        if self.plan.dates && start >= past.dates && begins {
            past.dates = date::judge(self, start, end, out);
        }
    }

    /// Judges a number. Where group after group is no number, the rest of them is passed over.
    fn number(
        &self,
        (start, end): (usize, usize),
        around: Option<&Around<'_>>,
        past: &mut Past,
        out: &mut Vec<Hit>,
    ) -> usize {
        let (looked, reach) = numbers::judge(self, (start, end), around, out);
        if start >= past.groups {
            (past.groups, past.tries) = (reach, 0);
        } else {
            past.tries += 1;
        }
        if past.tries < MAX_TRIES {
            looked
        } else {
            looked.max(past.groups)
        }
    }

    fn at_sign(&self, at: usize, past: &mut Past, out: &mut Vec<Hit>) {
        if at < past.email {
            return;
        }
        let first = out.len();
        past.email = email::judge(self.text, at, out);
        if !self.plan.email {
            out.truncate(first);
        }
        if self.plan.usernames && past.email == at + 1 {
            username::judge_handle(self.text, at, out);
        }
    }

    /// Those of the signs in a block at which [`sign`](Self::sign) may find something. Most are
    /// told without a branch that depends on the text.
    #[inline]
    fn telling_signs(&self, block: &Block, base: usize, past: &mut Past) -> u64 {
        let signs = block.assign();
        let mut telling = 0;
        if self.plan.urls {
            telling |= block.before_slashes();
        }
        if self.plan.net {
            telling |= block.before_assign();
        }
        if self.plan.secrets && assign::may_name_user(self.text, &mut past.user) {
            telling = u64::MAX;
        }
        for_each(signs, |bit| {
            let key = assign::may_follow_key(self.text, base + bit, block.gap(bit));
            telling |= u64::from(key) << bit;
        });
        telling & signs
    }

    /// The `=` or `:` at `at`.
    fn sign(&self, at: usize, past: &mut Past, out: &mut Vec<Hit>) {
        let bytes = self.text.as_bytes();
        let following = &bytes[at + 1..];
        if following.starts_with(b"//") && bytes[at] == b':' {
            if self.plan.urls {
                net::judge_url(self, at, out);
            }
            return;
        }
        if self.plan.net
            && at >= past.ipv6
            && following.first() == Some(&b':')
            && (at == 0 || !bytes[at - 1].is_ascii_hexdigit())
        {
            past.ipv6 = net::judge_ipv6(self.text, at, out);
        }
        if self.plan.net && bytes[at] == b':' && bytes.get(at + 3) == Some(&b':') {
            net::judge_mac(self, at, out);
        }
        if self.plan.secrets
            && bytes[at] == b':'
            && following.first().is_some_and(|b| !b.is_ascii_whitespace())
        {
            credential::judge_user(self.text, at, self.plan.want, out);
        }
        if at >= past.assign {
            past.assign = assign::judge(self.text, at, self.plan.want, out);
        }
    }
}

/// A word with a digit in it.
struct DigitWord {
    start: usize,
    end: usize,
    /// Whether it begins with the digit.
    begins: bool,
    /// Whether it stands in something that is long enough for a token.
    token: bool,
}

/// After so many groups of digits that are no number the rest of them is not tried.
const MAX_TRIES: u32 = 8;
/// A number without a keyword has this many digits in so many bytes.
const FEW: u32 = 7;
const NEAR: u32 = 22;

/// Of the bits in a row the first; `before` is the block before.
#[inline]
fn first_of_runs(before: u64, here: u64) -> u64 {
    here & !(here << 1 | before >> 63)
}

/// Those of the numbers that begin at `starts` which say anything without a keyword: few numbers
/// are that long.
#[inline]
fn long_numbers(starts: u64, digits: u128) -> u64 {
    // Digits with no more than two other bytes between them, as one run.
    let mut run = digits | digits >> 1 | digits >> 2;
    run &= run >> 1;
    run &= run >> 2;
    run &= run >> 3;
    let mut long = 0;
    for_each(starts & run as u64, |bit| {
        let near = (digits >> bit) as u64 & ((1 << NEAR) - 1);
        long |= u64::from(near.count_ones() >= FEW) << bit;
    });
    long
}

#[inline]
fn for_each(mut mask: u64, mut each: impl FnMut(usize)) {
    while mask != 0 {
        each(mask.trailing_zeros() as usize);
        mask &= mask - 1;
    }
}
