//! Credentials: known first characters, shapes beside a vendor's name, and random tokens beside
//! a word for a secret.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::around::{About, Around};
use super::context::{in_word, last};
use super::net::is_uuid;
use super::{Hit, Search};
use crate::checks::{is_dealt_out, is_example_uuid, looks_random};
use crate::finding::RuleId;
use crate::keys::{self, Cue};
use crate::kind::PiiType;
use crate::rules::{MIN_TOKEN, head_at};

const GENERIC: RuleId = RuleId::new("generic-secret");
const JWT: RuleId = RuleId::new("jwt");
const PEM: RuleId = RuleId::new("pem");
const BASE64_MEDIA: RuleId = RuleId::new("data-uri");

/// The longest token that is judged. A longer one is data.
const MAX_TOKEN: usize = 4096;
/// A private key's longest text.
pub(crate) const MAX_PEM: usize = 16 * 1024;

/// Judges the token in which the word at `word` stands: known first characters at each of its
/// words, then its whole. Returns up to where it has looked.
pub(super) fn judge(
    place: &Search<'_>,
    word: usize,
    around: &Around<'_>,
    out: &mut Vec<Hit>,
) -> usize {
    let bytes = place.text.as_bytes();
    let back = bytes[..word]
        .iter()
        .rev()
        .take(MAX_BACK)
        .take_while(|b| TOKEN[usize::from(**b)])
        .count();
    let ahead = bytes[word..]
        .iter()
        .take(MIN_TOKEN)
        .take_while(|b| TOKEN[usize::from(**b)])
        .count();
    // A word may begin with a letter that no token has: what stands before it ends there.
    if ahead == 0 || back + ahead < MIN_TOKEN {
        return word + ahead;
    }
    let start = word - back;
    let first = out.len();
    let mut at = start;
    while at < word + 1 {
        let begins = at == 0 || !bytes[at - 1].is_ascii_alphanumeric() || at == start;
        if begins && judge_prefix(place, at, out) > word {
            return out[first..]
                .iter()
                .map(|hit| hit.end)
                .max()
                .unwrap_or(word + 1);
        }
        at += 1;
    }
    // The run of words that are joined without a sign that parts key and value.
    let from = (start..word)
        .rev()
        .find(|i| matches!(bytes[*i], b'=' | b':' | b'%'))
        .map_or(start, |i| i + 1);
    let from = (from..=word).find(|i| in_word(bytes[*i])).unwrap_or(word);
    let from = unglued(place, from);
    judge_token(place, from, word.max(from), around, out)
}

/// Where the value begins in a token that begins with its own name: `vendor-secret-1234…`.
fn unglued(place: &Search<'_>, start: usize) -> usize {
    let bytes = place.text.as_bytes();
    let limit = bytes.len().min(start + 48);
    let mut from = start;
    // Where the word begins that `at` is in or after.
    let mut word = start;
    for at in start..limit {
        if !TOKEN[usize::from(bytes[at])] {
            break;
        }
        if at > start && !in_word(bytes[at - 1]) {
            word = at;
        }
        let joint = matches!(bytes[at], b'-' | b'_' | b'.')
            && bytes.get(at + 1).is_some_and(u8::is_ascii_alphanumeric);
        if joint && at > start && may_be_named(place, word, at) {
            let named = last(place.text, at).any(|near| {
                keys::cue(near.text) == Some(Cue::Secret)
                    || place
                        .plan
                        .token_words
                        .get(near.hash())
                        .is_some_and(|k| !k.rules.is_empty())
            });
            if named {
                from = at + 1;
            }
        }
    }
    from
}

/// Whether the word that stands from `start` to `end`, or a part of it, may be one for a secret or
/// for a vendor.
fn may_be_named(place: &Search<'_>, start: usize, end: usize) -> bool {
    let bytes = place.text.as_bytes();
    let word = &bytes[start..end];
    let whole = start == 0 || !in_word(bytes[start - 1]);
    !whole
        || !word.iter().all(u8::is_ascii_lowercase)
        || keys::may_run_together(word)
        || place
            .plan
            .token_heads
            .may_hold(head_at(bytes, start, end - start))
}

/// How far back the beginning of a token is looked for.
const MAX_BACK: usize = 64;

/// What tokens consist of.
pub(super) const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut i = 0;
    while i < 128 {
        let byte = i as u8;
        table[i] = byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'_' | b'-' | b'.' | b'+' | b'/' | b'=' | b'~' | b':' | b'%' | b'$' | b'!' | b'@'
            );
        i += 1;
    }
    table
};

/// Judges known prefixes at `at`. Returns the end of the longest hit, or `at`.
fn judge_prefix(place: &Search<'_>, at: usize, out: &mut Vec<Hit>) -> usize {
    let bytes = place.text.as_bytes();
    let mut past = at;
    if bytes[at..].starts_with(b"eyJ")
        && place.wants(PiiType::Jwt)
        && let Some(len) = jwt(&bytes[at..])
    {
        out.push(Hit::new(at, at + len, PiiType::Jwt, 0.97, JWT));
        past = at + len;
    }
    for index in place.rules.with_prefix(&bytes[at..]) {
        let rule = place.rules.rule(*index);
        if !place.wants(rule.kind) {
            continue;
        }
        let accept = |end: usize| {
            !bytes
                .get(end)
                .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
        };
        if let Some(end) = rule.matches_at(place.text, at, accept) {
            out.push(Hit::new(at, end, rule.kind, rule.score, rule.id.clone()));
            past = past.max(end);
        }
    }
    past
}

/// Appends what users' rules find by its first characters.
pub(super) fn sought(place: &Search<'_>, out: &mut Vec<Hit>) {
    let bytes = place.text.as_bytes();
    for (at, rule) in place.rules.sought(place.text) {
        let begins = at == 0 || !bytes[at - 1].is_ascii_alphanumeric();
        let accept = |end: usize| !bytes.get(end).is_some_and(|b| in_word(*b) || *b == b'_');
        if begins
            && place.wants(rule.kind)
            && let Some(end) = rule.matches_at(place.text, at, accept)
        {
            out.push(Hit::new(at, end, rule.kind, rule.score, rule.id.clone()));
        }
    }
}

/// No key, and no image, is shorter: most texts are names and short answers.
const SHORTEST: usize = "data:image/;base64,".len();

/// Appends all private keys in PEM form.
pub(super) fn private_keys(text: &str, out: &mut Vec<Hit>) {
    static BEGIN: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("-----BEGIN "));
    if text.len() < SHORTEST {
        return;
    }
    let mut past = 0;
    for at in BEGIN.find_iter(text.as_bytes()) {
        if at >= past
            && let Some((from, end)) = pem(text, at + 5)
        {
            out.push(Hit::new(from, end, PiiType::PrivateKey, 0.99, PEM));
            past = end;
        }
    }
}

/// Appends all embedded images, sounds and films.
pub(super) fn media(text: &str, out: &mut Vec<Hit>) {
    static BEGIN: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("data:"));
    if text.len() < SHORTEST {
        return;
    }
    let mut past = 0;
    for at in BEGIN.find_iter(text.as_bytes()) {
        if at >= past
            && let Some(len) = data_uri(&text.as_bytes()[at..])
        {
            out.push(Hit::new(at, at + len, PiiType::Media, 0.99, BASE64_MEDIA));
            past = at + len;
        }
    }
}

/// Three parts of URL-safe base64, the first of them a JSON object with an `alg`; the signature
/// may be missing (RFC 7519, section 6).
fn jwt(bytes: &[u8]) -> Option<usize> {
    let part = |from: usize| {
        from + bytes[from..]
            .iter()
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'='))
            .count()
    };
    let header = part(0);
    if header < 16 || bytes.get(header) != Some(&b'.') {
        return None;
    }
    let payload = part(header + 1);
    if payload < header + 9 {
        return None;
    }
    let mut end = payload;
    while bytes.get(end) == Some(&b'.') && end < payload + MAX_TOKEN {
        let next = part(end + 1);
        if next == end + 1 {
            break;
        }
        end = next;
    }
    Some(end)
}

/// Where a private key begins that does not end in `text`, if one does.
pub(crate) fn open_key(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    // What could still become the first line of one.
    let last_line = memchr::memrchr(b'\n', bytes).map_or(0, |n| n + 1);
    memchr::memmem::find_iter(bytes, b"-----BEGIN ").find(|at| {
        let rest = &bytes[*at..];
        *at < last_line
            && rest.len() < MAX_PEM + 256
            && memchr::memmem::find(rest, b"-----END").is_none_or(|end| rest.len() < end + 128)
    })
}

/// A block from `-----BEGIN … PRIVATE KEY` to its end, or to the end of its base64.
fn pem(text: &str, begin: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let from = begin
        .checked_sub(5)
        .filter(|from| bytes[*from..begin].iter().all(|b| *b == b'-'))?;
    let title_end = begin + bytes[begin..].iter().take(64).position(|b| *b == b'-')?;
    let title = &text[begin..title_end];
    if !title.contains("PRIVATE KEY") && !title.contains("PGP PRIVATE") {
        return None;
    }
    let limit = bytes.len().min(title_end + MAX_PEM);
    let body = &bytes[title_end..limit];
    let end = memchr::memmem::find(body, b"-----END").map(|at| {
        let after = &body[at + 8..];
        let close =
            memchr::memmem::find(&after[..after.len().min(64)], b"-----").map_or(0, |n| n + 5);
        title_end + at + 8 + close
    });
    let cut = || {
        let rest = body.iter().skip(5).take_while(|b| {
            b.is_ascii_alphanumeric()
                || matches!(
                    b,
                    b'+' | b'/' | b'=' | b'\n' | b'\r' | b'\\' | b'-' | b' ' | b':' | b','
                )
        });
        title_end + 5.min(body.len()) + rest.count()
    };
    Some((from, end.unwrap_or_else(cut)))
}

/// `data:image/png;base64,…` and the like.
fn data_uri(bytes: &[u8]) -> Option<usize> {
    let kind = &bytes[5..bytes.len().min(64)];
    if ![&b"image/"[..], b"audio/", b"video/", b"application/pdf"]
        .iter()
        .any(|k| kind.starts_with(k))
    {
        return None;
    }
    let comma = 5 + memchr::memmem::find(kind, b";base64,")? + 8;
    let len = bytes[comma..]
        .iter()
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'-' | b'_'))
        .count();
    Some(comma + len)
}

/// What stands before a token and speaks for its being a secret.
#[derive(Default)]
struct Evidence {
    /// Words between the token and the nearest word for a secret.
    secret: Option<usize>,
    /// The nearest word is for something public: a digest, an identifier.
    public: bool,
}

/// Judges the token from `start` on, in which the word at `word` stands. Returns up to where it
/// has looked.
fn judge_token(
    place: &Search<'_>,
    start: usize,
    word: usize,
    around: &Around<'_>,
    out: &mut Vec<Hit>,
) -> usize {
    let bytes = place.text.as_bytes();
    let end = token_end(bytes, start).max(word + 1);
    if end - start < MIN_TOKEN || end - start > MAX_TOKEN || !place.wants(PiiType::Secret) {
        return end;
    }
    // The name may be glued to its value: `vendor_token-1234…`, `key=…` is split at `=` already.
    let token = &bytes[start..end];
    if !may_be_generated(token)
        || is_ssh_public(token)
        || (is_dealt_out(token) && is_listed(bytes, start))
    {
        return end;
    }
    let mut support = [(0u16, 0usize); 16];
    let mut supported = 0;
    let mut evidence = Evidence::default();
    around.before(place.plan, About::Token, start, 6, |near| {
        if evidence.secret.is_none() && !evidence.public && near.distance <= 4 {
            match keys::cue(near.text) {
                Some(Cue::Public) if near.distance <= 1 => evidence.public = true,
                Some(Cue::Secret) => evidence.secret = Some(near.distance),
                _ => {}
            }
        }
        let keyword = place.plan.token_words.get(near.hash());
        for index in keyword.iter().flat_map(|keyword| &keyword.rules) {
            if supported < support.len() {
                support[supported] = (*index, near.distance);
                supported += 1;
            }
        }
    });
    if !place.key.is_empty() && evidence.secret.is_none() && !evidence.public {
        evidence.secret = keys::is_sensitive(place.key).then_some(0);
    }
    let accept = |end: usize| {
        !bytes
            .get(end)
            .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
    };
    let mut best: Option<Hit> = None;
    let mut offer = |hit: Hit| {
        if best
            .as_ref()
            .is_none_or(|b| (hit.score, hit.end) > (b.score, b.end))
        {
            best = Some(hit);
        }
    };
    let free = place
        .plan
        .free_tokens
        .get(usize::from(bytes[start]))
        .map_or(&[][..], Vec::as_slice);
    for free in free
        .iter()
        .filter(|free| usize::from(free.min_len) <= end - start)
    {
        let rule = place.rules.rule(free.rule);
        if let Some(end) = rule.matches_at(place.text, start, accept) {
            offer(Hit::new(
                start,
                end,
                PiiType::Secret,
                rule.score,
                rule.id.clone(),
            ));
        }
    }
    for (index, distance) in &support[..supported] {
        let rule = place.rules.rule(*index);
        // A vendor's name alone must stand close by; common words need a word for a secret too.
        let near = evidence.secret.is_some() || (*distance <= 1 && !is_example_uuid(token));
        if !near || evidence.public || (rule.context < 0.7 && evidence.secret.is_none()) {
            continue;
        }
        if let Some(end) = rule.matches_at(place.text, start, accept) {
            offer(Hit::new(
                start,
                end,
                PiiType::Secret,
                rule.context + 0.05,
                rule.id.clone(),
            ));
        }
    }
    let uuid = is_uuid(token) && evidence.secret.is_some_and(|distance| distance <= 1);
    if evidence.secret.is_some_and(|distance| distance <= 2) && (uuid || plausible(token)) {
        offer(Hit::new(start, end, PiiType::Secret, 0.7, GENERIC));
    }
    if best.is_none() && place.depth == 0 {
        best = inside_base64(place, start, end);
    }
    if let Some(hit) = best {
        let past = hit.end;
        out.push(hit);
        return past;
    }
    end
}

/// Whether a token is the public half of an SSH key: base64 of a length and `ssh-` or `ecdsa-`.
fn is_ssh_public(token: &[u8]) -> bool {
    token.starts_with(b"AAAAB3NzaC1")
        || token.starts_with(b"AAAAC3NzaC1")
        || token.starts_with(b"AAAAE2VjZHNh")
}

/// Whether the line is an item of a list or a comment, where documentation has its examples.
fn is_listed(bytes: &[u8], at: usize) -> bool {
    let line = bytes[..at]
        .iter()
        .rev()
        .take(256)
        .position(|b| *b == b'\n')
        .map_or(at.saturating_sub(256), |n| at - n);
    let line = bytes[line..at].trim_ascii_start();
    [&b"- "[..], b"* ", b"# ", b"// "]
        .iter()
        .any(|sign| line.starts_with(sign))
}

/// What stands in a token that is the base64 of a text. The token is masked whole.
fn inside_base64(place: &Search<'_>, start: usize, end: usize) -> Option<Hit> {
    let token = place.text.as_bytes()[start..end].trim_ascii_end();
    if token.len() < 24 || token.len() > MAX_TOKEN {
        return None;
    }
    let mut decoded = Vec::with_capacity(token.len() / 4 * 3);
    let (mut bits, mut held) = (0u32, 0u32);
    for byte in token.iter().take_while(|b| **b != b'=') {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            let plain = (bits >> held & 0xff) as u8;
            // Text, and nothing else, is looked into.
            if !(plain.is_ascii_graphic() || matches!(plain, b' ' | b'\n' | b'\r' | b'\t')) {
                return None;
            }
            decoded.push(plain);
        }
    }
    let text = String::from_utf8(decoded).ok()?;
    let mut inner = Vec::new();
    Search {
        text: &text,
        key: "",
        depth: 1,
        ..*place
    }
    .find_plain(&mut inner);
    let best = inner
        .into_iter()
        .max_by(|a, b| a.score.total_cmp(&b.score))?;
    Some(Hit::new(start, end, best.kind, best.score, best.rule))
}

/// Whether a token is worth a look: digits in it, or letters that change case often.
fn may_be_generated(token: &[u8]) -> bool {
    if token.iter().any(u8::is_ascii_digit) {
        return true;
    }
    let changes = token
        .windows(2)
        .filter(|w| w[0].is_ascii_lowercase() && w[1].is_ascii_uppercase())
        .count();
    token.len() >= 20 && changes * 6 >= token.len()
}

/// Where the token that begins at `start` ends.
fn token_end(bytes: &[u8], start: usize) -> usize {
    let limit = bytes.len().min(start + MAX_TOKEN + 1);
    let mut end = start;
    while end < limit
        && (bytes[end].is_ascii_alphanumeric()
            || matches!(
                bytes[end],
                b'_' | b'-' | b'.' | b'+' | b'/' | b'=' | b'~' | b':' | b'%'
            ))
    {
        // `key=value` is two tokens; base64 ends in `=`.
        if matches!(bytes[end], b'=' | b':')
            && bytes
                .get(end + 1)
                .is_some_and(|b| in_word(*b) || matches!(b, b'/' | b'"'))
        {
            let rest = &bytes[start..end];
            if bytes[end] == b'=' || !rest.iter().all(u8::is_ascii_digit) {
                break;
            }
        }
        end += 1;
    }
    while end > start && matches!(bytes[end - 1], b'.' | b'-' | b':' | b'/' | b'%' | b'~') {
        end -= 1;
    }
    end
}

/// Whether a token beside a word for a secret is one: generated, and no path, version or name.
fn plausible(token: &[u8]) -> bool {
    if token.len() < 12 || is_uuid(token) && token.len() == 36 {
        return false;
    }
    let slashes = token.iter().filter(|b| **b == b'/').count();
    let dots = token.iter().filter(|b| **b == b'.').count();
    // Paths and file names.
    let extension = token
        .iter()
        .rev()
        .take(6)
        .position(|b| *b == b'.')
        .is_some_and(|n| n > 1 && dots > 0 && slashes > 0);
    if slashes > token.len() / 12 || dots > 2 || extension {
        return false;
    }
    let digits = token.iter().filter(|b| b.is_ascii_digit()).count();
    (digits >= 2 || token.len() >= 24) && looks_random(token)
}
