//! Addresses of machines: IP, MAC, URL, and UUIDs.

use std::net::{IpAddr, Ipv6Addr};

use super::context::in_word;
use super::{Hit, Search};
use crate::finding::RuleId;
use crate::kind::PiiType;

const IPV4: RuleId = RuleId::new("ipv4");
const IPV6: RuleId = RuleId::new("ipv6");
const MAC: RuleId = RuleId::new("mac");
const URL: RuleId = RuleId::new("url");
const URL_CREDENTIALS: RuleId = RuleId::new("url-credentials");
const UUID: RuleId = RuleId::new("uuid");

/// Judges the word from `word` to `end`, which holds a digit, as a part of an address. Returns up
/// to where it has looked.
pub(super) fn judge(place: &Search<'_>, word: usize, end: usize, out: &mut Vec<Hit>) -> usize {
    let text = place.text;
    let bytes = text.as_bytes();
    // All of them are groups with a sign between.
    let sign =
        |at: Option<usize>| matches!(at.and_then(|at| bytes.get(at)), Some(b'.' | b':' | b'-'));
    if !sign(Some(end)) && !sign(word.checked_sub(1)) && point(bytes, end).is_none() {
        return end;
    }
    // Earlier groups of the address may be letters alone: `fe:dc:…`, `AA-BB-…`.
    let mut start = word;
    while start > 1
        && word - start < 36
        && matches!(bytes[start - 1], b':' | b'-')
        && end - word <= 4
    {
        let group = bytes[..start - 1]
            .iter()
            .rev()
            .take(5)
            .take_while(|b| b.is_ascii_hexdigit())
            .count();
        if !(1..=4).contains(&group) || (start - 1 > group && in_word(bytes[start - 2 - group])) {
            break;
        }
        start -= group + 1;
    }
    let found = out.len();
    let before = start.checked_sub(1).map(|i| bytes[i]);
    if place.wants(PiiType::IpAddress) && !matches!(before, Some(b'.' | b'-' | b'_')) {
        if let Some(end) = ipv4(bytes, start)
            && (before != Some(b':') || start < 2 || bytes[start - 2] != b':')
        {
            out.push(Hit::new(start, end, PiiType::IpAddress, 0.9, IPV4));
        }
        colons(text, start, out);
    }
    if place.wants(PiiType::MacAddress) && !matches!(before, Some(b':' | b'-')) && mac(bytes, start)
    {
        out.push(Hit::new(start, start + 17, PiiType::MacAddress, 0.9, MAC));
    }
    if place.wants(PiiType::MacAddress)
        && !matches!(before, Some(b'.' | b'-' | b':'))
        && dotted_mac(bytes, start)
    {
        out.push(Hit::new(start, start + 14, PiiType::MacAddress, 0.85, MAC));
    }
    if place.wants(PiiType::Uuid)
        && !matches!(before, Some(b'-'))
        && is_uuid(bytes.get(start..start + 36).unwrap_or_default())
        && !bytes
            .get(start + 36)
            .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'-')
    {
        out.push(Hit::new(start, start + 36, PiiType::Uuid, 0.4, UUID));
    }
    out[found..]
        .iter()
        .map(|hit| hit.end)
        .max()
        .unwrap_or(end)
        .max(end)
}

/// Whether the text is a UUID.
pub(super) fn is_uuid(text: &[u8]) -> bool {
    text.len() == 36
        && text.iter().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => *b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

fn ipv4(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    for part in 0..4 {
        let from = at;
        let mut value = 0u32;
        while at < bytes.len() && at - from < 3 && bytes[at].is_ascii_digit() {
            value = value * 10 + u32::from(bytes[at] - b'0');
            at += 1;
        }
        let padded = at - from > 1 && bytes[from] == b'0';
        if at == from || value > 255 || padded {
            return None;
        }
        if part < 3 {
            at += point(bytes, at)?;
        }
    }
    let after = bytes.get(at).copied();
    let longer = after.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_')
        || (matches!(after, Some(b'.' | b'-'))
            && bytes.get(at + 1).is_some_and(u8::is_ascii_digit));
    if longer {
        return None;
    }
    // A network's length belongs to the address.
    let digits = bytes
        .get(at + 1..)
        .unwrap_or_default()
        .iter()
        .take(3)
        .take_while(|b| b.is_ascii_digit())
        .count();
    Some(if after == Some(b'/') && (1..=2).contains(&digits) {
        at + 1 + digits
    } else {
        at
    })
}

/// The length of the point at `at`: `.`, or `[.]` as addresses are written that nobody shall visit.
fn point(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at)? {
        b'.' => Some(1),
        b'[' | b'(' => matches!(bytes.get(at..at + 3)?, b"[.]" | b"(.)").then_some(3),
        _ => None,
    }
}

/// An IPv6 address around the first colon after, or before, the word at `start`.
fn colons(text: &str, start: usize, out: &mut Vec<Hit>) {
    let bytes = text.as_bytes();
    let mut from = start;
    while from > 0 && start - from < 3 && bytes[from - 1] == b':' {
        from -= 1;
    }
    if from < start && start - from != 2 {
        return;
    }
    if from > 0 && (bytes[from - 1].is_ascii_alphanumeric() || bytes[from - 1] == b'.') {
        return;
    }
    judge_ipv6(text, from, out);
}

/// Judges the text at `from` as an IPv6 address.
pub(super) fn judge_ipv6(text: &str, from: usize, out: &mut Vec<Hit>) -> usize {
    let bytes = text.as_bytes();
    let limit = bytes.len().min(from + 46);
    let mut end = from;
    while end < limit && (bytes[end].is_ascii_hexdigit() || matches!(bytes[end], b':' | b'.')) {
        end += 1;
    }
    while end > from + 2 && matches!(bytes[end - 1], b'.') {
        end -= 1;
    }
    if bytes[from..end].iter().filter(|b| **b == b':').count() < 2 {
        return end.max(from + 1);
    }
    if bytes
        .get(end)
        .is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b':' | b'_'))
    {
        return end;
    }
    let candidate = &text[from..end];
    let candidate = if candidate.ends_with("::") {
        candidate
    } else {
        candidate.trim_end_matches(':')
    };
    if candidate.parse::<Ipv6Addr>().is_ok() && !code_path(bytes, from, candidate) {
        out.push(Hit::new(
            from,
            from + candidate.len(),
            PiiType::IpAddress,
            0.92,
            IPV6,
        ));
    }
    end
}

/// `::` and `a::b` are also how paths are written in code.
fn code_path(bytes: &[u8], from: usize, candidate: &str) -> bool {
    let neighbour = |b: Option<&u8>| {
        b.is_some_and(|b| {
            b.is_ascii_alphanumeric() || matches!(b, b'_' | b'<' | b'>' | b'{' | b'*')
        })
    };
    let end = from + candidate.len();
    let touches = (from > 0 && neighbour(bytes.get(from - 1))) || neighbour(bytes.get(end));
    let digits = candidate.bytes().filter(u8::is_ascii_digit).count();
    touches
        || (candidate != "::" && digits == 0 && candidate.len() < 10)
        || (candidate == "::"
            && bytes
                .get(end)
                .is_some_and(|b| !matches!(b, b' ' | b'/' | b'\n' | b',')))
        || candidate.parse::<IpAddr>().is_err()
}

/// Judges the `:` at `colon` as the first one of a hardware address without digits.
pub(super) fn judge_mac(place: &Search<'_>, colon: usize, out: &mut Vec<Hit>) {
    let bytes = place.text.as_bytes();
    let Some(start) = colon.checked_sub(2) else {
        return;
    };
    let begins = start == 0 || !(in_word(bytes[start - 1]) || bytes[start - 1] == b':');
    let letters = bytes[start..].iter().take(17).all(|b| !b.is_ascii_digit());
    if place.wants(PiiType::MacAddress) && begins && letters && mac(bytes, start) {
        out.push(Hit::new(start, start + 17, PiiType::MacAddress, 0.9, MAC));
    }
}

/// `0012.3456.789a`
fn dotted_mac(bytes: &[u8], start: usize) -> bool {
    let Some(text) = bytes.get(start..start + 14) else {
        return false;
    };
    let shaped = text.iter().enumerate().all(|(i, b)| {
        if i % 5 == 4 {
            *b == b'.'
        } else {
            b.is_ascii_hexdigit()
        }
    });
    let letters = text.iter().any(u8::is_ascii_alphabetic) || text[0] == b'0';
    shaped
        && letters
        && !bytes
            .get(start + 14)
            .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'.')
}

fn mac(bytes: &[u8], start: usize) -> bool {
    let Some(text) = bytes.get(start..start + 17) else {
        return false;
    };
    let separator = text[2];
    let shaped = matches!(separator, b':' | b'-')
        && text.iter().enumerate().all(|(i, b)| {
            if i % 3 == 2 {
                *b == separator
            } else {
                b.is_ascii_hexdigit()
            }
        });
    let after = bytes.get(start + 17);
    let longer = after.is_some_and(|b| b.is_ascii_alphanumeric() || *b == separator);
    let same = text
        .iter()
        .enumerate()
        .all(|(i, b)| i % 3 == 2 || *b == text[0]);
    shaped && !longer && !same
}

/// The longest URL.
const MAX_URL: usize = 2048;

/// Whether no URL holds the byte.
fn ends_url(byte: &u8) -> bool {
    matches!(
        byte,
        0..=b' ' | b'"' | b'<' | b'>' | b'`' | b'\\' | b'{' | b'}' | b'|' | b'^'
    )
}

/// Whether the byte ends the part of a URL in which its host stands.
fn ends_authority(byte: &u8) -> bool {
    ends_url(byte) || matches!(byte, b'/' | b'?' | b'#')
}

/// Judges the `://` whose colon is at `colon`. Returns up to where it has looked.
pub(super) fn judge_url(place: &Search<'_>, colon: usize, out: &mut Vec<Hit>) -> usize {
    let text = place.text;
    let bytes = text.as_bytes();
    let mut start = colon;
    while start > 0
        && colon - start < 16
        && (bytes[start - 1].is_ascii_alphanumeric()
            || matches!(bytes[start - 1], b'+' | b'.' | b'-'))
    {
        start -= 1;
    }
    if start == colon {
        return colon + 3;
    }
    let limit = bytes.len().min(colon + MAX_URL);
    let host_from = colon + 3;
    let authority_end = bytes[host_from..limit]
        .iter()
        .position(ends_authority)
        .map_or(limit, |n| host_from + n);
    let at = bytes[host_from..authority_end]
        .iter()
        .rposition(|b| *b == b'@')
        .map(|n| host_from + n);
    if let Some(at) = at {
        credentials(place, host_from, at, out);
    }
    if !place.wants(PiiType::Url) {
        return host_from;
    }
    let mut end = bytes[host_from..limit]
        .iter()
        .position(ends_url)
        .map_or(limit, |n| host_from + n);
    while end > host_from
        && matches!(
            bytes[end - 1],
            b'.' | b',' | b';' | b':' | b'!' | b'?' | b'\'' | b')' | b']' | b'*' | b'_'
        )
    {
        end -= 1;
    }
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let host = text
        .get(at.map_or(host_from, |at| at + 1)..authority_end.min(end))
        .unwrap_or("");
    let scheme = &text[start..colon];
    let web = ["http", "https", "ftp", "ftps", "ws", "wss"]
        .iter()
        .any(|s| s.eq_ignore_ascii_case(scheme));
    if web && host.contains('.') && host.len() > 3 {
        out.push(Hit::new(start, end, PiiType::Url, 0.8, URL));
    }
    host_from
}

/// Judges the `@` at `at` as that of `https://user:password@host`, where URLs themselves are not
/// looked for.
pub(super) fn judge_credentials(place: &Search<'_>, at: usize, out: &mut Vec<Hit>) {
    let bytes = place.text.as_bytes();
    // A second `@` changes nothing: from the first one on the whole authority is looked at.
    let host = bytes[..at]
        .iter()
        .rev()
        .take(MAX_URL)
        .position(|b| ends_authority(b) || *b == b'@')
        .map_or(0, |n| at - n);
    let Some(before) = bytes[..host].strip_suffix(b"://") else {
        return;
    };
    // Of several signs in a row the first one tells.
    if !matches!(before.last(), Some(b'=' | b':')) {
        judge_url(place, before.len(), out);
    }
}

/// `user:password@` in a URL: the password is masked.
fn credentials(place: &Search<'_>, from: usize, at: usize, out: &mut Vec<Hit>) {
    let bytes = place.text.as_bytes();
    let Some(colon) = bytes[from..at]
        .iter()
        .position(|b| *b == b':')
        .map(|n| from + n)
    else {
        return;
    };
    let secret = &bytes[colon + 1..at];
    let placeholder = secret.is_empty()
        || matches!(secret[0], b'$' | b'<' | b'{' | b'[' | b'%' | b'*')
        || secret
            .iter()
            .all(|b| matches!(b, b'*' | b'x' | b'X' | b'.'));
    if place.wants(PiiType::Username)
        && colon - from >= 3
        && bytes[from..colon]
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
    {
        out.push(Hit::new(
            from,
            colon,
            PiiType::Username,
            0.8,
            URL_CREDENTIALS,
        ));
    }
    if place.wants(PiiType::Password) && !placeholder {
        // Who logs in is half of the credential.
        let start = if from < colon && bytes[from] != b'$' {
            from
        } else {
            colon + 1
        };
        let mut hit = Hit::new(start, at, PiiType::Password, 0.95, URL_CREDENTIALS);
        hit.value = true;
        out.push(hit);
    }
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
            TypeSet::of(&[
                PiiType::IpAddress,
                PiiType::MacAddress,
                PiiType::Url,
                PiiType::Uuid,
            ]),
            &mut out,
        );
        let found: Vec<_> = out.iter().map(|h| &text[h.start..h.end]).collect();
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn addresses_are_found() {
        check(
            "at 192.168.0.1:8080 or 10.0.0.0/8.",
            &["192.168.0.1", "10.0.0.0/8"],
        );
        check(
            "ip: 684D:1111:222:3333:4444:5555:6:77",
            &["684D:1111:222:3333:4444:5555:6:77"],
        );
        check(
            "from ::1 or 2400:c401::5054:ff:fe1b:b031.",
            &["::1", "2400:c401::5054:ff:fe1b:b031"],
        );
        check("NAT64: 64:ff9b::198.51.100.1", &["64:ff9b::198.51.100.1"]);
        check("::ffff:192.0.2.1", &["::ffff:192.0.2.1"]);
        check(
            "at 192.0[.]2[.]1, 198(.)51.100.1",
            &["192.0[.]2[.]1", "198(.)51.100.1"],
        );
        check("MAC 00:1A:2B:3C:4D:5E", &["00:1A:2B:3C:4D:5E"]);
        check("see https://a.example/x?y=1.", &["https://a.example/x?y=1"]);
        check(
            "id 48b0ee9e-953f-4ede-2695-ca96cd3c750e",
            &["48b0ee9e-953f-4ede-2695-ca96cd3c750e"],
        );
    }

    #[test]
    fn code_and_versions_are_left() {
        check(
            "std::cout v1.2.3.4.5 1.2.3.04 ff:fe 10:30:45 Vec::<u8>::new() a::b::c",
            &[],
        );
        check("00:00:00:00:00:00 FF:FF:FF:FF:FF:FF", &[]);
    }
}
