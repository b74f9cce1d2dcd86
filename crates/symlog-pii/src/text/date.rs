//! Dates and years. All are found at their digits.

use super::context::{Near, ahead, back, in_word};
use super::months::month;
use super::{Hit, Search, age};
use crate::finding::RuleId;
use crate::keys;
use crate::kind::PiiType;

const NUMERIC: RuleId = RuleId::new("date");
const NAMED: RuleId = RuleId::new("date-named");
const BIRTH: RuleId = RuleId::new("date-of-birth");
const YEAR: RuleId = RuleId::new("year");

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
    let earlier = start.checked_sub(2).map(|i| bytes[i]);
    let joined = match before {
        Some(b'.' | b'-' | b'/' | b'_' | b'$' | b'#' | b'%') => true,
        // `Fecha:06/01/2016` is a label, `10:30` a time.
        Some(b':') => earlier.is_none_or(|b| b.is_ascii_digit() || b == b':'),
        _ => false,
    };
    if end - start > 9 || end - start == 7 {
        return end;
    }
    if place.wants(PiiType::Date) {
        let found = if joined {
            month_joined(text, start, end)
        } else {
            numeric(text, start)
                .or_else(|| compact(text, start, end))
                .or_else(|| named(text, start, end))
        };
        if let Some((from, to)) = found {
            let to = time_after(bytes, to);
            let birth = born(text, from) || keys::kind_named(place.key) == Some(PiiType::Date);
            let rule = if birth {
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
            let score = match to - from {
                _ if birth => 0.9,
                ..8 => 0.6,
                8..10 => 0.8,
                // Numbers of other kinds seldom hold a whole date.
                _ => 0.87,
            };
            out.push(Hit::new(from, to, PiiType::Date, score, rule));
            return to.max(end);
        }
        if !joined && end - start == 4 && year(text, start, end) {
            out.push(Hit::new(start, end, PiiType::Date, 0.5, YEAR));
        }
    }
    if place.wants(PiiType::Age) {
        age::judge(text, start, end, out);
    }
    end
}

pub(super) fn number(bytes: &[u8], at: usize) -> (u32, usize) {
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

/// `2024-05-18`, `18.05.2024`, `5/18/24`, `2024/5/18`, `18-May-2024`, `2024-W20`.
fn numeric(text: &str, start: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let (first, first_len) = number(bytes, start);
    let at = start + first_len;
    if bytes.get(at) == Some(&b' ') {
        return spread(bytes, start);
    }
    let separator = *bytes.get(at)?;
    if !matches!(separator, b'-' | b'/' | b'.') {
        return None;
    }
    if bytes.get(at + 1) == Some(&b'W') && first_len == 4 && separator == b'-' {
        let (week, len) = number(bytes, at + 2);
        let end = at + 2 + len;
        let weekday = bytes.get(end) == Some(&b'-') && number(bytes, end + 1).1 == 1;
        let end = end + 2 * usize::from(weekday);
        return ((1900..2100).contains(&first)
            && len == 2
            && (1..=53).contains(&week)
            && closed(bytes, end))
        .then_some((start, end));
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
        let version = separator == b'.'
            && third_len == 2
            && (first_len == 1 || second_len == 1)
            && !cued(text, start);
        return ((ymd || dmy) && !version && closed(bytes, end)).then_some((start, end));
    }
    // `5/18`: without a year only with a slash, and no fraction of small numbers but after a word
    // such as "on".
    let day = separator == b'/'
        && (1..=12).contains(&first)
        && ((13..=31).contains(&second) && second_len == 2
            || (1..=31).contains(&second) && cued(text, start));
    (day && closed(bytes, after)).then_some((start, after))
}

/// `02 / 11 / 2003`, as forms are filled in.
fn spread(bytes: &[u8], start: usize) -> Option<(usize, usize)> {
    let part = |at: usize| Some(number(bytes, at)).filter(|(_, len)| matches!(len, 1 | 2 | 4));
    let (first, first_len) = part(start)?;
    let slash = |at: usize| (bytes.get(at..at + 3)? == b" / ").then_some(at + 3);
    let second_at = slash(start + first_len)?;
    let (second, second_len) = part(second_at)?;
    let third_at = slash(second_at + second_len)?;
    let (third, third_len) = part(third_at)?;
    let end = third_at + third_len;
    let day_month =
        |a: u32, b: u32| (1..=31).contains(&a) && (1..=31).contains(&b) && (a <= 12 || b <= 12);
    let whole = match (first_len, third_len) {
        (4, 1 | 2) => (1800..2200).contains(&first) && day_month(second, third),
        (1 | 2, 4) => (1800..2200).contains(&third) && day_month(first, second),
        (2, 2) => second_len == 2 && day_month(first, second),
        _ => false,
    };
    (whole && second_len <= 2 && closed(bytes, end)).then_some((start, end))
}

/// `20240518` after a word for a date, `05MAY2024`.
fn compact(text: &str, start: usize, end: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let (day, len) = number(bytes, start);
    let letters = bytes[start + len.min(end - start)..end]
        .iter()
        .take_while(|b| b.is_ascii_alphabetic())
        .count();
    if letters == 0 {
        let part = |from: usize, to: usize| {
            bytes[start + from..start + to]
                .iter()
                .fold(0, |v, d| v * 10 + u32::from(d - b'0'))
        };
        let whole = end - start == 8 && bytes[start..end].iter().all(u8::is_ascii_digit);
        return (whole
            && (1900..2100).contains(&part(0, 4))
            && (1..=12).contains(&part(4, 6))
            && (1..=31).contains(&part(6, 8))
            && (cued(text, start) || (start > 0 && bytes[start - 1] == b'|')))
            .then_some((start, end));
    }
    let after = start + len + letters;
    let (_, year_len) = number(bytes, after);
    let whole = matches!(year_len, 2 | 4) && after + year_len == end && letters >= 3;
    month(&bytes[start + len..after])?;
    (whole && len <= 2 && (1..=31).contains(&day)).then_some((start, end))
}

/// `May-21`, `enero-04`, `Sep/2020`: digits that a sign joins to a month's name.
fn month_joined(text: &str, start: usize, end: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let near = back(text, start).next()?;
    let joined =
        near.start + near.text.len() + 1 == start && matches!(bytes[start - 1], b'-' | b'/' | b'.');
    let (value, len) = number(bytes, start);
    month(near.text)?;
    let free = near.start == 0 || !matches!(bytes[near.start - 1], b'-' | b'_' | b'/' | b'.');
    let fits = len == 2 || (len == 4 && (1800..2200).contains(&value));
    (joined && free && fits && start + len == end && closed(bytes, end))
        .then_some((near.start, end))
}

/// Judges the word that begins at `start` with a capital as a month without day and year: "in June".
/// One with them is found at its digits.
pub(super) fn judge_month(text: &str, start: usize, out: &mut Vec<Hit>) {
    const CUES: [&str; 23] = [
        "in", "since", "until", "till", "last", "next", "this", "early", "late", "mid", "by",
        "during", "through", "from", "of", "after", "before", "every", "around", "im", "en",
        "seit", "w",
    ];
    let bytes = text.as_bytes();
    let Some(head) = bytes.get(start..start + 3) else {
        return;
    };
    // Most words with a capital are told by three letters.
    if !matches!(
        &[head[0] | 0x20, head[1] | 0x20, head[2] | 0x20],
        b"jan"
            | b"feb"
            | b"mar"
            | b"apr"
            | b"may"
            | b"jun"
            | b"jul"
            | b"aug"
            | b"sep"
            | b"oct"
            | b"nov"
            | b"dec"
            | b"mai"
            | b"okt"
            | b"dez"
    ) {
        return;
    }
    let len = bytes[start..]
        .iter()
        .take(15)
        .take_while(|b| in_word(**b))
        .count();
    let word = &bytes[start..start + len];
    let full = len > 4
        || matches!(
            word,
            b"May" | b"June" | b"July" | b"Mai" | b"Juni" | b"Juli"
        );
    if !full || month(word).is_none() {
        return;
    }
    let mut before = back(text, start);
    let Some(near) = before.next() else { return };
    let cued = near.start + near.text.len() + 1 == start
        && CUES
            .iter()
            .any(|w| near.text.eq_ignore_ascii_case(w.as_bytes()));
    let alone = ahead(text, start + len, 1)
        .next()
        .is_none_or(|near| near.start > start + len + 2 || near.text[0].is_ascii_lowercase());
    if cued && alone {
        out.push(Hit::new(start, start + len, PiiType::Date, 0.6, NAMED));
    }
}

/// Whether the word before is one that a date follows.
fn cued(text: &str, start: usize) -> bool {
    const CUES: [&str; 51] = [
        "on",
        "return",
        "service",
        "since",
        "until",
        "till",
        "by",
        "dated",
        "date",
        "seen",
        "admitted",
        "discharged",
        "starting",
        "started",
        "from",
        "through",
        "dob",
        "due",
        "visit",
        "before",
        "after",
        "for",
        "appointment",
        "today",
        "tomorrow",
        "yesterday",
        "collected",
        "received",
        "signed",
        "expires",
        "born",
        "birthday",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "am",
        "vom",
        "el",
        "del",
        "día",
        "le",
        "du",
        "au",
        "dnia",
        "dniu",
        "fecha",
        "datum",
    ];
    let mut words = back(text, start);
    let cue = |near: Near<'_>| {
        CUES.iter()
            .any(|w| near.text.eq_ignore_ascii_case(w.as_bytes()))
    };
    match words.next() {
        // "from 3/3 to 4/9"
        Some(near) if near.text.eq_ignore_ascii_case(b"to") => {
            words.nth(1).is_some_and(|n| n.text == b"from") || words.next().is_some_and(cue)
        }
        Some(near) => {
            text.as_bytes()[near.start + near.text.len()..start]
                .iter()
                .all(|b| matches!(b, b' ' | b':' | b',' | b'"' | b'*'))
                && cue(near)
        }
        None => false,
    }
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
    // `May 18`, `May 2024`, `May '24`, `mayo de 2024`
    let word_ends = |back: usize| {
        let end = start.checked_sub(back + 1)?;
        Some(in_word(bytes[end]) && gap(bytes, end + 1, start))
    };
    if !(word_ends(1) == Some(true) || word_ends(2) == Some(true)) {
        return None;
    }
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
            .all(|b| matches!(b, b' ' | b'.' | b',' | b'-' | b'\''))
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
    let short = len == 2 && text.as_bytes()[near.start - 1] == b'\'';
    (close && len == near.text.len() && (short || len == 4 && (1800..2200).contains(&value)))
        .then_some(near.start + len)
}

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
    const CUES: [&str; 44] = [
        "in",
        "since",
        "year",
        "desde",
        "hasta",
        "entre",
        "between",
        "from",
        "until",
        "by",
        "of",
        "during",
        "around",
        "circa",
        "en",
        "año",
        "im",
        "seit",
        "depuis",
        "roku",
        "before",
        "after",
        "early",
        "late",
        "a",
        "the",
        "born",
        "through",
        "till",
        "mid",
        "fy",
        "q1",
        "q2",
        "q3",
        "q4",
        "spring",
        "summer",
        "autumn",
        "fall",
        "winter",
        "christmas",
        "jahr",
        "del",
        "an",
    ];
    back(text, start).next().is_some_and(|near| {
        near.start + near.text.len() + 1 == start
            && CUES
                .iter()
                .any(|c| near.text.eq_ignore_ascii_case(c.as_bytes()))
    })
}

#[cfg(test)]
mod tests;
