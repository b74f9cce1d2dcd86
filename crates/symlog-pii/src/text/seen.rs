//! The words around candidates. Where candidates stand close together each word between them is
//! looked up once.

use super::Search;
use super::classes::{Classes, Wanted, classify};
use super::context::{MAX_BACK, Near, back, in_word, last};
use crate::keys;

/// What the words are looked up for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    Number,
    Token,
}

/// Blocks that are remembered: more than a look back or ahead goes over.
const BLOCKS: usize = 8;
/// Words that are looked at after a number, and how long they and the gaps may be.
const AHEAD: usize = 3;
const MAX_AHEAD: u32 = 24;
/// How far after a number a look goes.
const REACH: u32 = 96;

/// What was found out about the words of the last blocks.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    blocks: [Block; BLOCKS],
}

/// 64 bytes of text, one bit per byte.
#[derive(Debug, Clone, Copy)]
struct Block {
    /// Where it begins.
    base: usize,
    word: u64,
    /// Where a part of a word in camel case may begin.
    joint: u64,
    newline: u64,
    /// The first bytes of words that were looked up, and of those that say something.
    looked: [u64; 2],
    telling: [u64; 2],
}

impl Default for Seen {
    fn default() -> Self {
        let nothing = Block {
            base: usize::MAX,
            word: 0,
            joint: 0,
            newline: 0,
            looked: [0; 2],
            telling: [0; 2],
        };
        Self {
            blocks: [nothing; BLOCKS],
        }
    }
}

impl Seen {
    /// Calls `each` with the words before `at` that say something about a candidate there, nearest
    /// first, and with their parts: those of [`back`] with no more than `words` words between.
    pub(super) fn before<'t>(
        &mut self,
        place: &Search<'t>,
        about: About,
        at: usize,
        words: usize,
        mut each: impl FnMut(Near<'t>),
    ) {
        let bytes = place.text.as_bytes();
        if at > 0 && in_word(bytes[at - 1]) {
            return back(place.text, at)
                .take_while(|near| near.distance <= words)
                .for_each(each);
        }
        let floor = at.saturating_sub(MAX_BACK);
        self.load(bytes, floor, at);
        let below = (1u128 << (at - floor)) - 1;
        let word = self.mask(floor, at, |block| block.word) & below;
        let mut starts = word & !(word << 1);
        // A word at the floor may have begun before it.
        starts &= !u128::from(floor > 0);
        // The line before this one is the last that is looked at.
        let lines = self.mask(floor, at, |block| block.newline) & below;
        if lines & lines.wrapping_sub(1) != 0 {
            let earlier = lines ^ 1 << (127 - lines.leading_zeros());
            starts &= u128::MAX << (127 - earlier.leading_zeros());
        }
        let list = about as usize;
        let telling = self.mask(floor, at, |block| block.telling[list]);
        let looked = self.mask(floor, at, |block| block.looked[list]);
        if starts & (telling | !looked) == 0 {
            return;
        }
        let joint = self.mask(floor, at, |block| block.joint);
        for distance in 0..=words {
            if starts == 0 {
                break;
            }
            let from = 127 - starts.leading_zeros();
            starts ^= 1 << from;
            let to = from + (word >> from).trailing_ones();
            let (start, end) = (floor + from as usize, floor + to as usize);
            let parted = to - from > 3 && joint >> from >> 1 & ((1 << (to - from - 1)) - 1) != 0;
            let known = looked >> from & 1 == 1;
            let tells = match known {
                true => telling >> from & 1 == 1,
                false => self.look_up(place, about, start, end, parted),
            };
            if tells {
                if parted {
                    last(place.text, end).for_each(|near| each(near.at(distance)));
                } else {
                    each(Near::new(bytes, start, end, distance));
                }
            }
        }
    }

    /// Whether one of the words after a number that ends at `at` says something about it. It may be
    /// true without.
    pub(super) fn may_follow(&mut self, place: &Search<'_>, at: usize) -> bool {
        let bytes = place.text.as_bytes();
        if bytes.get(at).is_none_or(|b| in_word(*b)) {
            return at < bytes.len();
        }
        let limit = bytes.len().min(at + REACH as usize);
        self.load(bytes, at, limit);
        let word = self.mask(at, limit, |block| block.word);
        let newline = self.mask(at, limit, |block| block.newline);
        let line = newline.trailing_zeros();
        let mut from = 0;
        for _ in 0..AHEAD {
            if from + 2 * MAX_AHEAD > REACH {
                return true;
            }
            let gap = (word >> from).trailing_zeros();
            if gap > MAX_AHEAD || from + gap > line {
                return false;
            }
            from += gap;
            let len = (word >> from).trailing_ones();
            if len > MAX_AHEAD {
                return true;
            }
            let (start, end) = (at + from as usize, at + (from + len) as usize);
            if self.tells(place, start, end) {
                return true;
            }
            from += len;
        }
        false
    }

    /// Whether the word says something about a number.
    fn tells(&mut self, place: &Search<'_>, start: usize, end: usize) -> bool {
        let block = &self.blocks[start / 64 % BLOCKS];
        let bit = start % 64;
        let list = About::Number as usize;
        if block.looked[list] >> bit & 1 == 1 {
            return block.telling[list] >> bit & 1 == 1;
        }
        let joint = self.mask(start, end, |block| block.joint) >> 1;
        let len = end - start;
        let parted = len > 3 && joint & ((1 << (len - 1)) - 1) != 0;
        self.look_up(place, About::Number, start, end, parted)
    }

    /// Finds out whether a word, or a part of it, says something.
    fn look_up(
        &mut self,
        place: &Search<'_>,
        about: About,
        start: usize,
        end: usize,
        parted: bool,
    ) -> bool {
        let bytes = place.text.as_bytes();
        let tells = |near: Near<'_>| match about {
            About::Number => place.plan.number_words.get(near.hash()).is_some(),
            About::Token => {
                keys::cue(near.text).is_some() || place.plan.token_words.get(near.hash()).is_some()
            }
        };
        let tells = if parted {
            last(place.text, end).any(tells)
        } else {
            tells(Near::new(bytes, start, end, 0))
        };
        let block = &mut self.blocks[start / 64 % BLOCKS];
        block.looked[about as usize] |= 1 << (start % 64);
        block.telling[about as usize] |= u64::from(tells) << (start % 64);
        tells
    }

    /// Makes the blocks known in which `from` to `to` stand.
    fn load(&mut self, bytes: &[u8], from: usize, to: usize) {
        for base in (from / 64 * 64..to).step_by(64) {
            let block = &mut self.blocks[base / 64 % BLOCKS];
            if block.base != base {
                *block = Block::read(bytes, base);
            }
        }
    }

    /// A class of the bytes from `from` on, of the blocks that are known up to `to`.
    fn mask(&self, from: usize, to: usize, class: impl Fn(&Block) -> u64) -> u128 {
        let base = from / 64 * 64;
        let block = |base: usize| {
            let block = &self.blocks[base / 64 % BLOCKS];
            u128::from(if base < to && block.base == base {
                class(block)
            } else {
                0
            })
        };
        let shift = from % 64;
        let low = (block(base) | block(base + 64) << 64) >> shift;
        if shift == 0 {
            return low;
        }
        low | block(base + 128) << (128 - shift)
    }
}

impl Block {
    fn read(bytes: &[u8], base: usize) -> Self {
        let mut chunk = [0; 64];
        let len = bytes.len().min(base + 64) - base;
        chunk[..len].copy_from_slice(&bytes[base..base + len]);
        let mut classes = [Classes::default()];
        classify(&[chunk], Wanted::Words, &mut classes);
        let [
            Classes {
                word,
                digit,
                capital,
                newline,
                ..
            },
        ] = classes;
        let before = base.checked_sub(1).map_or(b' ', |i| bytes[i]);
        let after = |mask: u64, first: bool| mask << 1 | u64::from(first);
        let inside = word & after(word, in_word(before));
        let small = after(word & !digit & !capital, before.is_ascii_lowercase());
        let changes = digit ^ after(digit, before.is_ascii_digit());
        Self {
            base,
            word,
            joint: inside & (small & capital | changes),
            newline,
            looked: [0; 2],
            telling: [0; 2],
        }
    }
}
