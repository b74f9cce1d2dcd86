//! Stated ages.

use super::Hit;
use super::context::{Near, ahead, back};
use super::date::number;
use crate::finding::RuleId;
use crate::kind::PiiType;

const AGE: RuleId = RuleId::new("age");

/// The highest age that is believed.
const OLDEST: u32 = 125;

/// Units that an age is counted in, beside a word such as "old".
const UNITS: [&str; 25] = [
    "year",
    "years",
    "yr",
    "yrs",
    "y",
    "yo",
    "año",
    "años",
    "jahre",
    "jahr",
    "ans",
    "lat",
    "jährige",
    "jähriger",
    "jährigen",
    "anni",
    "anos",
    "month",
    "months",
    "meses",
    "mes",
    "week",
    "weeks",
    "days",
    "day",
];

/// Units that say an age by themselves.
const ALONE: [&str; 8] = [
    "años",
    "yo",
    "lat",
    "jahre",
    "jährige",
    "jähriger",
    "jährigen",
    "letni",
];

/// What makes of "n years" a stretch of time.
const STRETCH: [&str; 18] = [
    "de",
    "libre",
    "después",
    "antes",
    "previos",
    "atrás",
    "ago",
    "later",
    "y",
    "siguientes",
    "evolución",
    "seguimiento",
    "lang",
    "später",
    "zuvor",
    "temu",
    "oder",
    "mehr",
];

/// What makes of "years n" a stretch of time.
const STRETCH_BEFORE: [&str; 26] = [
    "hace",
    "hacía",
    "desde",
    "durante",
    "tras",
    "primeros",
    "últimos",
    "unos",
    "cada",
    "más",
    "mas",
    "menos",
    "seit",
    "vor",
    "nach",
    "przez",
    "od",
    "over",
    "for",
    "fumador",
    "seguimiento",
    "madre",
    "padre",
    "ósea",
    "osea",
    "depuis",
];

const OLD: [&str; 12] = [
    "old",
    "o",
    "of",
    "alt",
    "male",
    "female",
    "man",
    "woman",
    "boy",
    "girl",
    "gentleman",
    "lady",
];

const BEFORE: [&str; 21] = [
    "age", "aged", "ages", "edad", "alter", "âge", "wiek", "wieku", "turned", "turning", "turn",
    "turns", "âgé", "âgée", "idade", "età", "agé", "agée", "old", "aetat", "yo",
];

/// What follows "52M" in a note.
const AFTER_SEX: [&str; 14] = [
    "with",
    "presents",
    "c",
    "w",
    "who",
    "presenting",
    "pt",
    "here",
    "admitted",
    "patient",
    "s",
    "hx",
    "in",
    "h",
];

/// Judges the digits from `start` to `end` as those of an age: `47-year-old`, `47 years old`,
/// `aged 47`, `47 años`, `age: 47`, `47yo`, `47 y/o`, `(52M)`, `he is 47,`.
pub(super) fn judge(text: &str, start: usize, end: usize, out: &mut Vec<Hit>) {
    let bytes = text.as_bytes();
    let (value, len) = number(bytes, start);
    if len == 0 || len > 3 || value > OLDEST {
        return;
    }
    let digits_end = start + len;
    let rest = &bytes[digits_end..end];
    let glued = matches!(
        rest,
        b"yo" | b"y" | b"yr" | b"yrs" | b"YO" | b"F" | b"M" | b"f" | b"m"
    );
    if digits_end != end && !glued {
        return;
    }
    let mut after = ahead(text, digits_end, 3);
    let unit = after.next();
    let next = after.next();
    let years = is(unit, &UNITS);
    // "3 años de evolución" is no age, "3 años de edad" is one.
    let of_age = is(next, &["de"]) && is(after.next(), &["edad", "vida"]);
    let mut backward = back(text, start);
    let before = backward.next();
    let alone = is(unit, &ALONE) && !is(next, &STRETCH) && !is(before, &STRETCH_BEFORE);
    let old = is(next, &OLD) || of_age || alone;
    let shorthand = glued && !matches!(rest, b"M" | b"m" | b"F" | b"f" | b"y")
        || (matches!(rest, b"F" | b"M")
            && (is(ahead(text, end, 1).next(), &AFTER_SEX)
                || (start > 0 && bytes[start - 1] == b'(' && bytes.get(end) == Some(&b')'))));
    let said = is(before, &BEFORE)
        || {
            let further = backward.next();
            is(further, &["age", "edad"]) || said_of_someone(text, (before, further), digits_end)
        }
        || apposition(text, start, digits_end)
        || beside_a_relative(text, start, digits_end);
    if (years && old) || said || shorthand {
        let mut to = end;
        if years && old {
            to = unit.map_or(to, |n| n.start + n.text.len());
        }
        out.push(Hit::new(start, to, PiiType::Age, 0.8, AGE));
    }
}

fn is(near: Option<Near<'_>>, words: &[&str]) -> bool {
    near.is_some_and(|n| {
        words
            .iter()
            .any(|w| n.text.eq_ignore_ascii_case(w.as_bytes()))
    })
}

/// "He is 47, …", "I'm 34 and …"
fn said_of_someone(
    text: &str,
    (verb, who): (Option<Near<'_>>, Option<Near<'_>>),
    end: usize,
) -> bool {
    let someone = is(verb, &["is", "was", "m", "am", "s", "now"])
        && is(who, &["he", "she", "i", "who", "patient", "they"]);
    let someone = someone || is(verb, &["is", "was", "s"]) && is(who, &RELATIVES);
    someone
        && (matches!(text.as_bytes().get(end), Some(b',' | b'.' | b';' | b'!'))
            && !text.as_bytes().get(end + 1).is_some_and(u8::is_ascii_digit)
            || is(
                ahead(text, end, 1).next(),
                &["and", "but", "with", "now", "today", "years"],
            )
            || text.len() == end)
}

/// Those of whom ages are told.
const RELATIVES: [&str; 26] = [
    "dad",
    "mom",
    "mum",
    "mother",
    "father",
    "son",
    "daughter",
    "wife",
    "husband",
    "partner",
    "brother",
    "sister",
    "baby",
    "child",
    "kid",
    "grandma",
    "grandpa",
    "grandmother",
    "grandfather",
    "boy",
    "girl",
    "pt",
    "client",
    "aunt",
    "uncle",
    "toddler",
];

/// "daughter Paloma (17)", "my son, 4,"
fn beside_a_relative(text: &str, start: usize, end: usize) -> bool {
    let bytes = text.as_bytes();
    let after = bytes.get(end).copied();
    let open = start.checked_sub(1).map(|i| bytes[i]);
    let inside = match open {
        Some(b'(') => matches!(after, Some(b')' | b',')),
        Some(b' ') => bytes[..start - 1].ends_with(b",") && matches!(after, Some(b',')),
        _ => false,
    };
    inside && {
        let mut before = back(text, start);
        before.next().is_some_and(|near| {
            is(Some(near), &RELATIVES)
                || near.text[0].is_ascii_uppercase() && is(before.next(), &RELATIVES)
        })
    }
}

/// "Jane Roe, 45, was …"
fn apposition(text: &str, start: usize, end: usize) -> bool {
    let bytes = text.as_bytes();
    let closed = bytes[..start].ends_with(b", ") && bytes[end..].starts_with(b", ");
    let goes_on = bytes.get(end + 2).is_some_and(u8::is_ascii_lowercase);
    let name = |near: Option<Near<'_>>| {
        near.is_some_and(|n| n.text[0].is_ascii_uppercase() && n.text.len() > 1)
    };
    closed && goes_on && {
        let mut before = back(text, start);
        name(before.next()) && name(before.next())
    }
}

/// The age that a finding states.
pub(crate) fn stated_age(text: &str) -> u32 {
    number(text.as_bytes(), 0).0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::TypeSet;

    #[track_caller]
    fn check(text: &str, expect: &[&str]) {
        let mut out = Vec::new();
        super::super::find(text, "", TypeSet::of(&[PiiType::Age]), &mut out);
        let found: Vec<_> = out.iter().map(|h| &text[h.start..h.end]).collect();
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn ages() {
        check(
            "a 47-year-old man aged 33, 5 años de edad, 62 y/o, 81yo",
            &["47-year", "33", "5 años", "62 y", "81yo"],
        );
        check(
            "He is 47, she was 39. I'm 34 and Jane Roe, 52, left (61M).",
            &["47", "39", "34", "52", "61M"],
        );
    }

    #[test]
    fn stretches_of_time_and_counts_are_left() {
        check(
            "8 years ago, hace 10 años, a 3 month trial, Table 2, 45, and it is 12, so",
            &[],
        );
    }
}
