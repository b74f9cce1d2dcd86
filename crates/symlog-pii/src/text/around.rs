//! The words around candidates, by the masks of the blocks in which they stand.

use super::blocks::Block;
use super::classes::Classes;
use super::context::{MAX_BACK, Near, back, in_word, last};
use super::plan::Plan;
use crate::keys;
use crate::rules::head_at;

/// What the words are looked at for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    Number,
    Token,
}

/// How many words after a number are looked at.
const AHEAD: usize = 3;

/// What stands around a block.
pub(super) struct Around<'a> {
    text: &'a str,
    block: &'a Block<'a>,
    /// Where the block begins.
    base: usize,
}

impl<'a> Around<'a> {
    pub(super) fn new(text: &'a str, block: &'a Block<'a>, base: usize) -> Self {
        Self { text, block, base }
    }

    /// Calls `each` with the words before `at` that may say something about a candidate there,
    /// nearest first, and with their parts: those of [`back`] with no more than `words` words
    /// between.
    pub(super) fn before(
        &self,
        plan: &Plan,
        about: About,
        at: usize,
        words: usize,
        mut each: impl FnMut(Near<'a>),
    ) {
        let bytes = self.text.as_bytes();
        let floor = at.saturating_sub(MAX_BACK);
        let known = floor + 128 >= self.base && at <= self.base + 128;
        if !known || (at > 0 && in_word(bytes[at - 1])) {
            return back(self.text, at)
                .take_while(|near| near.distance <= words)
                .for_each(each);
        }
        let below = (1u128 << (at - floor)) - 1;
        let mask = |class: fn(&Classes) -> u64| below & self.from(floor, class);
        let word = mask(|c| c.word);
        let mut starts = word & !(word << 1);
        // A word at the floor may have begun before it.
        starts &= !u128::from(floor > 0);
        // The line before this one is the last that is looked at.
        let lines = mask(|c| c.newline);
        if lines & lines.wrapping_sub(1) != 0 {
            let earlier = lines ^ 1 << (127 - lines.leading_zeros());
            starts &= u128::MAX << (127 - earlier.leading_zeros());
        }
        let (digit, capital) = (mask(|c| c.digit), mask(|c| c.capital));
        let small = word & !digit & !capital;
        // Where a part of a word in camel case may begin.
        let joint = word & word << 1 & (small << 1 & capital | (digit ^ digit << 1));
        for distance in 0..=words {
            if starts == 0 {
                break;
            }
            let from = 127 - starts.leading_zeros();
            starts ^= 1 << from;
            let len = (word >> from).trailing_ones();
            let (start, end) = (floor + from as usize, floor + (from + len) as usize);
            let parted = len > 3 && joint >> from >> 1 & ((1 << (len - 1)) - 1) != 0;
            let head = head_at(bytes, start, len as usize);
            let tells = match about {
                About::Number => plan.number_heads.may_hold(head),
                About::Token => {
                    plan.token_heads.may_hold(head) || keys::may_run_together(&bytes[start..end])
                }
            };
            if parted {
                last(self.text, end).for_each(|near| each(near.at(distance)));
            } else if tells {
                each(Near::new(bytes, start, end, distance));
            }
        }
    }

    /// Whether one of the words after a number that ends at `at` may say something about it.
    pub(super) fn may_follow(&self, plan: &Plan, at: usize) -> bool {
        let bytes = self.text.as_bytes();
        if at >= self.base + 128 || bytes.get(at).is_none_or(|b| in_word(*b)) {
            return at < bytes.len();
        }
        // Only so much is known; at the end of the text nothing follows.
        let known = (self.base + 128 - at).min(64);
        let mask = |class: fn(&Classes) -> u64| self.from(at, class) as u64;
        let mut end = mask(|c| c.newline);
        if bytes.len() - at < known {
            end |= 1 << (bytes.len() - at);
        }
        let below = end.wrapping_sub(1) & !end;
        let word = mask(|c| c.word) & below;
        let mut starts = word & !(word << 1);
        for _ in 0..AHEAD {
            if starts == 0 {
                // More of the line may follow.
                return end == 0;
            }
            let from = starts.trailing_zeros() as usize;
            starts &= starts - 1;
            let len = (word >> from).trailing_ones() as usize;
            // So long a word may be looked at in pieces, or go on.
            let long = len >= 24 || from + len >= known;
            if long || plan.number_heads.may_hold(head_at(bytes, at + from, len)) {
                return true;
            }
        }
        false
    }

    /// A class of the bytes from `at` on, which is not before the block before the last.
    #[inline]
    fn from(&self, at: usize, class: impl Fn(&Classes) -> u64) -> u128 {
        let [a, b, c, d] = self.block.around(class);
        let offset = at + 128 - self.base;
        let (low, middle, high) = match offset / 64 {
            0 => (a, b, c),
            1 => (b, c, d),
            2 => (c, d, 0),
            _ => (d, 0, 0),
        };
        let shift = offset % 64;
        let both = u128::from(low) | u128::from(middle) << 64;
        both >> shift | u128::from(high) << 1 << (127 - shift)
    }
}
