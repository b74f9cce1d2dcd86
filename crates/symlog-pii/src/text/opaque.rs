//! Long runs of base64: what they hold is no text, and what looks like a finding in them is chance.

use std::ops::Range;

use super::Hit;

/// Characters from which on a run is taken for encoded data: longer than any token or key on one
/// line that is worth a finding of its own.
const LEAST: usize = 1024;
/// Of upper case, lower case and digits each, one in so many: data has all of them.
const SHARE: usize = 16;

/// Drops of `hits[first..]`, which are in order, what lies inside of encoded data. What begins
/// where the data begins is the data as a whole, and stays.
pub(super) fn spare(text: &str, hits: &mut Vec<Hit>, first: usize) {
    if text.len() < LEAST || hits.len() == first {
        return;
    }
    let bytes = text.as_bytes();
    let mut run = 0..0;
    let mut is_data = false;
    let mut kept = first;
    for at in first..hits.len() {
        let hit = &hits[at];
        if hit.start >= run.end {
            run = run_around(bytes, hit.start, run.end);
            is_data = run.len() >= LEAST && is_mixed(&bytes[run.clone()]);
        }
        let is_inside = hit.start > run.start && hit.end <= run.end;
        if !(is_data && is_inside) {
            hits.swap(kept, at);
            kept += 1;
        }
    }
    hits.truncate(kept);
}

/// The run that holds the byte at `at`, if there is one; nothing before `from` belongs to it.
fn run_around(bytes: &[u8], at: usize, from: usize) -> Range<usize> {
    let before = bytes[from..at].iter().rev();
    let start = at - before.take_while(|byte| is_base64(**byte)).count();
    let after = bytes[at..].iter();
    start..at + after.take_while(|byte| is_base64(**byte)).count()
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=')
}

fn is_mixed(run: &[u8]) -> bool {
    let count = |is: fn(&u8) -> bool| run.iter().filter(|byte| is(byte)).count() * SHARE;
    [
        u8::is_ascii_uppercase,
        u8::is_ascii_lowercase,
        u8::is_ascii_digit,
    ]
    .into_iter()
    .all(|is| count(is) >= run.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::RuleId;
    use crate::kind::PiiType;

    fn data(len: usize) -> String {
        "aQ3/xZ7+bK9d".repeat(len / 12 + 1)[..len].to_owned()
    }

    fn left(text: &str, hits: &[(usize, usize)]) -> Vec<(usize, usize)> {
        let hit = |(start, end): &(usize, usize)| {
            Hit::new(*start, *end, PiiType::DeviceId, 0.8, RuleId::new("r"))
        };
        let mut hits: Vec<_> = hits.iter().map(hit).collect();
        spare(text, &mut hits, 0);
        hits.iter().map(|hit| (hit.start, hit.end)).collect()
    }

    #[test]
    fn only_what_lies_inside_of_data_is_dropped() {
        let text = format!("id 12345 {} id 6789", data(LEAST));
        let end = 9 + LEAST;
        let all = [(3, 8), (9, 60), (100, 110), (500, end), (end + 4, end + 8)];
        assert_eq!(left(&text, &all), [(3, 8), (9, 60), (end + 4, end + 8)]);
        // Beyond its end.
        assert_eq!(left(&text, &[(500, end + 4)]), [(500, end + 4)]);
        let short = format!("id 12345 {} id 6789", data(LEAST - 1));
        assert_eq!(left(&short, &all[..3]), all[..3]);
    }

    #[test]
    fn digits_or_words_alone_are_no_data() {
        for run in ["1234567890", "abcdefghij", "1234-5678_abcd"] {
            let text = run.repeat(200);
            assert_eq!(left(&text, &[(20, 30)]), [(20, 30)], "{run}");
        }
    }
}
