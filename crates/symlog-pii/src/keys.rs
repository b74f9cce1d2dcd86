//! Which keys name something secret, judged word by word.

mod cue;

pub(crate) use cue::{Cue, cue};

/// At most this many words of a key are looked at, counted from its end.
const MAX_WORDS: usize = 12;
/// A longer word is data, not a name.
const MAX_WORD: usize = 24;

/// Whether a value under `key` is secret by its name alone.
///
/// `key` may be a JSON path or a header; its last segment decides.
pub(crate) fn is_sensitive(key: &str) -> bool {
    Words::of(last_segment(key)).is_some_and(|words| words.sensitive())
}

/// Whether one of the words of `key` is `word`.
pub(crate) fn has_word(key: &str, word: &str) -> bool {
    Words::of(last_segment(key)).is_some_and(|words| (0..words.count).any(|i| words.get(i) == word))
}

/// Whether a key that ends with these three bytes can be sensitive at all. It is false for no
/// key that [`is_sensitive`] by its last word.
#[inline]
pub(crate) fn may_be_sensitive(ending: &[u8]) -> bool {
    let [a, b, c] = ending else {
        return !ending.is_empty();
    };
    if !(a.is_ascii_alphabetic() && b.is_ascii_alphabetic() && c.is_ascii_alphabetic()) {
        return c.is_ascii_alphanumeric() || !c.is_ascii();
    }
    let bit = self::ending(*a, *b, *c);
    ENDINGS[bit / 64] >> (bit % 64) & 1 == 1
}

/// Five bits of each letter.
const fn ending(a: u8, b: u8, c: u8) -> usize {
    ((a & 31) as usize) << 10 | ((b & 31) as usize) << 5 | (c & 31) as usize
}

/// The last letters of all words with which a sensitive key can end.
const ENDINGS: [u64; 512] = {
    let mut bits = [0; 512];
    let mut i = 0;
    while i < LAST_WORDS.len() {
        let word = LAST_WORDS[i].as_bytes();
        let n = word.len();
        let bit = ending(word[n - 3], word[n - 2], word[n - 1]);
        bits[bit / 64] |= 1 << (bit % 64);
        i += 1;
    }
    bits
};

/// Words with which a sensitive key can end; a test holds them against the verdict itself.
const LAST_WORDS: [&str; 76] = [
    "password",
    "passwords",
    "passwd",
    "pwd",
    "pswd",
    "passphrase",
    "passcode",
    "pass",
    "secret",
    "secrets",
    "credential",
    "credentials",
    "creds",
    "authorization",
    "authentication",
    "apikey",
    "apikeys",
    "apitoken",
    "ssn",
    "cvv",
    "cvc",
    "csc",
    "otp",
    "totp",
    "mnemonic",
    "bearer",
    "cookie",
    "cookies",
    "privkey",
    "creditcard",
    "cardnumber",
    "ccnumber",
    "socialsecurity",
    "socialsecuritynumber",
    "pincode",
    "passwort",
    "token",
    "jwt",
    "key",
    "auth",
    "pin",
    "tokens",
    "keys",
    "code",
    "number",
    "num",
    "security",
    "card",
    "string",
    "phrase",
    "maiden",
    "value",
    "val",
    "plain",
    "plaintext",
    "raw",
    "text",
    "str",
    "header",
    "base",
    "hex",
    "encoded",
    "new",
    "old",
    "current",
    "previous",
    "confirm",
    "confirmation",
    "prod",
    "dev",
    "test",
    "staging",
    "live",
    "primary",
    "secondary",
    "default",
];

/// Whether `key` says that what lies below it are the model's own tokens.
pub(crate) fn is_logprobs(key: &str) -> bool {
    let squeezed = key.bytes().filter(u8::is_ascii_alphabetic);
    contains_fold(squeezed, b"logprob") || key.eq_ignore_ascii_case("completion_probabilities")
}

fn contains_fold(text: impl Iterator<Item = u8>, needle: &[u8]) -> bool {
    let mut window = Vec::with_capacity(needle.len());
    for byte in text {
        if window.len() == needle.len() {
            window.remove(0);
        }
        window.push(byte.to_ascii_lowercase());
        if window == needle {
            return true;
        }
    }
    false
}

/// `a.b[0].c` -> `c`, `/a/b/c` -> `c`, `a['c']` -> `c`.
pub(crate) fn last_segment(key: &str) -> &str {
    let mut key = key;
    while let Some(open) = key.strip_suffix(']').and_then(|k| k.rfind('[')) {
        let inside = key[open + 1..key.len() - 1].trim_matches(['"', '\'']);
        if !inside.is_empty() && !inside.bytes().all(|b| b.is_ascii_digit() || b == b'*') {
            return inside;
        }
        key = &key[..open];
    }
    let key = key.trim_end_matches(['.', '/']);
    key.rsplit(['.', '/']).next().unwrap_or(key)
}

/// The words of a key, lower-cased, without allocation.
struct Words {
    text: [[u8; MAX_WORD]; MAX_WORDS],
    len: [u8; MAX_WORDS],
    count: usize,
}

impl Words {
    /// Splits at everything that is no letter or digit, between `aB`, `ABc`, and a letter and a
    /// digit. `None` when a word is too long to be a name.
    fn of(key: &str) -> Option<Self> {
        if key.len() > 128 {
            return None;
        }
        let mut words = Self {
            text: [[0; MAX_WORD]; MAX_WORDS],
            len: [0; MAX_WORDS],
            count: 0,
        };
        let bytes = key.as_bytes();
        let mut in_word = false;
        for (i, &byte) in bytes.iter().enumerate() {
            if !byte.is_ascii_alphanumeric() && byte.is_ascii() {
                in_word = false;
                continue;
            }
            let previous = if i > 0 { bytes[i - 1] } else { b' ' };
            let next = bytes.get(i + 1).copied().unwrap_or(b' ');
            let boundary = (previous.is_ascii_lowercase() && byte.is_ascii_uppercase())
                || (previous.is_ascii_uppercase()
                    && byte.is_ascii_uppercase()
                    && next.is_ascii_lowercase())
                || (previous.is_ascii_digit() != byte.is_ascii_digit());
            if !in_word || boundary {
                words.open()?;
            }
            in_word = true;
            words.push(byte.to_ascii_lowercase())?;
        }
        Some(words)
    }

    fn open(&mut self) -> Option<()> {
        if self.count == MAX_WORDS {
            self.text.copy_within(1.., 0);
            self.len.copy_within(1.., 0);
            self.count -= 1;
        }
        self.len[self.count] = 0;
        self.count += 1;
        Some(())
    }

    fn push(&mut self, byte: u8) -> Option<()> {
        let at = self.count - 1;
        let slot = self.text[at].get_mut(usize::from(self.len[at]))?;
        *slot = byte;
        self.len[at] += 1;
        Some(())
    }

    fn get(&self, i: usize) -> &str {
        let word = &self.text[i][..usize::from(self.len[i])];
        std::str::from_utf8(word).unwrap_or("")
    }

    fn sensitive(&self) -> bool {
        // Words after the one that names the secret may only say which one, or how it is
        // written: `password_2`, `token_value`. `token_count` is a count.
        let mut end = self.count;
        while end > 0 && neutral(self.get(end - 1)) {
            end -= 1;
        }
        if end == 0 {
            return false;
        }
        let head = self.get(end - 1);
        if end == 1
            && end < self.count
            && matches!(head, "key" | "token")
            && self.get(1).bytes().all(|b| b.is_ascii_digit())
        {
            // `key1`, `key2`: a numbered example.
            return false;
        }
        let before = if end > 1 { self.get(end - 2) } else { "" };
        if strong(head) || pair(before, head) {
            return true;
        }
        match head {
            "token" | "jwt" => !matches!(
                before,
                "per"
                    | "max"
                    | "min"
                    | "num"
                    | "stop"
                    | "eos"
                    | "bos"
                    | "pad"
                    | "unk"
                    | "mask"
                    | "cls"
                    | "sep"
                    | "special"
                    | "next"
                    | "page"
                    | "continuation"
                    | "cancellation"
                    | "sync"
            ),
            "key" => !matches!(
                before,
                "public"
                    | "primary"
                    | "foreign"
                    | "sort"
                    | "partition"
                    | "cache"
                    | "hot"
                    | "shortcut"
                    | "per"
                    | "group"
                    | "order"
                    | "range"
                    | "hash"
                    | "row"
                    | "column"
                    | "index"
                    | "object"
                    | "routing"
                    | "dedup"
                    | "idempotency"
                    | "composite"
                    | "unique"
                    | "lookup"
                    | "translation"
                    | "i18n"
                    | "message"
                    | "metadata"
                    | "parent"
                    | "context"
                    | "by"
                    | "issue"
                    | "project"
                    | "dict"
                    | "map"
                    | "sorting"
                    | "grouping"
                    | "pub"
                    | "arrow"
                    | "enter"
                    | "tab"
            ),
            "auth" => true,
            "pin" => !matches!(
                before,
                "gpio"
                    | "led"
                    | "input"
                    | "output"
                    | "data"
                    | "clock"
                    | "analog"
                    | "digital"
                    | "reset"
            ),
            "tokens" | "keys" => matches!(
                before,
                "api"
                    | "access"
                    | "secret"
                    | "private"
                    | "auth"
                    | "bearer"
                    | "refresh"
                    | "session"
                    | "encryption"
                    | "signing"
                    | "ssh"
                    | "recovery"
            ),
            "code" => matches!(
                before,
                "pin"
                    | "security"
                    | "otp"
                    | "verification"
                    | "auth"
                    | "recovery"
                    | "backup"
                    | "mfa"
            ),
            "number" | "num" | "no" | "nr" => {
                let two = if end > 2 { self.get(end - 3) } else { "" };
                matches!(before, "card" | "cc" | "ssn" | "cvv" | "cvc" | "pin") || pair(two, before)
            }
            _ => (0..end - 1).any(|i| {
                // `password_db_prod`: a strong word may stand first when no word after it turns
                // the key into a statement about the secret.
                matches!(self.get(i), "password" | "passwd" | "passphrase")
                    && (i + 1..end).all(|j| !about(self.get(j)))
            }),
        }
    }
}

/// Words that are secret as the head of a key, whatever stands before them.
fn strong(word: &str) -> bool {
    matches!(
        word,
        "password"
            | "passwords"
            | "passwd"
            | "pwd"
            | "pswd"
            | "passphrase"
            | "passcode"
            | "pass"
            | "secret"
            | "secrets"
            | "credential"
            | "credentials"
            | "creds"
            | "authorization"
            | "authentication"
            | "apikey"
            | "apikeys"
            | "apitoken"
            | "ssn"
            | "cvv"
            | "cvc"
            | "csc"
            | "otp"
            | "totp"
            | "mnemonic"
            | "bearer"
            | "cookie"
            | "cookies"
            | "privkey"
            | "creditcard"
            | "cardnumber"
            | "ccnumber"
            | "socialsecurity"
            | "socialsecuritynumber"
            | "pincode"
            | "contraseña"
            | "passwort"
    ) || RUN_TOGETHER
        .iter()
        .any(|tail| word.len() >= tail.len() && word.ends_with(tail))
}

/// Endings that make a word written without separators secret: `dbpassword`, `openaiapikey`.
const RUN_TOGETHER: [&str; 14] = [
    "password",
    "passwd",
    "passphrase",
    "apikey",
    "secretkey",
    "privatekey",
    "accesskey",
    "accesstoken",
    "authtoken",
    "refreshtoken",
    "bearertoken",
    "sessiontoken",
    "clientsecret",
    "apisecret",
];

/// Two words that are secret together.
fn pair(first: &str, second: &str) -> bool {
    matches!(
        (first, second),
        ("social", "security")
            | ("credit", "card")
            | ("debit", "card")
            | ("card", "number")
            | ("card", "no")
            | ("connection", "string")
            | ("set", "cookie")
            | ("session", "id")
            | ("pass", "word")
            | ("pass", "phrase")
            | ("pass", "code")
            | ("mother", "maiden")
    )
}

/// Words that may follow the secret's name.
fn neutral(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_digit())
        || matches!(
            word,
            "value"
                | "val"
                | "plain"
                | "plaintext"
                | "raw"
                | "text"
                | "string"
                | "str"
                | "header"
                | "base"
                | "b"
                | "hex"
                | "encoded"
                | "new"
                | "old"
                | "current"
                | "previous"
                | "confirm"
                | "confirmation"
                | "prod"
                | "dev"
                | "test"
                | "staging"
                | "live"
                | "primary"
                | "secondary"
                | "default"
                | "env0"
                | "v"
        )
}

/// Words that turn a key into a statement about the secret.
fn about(word: &str) -> bool {
    matches!(
        word,
        "id" | "ids"
            | "name"
            | "names"
            | "count"
            | "type"
            | "types"
            | "length"
            | "len"
            | "policy"
            | "url"
            | "uri"
            | "path"
            | "file"
            | "expires"
            | "expiry"
            | "expiration"
            | "expired"
            | "at"
            | "in"
            | "ttl"
            | "enabled"
            | "required"
            | "min"
            | "max"
            | "strength"
            | "reset"
            | "changed"
            | "updated"
            | "created"
            | "hint"
            | "method"
            | "mode"
            | "provider"
            | "field"
            | "label"
            | "prompt"
            | "rules"
            | "manager"
            | "env"
            | "ms"
            | "usage"
            | "status"
            | "error"
            | "format"
            | "ref"
            | "arn"
            | "version"
            | "store"
            | "algorithm"
            | "alg"
            | "rotation"
            | "management"
            | "input"
            | "page"
            | "form"
            | "protected"
            | "only"
            | "less"
            | "free"
            | "attempts"
            | "age"
            | "history"
            | "validator"
            | "visible"
    )
}

#[cfg(test)]
mod tests;
