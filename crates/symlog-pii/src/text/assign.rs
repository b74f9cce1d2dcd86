//! `KEY=value`, `"key": "value"`, `Header: value` and "password is value".

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::Hit;
use super::credential;
use crate::finding::RuleId;
use crate::keys;
use crate::kind::{PiiType, TypeSet};

pub(crate) const SENSITIVE_KEY: RuleId = RuleId::new("sensitive-key");

/// The longest key looked at, and the longest unquoted value.
const MAX_KEY: usize = 64;
const MAX_VALUE: usize = 4096;
/// How many blanks may stand before an `=`.
const MAX_COLUMN: usize = 24;

/// Whether a key that can be sensitive may stand before the sign at `at`, with `gap` bytes between
/// it and a word. It is false for none.
#[inline]
pub(super) fn may_follow_key(text: &str, at: usize, gap: usize) -> bool {
    // Only backslashes, and the blanks of a column, may be more.
    gap > 8 || keys::may_end_key(text.as_bytes(), at.saturating_sub(gap))
}

/// Whether an option such as `-u` may stand in the text; `known` is what was found before.
pub(super) fn may_name_user(text: &str, known: &mut Option<bool>) -> bool {
    static OPTION: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("-u"));
    *known.get_or_insert_with(|| OPTION.find(text.as_bytes()).is_some())
}

/// Where the key ends before a sign, and whether it is quoted.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeyEnd {
    end: usize,
    quoted: bool,
}

/// The key before the `=` or `:` at `at`, if it can be a sensitive one as far as its end tells.
#[inline]
pub(super) fn key_at(bytes: &[u8], at: usize) -> Option<KeyEnd> {
    let (end, quoted) = key_end(bytes, at);
    // Most signs stand after names that no secret has.
    keys::may_end_key(bytes, end).then_some(KeyEnd { end, quoted })
}

/// Judges the `=` or `:` at `at`. Returns up to where it has looked.
#[inline]
pub(super) fn judge(text: &str, at: usize, want: TypeSet, out: &mut Vec<Hit>) -> usize {
    match key_at(text.as_bytes(), at) {
        Some(key) => judge_key(text, at, key, want, out),
        None => at + 1,
    }
}

/// Judges a sign and the key before it. Returns up to where it has looked.
#[inline(never)]
pub(super) fn judge_key(
    text: &str,
    at: usize,
    KeyEnd { end, quoted }: KeyEnd,
    want: TypeSet,
    out: &mut Vec<Hit>,
) -> usize {
    let bytes = text.as_bytes();
    if !keys::may_end_sensitive(&bytes[..end]) {
        return at + 1;
    }
    let named = credential::name_of_value(text, end);
    if named.is_none() && is_innocent_word(bytes, at, end, quoted) {
        return at + 1;
    }
    let key = || key_before(text, at, end, quoted).filter(|key| keys::is_sensitive(key));
    let Some(key) = named.or_else(key) else {
        return at + 1;
    };
    let kind = kind_of(key);
    let Some(value) = value_after(bytes, at, key) else {
        return at + 1;
    };
    let written = quoted || named.is_some();
    let joined = named.is_none() && credential::is_joined(bytes, (end - key.len(), at), value.end);
    if want.contains(kind)
        && (plausible(bytes, key, written, at, &value)
            || joined && credential::is_connection(bytes, kind, &value))
    {
        push(out, &value, kind, 0.85, SENSITIVE_KEY);
        if joined {
            credential::connection_user(bytes, (end - key.len(), value.end), want, out);
        }
    }
    value.end
}

pub(super) fn push(out: &mut Vec<Hit>, value: &Value, kind: PiiType, score: f32, rule: RuleId) {
    let mut hit = Hit::new(value.start, value.end, kind, score, rule);
    hit.value = true;
    out.push(hit);
}

/// What the value under a sensitive key is.
pub(crate) fn kind_of(key: &str) -> PiiType {
    let bytes = key.as_bytes();
    let (mut pin, mut ssn, mut social, mut card, mut cards) = (false, false, false, false, false);
    for at in 0..bytes.len() {
        let begins = |part: &str| begins(&bytes[at..], part);
        match bytes[at] | 0x20 {
            b'p' if ["passw", "pwd", "passphrase", "passcode"]
                .into_iter()
                .any(begins) =>
            {
                return PiiType::Password;
            }
            b'p' => pin |= begins("pin"),
            b's' => {
                ssn |= begins("ssn");
                social |= begins("social");
            }
            b'c' => {
                card |= begins("card");
                cards |= begins("creditcard") || begins("cardnumber");
            }
            _ => {}
        }
    }
    let pass = bytes.len() > 5
        && matches!(bytes[bytes.len() - 5], b'_' | b'-' | b'.')
        && bytes[bytes.len() - 4..].eq_ignore_ascii_case(b"pass");
    if pass || (pin && keys::has_word(key, "pin")) {
        PiiType::Password
    } else if social || (ssn && keys::has_word(key, "ssn")) {
        PiiType::Ssn
    } else if cards || (card && keys::has_word(key, "card")) {
        PiiType::CreditCard
    } else {
        PiiType::Secret
    }
}

/// Whether the text begins with the word, in any case.
fn begins(text: &[u8], word: &str) -> bool {
    text.get(..word.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
}

/// Where the name ends that stands before the sign at `at`, and whether it is quoted.
#[inline]
fn key_end(bytes: &[u8], at: usize) -> (usize, bool) {
    // Most signs follow their key at once.
    if at > 0 && bytes[at - 1].is_ascii_alphanumeric() {
        return (at, false);
    }
    let mut end = at;
    // `password     => "…"` stands in a column.
    let room = if bytes[at] == b'=' { MAX_COLUMN } else { 2 };
    // `secret != "…"`
    end -= usize::from(bytes[at] == b'=' && at > 0 && bytes[at - 1] == b'!');
    while end > 0 && at - end < room && matches!(bytes[end - 1], b' ' | b':' | b'|') {
        end -= 1;
    }
    if end == 0 || bytes[end - 1].is_ascii_alphanumeric() {
        return (end, false);
    }
    let quoted = matches!(bytes[end - 1], b'"' | b'\'' | b'`');
    if quoted {
        end -= 1;
        while end > 0 && bytes[end - 1] == b'\\' {
            end -= 1;
        }
    } else if matches!(bytes[end - 1], b']' | b'*') {
        // `headers["x-api-key"] =`, `**Password:**`
        while end > 0 && at - end < 4 && matches!(bytes[end - 1], b']' | b'"' | b'\'' | b'*') {
            end -= 1;
        }
    }
    (end, quoted)
}

/// Whether the name that ends at `end` is one word in small letters, as most are, and no secret's.
fn is_innocent_word(bytes: &[u8], at: usize, end: usize, quoted: bool) -> bool {
    let letters = bytes[..end].iter().rev().take(MAX_KEY);
    let mut start = end - letters.take_while(|b| b.is_ascii_lowercase()).count();
    if start > 0 && start < end && bytes[start - 1].is_ascii_uppercase() {
        start -= 1;
    }
    let joined = start.checked_sub(1).is_some_and(|before| {
        let before = bytes[before];
        in_name(before) || (before == b' ' && !quoted && bytes[at] == b':')
    });
    start < end && !joined && !keys::is_secret_word(&bytes[start..end])
}

/// Whether a name may hold the byte.
fn in_name(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.') || b >= 0x80
}

/// The name that ends at `end`, before the sign at `at`.
fn key_before(text: &str, at: usize, end: usize, quoted: bool) -> Option<&str> {
    let bytes = text.as_bytes();
    let mut start = end;
    while start > 0 && end - start <= MAX_KEY && in_name(bytes[start - 1]) {
        start -= 1;
    }
    // `Api Key: …`, `security code: …`: one more word may belong to the key.
    if !quoted && start > 1 && bytes[start - 1] == b' ' && bytes[at] == b':' && end - start <= 8 {
        let first = start - 1;
        let mut from = first;
        while from > 0 && first - from < 16 && bytes[from - 1].is_ascii_alphabetic() {
            from -= 1;
        }
        if from < first {
            start = from;
        }
    }
    if start == end || end - start > MAX_KEY {
        return None;
    }
    text.get(start..end)
}

pub(super) struct Value {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) quoted: bool,
    /// Whether blanks stand between the sign and the value.
    pub(super) apart: bool,
}

impl Value {
    /// One that stands between signs of its own.
    pub(super) const fn quoted(start: usize, end: usize) -> Self {
        Self {
            start,
            end,
            quoted: true,
            apart: false,
        }
    }
}

fn value_after(bytes: &[u8], at: usize, key: &str) -> Option<Value> {
    let mut start = at + 1;
    while start < bytes.len() && start - at < 4 && matches!(bytes[start], b'=' | b'>' | b':' | b'*')
    {
        start += 1;
    }
    let sign_end = start;
    while start < bytes.len() && start - sign_end < 24 && matches!(bytes[start], b' ' | b'\t') {
        start += 1;
    }
    let header = key.len() >= 4 && key.as_bytes()[key.len() - 4..].eq_ignore_ascii_case(b"tion")
        || key.eq_ignore_ascii_case("cookie")
        || key.eq_ignore_ascii_case("set-cookie");
    value_at(bytes, start, start > sign_end, header && bytes[at] == b':')
}

/// The value that begins at `start`. A header's value goes to the end of the line.
pub(super) fn value_at(bytes: &[u8], start: usize, apart: bool, header: bool) -> Option<Value> {
    let mut slashes = 0;
    while bytes.get(start + slashes) == Some(&b'\\') && slashes < 4 {
        slashes += 1;
    }
    let open = bytes.get(start + slashes).copied()?;
    // `b"…"` and the like in code.
    if matches!(open, b'b' | b'r' | b'f' | b'u' | b'B')
        && slashes == 0
        && matches!(bytes.get(start + 1), Some(b'"' | b'\''))
    {
        return value_at(bytes, start + 1, apart, header);
    }
    if matches!(open, b'"' | b'\'' | b'`') {
        let start = start + slashes + 1;
        let limit = bytes.len().min(start + MAX_VALUE);
        let end = bytes[start..limit]
            .iter()
            .position(|b| *b == open || *b == b'\n')
            .map_or(limit, |n| start + n);
        let mut end = end - slashes.min(end - start);
        // Not in the middle of a character, where it has no closing quote.
        while end > start && bytes.get(end).is_some_and(|b| b & 0xc0 == 0x80) {
            end -= 1;
        }
        return (end > start).then_some(Value {
            start,
            end,
            quoted: true,
            apart,
        });
    }
    let limit = bytes.len().min(start + MAX_VALUE);
    let mut end = start;
    let stops = |b: u8| {
        matches!(
            b,
            b'\t' | b'\n' | b'\r' | b'"' | b'\'' | b'`' | b'<' | b'\\'
        ) || (!header
            && matches!(
                b,
                b' ' | b',' | b';' | b'&' | b')' | b'}' | b']' | b'>' | b'|'
            ))
    };
    while end < limit && !stops(bytes[end]) {
        end += 1;
    }
    // A full stop ends the sentence, not the value.
    while end > start && matches!(bytes[end - 1], b'.' | b'!' | b'?' | b' ') {
        end -= 1;
    }
    // Not in the middle of a character.
    while end < bytes.len() && end > start && bytes[end] & 0xc0 == 0x80 {
        end -= 1;
    }
    (end > start).then_some(Value {
        start,
        end,
        quoted: false,
        apart,
    })
}

/// Whether the value can be a secret and is no placeholder, no code, and not masked already.
pub(super) fn plausible(
    bytes: &[u8],
    key: &str,
    key_quoted: bool,
    at: usize,
    value: &Value,
) -> bool {
    let text = &bytes[value.start..value.end];
    if placeholder(text) {
        return false;
    }
    let digit = text.iter().any(u8::is_ascii_digit);
    let letter = text.iter().any(u8::is_ascii_alphabetic);
    let password = kind_of(key) == PiiType::Password && !key.eq_ignore_ascii_case("pass");
    let numbers = !letter && text.contains(&b'.');
    let bare = key.eq_ignore_ascii_case("key")
        || key.eq_ignore_ascii_case("token")
        || key.eq_ignore_ascii_case("auth");
    if numbers
        || (bare
            && value.apart
            && !(digit && letter && text.len() >= 8 && crate::checks::looks_random(text)))
    {
        return false;
    }
    if value.quoted {
        if (code(text) && !dense(text)) || text.contains(&b'\n') {
            return false;
        }
        // `<add key="ApiSecret" value="…">`: the name of what comes.
        if key.eq_ignore_ascii_case("key")
            && std::str::from_utf8(text).is_ok_and(keys::is_sensitive)
        {
            return false;
        }
        let words = text.iter().filter(|b| **b == b' ').count();
        let name = !digit
            && text
                .iter()
                .all(|b| b.is_ascii_lowercase() || matches!(b, b'_' | b'-' | b'.' | b' ' | b'/'));
        // A word of letters alone is the name of something, unless the key says password.
        return words <= 1
            && text.len() >= 3
            && (digit
                || (password && !name)
                || (words == 0
                    && (password || is_compared(bytes, at))
                    && is_word(bytes, at, text))
                || (!name && text.len() >= 8 && (mixed_case(text) || words == 0 && odd(text)))
                || (password && key_quoted && words == 0 && text.len() >= 6));
    }
    let environment = key.len() > 2
        && key
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
        && bytes[at] == b'='
        && !value.apart;
    if bytes.get(value.end) == Some(&b'(') || code(text) {
        return false;
    }
    if environment {
        return true;
    }
    if key_quoted {
        return digit;
    }
    if bytes[at] == b'=' && !value.apart {
        // So long a run of letters of both cases is no word.
        let long = text.len() >= 32 && mixed_case(text) && text.iter().all(u8::is_ascii_alphabetic);
        return long || digit && (letter || text.len() >= 4) && !text.starts_with(b"0x");
    }
    if password
        && text.len() >= 4
        && (digit
            || text
                .iter()
                .any(|b| matches!(b, b'!' | b'@' | b'#' | b'$' | b'%' | b'^' | b'&')))
    {
        return true;
    }
    digit && letter && text.len() >= 8 && crate::checks::looks_random(text)
}

/// Whether a word in small letters may be a password: long, or compared with one.
fn is_word(bytes: &[u8], at: usize, text: &[u8]) -> bool {
    let compared = is_compared(bytes, at);
    // `thisismypassword`
    let sentence = text.len() >= 14 && text.starts_with(b"this");
    sentence || ((text.len() >= 9 || (compared && text.len() >= 6)) && !sign_word(text))
}

/// Whether the `=` at `at` is one of `==` or `!=`.
fn is_compared(bytes: &[u8], at: usize) -> bool {
    bytes.get(at + 1) == Some(&b'=') || (at > 0 && bytes[at - 1] == b'!')
}

/// `forgot-password`, `enter_password`: the name of something about passwords.
fn sign_word(text: &[u8]) -> bool {
    [
        "pass", "pwd", "secret", "token", "key", "user", "field", "label", "hash", "form", "input",
    ]
    .iter()
    .any(|word| memchr::memmem::find(text, word.as_bytes()).is_some())
        || text.iter().any(|b| matches!(b, b'/' | b'_' | b'.'))
}

/// Whether a text has signs that few names have.
fn odd(text: &[u8]) -> bool {
    text.iter()
        .any(|b| matches!(b, b'#' | b'!' | b'$' | b'^' | b'&' | b'*' | b'~' | b'@'))
}

/// Whether a text holds so many kinds of signs that it is no code.
fn dense(text: &[u8]) -> bool {
    let count = |class: fn(&u8) -> bool| text.iter().filter(|b| class(b)).count();
    text.len() >= 20
        && !text.contains(&b' ')
        && count(u8::is_ascii_digit) >= 2
        && count(u8::is_ascii_uppercase) >= 3
        && count(u8::is_ascii_lowercase) >= 3
        && count(u8::is_ascii_punctuation) * 5 >= text.len()
}

fn mixed_case(text: &[u8]) -> bool {
    text.iter().any(u8::is_ascii_uppercase)
        && text.iter().any(u8::is_ascii_lowercase)
        && !text.contains(&b' ')
}

/// Values that stand for a secret instead of being one.
pub(super) fn placeholder(text: &[u8]) -> bool {
    const WORDS: [&str; 20] = [
        "example",
        "placeholder",
        "changeme",
        "your",
        "insert",
        "replace",
        "dummy",
        "sample",
        "redacted",
        "undefined",
        "xxxx",
        "****",
        "....",
        "todo",
        "process.env",
        "os.environ",
        "getenv",
        "secrets.",
        "vault:",
        "none",
    ];
    const WHOLE: [&str; 10] = [
        "null",
        "none",
        "nil",
        "true",
        "false",
        "undefined",
        "string",
        "str",
        "required",
        "optional",
    ];
    /// The second letters of the words, by their first.
    const BEGINS: [u32; 32] = {
        let mut table = [0; 32];
        let mut i = 0;
        while i < WORDS.len() {
            let word = WORDS[i].as_bytes();
            table[(word[0] & 31) as usize] |= 1 << (word[1] & 31);
            i += 1;
        }
        table
    };
    let same = text.iter().all(|b| *b == text[0]);
    same || text.starts_with(b"[REDACTED")
        || matches!(
            text[0],
            b'$' | b'<' | b'{' | b'[' | b'(' | b'%' | b'@' | b'&' | b'#'
        )
        || WHOLE
            .iter()
            .any(|word| text.eq_ignore_ascii_case(word.as_bytes()))
        || text
            .iter()
            .all(|b| matches!(b, b'*' | b'x' | b'X' | b'.' | b'-'))
        || text.windows(2).enumerate().any(|(at, pair)| {
            BEGINS[usize::from(pair[0] & 31)] >> (pair[1] & 31) & 1 == 1
                && WORDS.iter().any(|word| begins(&text[at..], word))
        })
}

/// Expressions and templates.
pub(super) fn code(text: &[u8]) -> bool {
    text.iter()
        .any(|b| matches!(b, b'(' | b'[' | b'{' | b'|' | b'<' | b'>'))
        || contains(text, b"::")
        || contains(text, b"->")
        || contains(text, b"${")
        || text.starts_with(b"self.")
        || text.starts_with(b"http")
        || text.starts_with(b"/")
}

/// Values are short: to prepare a search would take longer than the search.
fn contains(text: &[u8], part: &[u8]) -> bool {
    memchr::memchr_iter(part[0], text).any(|at| text[at..].starts_with(part))
}
