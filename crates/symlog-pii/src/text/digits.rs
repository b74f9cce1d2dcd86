//! Every digit run is judged once, by one judge.

use super::Hit;
use super::luhn::luhn;
use crate::finding::RuleId;
use crate::kind::{PiiType, TypeSet};

const SSN: RuleId = RuleId::new("us-ssn");
const CARD: RuleId = RuleId::new("card");
const CARD_GROUPED: RuleId = RuleId::new("card-grouped");
const PHONE: RuleId = RuleId::new("phone-nanp");
const PHONE_PLUS: RuleId = RuleId::new("phone-international");

/// The most groups and digits that are taken as one number.
const MAX_GROUPS: usize = 8;
const MAX_DIGITS: usize = 24;

/// Digit groups with single separators between them.
struct Run {
    digits: [u8; MAX_DIGITS],
    len: usize,
    /// Length of each group, and the separator before it.
    groups: [(u8, u8); MAX_GROUPS],
    count: usize,
    start: usize,
    end: usize,
}

impl Run {
    /// Reads the run at `start`. Where it becomes too long to be a number it is all the same
    /// read to its end, and `None` comes with that end.
    fn read(bytes: &[u8], start: usize) -> Result<Self, usize> {
        let mut run = Run {
            digits: [0; MAX_DIGITS],
            len: 0,
            groups: [(0, 0); MAX_GROUPS],
            count: 0,
            start,
            end: start,
        };
        let mut at = start;
        let mut separator = 0;
        let mut fits = true;
        loop {
            let group = at;
            while at < bytes.len() && bytes[at].is_ascii_digit() {
                if run.len < MAX_DIGITS {
                    run.digits[run.len] = bytes[at];
                    run.len += 1;
                } else {
                    fits = false;
                }
                at += 1;
            }
            if run.count < MAX_GROUPS {
                run.groups[run.count] = (u8::try_from(at - group).unwrap_or(u8::MAX), separator);
                run.count += 1;
            } else {
                fits = false;
            }
            run.end = at;
            let mut next = at;
            while next < bytes.len()
                && next - at < 2
                && matches!(bytes[next], b' ' | b'-' | b'.' | b'(' | b')' | b'/')
            {
                next += 1;
            }
            if !fits || next == at || next >= bytes.len() || !bytes[next].is_ascii_digit() {
                break;
            }
            separator = if next - at == 1 { bytes[at] } else { b'(' };
            at = next;
        }
        if fits { Ok(run) } else { Err(run.end) }
    }

    fn digits(&self) -> &[u8] {
        &self.digits[..self.len]
    }

    fn shape(&self) -> impl Iterator<Item = u8> {
        self.groups[..self.count].iter().map(|(len, _)| *len)
    }

    fn is_shape(&self, shape: &[u8]) -> bool {
        self.count == shape.len() && self.shape().eq(shape.iter().copied())
    }

    /// Whether all separators are the same one of `allowed`.
    fn separated_by(&self, allowed: &[u8]) -> bool {
        let mut separators = self.groups[1..self.count].iter().map(|(_, s)| *s);
        let first = separators.next();
        first.is_some_and(|s| allowed.contains(&s)) && separators.all(|s| Some(s) == first)
    }
}

/// Judges the digit run that begins at `at`. Returns up to where it has looked.
pub(super) fn judge(text: &str, at: usize, want: TypeSet, out: &mut Vec<Hit>) -> usize {
    let bytes = text.as_bytes();
    let run = match Run::read(bytes, at) {
        Ok(run) => run,
        Err(end) => return end,
    };
    if run.len < 9 || embedded(bytes, run.start, run.end) {
        return run.end;
    }
    if let Some(hit) = verdict(bytes, &run).filter(|hit| want.contains(hit.kind)) {
        out.push(hit);
    }
    run.end
}

/// Whether the number is a part of a longer token, such as a hash or a version.
fn embedded(bytes: &[u8], start: usize, end: usize) -> bool {
    let before = start.checked_sub(1).map(|i| bytes[i]);
    let after = bytes.get(end).copied();
    let joined = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_');
    joined(before)
        || joined(after)
        || (matches!(before, Some(b'.' | b'-'))
            && start > 1
            && bytes[start - 2].is_ascii_alphanumeric())
        || (matches!(after, Some(b'-' | b'.'))
            && bytes.get(end + 1).is_some_and(u8::is_ascii_alphanumeric))
}

fn verdict(bytes: &[u8], run: &Run) -> Option<Hit> {
    let hit = |kind, score, rule| Some(Hit::new(run.start, run.end, kind, score, rule));
    if (run.is_shape(&[4, 4, 4, 4]) || run.is_shape(&[4, 6, 5]))
        && run.separated_by(b"- ")
        && issuer(run.digits())
    {
        return hit(PiiType::CreditCard, 0.9, CARD_GROUPED);
    }
    if (13..=19).contains(&run.len)
        && (run.count == 1 || run.separated_by(b"- "))
        && issuer(run.digits())
        && luhn(run.digits())
    {
        return hit(PiiType::CreditCard, 0.9, CARD);
    }
    if run.is_shape(&[3, 2, 4]) && run.separated_by(b"- ") && social(run.digits()) {
        return hit(PiiType::Ssn, 0.9, SSN);
    }
    phone(bytes, run)
}

/// The first digits that card schemes use (ISO/IEC 7812), test numbers included.
fn issuer(digits: &[u8]) -> bool {
    matches!(digits[0], b'2'..=b'6') && digits.iter().any(|d| *d != digits[0])
}

/// Areas, groups and serials that were ever given out (SSA POMS RM 10201.030).
fn social(digits: &[u8]) -> bool {
    &digits[..3] != b"000"
        && &digits[..3] != b"666"
        && digits[0] != b'9'
        && &digits[3..5] != b"00"
        && &digits[5..] != b"0000"
}

fn phone(bytes: &[u8], run: &Run) -> Option<Hit> {
    let plus = run.start > 0 && bytes[run.start - 1] == b'+';
    if plus && (8..=15).contains(&run.len) && run.count <= 6 {
        return Some(Hit::new(
            run.start - 1,
            run.end,
            PiiType::Phone,
            0.8,
            PHONE_PLUS,
        ));
    }
    let national =
        run.is_shape(&[3, 3, 4]) || (run.is_shape(&[1, 3, 3, 4]) && run.digits[0] == b'1');
    let separated = run.groups[1..run.count]
        .iter()
        .all(|(_, s)| matches!(s, b'-' | b'.' | b' ' | b'('));
    if !(national && separated) {
        return None;
    }
    let area = run.digits[run.len - 10];
    if area < b'2' {
        return None;
    }
    let open = run.start > 0 && bytes[run.start - 1] == b'(';
    let start = if open && bytes[run.start..run.end].contains(&b')') {
        run.start - 1
    } else {
        run.start
    };
    Some(Hit::new(start, run.end, PiiType::Phone, 0.8, PHONE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &[(PiiType, &str)]) {
        let mut out = Vec::new();
        super::super::find(text, TypeSet::ALL, &mut out);
        let found: Vec<_> = out
            .iter()
            .map(|h| (h.kind, &text[h.start..h.end]))
            .collect();
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn the_shapes_of_the_seed() {
        check("123-45-6789", &[(PiiType::Ssn, "123-45-6789")]);
        check(
            "4532-1234-5678-9012",
            &[(PiiType::CreditCard, "4532-1234-5678-9012")],
        );
        check(
            "4111111111111111",
            &[(PiiType::CreditCard, "4111111111111111")],
        );
        check("555-123-4567", &[(PiiType::Phone, "555-123-4567")]);
        check(
            "call (555) 123-4567 now",
            &[(PiiType::Phone, "(555) 123-4567")],
        );
        check("+1 555 123 4567", &[(PiiType::Phone, "+1 555 123 4567")]);
        check("+49 30 901820", &[(PiiType::Phone, "+49 30 901820")]);
        check(
            "3782 822463 10005",
            &[(PiiType::CreditCard, "3782 822463 10005")],
        );
    }

    #[test]
    fn other_numbers_are_left() {
        for text in [
            "4532123456789012",
            "000-12-3456",
            "2024-05-18 10:30:00",
            "1.2.3.4",
            "123456789",
            "a4111111111111111",
            "18 May",
            "3.14159265358979",
            "1716000000000",
        ] {
            check(text, &[]);
        }
    }
}
