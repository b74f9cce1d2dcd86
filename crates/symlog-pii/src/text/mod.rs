//! Plain text: what proposes candidates, and what judges them.

mod arbitrate;
mod assign;
mod blocks;
mod context;
mod date;
mod email;
mod net;
mod numbers;
mod token;

use crate::finding::{Finding, RuleId};
use crate::kind::{PiiType, TypeSet};
use crate::rules::RuleSet;

pub(crate) use arbitrate::arbitrate;
pub(crate) use assign::{SENSITIVE_KEY, kind_of};
pub(crate) use date::{is_birth, is_year, stated_age};
use numbers::Place;

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

/// What is looked for in a text, and with which rules.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Search<'a> {
    pub(crate) rules: &'a RuleSet,
    pub(crate) want: TypeSet,
    /// The key under which the text stands, or nothing.
    pub(crate) key: &'a str,
}

/// Appends everything of the types `want` that stands in `text`, with the built-in rules.
#[cfg(test)]
fn find(text: &str, key: &str, want: TypeSet, out: &mut Vec<Hit>) {
    Search {
        rules: RuleSet::built_in(),
        want,
        key,
    }
    .find(text, out);
}

/// Up to where each judge has looked. Nothing is judged twice, so the work stays linear.
#[derive(Default)]
struct Past {
    numbers: usize,
    dates: usize,
    tokens: usize,
    prefixes: usize,
    email: usize,
    assign: usize,
    ipv6: usize,
}

impl Search<'_> {
    /// Appends everything that stands in `text`, in order and without overlap.
    pub(crate) fn find(&self, text: &str, out: &mut Vec<Hit>) {
        let first = out.len();
        let bytes = text.as_bytes();
        let place = Place {
            text,
            key: self.key,
            rules: self.rules,
            want: self.want,
        };
        let wants = Wants::of(self.want);
        let mut past = Past::default();
        blocks::scan(bytes, |block, base| {
            let mut words = block.word_starts;
            while words != 0 {
                let at = base + words.trailing_zeros() as usize;
                words &= words - 1;
                wants.word(&place, at, &mut past, out);
            }
            let mut ats = block.at;
            while ats != 0 {
                let at = base + ats.trailing_zeros() as usize;
                ats &= ats - 1;
                if at >= past.email && wants.email {
                    past.email = email::judge(text, at, out);
                }
            }
            let mut signs = block.assign;
            while signs != 0 {
                let at = base + signs.trailing_zeros() as usize;
                signs &= signs - 1;
                wants.sign(&place, at, &mut past, out);
            }
        });
        arbitrate(out, first);
    }
}

/// Which judges have anything to do.
struct Wants {
    numbers: bool,
    dates: bool,
    net: bool,
    secrets: bool,
    email: bool,
}

impl Wants {
    fn of(want: TypeSet) -> Self {
        Self {
            numbers: numbers::wanted(want),
            dates: want.intersects(TypeSet::of(&[PiiType::Date, PiiType::Age])),
            net: want.intersects(TypeSet::of(&[
                PiiType::IpAddress,
                PiiType::MacAddress,
                PiiType::Uuid,
            ])),
            secrets: want.intersects(TypeSet::of(&[
                PiiType::Secret,
                PiiType::Password,
                PiiType::Jwt,
                PiiType::PrivateKey,
                PiiType::Media,
            ])),
            email: want.contains(PiiType::Email),
        }
    }

    /// The word that begins at `at`.
    fn word(&self, place: &Place<'_>, at: usize, past: &mut Past, out: &mut Vec<Hit>) {
        let bytes = place.text.as_bytes();
        let rest = &bytes[at..];
        let end = at
            + rest
                .iter()
                .position(|b| !context::in_word(*b))
                .unwrap_or(rest.len());
        let digit = bytes[at..end].iter().any(u8::is_ascii_digit);
        if self.secrets && at >= past.prefixes {
            past.prefixes = token::judge_prefix(place, at, out).max(past.prefixes);
        }
        if self.secrets && at >= past.tokens && (digit || end - at >= 16) {
            past.tokens = token::judge_token(place, at, out);
        }
        if self.secrets && matches!(end - at, 3..=10) && is_password_word(&bytes[at..end]) {
            assign::judge_said(place.text, end, place.want, out);
        }
        if self.net {
            net::judge(place.text, at, place.want, out);
        }
        if digit {
            if self.numbers && at >= past.numbers {
                past.numbers = numbers::judge(place, at, end, out);
            }
            if self.dates && at >= past.dates && bytes[at].is_ascii_digit() {
                past.dates = date::judge(place.text, at, end, place.want, out);
            }
        }
    }

    /// The `=` or `:` at `at`.
    fn sign(&self, place: &Place<'_>, at: usize, past: &mut Past, out: &mut Vec<Hit>) {
        let bytes = place.text.as_bytes();
        if bytes[at..].starts_with(b"://") {
            net::judge_url(place.text, at, place.want, out);
        } else if self.net
            && at >= past.ipv6
            && bytes[at..].starts_with(b"::")
            && (at == 0 || !bytes[at - 1].is_ascii_hexdigit())
        {
            past.ipv6 = net::judge_ipv6(place.text, at, out);
        }
        if at >= past.assign {
            past.assign = assign::judge(place.text, at, place.want, out);
        }
    }
}

fn is_password_word(word: &[u8]) -> bool {
    [
        "password",
        "passcode",
        "pwd",
        "passwort",
        "contraseña",
        "pass",
        "passwd",
        "hasło",
        "passphrase",
    ]
    .iter()
    .any(|w| w.as_bytes().eq_ignore_ascii_case(word))
}
