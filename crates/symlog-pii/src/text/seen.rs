//! The words around candidates. Where candidates stand close together, what a word says is found
//! out once.

use super::classes::{Classes, Wanted, classify};
use super::context::{MAX_BACK, Near, back, in_word, last};
use super::{Search, for_each};
use crate::rules::{MAX_HEAD, head_hash};

/// What the words are looked up for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    Number,
    Token,
}

/// Blocks that are remembered: more than a look back and one ahead go over.
const BLOCKS: usize = 8;

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
    /// The first bytes of words that may say something.
    telling: [u64; 2],
}

impl Block {
    const NONE: Self = Self {
        base: usize::MAX,
        word: 0,
        joint: 0,
        newline: 0,
        telling: [0; 2],
    };
}

impl Default for Seen {
    fn default() -> Self {
        Self {
            blocks: [Block::NONE; BLOCKS],
        }
    }
}

impl Seen {
    /// Calls `each` with the words before `at` that may say something about a candidate there,
    /// nearest first, and with their parts: those of [`back`] with no more than `words` words
    /// between. `each` answers whether the word says something; if not, it is not given again.
    pub(super) fn before<'t>(
        &mut self,
        place: &Search<'t>,
        about: About,
        at: usize,
        words: usize,
        mut each: impl FnMut(Near<'t>) -> bool,
    ) {
        let bytes = place.text.as_bytes();
        if at > 0 && in_word(bytes[at - 1]) {
            for near in back(place.text, at).take_while(|near| near.distance <= words) {
                each(near);
            }
            return;
        }
        let floor = at.saturating_sub(MAX_BACK);
        let blocks = self.load(place, floor, at);
        let mask = |class: fn(&Block) -> u64| around(&blocks, floor % 64, class);
        let below = (1u128 << (at - floor)) - 1;
        let list = about as usize;
        let telling = below
            & match about {
                About::Number => mask(|block| block.telling[0]),
                About::Token => mask(|block| block.telling[1]),
            };
        if telling == 0 {
            return;
        }
        let word = below & mask(|block| block.word);
        let mut starts = word & !(word << 1);
        // A word at the floor may have begun before it.
        starts &= !u128::from(floor > 0);
        // The line before this one is the last that is looked at.
        let lines = below & mask(|block| block.newline);
        if lines & lines.wrapping_sub(1) != 0 {
            let earlier = lines ^ 1 << (127 - lines.leading_zeros());
            starts &= u128::MAX << (127 - earlier.leading_zeros());
        }
        let joint = mask(|block| block.joint);
        let mut rest = starts & telling;
        while rest != 0 {
            let from = 127 - rest.leading_zeros();
            rest ^= 1 << from;
            let distance = (starts >> from >> 1).count_ones() as usize;
            if distance > words {
                break;
            }
            let len = (word >> from).trailing_ones();
            let (start, end) = (floor + from as usize, floor + (from + len) as usize);
            let parted = len > 3 && joint >> from >> 1 & ((1 << (len - 1)) - 1) != 0;
            let tells = if parted {
                let parts = last(place.text, end).map(|near| each(near.at(distance)));
                parts.fold(false, |any, tells| any | tells)
            } else {
                each(Near::new(bytes, start, end, distance))
            };
            if !tells {
                self.blocks[start / 64 % BLOCKS].telling[list] &= !(1 << (start % 64));
            }
        }
    }

    /// Whether one of the three words after a number that ends at `at` may say something about it.
    pub(super) fn may_follow(&mut self, place: &Search<'_>, at: usize) -> bool {
        let bytes = place.text.as_bytes();
        if bytes.get(at).is_none_or(|b| in_word(*b)) {
            return at < bytes.len();
        }
        let limit = bytes.len().min(at + 64);
        let blocks = self.load(place, at, limit);
        let mask = |class: fn(&Block) -> u64| around(&blocks, at % 64, class) as u64;
        let mut line = mask(|block| block.newline);
        line |= 1u64.checked_shl((limit - at) as u32).unwrap_or(0);
        let below = line.wrapping_sub(1) & !line;
        let word = mask(|block| block.word) & below;
        // So long a word may be looked at in pieces.
        let mut long = word & word >> 1;
        long &= long >> 2;
        long &= long >> 4;
        long &= long >> 8;
        let starts = word & !(word << 1);
        let second = starts & starts.wrapping_sub(1);
        let third = second & second.wrapping_sub(1);
        let near = match third {
            0 if line == 0 => return true,
            0 => starts,
            third => starts & (third ^ third.wrapping_sub(1)),
        };
        long != 0 || near & mask(|block| block.telling[0]) != 0
    }

    /// The blocks in which `from` to `to` stand, at most three.
    fn load(&mut self, place: &Search<'_>, from: usize, to: usize) -> [Block; 3] {
        let mut out = [Block::NONE; 3];
        for (base, out) in (from / 64 * 64..to).step_by(64).zip(&mut out) {
            let block = &mut self.blocks[base / 64 % BLOCKS];
            if block.base != base {
                *block = Block::read(place, base);
            }
            *out = *block;
        }
        out
    }
}

/// A class of the bytes of three blocks from the one at `shift` on.
#[inline]
fn around(blocks: &[Block; 3], shift: usize, class: fn(&Block) -> u64) -> u128 {
    let [low, middle, high] = blocks;
    let both = u128::from(class(low)) | u128::from(class(middle)) << 64;
    both >> shift | u128::from(class(high)) << 1 << (127 - shift)
}

impl Block {
    fn read(place: &Search<'_>, base: usize) -> Self {
        let bytes = place.text.as_bytes();
        // A word's head may end in the next block.
        let mut window = [0; 80];
        let len = bytes.len().min(base + window.len()) - base;
        window[..len].copy_from_slice(&bytes[base..base + len]);
        let (chunks, next) = window.as_chunks::<64>();
        let mut classes = [Classes::default()];
        classify(chunks, Wanted::Words, &mut classes);
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
        let joint = inside & (small & capital | changes);
        let starts = word & !inside;
        let tail = match word >> 63 {
            0 => 0,
            _ => next
                .iter()
                .take(MAX_HEAD)
                .take_while(|b| in_word(**b))
                .count(),
        };
        let whole = u128::from(word) | ((1 << tail) - 1) << 64;
        let mut numbers = 0;
        for_each(starts, |bit| {
            let len = (whole >> bit).trailing_ones() as usize;
            let head = window[bit..].first_chunk().copied().unwrap_or_default();
            let telling = place.plan.number_heads.may_hold(head_hash(head, len));
            // The parts of a word are looked up when it is asked for.
            let parts = joint >> bit >> 1 & ((1u128 << (len - 1)) - 1) as u64 != 0;
            numbers |= u64::from(telling | parts | (bit + len > 64)) << bit;
        });
        Self {
            base,
            word,
            joint,
            newline,
            telling: [numbers, starts],
        }
    }
}
