//! Words with digits in them: every one is judged once, by all number rules together.

use std::cmp::Ordering;

use super::around::{About, Around};
use super::context::{Further, Near, ahead, back, in_word, one_before};
use super::spread::Spread;
use super::{Hit, Search};
use crate::kind::{PiiType, TypeSet};

/// The most rules that keywords near one number can speak for.
const MAX_SUPPORT: usize = 48;
/// How many words away a keyword may stand.
const REACH: usize = 7;
/// How many words away the keyword of a decoy may stand.
const MAX_DECOY: usize = 2;

/// Judges the word from `start` to `end`, which holds a digit. Returns up to where it has looked,
/// and up to where the groups go that may belong to one number with it. Nothing speaks for it
/// where nothing is `around` it.
pub(super) fn judge(
    place: &Search<'_>,
    (start, end): (usize, usize),
    around: Option<&Around<'_>>,
    out: &mut Vec<Hit>,
) -> (usize, usize) {
    let bytes = place.text.as_bytes();
    if end - start > 128 {
        return (end, end);
    }
    let (reach, digits) = reach(bytes, start, end);
    if digits < 2 || (digits < 3 && reach < 6) {
        return (end, end);
    }
    let support = match around {
        Some(around) if place.plan.keywords => {
            let words = if digits < 5 { 3 } else { REACH };
            Support::gather(place, (start, end), words, around)
        }
        _ => Support::NONE,
    };
    if support.len == 0 && reach + 6 < usize::from(place.plan.free.min_len) {
        return (end, end);
    }
    let mut best: Option<Hit> = None;
    for from in starts(bytes, start).into_iter().flatten() {
        let room = Room {
            from,
            len: start + reach - from,
            digits,
        };
        consider(place, &room, &support, &mut best);
    }
    if best.is_none() && support.len > 0 {
        best = consider_spread(place, start, &support);
    }
    match best {
        Some(hit) => {
            let past = hit.end.max(end);
            let decoy = hit.kind == PiiType::Custom && place.rules.is_decoy(&hit.rule);
            if place.wants(hit.kind) && !decoy {
                out.push(hit);
            }
            (past, past)
        }
        None => (end, start + reach),
    }
}

/// Where a number may begin whose first word with a digit begins at `start`: there, at the sign
/// or bracket before it, or at the letters before it (`AB 12 34 56 C`).
fn starts(bytes: &[u8], start: usize) -> [Option<usize>; 3] {
    let at = |back: usize| start.checked_sub(back).map(|i| bytes[i]);
    let sign = match at(1) {
        Some(b'+') => Some(start - 1),
        Some(b'(') if at(2) == Some(b'+') => Some(start - 2),
        Some(b'(') => Some(start - 1),
        _ => None,
    };
    let letters = matches!(at(1), Some(b' ' | b'-')).then(|| {
        let mut from = start - 1;
        while from > 0 && start - from < 7 && bytes[from - 1].is_ascii_alphabetic() {
            from -= 1;
        }
        from
    });
    let letters =
        letters.filter(|from| *from < start - 1 && (*from == 0 || !in_word(bytes[from - 1])));
    [letters, sign, Some(start)]
}

/// How far the groups go of which the first one stands from `start` to `end`, as one number may, and how many digits they hold:
/// one or two signs between them, and in each a digit, or no more than four capitals.
fn reach(bytes: &[u8], start: usize, end: usize) -> (usize, usize) {
    let bytes = &bytes[..bytes.len().min(start + 128)];
    let class = |at: usize| bytes.get(at).map_or(3, |b| CLASS[usize::from(*b)]);
    // Most numbers in code stand alone.
    if class(end) != 2 {
        let digits = bytes[start..end.min(bytes.len())].iter();
        return (end - start, digits.filter(|b| b.is_ascii_digit()).count());
    }
    let (mut at, mut last, mut digits) = (start, start, 0);
    loop {
        let from = at;
        let before = digits;
        while class(at) < 2 {
            digits += usize::from(class(at) == 0);
            at += 1;
        }
        let capitals = at - from <= 4 && bytes[from..at].iter().all(u8::is_ascii_uppercase);
        let extension = bytes[from..at].eq_ignore_ascii_case(b"ext") || &bytes[from..at] == b"x";
        if at == from || (digits == before && !capitals && !extension && from > start) {
            break;
        }
        // A closing bracket may be a part of it.
        last = at + usize::from(bytes.get(at) == Some(&b')'));
        let signs = usize::from(class(at) == 2) + usize::from(class(at) == 2 && class(at + 1) == 2);
        if signs == 0 {
            break;
        }
        at += signs;
    }
    (last - start, digits)
}

/// 0: a digit, 1: a letter, 2: what may stand between groups, 3: the end.
const CLASS: [u8; 256] = {
    let mut table = [3; 256];
    let mut i = 0;
    while i < 256 {
        let byte = i as u8;
        if byte.is_ascii_digit() {
            table[i] = 0;
        } else if byte.is_ascii_alphabetic() {
            table[i] = 1;
        } else if matches!(
            byte,
            b' ' | b'-' | b'.' | b'/' | b'(' | b')' | b':' | b'+' | b'*' | b',' | b'#'
        ) {
            table[i] = 2;
        }
        i += 1;
    }
    table
};

/// Where a number may begin, how long it may be, and how many digits it may have.
struct Room {
    from: usize,
    len: usize,
    digits: usize,
}

impl Room {
    fn fits(&self, min_len: u8, min_digits: u8) -> bool {
        usize::from(min_len) <= self.len && usize::from(min_digits) <= self.digits
    }
}

fn consider(place: &Search<'_>, room: &Room, support: &Support, best: &mut Option<Hit>) {
    let bytes = place.text.as_bytes();
    let from = room.from;
    let edge = left_edge(bytes, from);
    if edge == Edge::Inside {
        return;
    }
    let accept = |end: usize| right_edge(bytes, end);
    let mut offer = |index: u16, score: f32| {
        let rule = place.rules.rule(index);
        let beaten = best.as_ref().is_some_and(|b| score < b.score);
        if beaten {
            return;
        }
        if let Some(end) = rule.matches_at(place.text, from, accept) {
            let longer = best
                .as_ref()
                .is_none_or(|b| score > b.score || end - from > b.end - b.start);
            if longer && bytes[from..end].iter().any(u8::is_ascii_digit) {
                *best = Some(Hit::new(from, end, rule.kind, score, rule.id.clone()));
            }
        }
    };
    for &(index, distance) in support.rules() {
        let rule = place.rules.rule(index);
        if room.fits(rule.min_len(), rule.min_digits()) {
            offer(index, rule.context - 0.015 * f32::from(distance));
        }
    }
    if edge == Edge::Clear {
        let rules = &place.plan.free;
        rules.each(&bytes[from..], room.len, room.digits, |index| {
            offer(index, place.rules.rule(index).score);
        });
    }
}

/// The rules that a word speaks for, tried on a number whose digits stand apart.
fn consider_spread(place: &Search<'_>, start: usize, support: &Support) -> Option<Hit> {
    let spread = Spread::gather(place.text.as_bytes(), start)?;
    let text = spread.text();
    let tried = support.rules().iter().filter_map(|&(index, distance)| {
        let rule = place.rules.rule(index);
        let end = rule.matches_at(text, 0, |end| right_edge(text.as_bytes(), end))?;
        let score = rule.context - 0.015 * f32::from(distance);
        let (end, id) = (spread.end(end), rule.id.clone());
        Some(Hit::new(start, end, rule.kind, score, id))
    });
    tried.max_by(|a, b| {
        (a.score, a.end)
            .partial_cmp(&(b.score, b.end))
            .unwrap_or(Ordering::Equal)
    })
}

#[derive(PartialEq, Eq, Clone, Copy)]
enum Edge {
    Clear,
    /// After a letter and a hyphen and the like: only a keyword makes it a number.
    Joined,
    Inside,
}

fn left_edge(bytes: &[u8], from: usize) -> Edge {
    let Some(before) = from.checked_sub(1).map(|i| bytes[i]) else {
        return Edge::Clear;
    };
    if before.is_ascii_alphanumeric() || matches!(before, b'$') {
        return Edge::Inside;
    }
    let further = from.checked_sub(2).map(|i| bytes[i]);
    match (before, further) {
        (b'.' | b'-' | b'/' | b':' | b',', Some(b)) if b.is_ascii_digit() => Edge::Inside,
        (b'.' | b'-' | b'/' | b'_' | b'%' | b'\\', Some(b)) if b.is_ascii_alphanumeric() => {
            Edge::Joined
        }
        (b'_' | b'%' | b'&', _) => Edge::Joined,
        _ => Edge::Clear,
    }
}

fn right_edge(bytes: &[u8], end: usize) -> bool {
    let after = bytes.get(end).copied();
    let further = bytes.get(end + 1).copied();
    match (after, further) {
        (None, _) => true,
        (Some(b), _) if in_word(b) || b == b'_' => false,
        (Some(b'-'), Some(b)) => !b.is_ascii_alphanumeric(),
        (Some(b'.' | b'/' | b':' | b','), Some(b)) => !b.is_ascii_digit(),
        _ => true,
    }
}

/// The rules that the words around a number speak for, nearest first.
struct Support {
    rules: [(u16, u8); MAX_SUPPORT],
    len: usize,
}

impl Support {
    const NONE: Self = Self {
        rules: [(0, 0); MAX_SUPPORT],
        len: 0,
    };

    fn rules(&self) -> &[(u16, u8)] {
        &self.rules[..self.len]
    }

    fn add(&mut self, index: u16, distance: usize) {
        if self.len < MAX_SUPPORT && !self.rules().iter().any(|(i, _)| *i == index) {
            self.rules[self.len] = (index, distance.min(255) as u8);
            self.len += 1;
        }
    }

    fn gather(
        place: &Search<'_>,
        (start, end): (usize, usize),
        words: usize,
        around: &Around<'_>,
    ) -> Self {
        let mut support = Self::NONE;
        around.before(place.plan, About::Number, start, words, |near| {
            support.word(place, place.text, &near, near.distance);
        });
        if !place.key.is_empty() {
            let words = back(place.key, place.key.len());
            for near in words.take_while(|near| near.distance <= REACH) {
                support.word(place, place.key, &near, near.distance + 1);
            }
        }
        if around.may_follow(place.plan, end) {
            for near in ahead(place.text, end, 3) {
                // A label belongs to what follows it: "88120391  TEL: …".
                if place.text.as_bytes().get(near.start + near.text.len()) == Some(&b':') {
                    break;
                }
                support.word(place, place.text, &near, near.distance + 3);
            }
        }
        support
    }

    /// Adds the rules that the word speaks for.
    fn word(&mut self, place: &Search<'_>, text: &str, near: &Near<'_>, distance: usize) {
        let Some(keyword) = place.plan.number_words.get(near.hash()) else {
            return;
        };
        // A decoy's word must stand close before the number.
        let far = |index: u16| distance > MAX_DECOY && place.rules.rule(index).decoy;
        let before = || back(text, near.start).filter(|near| near.text.len() < 24);
        // Most phrases end at their first word; it is the same one for all of them.
        let mut nearest = None;
        for (words, index) in &keyword.phrases {
            let nearest = *nearest.get_or_insert_with(|| match one_before(text, near.start) {
                Ok(word) => word,
                Err(Further) => before().next().map(|near| near.hash()),
            });
            if words.first().copied() != nearest || far(*index) {
                continue;
            }
            let mut before = before();
            if words
                .iter()
                .all(|word| before.next().is_some_and(|near| near.hash() == *word))
            {
                self.add(*index, distance);
            }
        }
        for index in keyword.rules.iter().filter(|index| !far(**index)) {
            self.add(*index, distance);
        }
    }
}

/// Whether the types that number rules report are wanted at all.
pub(super) fn wanted(want: TypeSet) -> bool {
    const NUMBERS: TypeSet = TypeSet::of(&[
        PiiType::Phone,
        PiiType::Ssn,
        PiiType::CreditCard,
        PiiType::Iban,
        PiiType::RoutingNumber,
        PiiType::AccountNumber,
        PiiType::CryptoWallet,
        PiiType::Mrn,
        PiiType::HealthPlanId,
        PiiType::Npi,
        PiiType::Dea,
        PiiType::Passport,
        PiiType::DriverLicense,
        PiiType::Vin,
        PiiType::LicensePlate,
        PiiType::DeviceId,
        PiiType::NationalId,
        PiiType::Password,
        PiiType::Location,
        PiiType::Custom,
    ]);
    want.intersects(NUMBERS)
}
