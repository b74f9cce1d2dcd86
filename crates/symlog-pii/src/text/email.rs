//! E-mail addresses.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::Hit;
use super::context::back;
use crate::finding::RuleId;
use crate::kind::PiiType;

const RULE: RuleId = RuleId::new("email");
const SPOKEN: RuleId = RuleId::new("email-spoken");
/// RFC 5321, section 4.5.3.1.1.
const MAX_LOCAL: usize = 64;
/// RFC 5321, section 4.5.3.1.2.
const MAX_DOMAIN: usize = 255;

/// Judges the `@` at `at`. Returns up to where it has looked.
pub(super) fn judge(text: &str, at: usize, out: &mut Vec<Hit>) -> usize {
    let bytes = text.as_bytes();
    // Scanners put blanks around the sign.
    let blank = |at: Option<usize>| usize::from(at.and_then(|at| bytes.get(at)) == Some(&b' '));
    let (before, after) = (blank(at.checked_sub(1)), blank(Some(at + 1)));
    if before + after > 0 && !said(text, at) {
        return at + 1;
    }
    let local = local_start(text, at - before);
    let domain = domain_end(text, at + 1 + after);
    let (Some(start), Some(end)) = (local, domain) else {
        return at + 1;
    };
    // `git@github.com:owner/repo` is an address of a machine.
    if &bytes[start..at] == b"git" && matches!(bytes.get(end), Some(b':' | b'/')) {
        return end;
    }
    out.push(Hit::new(start, end, PiiType::Email, 0.9, RULE));
    end
}

/// Whether a word for e-mail stands before the `@` at `at`.
fn said(text: &str, at: usize) -> bool {
    back(text, at).take(8).any(|near| {
        ["mail", "email", "correo", "correu"]
            .iter()
            .any(|word| near.text.eq_ignore_ascii_case(word.as_bytes()))
    })
}

/// Appends addresses written out: `jane at example dot com`, `jane [at] example [dot] com`.
pub(super) fn judge_spoken(text: &str, out: &mut Vec<Hit>) {
    static DOT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("dot"));
    static DOT_IN_CAPITALS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("DOT"));
    for finder in [&DOT, &DOT_IN_CAPITALS] {
        judge_dots(text, finder, out);
    }
}

fn judge_dots(text: &str, dots: &Finder<'_>, out: &mut Vec<Hit>) {
    let bytes = text.as_bytes();
    let mut past = 0;
    for at in dots.find_iter(bytes) {
        let around = (at.checked_sub(1).map(|i| bytes[i]), bytes.get(at + 3));
        if at < past
            || !matches!(
                around,
                (Some(b' '), Some(b' '))
                    | (Some(b'['), Some(b']'))
                    | (Some(b'('), Some(b')'))
                    | (Some(b'<'), Some(b'>'))
                    | (Some(b'{'), Some(b'}'))
            )
        {
            continue;
        }
        if let Some((start, end)) = spoken_at(text, at - 1) {
            out.push(Hit::new(start, end, PiiType::Email, 0.8, SPOKEN));
            past = end;
        }
    }
}

/// Top-level domains of more than two letters that people read out.
const TOPS: [&str; 12] = [
    "com", "org", "net", "edu", "gov", "info", "biz", "dev", "app", "mil", "int", "site",
];

/// The address of which a written-out dot stands at `dot`.
fn spoken_at(text: &str, dot: usize) -> Option<(usize, usize)> {
    let name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'+');
    let bytes = text.as_bytes();
    let before = bytes[..dot].trim_ascii_end();
    let host = before.iter().rev().take(63).take_while(|b| name(b)).count();
    let rest = bytes[..before.len() - host].trim_ascii_end();
    let rest = ["[at]", "(at)", "<at>", "{at}", " at", "@"]
        .iter()
        .find_map(|sign| {
            let from = rest.len().checked_sub(sign.len())?;
            let same = rest[from..].eq_ignore_ascii_case(sign.as_bytes());
            same.then_some(&rest[..from])
        })?
        .trim_ascii_end();
    let local = rest
        .iter()
        .rev()
        .take(MAX_LOCAL)
        .take_while(|b| name(b))
        .count();
    let mut end = dot;
    let mut last = &bytes[..0];
    // One or two more labels: "dot co dot uk".
    loop {
        let tail = &bytes[end..];
        let blank = tail.iter().take_while(|b| **b == b' ').count();
        let Some(sign) = ["dot ", "[dot]", "(dot)", "<dot>", "{dot}"]
            .iter()
            .find(|sign| {
                let head = tail.get(blank..blank + sign.len());
                head.is_some_and(|head| head.eq_ignore_ascii_case(sign.as_bytes()))
            })
        else {
            break;
        };
        let from = end + blank + sign.len();
        let from = from
            + bytes[from..]
                .iter()
                .take(2)
                .take_while(|b| **b == b' ')
                .count();
        let label = bytes[from..]
            .iter()
            .take(24)
            .take_while(|b| b.is_ascii_alphabetic())
            .count();
        if label < 2 {
            break;
        }
        end = from + label;
        last = &bytes[from..end];
    }
    let known = last.len() == 2
        || TOPS
            .iter()
            .any(|top| last.eq_ignore_ascii_case(top.as_bytes()));
    (host > 1 && local > 0 && known).then_some((rest.len() - local, end))
}

fn local_start(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let floor = at.saturating_sub(MAX_LOCAL);
    let mut start = at;
    while start > floor && is_local(bytes[start - 1]) {
        start -= 1;
    }
    while start < at
        && (matches!(bytes[start], b'.' | b'-' | b'\'' | b'%') || !text.is_char_boundary(start))
    {
        start += 1;
    }
    (start < at && bytes[at - 1] != b'.').then_some(start)
}

/// What local parts are made of in practice; RFC 5321 allows more.
fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || byte >= 0x80
        || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-' | b'\'')
}

fn domain_end(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let ceiling = bytes.len().min(from + MAX_DOMAIN);
    let mut end = from;
    while end < ceiling
        && (bytes[end].is_ascii_alphanumeric()
            || !bytes[end].is_ascii()
            || matches!(bytes[end], b'.' | b'-'))
    {
        end += 1;
    }
    while end > from && (matches!(bytes[end - 1], b'.' | b'-') || !text.is_char_boundary(end)) {
        end -= 1;
    }
    let domain = text.get(from..end)?;
    let (rest, top) = domain.rsplit_once('.')?;
    let valid = !rest.is_empty()
        && !rest.starts_with(['.', '-'])
        && !domain.contains("..")
        && top.chars().count() >= 2
        && top.chars().all(|c| {
            c.is_alphabetic()
                || (top.starts_with("xn--") && (c.is_ascii_alphanumeric() || c == '-'))
        });
    valid.then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &[&str]) {
        let mut out = Vec::new();
        let mut past = 0;
        for (at, _) in text.match_indices('@') {
            if at >= past {
                past = judge(text, at, &mut out);
            }
        }
        let found: Vec<_> = out.iter().map(|h| &text[h.start..h.end]).collect();
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn addresses_are_found_whole() {
        check("user@example.com", &["user@example.com"]);
        check(
            "mail <a.b+c@x-y.co.uk>, or d_e@f.org.",
            &["a.b+c@x-y.co.uk", "d_e@f.org"],
        );
        check("o'brien@example.ie", &["o'brien@example.ie"]);
        check("jürgen@müller.de", &["jürgen@müller.de"]);
        check("mailto:a@b.io?subject=x", &["a@b.io"]);
        check("E-mail: t.lee @ example.com", &["t.lee @ example.com"]);
        check("meet me @ example.com", &[]);
    }

    #[test]
    fn written_out_addresses() {
        for (text, expect) in [
            (
                "mail jane.doe at example dot com today",
                "jane.doe at example dot com",
            ),
            (
                "jane [at] example [dot] co [dot] uk",
                "jane [at] example [dot] co [dot] uk",
            ),
            ("jane(at)example(dot)org", "jane(at)example(dot)org"),
            ("jane<at>example<dot>org", "jane<at>example<dot>org"),
            ("jane AT example DOT org", "jane AT example DOT org"),
        ] {
            let mut out = Vec::new();
            judge_spoken(text, &mut out);
            assert_eq!(&text[out[0].start..out[0].end], expect);
        }
        let mut out = Vec::new();
        judge_spoken("look at the dot product, a dot com", &mut out);
        assert!(out.is_empty());
    }

    #[test]
    fn what_is_no_address_is_left() {
        check(
            "@decorator a@b x@ @y.com me@localhost git@github.com:o/r.git",
            &[],
        );
        check("pkg@1.2.3 lodash@4.17.21", &[]);
        check("a@b..com", &[]);
    }
}
