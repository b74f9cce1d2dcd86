//! Words with digits in them: every one is judged once, by all number rules together.

use super::Hit;
use super::context::{ahead, back, in_word};
use crate::kind::{PiiType, TypeSet};
use crate::rules::{RuleSet, Trigger};

/// The most rules that keywords near one number can speak for.
const MAX_SUPPORT: usize = 48;
/// How many words away a keyword may stand.
const REACH: usize = 8;

/// A place in a text, and what is looked for there.
pub(super) struct Place<'a> {
    pub(super) text: &'a str,
    pub(super) key: &'a str,
    pub(super) rules: &'a RuleSet,
    pub(super) want: TypeSet,
}

/// Judges the word from `start` to `end`, which holds a digit. Returns up to where it has looked.
pub(super) fn judge(place: &Place<'_>, start: usize, end: usize, out: &mut Vec<Hit>) -> usize {
    let bytes = place.text.as_bytes();
    if end - start > 128 {
        return end;
    }
    let support = Support::gather(place, start, end);
    let mut best: Option<Hit> = None;
    for from in starts(bytes, start).into_iter().flatten() {
        consider(place, from, &support, &mut best);
    }
    match best {
        Some(hit) => {
            let past = hit.end.max(end);
            if place.want.contains(hit.kind) {
                out.push(hit);
            }
            past
        }
        None => end,
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
        while from > 0 && start - from < 6 && bytes[from - 1].is_ascii_alphabetic() {
            from -= 1;
        }
        from
    });
    let letters =
        letters.filter(|from| *from < start - 1 && (*from == 0 || !in_word(bytes[from - 1])));
    [letters, sign, Some(start)]
}

fn consider(place: &Place<'_>, from: usize, support: &Support, best: &mut Option<Hit>) {
    let bytes = place.text.as_bytes();
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
        offer(index, rule.context - 0.015 * f32::from(distance));
    }
    if edge == Edge::Clear {
        for &index in &place.rules.free {
            offer(index, place.rules.rule(index).score);
        }
    }
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
    fn rules(&self) -> &[(u16, u8)] {
        &self.rules[..self.len]
    }

    fn add(&mut self, index: u16, distance: usize) {
        if self.len < MAX_SUPPORT && !self.rules().iter().any(|(i, _)| *i == index) {
            self.rules[self.len] = (index, distance.min(255) as u8);
            self.len += 1;
        }
    }

    fn gather(place: &Place<'_>, start: usize, end: usize) -> Self {
        let mut support = Self {
            rules: [(0, 0); MAX_SUPPORT],
            len: 0,
        };
        support.look_back(place, place.text, start, 0);
        if !place.key.is_empty() {
            support.look_back(place, place.key, place.key.len(), 1);
        }
        for near in ahead(place.text, end, 4) {
            support.word(
                place,
                place.text,
                near.start,
                near.hash(),
                near.distance + 3,
            );
        }
        support
    }

    fn look_back(&mut self, place: &Place<'_>, text: &str, at: usize, extra: usize) {
        for near in back(text, at) {
            if near.distance > REACH {
                break;
            }
            self.word(place, text, near.start, near.hash(), near.distance + extra);
        }
    }

    fn word(&mut self, place: &Place<'_>, text: &str, start: usize, hash: u64, distance: usize) {
        let Some(keyword) = place.rules.keywords.get(hash) else {
            return;
        };
        for (words, index) in &keyword.phrases {
            let mut before = back(text, start).filter(|near| near.text.len() < 24);
            if words
                .iter()
                .all(|word| before.next().is_some_and(|near| near.hash() == *word))
            {
                self.add_number(place, *index, distance);
            }
        }
        for index in &keyword.rules {
            self.add_number(place, *index, distance);
        }
    }

    fn add_number(&mut self, place: &Place<'_>, index: u16, distance: usize) {
        if place.rules.rule(index).trigger == Trigger::Number {
            self.add(index, distance);
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
        PiiType::Custom,
    ]);
    want.intersects(NUMBERS)
}
