//! Which rules and judges a choice of types needs, worked out once.

use super::classes::Wanted;
use super::numbers;
use crate::kind::{PiiType, TypeSet};
use crate::rules::{Keyword, RuleSet, Trigger, Words};

/// A rule that needs no keyword, with what tells at once that it does not match.
#[derive(Debug, Clone, Copy)]
pub(super) struct Free {
    pub(super) rule: u16,
    pub(super) min_len: u8,
    pub(super) min_digits: u8,
}

/// What is looked for.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) want: TypeSet,
    /// Number rules that need no keyword, by the first byte.
    pub(super) free: Vec<Vec<Free>>,
    /// The shortest match of any of them.
    pub(super) free_min: u8,
    /// Token rules that need no keyword, in the same way.
    pub(super) free_tokens: Vec<Vec<Free>>,
    pub(super) keywords: bool,
    /// The keywords that speak for a number rule of the types.
    pub(super) number_words: Words<Keyword>,
    /// Those that speak for a token rule.
    pub(super) token_words: Words<Keyword>,
    pub(super) numbers: bool,
    pub(super) dates: bool,
    pub(super) net: bool,
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
        let mut plan = Self {
            want,
            free: by_first(rules, want, Trigger::Number, |_| true),
            free_min: 0,
            free_tokens: by_first(rules, want, Trigger::Token, |_| true),
            keywords: true,
            number_words: rules.words_of(|rule| {
                rule.trigger == Trigger::Number && (rule.decoy || want.contains(rule.kind))
            }),
            token_words: rules.words_of(|rule| rule.trigger == Trigger::Token),
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
                PiiType::CryptoWallet,
            ])),
            email: want.contains(PiiType::Email),
            usernames: want.contains(PiiType::Username),
            coordinates: want.contains(PiiType::Coordinates),
            cues: want.contains(PiiType::Person),
            names: want.intersects(TypeSet::of(&[PiiType::Location, PiiType::Organization])),
        };
        plan.measure();
        plan
    }

    /// The seed's shapes alone: no keywords, no vendors.
    pub(crate) fn seed(rules: &RuleSet, want: TypeSet) -> Self {
        let mut plan = Self::new(rules, want);
        plan.free = by_first(rules, want, Trigger::Number, |id| SEED_RULES.contains(&id));
        plan.keywords = false;
        plan.secrets = false;
        plan.measure();
        plan
    }

    /// The classes of bytes at which something of the types begins.
    pub(super) fn classes(&self) -> Wanted {
        if self.secrets || self.cues {
            Wanted::All
        } else {
            Wanted::Signs
        }
    }

    fn measure(&mut self) {
        self.free_min = self
            .free
            .iter()
            .flatten()
            .map(|free| free.min_len)
            .min()
            .unwrap_or(u8::MAX);
    }
}

fn by_first(
    rules: &RuleSet,
    want: TypeSet,
    trigger: Trigger,
    keep: impl Fn(&str) -> bool,
) -> Vec<Vec<Free>> {
    (0..128u8)
        .map(|first| {
            rules
                .iter()
                .filter(|(_, rule)| {
                    rule.trigger == trigger
                        && rule.score > 0.0
                        && want.contains(rule.kind)
                        && keep(rule.id.as_str())
                        && rule.may_begin(first)
                })
                .map(|(index, rule)| Free {
                    rule: index,
                    min_len: rule.min_len(),
                    min_digits: rule.min_digits(),
                })
                .collect()
        })
        .collect()
}
