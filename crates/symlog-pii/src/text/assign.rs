//! `KEY=value`, `"key": "value"` and `Header: value`, where the key is sensitive.

use super::Hit;
use crate::finding::RuleId;
use crate::keys;
use crate::kind::{PiiType, TypeSet};

pub(crate) const SENSITIVE_KEY: RuleId = RuleId::new("sensitive-key");

/// The longest key looked at, and the longest unquoted value.
const MAX_KEY: usize = 64;
const MAX_VALUE: usize = 4096;

/// Judges the `=` or `:` at `at`. Returns up to where it has looked.
pub(super) fn judge(text: &str, at: usize, want: TypeSet, out: &mut Vec<Hit>) -> usize {
    let bytes = text.as_bytes();
    let Some((key, quoted)) = key_before(text, at) else {
        return at + 1;
    };
    if !keys::is_sensitive(key) {
        return at + 1;
    }
    let kind = kind_of(key);
    let Some(value) = value_after(bytes, at) else {
        return at + 1;
    };
    if want.contains(kind) && plausible(bytes, key, quoted, at, &value) {
        let mut hit = Hit::new(value.start, value.end, kind, 0.85, SENSITIVE_KEY);
        hit.value = true;
        out.push(hit);
    }
    value.end
}

/// What the value under a sensitive key is.
pub(crate) fn kind_of(key: &str) -> PiiType {
    let has = |part: &str| {
        key.as_bytes()
            .windows(part.len())
            .any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
    };
    if ["passw", "pwd", "passphrase", "passcode", "pin"]
        .iter()
        .any(|p| has(p))
    {
        PiiType::Password
    } else if has("ssn") || has("social") {
        PiiType::Ssn
    } else if has("card") {
        PiiType::CreditCard
    } else {
        PiiType::Secret
    }
}

/// The name that ends before the sign at `at`, and whether it is quoted.
fn key_before(text: &str, at: usize) -> Option<(&str, bool)> {
    let bytes = text.as_bytes();
    let mut end = at;
    while end > 0 && at - end < 2 && bytes[end - 1] == b' ' {
        end -= 1;
    }
    let quoted = end > 0 && matches!(bytes[end - 1], b'"' | b'\'' | b'`');
    if quoted {
        end -= 1;
        while end > 0 && bytes[end - 1] == b'\\' {
            end -= 1;
        }
    }
    let mut start = end;
    while start > 0
        && end - start <= MAX_KEY
        && (bytes[start - 1].is_ascii_alphanumeric()
            || matches!(bytes[start - 1], b'_' | b'-' | b'.')
            || !bytes[start - 1].is_ascii())
    {
        start -= 1;
    }
    if start == end || end - start > MAX_KEY {
        return None;
    }
    text.get(start..end).map(|key| (key, quoted))
}

struct Value {
    start: usize,
    end: usize,
    quoted: bool,
    /// Whether blanks stand between the sign and the value.
    apart: bool,
}

fn value_after(bytes: &[u8], at: usize) -> Option<Value> {
    let mut start = at + 1;
    if bytes[at] == b'=' && matches!(bytes.get(start), Some(b'=' | b'>')) {
        start += 1;
    }
    let sign_end = start;
    while start < bytes.len() && start - sign_end < 4 && matches!(bytes[start], b' ' | b'\t') {
        start += 1;
    }
    let apart = start > sign_end;
    let mut slashes = 0;
    while bytes.get(start + slashes) == Some(&b'\\') && slashes < 4 {
        slashes += 1;
    }
    let open = bytes.get(start + slashes).copied()?;
    if matches!(open, b'"' | b'\'' | b'`') {
        let start = start + slashes + 1;
        let limit = bytes.len().min(start + MAX_VALUE);
        let end = bytes[start..limit]
            .iter()
            .position(|b| *b == open || *b == b'\n')
            .map_or(limit, |n| start + n);
        let end = end - slashes.min(end - start);
        return (end > start).then_some(Value {
            start,
            end,
            quoted: true,
            apart,
        });
    }
    let limit = bytes.len().min(start + MAX_VALUE);
    let mut end = start;
    while end < limit
        && !matches!(
            bytes[end],
            b' ' | b'\t'
                | b'\n'
                | b'\r'
                | b'"'
                | b'\''
                | b'`'
                | b','
                | b';'
                | b'&'
                | b')'
                | b'}'
                | b']'
                | b'>'
                | b'<'
                | b'\\'
        )
    {
        end += 1;
    }
    // A full stop ends the sentence, not the value.
    while end > start && matches!(bytes[end - 1], b'.' | b'!' | b'?') {
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
fn plausible(bytes: &[u8], key: &str, key_quoted: bool, at: usize, value: &Value) -> bool {
    let text = &bytes[value.start..value.end];
    if text
        .iter()
        .all(|b| matches!(b, b'*' | b'x' | b'X' | b'.' | b'-'))
        || text.starts_with(b"[REDACTED")
        || matches!(text[0], b'$' | b'<' | b'{' | b'[' | b'(' | b'%')
    {
        return false;
    }
    if matches!(
        text,
        b"null" | b"None" | b"nil" | b"true" | b"false" | b"True" | b"False" | b"undefined"
    ) {
        return false;
    }
    let digit = text.iter().any(u8::is_ascii_digit);
    let letter = text.iter().any(u8::is_ascii_alphabetic);
    if value.quoted || key_quoted {
        return value.quoted || digit;
    }
    let environment = key
        .bytes()
        .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    let code = text.iter().any(|b| matches!(b, b'(' | b'[' | b'{' | b'|'))
        || bytes.get(value.end) == Some(&b'(');
    if code {
        return false;
    }
    if bytes[at] == b'=' && !value.apart {
        return environment || digit;
    }
    digit && letter && text.len() >= 6
}
