//! Dates, years and ages. All are found at their digits.

use super::context::{Near, ahead, back};
use super::{Hit, Search};
use std::sync::OnceLock;

use crate::finding::RuleId;
use crate::kind::PiiType;
use crate::rules::{Words, fold_hash};

const NUMERIC: RuleId = RuleId::new("date");
const NAMED: RuleId = RuleId::new("date-named");
const BIRTH: RuleId = RuleId::new("date-of-birth");
const YEAR: RuleId = RuleId::new("year");
const AGE: RuleId = RuleId::new("age");

/// Whether the rule is one of a date of birth.
pub(crate) fn is_birth(rule: &RuleId) -> bool {
    *rule == BIRTH
}

/// Whether the rule is that of a bare year.
pub(crate) fn is_year(rule: &RuleId) -> bool {
    *rule == YEAR
}

/// Judges the digits from `start` to `end`. Returns up to where it has looked.
pub(super) fn judge(place: &Search<'_>, start: usize, end: usize, out: &mut Vec<Hit>) -> usize {
    let text = place.text;
    let bytes = text.as_bytes();
    let before = start.checked_sub(1).map(|i| bytes[i]);
    let joined = matches!(
        before,
        Some(b'.' | b'-' | b'/' | b':' | b'_' | b'$' | b'#' | b'%')
    );
    if end - start > 4 && !(end - start == 8 || end - start <= 6) {
        return end;
    }
    if place.wants(PiiType::Date) {
        let found = if joined {
            None
        } else {
            numeric(bytes, start).or_else(|| named(text, start, end))
        };
        if let Some((from, to)) = found {
            let to = time_after(bytes, to);
            let rule = if born(text, from) {
                BIRTH
            } else if text[from..to]
                .bytes()
                .any(|b| b.is_ascii_alphabetic() && b != b'T' && b != b'Z')
            {
                NAMED
            } else {
                NUMERIC
            };
            // A month and a year may be an expiry, a day and a month a fraction.
            let score = if to - from < 8 { 0.6 } else { 0.8 };
            out.push(Hit::new(from, to, PiiType::Date, score, rule));
            return to.max(end);
        }
        if !joined && end - start == 4 && year(text, start, end) {
            out.push(Hit::new(start, end, PiiType::Date, 0.5, YEAR));
        }
    }
    if place.wants(PiiType::Age) {
        age(text, start, end, out);
    }
    end
}

fn number(bytes: &[u8], at: usize) -> (u32, usize) {
    let rest = bytes.get(at..).unwrap_or_default();
    let len = rest
        .iter()
        .take(5)
        .take_while(|b| b.is_ascii_digit())
        .count();
    let value = rest[..len]
        .iter()
        .fold(0, |v, d| v * 10 + u32::from(d - b'0'));
    (value, len)
}

/// `2024-05-18`, `18.05.2024`, `5/18/24`, `2024/5/18`, `18-May-2024`, `20240518` with a time.
fn numeric(bytes: &[u8], start: usize) -> Option<(usize, usize)> {
    let (first, first_len) = number(bytes, start);
    let at = start + first_len;
    let separator = *bytes.get(at)?;
    if !matches!(separator, b'-' | b'/' | b'.') {
        return None;
    }
    if bytes.get(at + 1).is_some_and(u8::is_ascii_alphabetic) {
        let len = bytes[at + 1..]
            .iter()
            .take_while(|b| b.is_ascii_alphabetic())
            .count();
        month(&bytes[at + 1..at + 1 + len])?;
        let after = at + 1 + len;
        let (_, year_len) = number(bytes, after + 1);
        let whole =
            bytes.get(after) == Some(&separator) && matches!(year_len, 2 | 4) && first <= 31;
        return whole
            .then_some((start, after + 1 + year_len))
            .filter(|(_, end)| closed(bytes, *end));
    }
    let (second, second_len) = number(bytes, at + 1);
    let after = at + 1 + second_len;
    // `03/2024`, `5-2024`
    if separator != b'.'
        && (1..=12).contains(&first)
        && first_len <= 2
        && second_len == 4
        && (1900..2100).contains(&second)
        && closed(bytes, after)
    {
        return Some((start, after));
    }
    if !matches!(second_len, 1 | 2) {
        return None;
    }
    if bytes.get(after) == Some(&separator) {
        let (third, third_len) = number(bytes, after + 1);
        let end = after + 1 + third_len;
        let ymd = first_len == 4
            && (1800..2200).contains(&first)
            && (1..=12).contains(&second)
            && (1..=31).contains(&third)
            && third_len <= 2;
        let day_month = (1..=31).contains(&first)
            && (1..=31).contains(&second)
            && (first <= 12 || second <= 12);
        let dmy = first_len <= 2
            && day_month
            && (third_len == 4 && (1800..2200).contains(&third) || third_len == 2);
        let version = separator == b'.' && third_len == 2 && (first_len == 1 || second_len == 1);
        return ((ymd || dmy) && !version && closed(bytes, end)).then_some((start, end));
    }
    // `5/18`: without a year only with a slash, and no fraction of small numbers.
    let day = separator == b'/'
        && (1..=12).contains(&first)
        && (13..=31).contains(&second)
        && second_len == 2;
    (day && closed(bytes, after)).then_some((start, after))
}

fn closed(bytes: &[u8], end: usize) -> bool {
    match (bytes.get(end), bytes.get(end + 1)) {
        (Some(b'T'), Some(b)) => b.is_ascii_digit(),
        (Some(b), _) if b.is_ascii_alphanumeric() || *b == b'_' => false,
        (Some(b'.' | b'-' | b'/'), Some(b)) => !b.is_ascii_digit(),
        _ => true,
    }
}

/// A time after a date belongs to it.
fn time_after(bytes: &[u8], end: usize) -> usize {
    let mut at = end;
    match bytes.get(at) {
        Some(b'T' | b' ') if bytes.get(at + 1).is_some_and(u8::is_ascii_digit) => at += 1,
        _ => return end,
    }
    let time = bytes[at..]
        .iter()
        .take(16)
        .take_while(|b| b.is_ascii_digit() || matches!(b, b':' | b'.'))
        .count();
    let text = &bytes[at..at + time];
    if time < 4 || !text.contains(&b':') || bytes[end] == b' ' && text[0] > b'2' {
        return end;
    }
    let mut stop = at + time;
    while bytes[stop - 1] == b'.' {
        stop -= 1;
    }
    if bytes.get(stop) == Some(&b'Z') {
        stop += 1;
    } else if matches!(bytes.get(stop), Some(b'+' | b'-'))
        && bytes.get(stop + 1).is_some_and(u8::is_ascii_digit)
    {
        stop += 1 + bytes[stop + 1..]
            .iter()
            .take(5)
            .take_while(|b| b.is_ascii_digit() || **b == b':')
            .count();
    }
    stop
}

/// `18 May 2024`, `18th of May`, `May 18, 2024`, `May 2024`, `18 de mayo de 2024`, `18. Mai`.
fn named(text: &str, start: usize, end: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let (value, len) = number(bytes, start);
    let mut day_end = start + len;
    let ordinal = ["st", "nd", "rd", "th", "er"]
        .iter()
        .any(|s| text.get(day_end..day_end + 2) == Some(s));
    if day_end != end && !ordinal {
        return None;
    }
    day_end = if ordinal { day_end + 2 } else { day_end };
    if len <= 2
        && (1..=31).contains(&value)
        && let Some(span) = day_first(text, start, day_end)
    {
        return Some(span);
    }
    // `May 18`, `May 2024`, `mayo de 2024`
    let mut earlier = back(text, start).filter(|near| near.text.len() > 1);
    let mut previous = earlier.next()?;
    if !gap(bytes, previous.start + previous.text.len(), start) {
        return None;
    }
    if len == 4 && matches!(previous.text, b"de" | b"del" | b"of") {
        previous = earlier.next()?;
    }
    month(previous.text)?;
    if len <= 2 && (1..=31).contains(&value) {
        let to = year_after(text, day_end).unwrap_or(day_end);
        return Some((previous.start, to));
    }
    (len == 4 && (1800..2200).contains(&value)).then_some((previous.start, day_end))
}

fn gap(bytes: &[u8], from: usize, to: usize) -> bool {
    to - from <= 2
        && bytes[from..to]
            .iter()
            .all(|b| matches!(b, b' ' | b'.' | b',' | b'-'))
}

fn day_first(text: &str, start: usize, day_end: usize) -> Option<(usize, usize)> {
    let mut month_end = None;
    for near in ahead(text, day_end, 3) {
        if month(near.text).is_some() {
            month_end = Some(near.start + near.text.len());
            break;
        }
        if !matches!(near.text, b"of" | b"de" | b"di" | b"the" | b"day") {
            return None;
        }
    }
    let month_end = month_end?;
    Some((start, year_after(text, month_end).unwrap_or(month_end)))
}

fn year_after(text: &str, at: usize) -> Option<usize> {
    let near: Near<'_> =
        ahead(text, at, 2).find(|near| !matches!(near.text, b"de" | b"del" | b"of" | b"r"))?;
    let (value, len) = number(near.text, 0);
    let close = near.start - at <= 8;
    (close && len == near.text.len() && len == 4 && (1800..2200).contains(&value))
        .then_some(near.start + len)
}

/// The number of a month's name, in English, Spanish, German, French, Polish, Italian, Portuguese.
fn month(word: &[u8]) -> Option<u8> {
    static MONTHS: OnceLock<Words<u8>> = OnceLock::new();
    let months = MONTHS.get_or_init(|| {
        let numbered = NAMES
            .iter()
            .zip(1..)
            .flat_map(|(names, n)| names.iter().map(move |name| (*name, n)));
        let cased = numbered.flat_map(|(name, n)| [(name.to_owned(), n), (name.to_uppercase(), n)]);
        Words::new(cased.map(|(name, n)| (fold_hash(name.as_bytes()), n)))
    });
    if word.len() < 3 || word.len() > 14 {
        return None;
    }
    months.get(fold_hash(word)).copied()
}

const NAMES: [&[&str]; 12] = [
    &[
        "january", "jan", "enero", "januar", "jänner", "janvier", "stycznia", "styczeń", "gennaio",
        "janeiro", "ene",
    ],
    &[
        "february",
        "feb",
        "febrero",
        "februar",
        "février",
        "lutego",
        "luty",
        "febbraio",
        "fevereiro",
        "févr",
    ],
    &[
        "march", "mar", "marzo", "märz", "mars", "marca", "marzec", "março", "mär",
    ],
    &[
        "april",
        "apr",
        "abril",
        "avril",
        "kwietnia",
        "kwiecień",
        "aprile",
        "abr",
        "avr",
    ],
    &["may", "mayo", "mai", "maja", "maj", "maggio", "maio"],
    &[
        "june", "jun", "junio", "juni", "juin", "czerwca", "czerwiec", "giugno", "junho",
    ],
    &[
        "july", "jul", "julio", "juli", "juillet", "lipca", "lipiec", "luglio", "julho", "juil",
    ],
    &[
        "august",
        "aug",
        "agosto",
        "août",
        "sierpnia",
        "sierpień",
        "ago",
    ],
    &[
        "september",
        "sep",
        "sept",
        "septiembre",
        "septembre",
        "września",
        "wrzesień",
        "settembre",
        "setembro",
        "setiembre",
    ],
    &[
        "october",
        "oct",
        "octubre",
        "oktober",
        "octobre",
        "października",
        "październik",
        "ottobre",
        "outubro",
        "okt",
    ],
    &[
        "november",
        "nov",
        "noviembre",
        "novembre",
        "listopada",
        "listopad",
        "novembro",
    ],
    &[
        "december",
        "dec",
        "diciembre",
        "dezember",
        "décembre",
        "grudnia",
        "grudzień",
        "dicembre",
        "dezembro",
        "dez",
        "dic",
        "déc",
    ],
];

fn born(text: &str, at: usize) -> bool {
    const WORDS: [&str; 14] = [
        "dob",
        "birth",
        "born",
        "birthdate",
        "birthday",
        "nacimiento",
        "geboren",
        "geburtsdatum",
        "geb",
        "naissance",
        "urodzenia",
        "ur",
        "urodzony",
        "nacido",
    ];
    back(text, at).take(6).any(|near| {
        WORDS
            .iter()
            .any(|w| near.text.eq_ignore_ascii_case(w.as_bytes()))
    })
}

/// Four digits that are a year: by a word before them, or between 1900 and 2099 in prose.
fn year(text: &str, start: usize, end: usize) -> bool {
    let bytes = text.as_bytes();
    let (value, _) = number(bytes, start);
    let open = bytes
        .get(end)
        .is_some_and(|b| matches!(b, b'-' | b'/' | b'_' | b':' | b'(' | b'%' | b'x'));
    if !(1900..2100).contains(&value) || open {
        return false;
    }
    const CUES: [&str; 20] = [
        "in", "since", "year", "from", "until", "by", "of", "during", "around", "circa", "en",
        "año", "im", "seit", "depuis", "roku", "before", "after", "early", "late",
    ];
    back(text, start).next().is_some_and(|near| {
        near.start + near.text.len() + 1 == start
            && CUES
                .iter()
                .any(|c| near.text.eq_ignore_ascii_case(c.as_bytes()))
    })
}

/// `47-year-old`, `47 years old`, `aged 47`, `47 años`, `age: 47`, `47yo`, `47 y/o`.
fn age(text: &str, start: usize, end: usize, out: &mut Vec<Hit>) {
    let bytes = text.as_bytes();
    let (value, len) = number(bytes, start);
    if len == 0 || len > 3 || value > 125 {
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
    let is = |near: Option<Near<'_>>, words: &[&str]| {
        near.is_some_and(|n| {
            words
                .iter()
                .any(|w| n.text.eq_ignore_ascii_case(w.as_bytes()))
        })
    };
    let years = is(
        unit,
        &[
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
            "anni",
            "anos",
            "month",
            "months",
            "meses",
            "week",
            "weeks",
            "days",
            "day",
        ],
    );
    // "3 años de evolución" is no age, "3 años de edad" is one.
    let third = after.next();
    let of_age = is(next, &["de"]) && is(third, &["edad"]);
    let alone = is(unit, &["años", "yo", "lat", "jahre", "jährige", "jähriger"]);
    let other = is(next, &["de"])
        || is(
            next,
            &[
                "libre", "después", "antes", "previos", "atrás", "ago", "later",
            ],
        );
    let old = is(
        next,
        &[
            "old", "o", "of", "alt", "male", "female", "man", "woman", "boy", "girl",
        ],
    ) || of_age
        || (alone && !other);
    const BEFORE: [&str; 16] = [
        "age", "aged", "ages", "edad", "alter", "âge", "wiek", "wieku", "turned", "turning", "âgé",
        "âgée", "idade", "età", "agé", "old",
    ];
    let mut backward = back(text, start);
    let cue = |near: Option<Near<'_>>| {
        near.is_some_and(|n| {
            BEFORE
                .iter()
                .any(|w| n.text.eq_ignore_ascii_case(w.as_bytes()))
        })
    };
    let said = cue(backward.next())
        || backward.next().is_some_and(|n| {
            n.text.eq_ignore_ascii_case(b"age") || n.text.eq_ignore_ascii_case(b"edad")
        });
    let shorthand = glued && !matches!(rest, b"M" | b"m" | b"F" | b"f" | b"y")
        || (matches!(rest, b"F" | b"M")
            && is(
                ahead(text, end, 1).next(),
                &[
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
                ],
            ));
    if (years && old) || said || shorthand {
        let (mut to, score) = (end, 0.8);
        if years && old {
            to = unit.map_or(to, |n| n.start + n.text.len());
        }
        out.push(Hit::new(start, to, PiiType::Age, score, AGE));
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
        super::super::find(
            text,
            "",
            TypeSet::of(&[PiiType::Date, PiiType::Age]),
            &mut out,
        );
        let found: Vec<_> = out.iter().map(|h| &text[h.start..h.end]).collect();
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn dates_in_many_forms() {
        check(
            "on 2024-05-18, 18.05.2024 and 5/18/24",
            &["2024-05-18", "18.05.2024", "5/18/24"],
        );
        check(
            "at 2024-06-05T09:15:30.500-07:00.",
            &["2024-06-05T09:15:30.500-07:00"],
        );
        check(
            "18 May 2024; May 18, 2024; 18th of May; May 2024",
            &["18 May 2024", "May 18, 2024", "18th of May", "May 2024"],
        );
        check(
            "el 12 de marzo de 2016, am 3. Oktober 1990",
            &["12 de marzo de 2016", "3. Oktober 1990"],
        );
        check("5-MAY-2021 seen 10/31", &["5-MAY-2021", "10/31"]);
        check("in 1999", &["1999"]);
    }

    #[test]
    fn ages() {
        check(
            "a 47-year-old man aged 33, 5 años de edad, 62 y/o, 81yo",
            &["47-year", "33", "5 años", "62 y", "81yo"],
        );
    }

    #[test]
    fn other_numbers_are_left() {
        check(
            "v1.2.3 1/2 cup 10.0.0.1 24/7 2024 files, port 8080, 3.14.15",
            &[],
        );
    }
}
