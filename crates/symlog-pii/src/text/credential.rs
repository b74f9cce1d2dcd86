//! Passwords that no `=` or `:` gives away: said, given as an option or an argument, in a tag, or
//! as the value of what was named before.

use super::Hit;
use super::assign::{Value, code, placeholder, plausible, push, value_at};
use super::context::in_word;
use crate::finding::RuleId;
use crate::keys;
use crate::kind::{PiiType, TypeSet};

const SAID: RuleId = RuleId::new("password-said");
/// Who logs in with the password beside it.
const USER: RuleId = RuleId::new("credential-user");

/// How far around a password its user's name is looked for.
const NEAR: usize = 200;
/// A longer value of an option or an argument is text.
const MAX_VALUE: usize = 256;

/// Whether the first letters are those of a word for a password.
#[inline]
pub(super) fn may_be_word(text: &[u8]) -> bool {
    text.first_chunk()
        .is_some_and(|head: &[u8; 3]| match &head.map(|b| b | 0x20) {
            b"pas" | b"pwd" => true,
            [b'p', b'w', _] => !in_word(head[2]),
            _ => false,
        })
}

fn is_word(word: &[u8]) -> bool {
    [
        "password",
        "passcode",
        "pwd",
        "passwort",
        "pass",
        "passwd",
        "passphrase",
        "pw",
    ]
    .iter()
    .any(|w| w.as_bytes().eq_ignore_ascii_case(word))
}

/// Judges what follows the word from `start` to `end`, if it is one for a password.
pub(super) fn judge_word(
    text: &str,
    (start, end): (usize, usize),
    want: TypeSet,
    out: &mut Vec<Hit>,
) {
    let bytes = text.as_bytes();
    if !want.contains(PiiType::Password) || !is_word(&bytes[start..end]) {
        return;
    }
    let found = match bytes.get(end) {
        Some(b'>') => in_tag(bytes, start, end),
        Some(b'"' | b'\'' | b'\\') => argument(bytes, end),
        Some(b' ' | b'\t') => follows(bytes, start, end),
        _ => None,
    };
    if let Some(value) = found {
        push(out, &value, PiiType::Password, 0.75, SAID);
        let line = line_before(bytes, start);
        if line.ends_with(b" -")
            && let Some(user) = [&b" -user "[..], b" -username "]
                .into_iter()
                .find_map(|option| Some(find_folded(line, option)? + option.len()))
        {
            push_word(bytes, start - line.len() + user, start - 2, want, out);
        }
    } else {
        said(bytes, end, want, out);
    }
}

/// `<password>…</password>`, also `<db.password>`.
fn in_tag(bytes: &[u8], start: usize, end: usize) -> Option<Value> {
    let name = |b: &u8| in_word(*b) || matches!(b, b'.' | b'-' | b'_' | b':');
    let before = bytes[..start].iter().rev().take(48);
    let open = start - before.take_while(|b| name(b)).count();
    if open == 0 || bytes[open - 1] != b'<' {
        return None;
    }
    let start = end + 1;
    let len = bytes[start..]
        .iter()
        .take(MAX_VALUE)
        .position(|b| matches!(b, b'<' | b' ' | b'\n'))?;
    let text = &bytes[start..start + len];
    let whole = bytes[start + len] == b'<' && len >= 4;
    (whole && !placeholder(text)).then_some(Value::quoted(start, start + len))
}

/// The next one of a list of arguments: `define('DB_PASSWORD', '…')`.
fn argument(bytes: &[u8], end: usize) -> Option<Value> {
    let quote = bytes[end..].iter().take(3).position(|b| *b != b'\\')?;
    let rest = &bytes[end + quote..bytes.len().min(end + 16)];
    let (b'"' | b'\'', b',') = (rest.first()?, rest.get(1)?) else {
        return None;
    };
    let blanks = rest[2..].iter().take_while(|b| **b == b' ').count();
    let value = value_at(bytes, end + quote + 2 + blanks, true, false)?;
    let text = &bytes[value.start..value.end];
    (value.quoted && marked(text) && is_password(bytes, &value)).then_some(value)
}

/// A value after blanks: quoted, of an option, of a login, or all that a line holds.
fn follows(bytes: &[u8], start: usize, end: usize) -> Option<Value> {
    let mut at = end + blanks(&bytes[end..]);
    // Routers say first how it is hidden: `password 7 0822455D0A16`.
    if let [b'0'..=b'9', b' ', ..] = &bytes[at..] {
        at += 2;
    }
    let value = value_at(bytes, at, true, false)?;
    let text = &bytes[value.start..value.end];
    // "Pass `--all` to it" is said of anything.
    if bytes[start..end].eq_ignore_ascii_case(b"pass") {
        return None;
    }
    if value.quoted {
        let phrase = text.iter().filter(|b| **b == b' ').count() >= 2
            && text
                .iter()
                .all(|b| b.is_ascii_lowercase() || matches!(b, b' ' | b'-'))
            && bytes[start..end].eq_ignore_ascii_case(b"passphrase");
        return (phrase || is_password(bytes, &value)).then_some(value);
    }
    let line = line_before(bytes, start);
    let option = line.last() == Some(&b'-');
    let alone = line.iter().all(u8::is_ascii_whitespace) || after_login(line);
    let last = !matches!(bytes.get(value.end), Some(b) if !matches!(b, b'\n' | b'\r'));
    let before_option = bytes[value.end..].starts_with(b" -");
    let stated = (option && (before_option || marked(text)))
        || (alone && (last || at > end + 1) && marked(text))
        || (after_login(line) && marked(text));
    (stated && text[0] != b'-' && is_stated(text)).then_some(value)
}

/// Whether a line ends in `login NAME` or `username NAME`.
fn after_login(line: &[u8]) -> bool {
    let mut words = line
        .rsplit(|b| b.is_ascii_whitespace())
        .filter(|word| !word.is_empty());
    words.next().is_some()
        && words.next().is_some_and(|word| {
            [&b"login"[..], b"user", b"username", b"account"]
                .iter()
                .any(|w| w.eq_ignore_ascii_case(word))
        })
}

/// "password is …", "password for the portal was …".
fn said(bytes: &[u8], end: usize, want: TypeSet, out: &mut Vec<Hit>) {
    let rest = &bytes[end..bytes.len().min(end + 48)];
    let (mut at, mut user) = (0, None);
    let mut linked = false;
    // "password for the portal is", "password (temporary): …"
    for _ in 0..5 {
        let blanks = rest[at..].iter().take_while(|b| **b == b' ').count();
        if blanks == 0 {
            return;
        }
        at += blanks;
        let word = rest[at..]
            .iter()
            .take_while(|b| in_word(**b) || (**b == b'\'' && rest[at] != b'\''))
            .count();
        if word == 0 {
            // "password for user 'app' is"
            let Some(name) = value_at(bytes, end + at, true, false).filter(|v| v.quoted) else {
                break;
            };
            at = name.end + 1 - end;
            if at >= rest.len() {
                return;
            }
            user = Some(name);
            continue;
        }
        let link = matches!(
            &rest[at..at + word],
            b"is" | b"was" | b"ist" | b"es" | b"est" | b"to" | b"be" | b"jest" | b"as"
        );
        at += word;
        if link {
            linked = true;
            break;
        }
    }
    let blanks = rest[at..]
        .iter()
        .take_while(|b| matches!(b, b' ' | b':'))
        .count();
    if !linked || blanks == 0 {
        return;
    }
    let Some(value) = value_at(bytes, end + at + blanks, true, false) else {
        return;
    };
    let word = &bytes[value.start..value.end];
    let written = value.quoted && word.len() >= 4 && !word.contains(&b' ') && !placeholder(word);
    if written || (word.len() >= 5 && marked(word) && is_stated(word)) {
        push(out, &value, PiiType::Password, 0.75, SAID);
        if let Some(user) = user {
            push_user(bytes, (user.start, user.end), want, out);
        }
    }
}

/// Judges the `p` at `at` as that of `-p password`, or of `-ppassword` as MySQL takes it.
pub(super) fn judge_option(text: &str, at: usize, want: TypeSet, out: &mut Vec<Hit>) {
    let bytes = text.as_bytes();
    if bytes[at] != b'p' || !want.contains(PiiType::Password) {
        return;
    }
    let line = line_before(bytes, at);
    let tool = |name: &str| memchr::memmem::find(line, name.as_bytes()).is_some();
    let glued = bytes
        .get(at + 1)
        .is_some_and(|b| b.is_ascii_graphic() && *b != b'=');
    let found = if glued {
        (tool("mysql") || tool("mariadb")) && !bytes[at..].starts_with(b"port")
    } else {
        tool(" -u") || tool(" --user") || tool("sshpass")
    };
    let blanks = blanks(&bytes[at + 1..]);
    if !found || (!glued && blanks == 0) {
        return;
    }
    let Some(value) = value_at(bytes, at + 1 + blanks, !glued, false) else {
        return;
    };
    let word = &bytes[value.start..value.end];
    let known = glued || tool("sshpass") || tool("login") || find_folded(line, b"psexec").is_some();
    // `-p 8080:80` is a port, `mkdir -p a/b` a path.
    let port = !word.iter().any(u8::is_ascii_alphabetic) && !tool("sshpass");
    if port || word[0] == b'-' || word.contains(&b'/') || !(known || marked(word)) || !is_free(word)
    {
        return;
    }
    push(out, &value, PiiType::Password, 0.75, SAID);
    let start = at - line.len();
    if let Some(user) = memchr::memmem::rfind(line, b" -u ") {
        push_word(bytes, start + user + 4, at, want, out);
    }
}

/// Judges the `:` at `at` as that of `-u user:password`, as curl takes it.
pub(super) fn judge_user(text: &str, at: usize, want: TypeSet, out: &mut Vec<Hit>) {
    let bytes = text.as_bytes();
    let name = bytes[..at]
        .iter()
        .rev()
        .take(64)
        .take_while(|b| b.is_ascii_graphic())
        .count();
    let line = &bytes[..at - name];
    let option = line.trim_ascii_end();
    if line.len() == option.len()
        || !(option == b"-u"
            || option.ends_with(b" -u")
            || option.ends_with(b"\n-u")
            || option.ends_with(b"--user"))
        || !want.contains(PiiType::Password)
    {
        return;
    }
    let digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    let value = value_at(bytes, at + 1, false, false).filter(|v| is_free(&bytes[v.start..v.end]));
    // `-u 1000:1000` are numbers of a user and a group.
    if let Some(value) = value
        && !(digits(&bytes[at - name..at]) && digits(&bytes[value.start..value.end]))
    {
        push(out, &value, PiiType::Password, 0.8, SAID);
        let user = bytes[at - name..at].iter().take_while(|b| is_quote(**b));
        push_user(bytes, (at - name + user.count(), at), want, out);
    }
}

/// Judges the word at `at`, which begins with a capital, as the name of a call that takes a
/// password: `NetworkCredential("user", "…")`, `ConvertTo-SecureString "…"`.
pub(super) fn judge_call(text: &str, at: usize, want: TypeSet, out: &mut Vec<Hit>) {
    const CALLS: [(&[u8], bool); 8] = [
        (b"SecureString", false),
        (b"NetworkCredential", true),
        (b"HTTPBasicAuth", true),
        (b"BasicAuth", true),
        (b"BasicAuthentication", true),
        (b"UsernamePasswordCredentials", true),
        (b"UsernamePasswordCredential", true),
        (b"DirectoryEntry", true),
    ];
    let bytes = text.as_bytes();
    let Some((name, pair)) = CALLS.into_iter().find(|(name, _)| {
        bytes[at..].starts_with(name) && !bytes.get(at + name.len()).is_some_and(|b| in_word(*b))
    }) else {
        return;
    };
    let mut from = at + name.len();
    let (mut user, mut password) = (None, None);
    for _ in 0..4 {
        let rest = &bytes[from..bytes.len().min(from + 32)];
        let opening = rest
            .iter()
            .take_while(|b| matches!(b, b' ' | b'(' | b',' | b'\t'))
            .count();
        let Some(value) = value_at(bytes, from + opening, true, false).filter(|v| v.quoted) else {
            break;
        };
        from = value.end + 1;
        user = password.replace(value);
        if !pair || bytes.get(from) != Some(&b',') {
            break;
        }
    }
    let Some(password) = password.filter(|v| v.end - v.start <= MAX_VALUE) else {
        return;
    };
    if pair != user.is_some() || !is_free(&bytes[password.start..password.end]) {
        return;
    }
    if want.contains(PiiType::Password) {
        push(out, &password, PiiType::Password, 0.75, SAID);
    }
    if let Some(user) = user {
        push_user(bytes, (user.start, user.end), want, out);
    }
}

/// Whether [`judge_call`] may know the word at `at`: as much as one look tells.
#[inline]
pub(super) fn may_be_call(text: &[u8], at: usize) -> bool {
    const SECU: u32 = u32::from_le_bytes(*b"Secu");
    const NETW: u32 = u32::from_le_bytes(*b"Netw");
    const BASI: u32 = u32::from_le_bytes(*b"Basi");
    const USER: u32 = u32::from_le_bytes(*b"User");
    const DIRE: u32 = u32::from_le_bytes(*b"Dire");
    const HTTP: u32 = u32::from_le_bytes(*b"HTTP");
    let Some(head) = text.get(at..).and_then(<[u8]>::first_chunk) else {
        return false;
    };
    let head = u32::from_le_bytes(*head);
    (head == SECU)
        | (head == NETW)
        | (head == BASI)
        | (head == USER)
        | (head == DIRE)
        | (head == HTTP)
}

/// Whether the key that begins at `start`, with its sign at `at`, and the value that ends at `end`
/// stand in a connection string: `…;Password=…;…`.
pub(super) fn is_joined(bytes: &[u8], (start, at): (usize, usize), end: usize) -> bool {
    bytes[at] == b'='
        && (bytes[..start].trim_ascii_end().last() == Some(&b';')
            || bytes.get(end) == Some(&b';') && start > 0)
}

/// Whether the value of a password in a connection string is one: it may be a word. In code a word
/// is a variable.
pub(super) fn is_connection(bytes: &[u8], kind: PiiType, value: &Value) -> bool {
    let text = &bytes[value.start..value.end];
    let more = bytes.get(value.end) == Some(&b';') && bytes.get(value.end + 1) != Some(&b'\n');
    kind == PiiType::Password
        && !value.quoted
        && !value.apart
        && more
        && text.len() >= 4
        && is_free(text)
}

/// Appends who logs in by a connection string, of which the password's key begins at `start` and
/// its value ends at `end`: `User ID=sa;Password=…`.
pub(super) fn connection_user(
    bytes: &[u8],
    (start, end): (usize, usize),
    want: TypeSet,
    out: &mut Vec<Hit>,
) {
    const KEYS: [&[u8]; 9] = [
        b"user id",
        b"userid",
        b"uid",
        b"user",
        b"username",
        b"user name",
        b"accountname",
        b"sharedaccesskeyname",
        b"id",
    ];
    let stops = |b: &u8| matches!(b, b'\n' | b'"' | b'\'' | b'<' | b'`');
    let back = bytes[..start].iter().rev().take(NEAR);
    let mut from = start - back.take_while(|b| !stops(b)).count();
    let ahead = bytes[end..].iter().take(NEAR);
    let to = end + ahead.take_while(|b| !stops(b)).count();
    for part in bytes[from..to].split(|b| *b == b';') {
        let begin = from;
        from += part.len() + 1;
        let Some(sign) = memchr::memrchr(b'=', part) else {
            continue;
        };
        let before = part[..sign].rsplit(|b| matches!(b, b':' | b'='));
        let key = before.into_iter().next().unwrap_or_default().trim_ascii();
        let value = part[sign + 1..].trim_ascii();
        if value.is_empty() || !KEYS.iter().any(|k| k.eq_ignore_ascii_case(key)) {
            continue;
        }
        let blanks = part[sign + 1..].len() - part[sign + 1..].trim_ascii_start().len();
        let at = begin + sign + 1 + blanks;
        push_user(bytes, (at, at + value.len()), want, out);
    }
}

/// The name that was given to the value whose key ends at `end`, if the key is `value` or the
/// like: `name: DB_PASSWORD`, `<add key="Secret" value="…">`, `variable "token" { default = "…" }`.
pub(super) fn name_of_value(text: &str, end: usize) -> Option<&str> {
    let bytes = text.as_bytes();
    if !matches!(bytes[..end].last()?, b'e' | b'E' | b't' | b'T') {
        return None;
    }
    let key = ["value", "default"].into_iter().find(|key| {
        end >= key.len()
            && bytes[end - key.len()..end].eq_ignore_ascii_case(key.as_bytes())
            && !bytes[..end - key.len()].last().is_some_and(|b| in_word(*b))
    })?;
    let between = |b: &u8| matches!(b, b' ' | b'\t' | b'\n' | b'\r' | b'"' | b'\'' | b',' | b'{');
    let skip = |at: usize, gap: fn(&u8) -> bool| {
        at - bytes[..at]
            .iter()
            .rev()
            .take(64)
            .take_while(|b| gap(b))
            .count()
    };
    let name_end = skip(end - key.len(), between);
    // One line back at most, as all that is found.
    let lines = memchr::memchr_iter(b'\n', &bytes[name_end..end]).count();
    let named = |b: &u8| in_word(*b) || matches!(b, b'_' | b'-' | b'.');
    let name_start = skip(name_end, named);
    let sign_start = skip(name_start, |b| {
        matches!(b, b' ' | b'"' | b'\'' | b':' | b'=')
    });
    let head_start = skip(sign_start, |b| in_word(*b));
    let head = &bytes[head_start..sign_start];
    let telling = ["name", "key", "variable", "property"]
        .iter()
        .any(|word| word.as_bytes().eq_ignore_ascii_case(head));
    if lines > 1 || !telling || sign_start == name_start {
        return None;
    }
    text.get(name_start..name_end)
        .filter(|name| keys::is_sensitive(name))
}

/// Appends the word that begins at `from` as a user's name.
fn push_word(bytes: &[u8], from: usize, to: usize, want: TypeSet, out: &mut Vec<Hit>) {
    let from = from + bytes[from..to].iter().take_while(|b| is_quote(**b)).count();
    let ends = |b: &u8| b.is_ascii_whitespace() || is_quote(*b);
    let end = bytes[from..to]
        .iter()
        .position(ends)
        .map_or(to, |n| from + n);
    push_user(bytes, (from, end), want, out);
}

fn push_user(bytes: &[u8], (start, end): (usize, usize), want: TypeSet, out: &mut Vec<Hit>) {
    if start < end && want.contains(PiiType::Secret) && is_free(&bytes[start..end]) {
        out.push(Hit::new(start, end, PiiType::Secret, 0.7, USER));
    }
}

fn is_quote(b: u8) -> bool {
    matches!(b, b'"' | b'\'' | b'`')
}

fn blanks(bytes: &[u8]) -> usize {
    let blank = |b: &&u8| matches!(b, b' ' | b'\t');
    bytes.iter().take(24).take_while(blank).count()
}

/// What stands before `at` in its line, as far as it matters.
fn line_before(bytes: &[u8], at: usize) -> &[u8] {
    let back = &bytes[at.saturating_sub(NEAR)..at];
    memchr::memrchr(b'\n', back).map_or(back, |n| &back[n + 1..])
}

fn find_folded(text: &[u8], word: &[u8]) -> Option<usize> {
    text.windows(word.len())
        .position(|part| part.eq_ignore_ascii_case(word))
}

/// Whether a word has what few words have: a digit or a sign in it.
fn marked(word: &[u8]) -> bool {
    let sign = |b: &u8| {
        matches!(
            b,
            b'!' | b'@' | b'#' | b'$' | b'%' | b'^' | b'&' | b'*' | b'_'
        )
    };
    word.iter().any(|b| b.is_ascii_digit() || sign(b))
}

fn is_free(word: &[u8]) -> bool {
    !placeholder(word) && !code(word)
}

fn is_stated(word: &[u8]) -> bool {
    word.iter().any(u8::is_ascii_alphabetic) && is_free(word)
}

/// Whether a quoted value is one under the key `password`.
fn is_password(bytes: &[u8], value: &Value) -> bool {
    plausible(bytes, "password", false, value.start - 1, value)
}

#[cfg(test)]
mod tests;
