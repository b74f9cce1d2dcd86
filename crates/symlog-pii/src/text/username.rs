//! Names that people have on machines: after a word such as "username", and `@handles` beside one.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::Hit;
use super::context::{ahead, back, in_word};
use crate::finding::RuleId;
use crate::kind::PiiType;

const CUE: RuleId = RuleId::new("username-cue");
const HANDLE: RuleId = RuleId::new("username-handle");

/// The longest name that a known service allows (RFC 5321 local parts are as long).
const MAX_NAME: usize = 64;

/// Appends the names that follow "username", "user id", "login", "handle", "user".
pub(super) fn judge_cues(text: &str, out: &mut Vec<Hit>) {
    static CUES: LazyLock<[(Finder<'static>, &[u8]); 3]> = LazyLock::new(|| {
        [
            (Finder::new("ser"), b"uU"),
            (Finder::new("ogin"), b"lL"),
            (Finder::new("andle"), b"hH"),
        ]
    });
    let bytes = text.as_bytes();
    for (finder, first) in CUES.iter() {
        for at in finder.find_iter(bytes) {
            let begins = at.checked_sub(1).filter(|i| first.contains(&bytes[*i]));
            let whole = begins.is_some_and(|i| i == 0 || !in_word(bytes[i - 1]));
            if whole && let Some((start, end)) = name_after(bytes, at + finder.needle().len()) {
                out.push(Hit::new(start, end, PiiType::Username, 0.7, CUE));
            }
        }
    }
}

/// The name that follows a cue which ends at `end`: after a colon, an equals sign or "is", or,
/// when it has a digit or underscore in it, after a blank.
fn name_after(bytes: &[u8], end: usize) -> Option<(usize, usize)> {
    let mut at = end;
    let mut exact = bytes[end - 1] != b'r';
    let rest = &bytes[at..bytes.len().min(at + 12)];
    for tail in [
        &b"name"[..],
        b" name",
        b"_name",
        b" id",
        b"id",
        b"_id",
        b" ID",
        b"ID",
        b"Name",
    ] {
        if rest.starts_with(tail) {
            at += tail.len();
            exact = true;
            break;
        }
    }
    if bytes
        .get(at)
        .is_some_and(|b| in_word(*b) || matches!(b, b'_' | b'-' | b'.' | b'('))
    {
        return None;
    }
    let mut sign = false;
    let limit = bytes.len().min(at + 8);
    while at < limit
        && matches!(
            bytes[at],
            b' ' | b':' | b'=' | b'"' | b'\'' | b'*' | b'`' | b'#'
        )
    {
        sign |= matches!(bytes[at], b':' | b'=');
        at += 1;
    }
    if at == end {
        return None;
    }
    for word in [&b"is "[..], b"was ", b"ist ", b"es ", b"est "] {
        if bytes[at..].starts_with(word) {
            at += word.len();
            sign = true;
        }
    }
    let start = at + usize::from(matches!(bytes.get(at), Some(b'@' | b'"' | b'\'' | b'`')));
    let len = name_len(&bytes[start..]);
    if len < 3 {
        return None;
    }
    let name = &bytes[start..start + len];
    let after = bytes.get(start + len).copied().unwrap_or(b' ');
    let marked = name.iter().any(|b| b.is_ascii_digit() || matches!(b, b'_'))
        && name.iter().any(u8::is_ascii_alphabetic);
    let fits = (marked || (sign && exact && len >= 4 && is_lower(name) && !ordinary(name)))
        && !ordinary(name)
        && !matches!(
            after,
            b'(' | b'[' | b'{' | b'<' | b'/' | b':' | b'=' | b'@' | b'$' | b'>'
        )
        && (sign || exact || marked && at - end == 1);
    // Names of variables and types are no names of people.
    let code = name.ends_with(b"_id")
        || name.ends_with(b"_name")
        || name.starts_with(b"user_")
        || name[0].is_ascii_digit()
        || matches!(
            name,
            b"u8" | b"u16" | b"u32" | b"u64" | b"i32" | b"i64" | b"int4" | b"uuid4"
        );
    (fits && !code).then_some((start, start + len))
}

fn is_lower(name: &[u8]) -> bool {
    name.iter().all(|b| !b.is_ascii_uppercase())
}

/// Values that stand for a name.
fn ordinary(name: &[u8]) -> bool {
    const WORDS: [&str; 32] = [
        "name",
        "password",
        "string",
        "null",
        "none",
        "true",
        "false",
        "your",
        "username",
        "user",
        "admin",
        "root",
        "required",
        "optional",
        "email",
        "with",
        "from",
        "that",
        "this",
        "self",
        "error",
        "page",
        "form",
        "button",
        "screen",
        "undefined",
        "guest",
        "test",
        "postgres",
        "anonymous",
        "passwd",
        "handle",
    ];
    WORDS
        .iter()
        .any(|word| name.eq_ignore_ascii_case(word.as_bytes()))
}

fn name_len(bytes: &[u8]) -> usize {
    let mut len = bytes
        .iter()
        .take(MAX_NAME)
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
        .count();
    while len > 0 && matches!(bytes[len - 1], b'.' | b'-') {
        len -= 1;
    }
    len
}

/// Judges the `@` at `at` as that of a handle: beside a word for a service or an account.
pub(super) fn judge_handle(text: &str, at: usize, out: &mut Vec<Hit>) {
    const CUES: [&str; 22] = [
        "handle",
        "username",
        "user",
        "account",
        "twitter",
        "instagram",
        "github",
        "gitlab",
        "tiktok",
        "telegram",
        "discord",
        "mastodon",
        "slack",
        "skype",
        "snapchat",
        "threads",
        "follow",
        "dm",
        "tweeted",
        "posted",
        "messaged",
        "profile",
    ];
    let bytes = text.as_bytes();
    let opens = at == 0 || matches!(bytes[at - 1], b' ' | b'(' | b'"' | b'\n');
    let len = name_len(&bytes[at + 1..]);
    let after = bytes.get(at + 1 + len).copied().unwrap_or(b' ');
    let goes_on = bytes.get(at + 2 + len).is_some_and(|b| in_word(*b));
    let ends = after != b'(' && !(goes_on && matches!(after, b'/' | b'@' | b':' | b'.' | b'='));
    if !opens || !(3..=MAX_NAME).contains(&len) || !ends {
        return;
    }
    let cue = |word: &[u8]| CUES.iter().any(|c| word.eq_ignore_ascii_case(c.as_bytes()));
    let near = back(text, at).take(3).any(|n| cue(n.text))
        || ahead(text, at + 1 + len, 2).any(|n| cue(n.text));
    if near {
        out.push(Hit::new(at, at + 1 + len, PiiType::Username, 0.7, HANDLE));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::TypeSet;

    #[track_caller]
    fn check(text: &str, expect: &[&str]) {
        let mut out = Vec::new();
        super::super::find(text, "", TypeSet::of(&[PiiType::Username]), &mut out);
        let found: Vec<_> = out.iter().map(|h| &text[h.start..h.end]).collect();
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn names_beside_a_cue_are_found() {
        check(
            "username: jsmith85, User ID = r.garcia; login is anna_w, portal user rg_1969.",
            &["jsmith85", "r.garcia", "anna_w", "rg_1969"],
        );
        check("cc @night_owl77 on GitHub", &["@night_owl77"]);
        check("postgres://maria:x9@db/x", &["maria"]);
    }

    #[test]
    fn code_and_prose_are_left() {
        check(
            "the user is logged in; users: 5; user.name = x; user_id: u64",
            &[],
        );
        check("@app.route('/user') npm i @scope/pkg @types/user", &[]);
        check(
            "username: string, login: required, handle = handler(x)",
            &[],
        );
    }
}
