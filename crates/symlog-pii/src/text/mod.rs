//! Plain text: what proposes candidates, and what judges them.

mod arbitrate;
mod assign;
mod blocks;
mod digits;
mod email;
mod luhn;

use crate::finding::{Finding, RuleId};
use crate::kind::{PiiType, TypeSet};

pub(crate) use arbitrate::arbitrate;
pub(crate) use assign::{SENSITIVE_KEY, kind_of};

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

/// Appends everything of the types `want` that stands in `text`, in order and without overlap.
pub(crate) fn find(text: &str, want: TypeSet, out: &mut Vec<Hit>) {
    let first = out.len();
    let bytes = text.as_bytes();
    let mut past = Past::default();
    blocks::scan(bytes, |block, base| {
        let mut starts = block.digit_starts;
        while starts != 0 {
            let at = base + starts.trailing_zeros() as usize;
            starts &= starts - 1;
            if at >= past.digits {
                past.digits = digits::judge(text, at, want, out);
            }
        }
        let mut ats = block.at;
        while ats != 0 {
            let at = base + ats.trailing_zeros() as usize;
            ats &= ats - 1;
            if at >= past.email && want.contains(PiiType::Email) {
                past.email = email::judge(text, at, out);
            }
        }
        let mut signs = block.assign;
        while signs != 0 {
            let at = base + signs.trailing_zeros() as usize;
            signs &= signs - 1;
            if at >= past.assign {
                past.assign = assign::judge(text, at, want, out);
            }
        }
    });
    arbitrate(out, first);
}

/// Up to where each judge has looked. Nothing is judged twice, so the work stays linear.
#[derive(Default)]
struct Past {
    digits: usize,
    email: usize,
    assign: usize,
}
