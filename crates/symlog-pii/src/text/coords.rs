//! Places on the globe in numbers: `48.2010, 16.3695`, `40°26′46″N 79°58′56″W`, `geo:…`.

use super::context::back;
use super::{Hit, Search};
use crate::finding::RuleId;
use crate::keys;
use crate::kind::PiiType;

const DECIMAL: RuleId = RuleId::new("coordinates");
const DEGREES: RuleId = RuleId::new("coordinates-dms");

/// Judges the number that begins at `start`, in the word that ends at `end`.
pub(super) fn judge(place: &Search<'_>, start: usize, end: usize, out: &mut Vec<Hit>) {
    let bytes = place.text.as_bytes();
    let plain = bytes[start..end].iter().all(u8::is_ascii_digit);
    if plain && end - start <= 3 && bytes.get(end) == Some(&b'.') {
        decimal(place, start, out);
    } else if !plain && let Some(to) = degrees(bytes, start, end) {
        out.push(Hit::new(start, to, PiiType::Coordinates, 0.85, DEGREES));
    }
}

/// A decimal number: its value in whole degrees, its decimals, its end.
fn number(bytes: &[u8], at: usize) -> Option<(u32, usize, usize)> {
    let count = |from: usize, most: usize| {
        bytes
            .get(from..)
            .unwrap_or_default()
            .iter()
            .take(most)
            .take_while(|b| b.is_ascii_digit())
            .count()
    };
    let whole = count(at, 4);
    if !(1..=3).contains(&whole) || bytes.get(at + whole) != Some(&b'.') {
        return None;
    }
    let decimals = count(at + whole + 1, 16);
    let end = at + whole + 1 + decimals;
    let value = bytes[at..at + whole]
        .iter()
        .fold(0, |v, d| v * 10 + u32::from(d - b'0'));
    let goes_on = match bytes.get(end) {
        Some(b'.') => bytes.get(end + 1).is_some_and(u8::is_ascii_digit),
        after => after.is_some_and(u8::is_ascii_alphanumeric),
    };
    (decimals > 0 && !goes_on).then_some((value, decimals, end))
}

fn decimal(place: &Search<'_>, digits: usize, out: &mut Vec<Hit>) {
    let bytes = place.text.as_bytes();
    let before = digits.checked_sub(1).map(|i| bytes[i]);
    if matches!(before, Some(b'.' | b'/' | b'$' | b'_')) {
        return;
    }
    let start = digits - usize::from(matches!(before, Some(b'-' | b'+')));
    let Some((latitude, places, end)) = number(bytes, digits) else {
        return;
    };
    let named = keys::kind_named(place.key) == Some(PiiType::Coordinates)
        || back(place.text, start).next().is_some_and(|near| {
            ["lat", "latitude", "lng", "lon", "longitude"]
                .iter()
                .any(|w| near.text.eq_ignore_ascii_case(w.as_bytes()))
        });
    let pair = second(bytes, end).filter(|(longitude, more, _)| {
        latitude <= 90 && *longitude <= 180 && places.min(*more) >= 3
    });
    match pair {
        // Three decimals may be a measure; four are eleven metres.
        Some((_, more, to)) if places.min(more) >= 4 || cued(place.text, start) => {
            out.push(Hit::new(start, to, PiiType::Coordinates, 0.8, DECIMAL));
        }
        _ if named && latitude <= 180 && places >= 2 => {
            out.push(Hit::new(start, end, PiiType::Coordinates, 0.75, DECIMAL));
        }
        _ => {}
    }
}

/// The number after the first: a comma or blank, perhaps `° N`, between them.
fn second(bytes: &[u8], end: usize) -> Option<(u32, usize, usize)> {
    let skip = |at: usize, what: &[u8], most: usize| {
        at + bytes
            .get(at..)
            .unwrap_or_default()
            .iter()
            .take(most)
            .take_while(|b| what.contains(b))
            .count()
    };
    let mut at = skip(end, b" \xc2\xb0NS", 5);
    let quarter = bytes[end..at].iter().any(|b| matches!(b, b'N' | b'S'));
    if !quarter
        && !bytes
            .get(at)
            .is_some_and(|b| matches!(b, b',' | b';' | b'/'))
    {
        return None;
    }
    at = skip(at, b",;/ ", 3);
    at = skip(at, b"-+", 1);
    let (value, decimals, end) = number(bytes, at)?;
    let tail = skip(end, b" \xc2\xb0", 4);
    let end = match bytes.get(tail) {
        Some(b'E' | b'W') if !bytes.get(tail + 1).is_some_and(u8::is_ascii_alphanumeric) => {
            tail + 1
        }
        _ => end,
    };
    Some((value, decimals, end))
}

fn cued(text: &str, at: usize) -> bool {
    back(text, at).take(4).any(|near| {
        [
            "coordinates",
            "coords",
            "gps",
            "location",
            "geo",
            "latlng",
            "position",
            "koordinaten",
            "coordenadas",
            "point",
        ]
        .iter()
        .any(|w| near.text.eq_ignore_ascii_case(w.as_bytes()))
    })
}

/// Degrees, minutes and seconds twice, each with its quarter of the sky.
fn degrees(bytes: &[u8], start: usize, word_end: usize) -> Option<usize> {
    let after = |digits: usize| bytes[start + digits..word_end].starts_with("°".as_bytes());
    if !(1..=3.min(word_end - start)).any(after) {
        return None;
    }
    let half = |from: usize, quarters: &[u8]| {
        let limit = bytes.len().min(from + 32);
        let end = (from..limit).find(|i| quarters.contains(&bytes[*i]))?;
        let inside = &bytes[from..end];
        let written = inside.iter().all(|b| {
            b.is_ascii_digit() || !b.is_ascii() || matches!(b, b' ' | b'.' | b'\'' | b'"')
        });
        (written && memchr::memmem::find(inside, "°".as_bytes()).is_some()).then_some(end + 1)
    };
    let north = half(start, b"NS")?;
    let next = north
        + bytes[north..]
            .iter()
            .take(3)
            .take_while(|b| matches!(b, b' ' | b','))
            .count();
    half(next, b"EWO")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::TypeSet;

    #[track_caller]
    fn check(text: &str, key: &str, expect: &[&str]) {
        let mut out = Vec::new();
        super::super::find(text, key, TypeSet::of(&[PiiType::Coordinates]), &mut out);
        let found: Vec<_> = out.iter().map(|h| &text[h.start..h.end]).collect();
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn pairs_degrees_and_keys() {
        check("at 40.7128, -74.0060 now", "", &["40.7128, -74.0060"]);
        check("geo:48.201,16.369;u=40", "", &["48.201,16.369"]);
        check("40.7128° N, 74.0060° W", "", &["40.7128° N, 74.0060° W"]);
        check("40°26′46″N 79°58′56″W", "", &["40°26′46″N 79°58′56″W"]);
        check("lat: 51.5074, lng=-0.1278", "", &["51.5074", "-0.1278"]);
        check("51.5074", "lat", &["51.5074"]);
    }

    #[test]
    fn other_numbers_are_left() {
        check(
            "0.5012 0.1234 of 1.25, 3.75 at 10.0.0.1, 99.1234, 12.1234 20° C",
            "",
            &[],
        );
    }
}
