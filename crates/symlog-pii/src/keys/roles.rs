//! What each word of a key may say about the value.

use std::sync::LazyLock;

use crate::rules::{Words as WordMap, fold_hash};

/// What a word says: as the last of a key, before the last, or anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Role(u32);

impl Role {
    pub(super) const NONE: Self = Self(0);
    /// Secret as the last word, whatever stands before it.
    pub(super) const STRONG: Self = Self(1);
    /// May follow the secret's name.
    pub(super) const NEUTRAL: Self = Self(1 << 1);
    /// Secret as the last word, unless a word before it says otherwise.
    pub(super) const TOKEN: Self = Self(1 << 2);
    pub(super) const NO_TOKEN: Self = Self(1 << 3);
    pub(super) const KEY: Self = Self(1 << 4);
    pub(super) const NO_KEY: Self = Self(1 << 5);
    pub(super) const PIN: Self = Self(1 << 6);
    pub(super) const NO_PIN: Self = Self(1 << 7);
    /// Secret as the last word if a word before it says so.
    pub(super) const PLURAL: Self = Self(1 << 8);
    pub(super) const WITH_PLURAL: Self = Self(1 << 9);
    pub(super) const CODE: Self = Self(1 << 10);
    pub(super) const WITH_CODE: Self = Self(1 << 11);
    pub(super) const NUMBER: Self = Self(1 << 12);
    pub(super) const WITH_NUMBER: Self = Self(1 << 13);
    /// The second word of a pair that is secret together.
    pub(super) const SECOND: Self = Self(1 << 14);
    /// May stand first: `password_db_prod`.
    pub(super) const FIRST: Self = Self(1 << 15);
    /// Turns a key into a statement about the secret.
    pub(super) const ABOUT: Self = Self(1 << 16);

    /// Whether it is any of `role`.
    #[inline]
    pub(super) const fn has(self, role: Self) -> bool {
        self.0 & role.0 != 0
    }
}

impl std::ops::BitOr for Role {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

const STRONG: &str = "password passwords passwd pwd pswd passphrase passcode pass secret secrets credential \
    credentials creds authorization authentication auth apikey apikeys apitoken ssn cvv cvc csc otp totp mnemonic \
    bearer crumb cookie cookies privkey creditcard cardnumber ccnumber socialsecurity socialsecuritynumber pincode \
    contraseña passwort";

const NEUTRAL: &str = "value val plain plaintext raw text string str header base b hex encoded new old current \
    previous confirm confirmation prod dev test staging live primary secondary default v";

/// Last words that need another one before them; see [`Role`].
const HEADS: [(&str, Role); 6] = [
    ("token jwt", Role::TOKEN),
    ("key", Role::KEY),
    ("pin", Role::PIN),
    ("tokens keys", Role::PLURAL),
    ("code", Role::CODE),
    ("number num no nr", Role::NUMBER),
];

const BEFORE: [(&str, Role); 6] = [
    (
        "per max min num stop eos bos pad unk mask cls sep special next page continuation cancellation sync",
        Role::NO_TOKEN,
    ),
    (
        "public primary foreign sort partition cache hot shortcut per group order range hash row column index object \
         routing dedup idempotency composite unique lookup translation i18n message metadata parent context by issue \
         project dict map sorting grouping pub arrow enter tab",
        Role::NO_KEY,
    ),
    (
        "gpio led input output data clock analog digital reset",
        Role::NO_PIN,
    ),
    (
        "api access secret private auth bearer refresh session encryption signing ssh recovery",
        Role::WITH_PLURAL,
    ),
    (
        "pin security otp verification auth recovery backup mfa",
        Role::WITH_CODE,
    ),
    ("card cc ssn cvv cvc pin", Role::WITH_NUMBER),
];

const FIRST: &str = "password passwd passphrase";

const ABOUT: &str = "id ids name names count type types length len policy url uri path file expires expiry expiration \
    expired at in ttl enabled required min max strength reset changed updated created hint method mode provider field \
    label prompt rules manager env ms usage status error format ref arn version store algorithm alg rotation \
    management input page form protected only less free attempts age history validator visible";

/// Two words that are secret together.
const PAIRS: [(&str, &str); 12] = [
    ("social", "security"),
    ("credit", "card"),
    ("debit", "card"),
    ("card", "number"),
    ("card", "no"),
    ("connection", "string"),
    ("set", "cookie"),
    ("session", "id"),
    ("pass", "word"),
    ("pass", "phrase"),
    ("pass", "code"),
    ("mother", "maiden"),
];

/// The second words of [`PAIRS`].
const SECONDS: &str = "security card number no string cookie id word phrase code maiden";

/// Endings that make a word written without separators secret: `dbpassword`, `openaiapikey`.
const RUN_TOGETHER: &str = "password passwd passphrase apikey secretkey privatekey accesskey accesstoken authtoken \
    refreshtoken bearertoken sessiontoken bottoken jwttoken secret encryptionkey signingkey masterkey licensekey \
    consumerkey subscriptionkey accountkey storagekey sharedkey sshkey hmackey dbpass userpass smtppass rootpass \
    adminpass mysqlpass ftppass dbpwd userpwd sapwd";

/// What the word with this hash says.
#[inline]
pub(super) fn of(hash: u64) -> Role {
    static ROLES: LazyLock<WordMap<Role>> = LazyLock::new(|| {
        let lists = [
            (STRONG, Role::STRONG),
            (NEUTRAL, Role::NEUTRAL),
            (SECONDS, Role::SECOND),
            (FIRST, Role::FIRST),
            (ABOUT, Role::ABOUT),
        ];
        let mut all = std::collections::HashMap::new();
        for (words, role) in lists.into_iter().chain(HEADS).chain(BEFORE) {
            for word in words.split_whitespace() {
                all.entry(fold_hash(word.as_bytes()))
                    .or_insert(Role::NONE)
                    .0 |= role.0;
            }
        }
        WordMap::new(all)
    });
    ROLES.get(hash).copied().unwrap_or(Role::NONE)
}

/// Whether the two words are secret together.
pub(super) fn is_pair(first: &[u8], second: &[u8]) -> bool {
    PAIRS.iter().any(|(a, b)| {
        first.eq_ignore_ascii_case(a.as_bytes()) && second.eq_ignore_ascii_case(b.as_bytes())
    })
}

/// Whether a word ends with one of [`RUN_TOGETHER`].
pub(super) fn runs_together(word: &[u8]) -> bool {
    let Some((_, ending)) = word.split_last_chunk::<3>() else {
        return false;
    };
    let last = matches!(
        &ending.map(|b| b.to_ascii_lowercase()),
        b"ord" | b"swd" | b"ase" | b"key" | b"ken" | b"ret" | b"ass" | b"pwd"
    );
    last && RUN_TOGETHER.split(' ').any(|tail| {
        word.len() >= tail.len()
            && word[word.len() - tail.len()..].eq_ignore_ascii_case(tail.as_bytes())
    })
}

/// Whether a key that ends where `text` ends can be sensitive by its last word.
///
/// It is false for no such key: most signs stand after names that are told here.
#[inline]
pub(crate) fn may_end_sensitive(text: &[u8]) -> bool {
    match text {
        [.., a, b, c]
            if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() && c.is_ascii_alphabetic() =>
        {
            is_ending(*a, *b, *c) && follows_well(text)
        }
        [.., c] => (c.is_ascii_alphanumeric() || !c.is_ascii()) && may_end_oddly(text),
        [] => false,
    }
}

/// Whether [`may_end_sensitive`] can hold for `text[..end]`: as much as one look tells.
#[inline]
pub(crate) fn may_end_key(text: &[u8], end: usize) -> bool {
    match text.get(..end).and_then(<[u8]>::last_chunk) {
        Some(&[before, a, b, c]) => {
            let [x, y, z] = [a, b, c].map(|byte| CLASS[usize::from(byte)]);
            let last = usize::from(x) << 10 | usize::from(y) << 5 | usize::from(z);
            let has = |bits: &[u64], bit: usize| bits[bit / 64] >> (bit % 64) & 1 == 1;
            if !has(&KEY_ENDS, last) {
                return false;
            }
            let odd = !(is_letter(x) && is_letter(y) && is_letter(z) && before.is_ascii());
            odd || has(&WORD_ENDS, word_end(letter(before), last))
                // A word of three letters may begin in camel case.
                || (a.is_ascii_uppercase() && has(&WORD_ENDS, word_end(0, last)))
        }
        None => end > 0,
    }
}

/// Where the last four letters of a word stand in [`WORD_ENDS`], of which the last three are
/// given together.
const fn word_end(before: u8, last: usize) -> usize {
    let all = (before as u32) << 15 | last as u32;
    (all.wrapping_mul(0x9e37_79b1) >> 18) as usize
}

/// The words with which a sensitive key can end, by a hash of their last four letters, or of all
/// three.
static WORD_ENDS: [u64; 256] = {
    let mut bits = [0; 256];
    let mut list = 0;
    while list < LAST.len() {
        let text = LAST[list].as_bytes();
        let mut at = 3;
        while at <= text.len() {
            let ends = at == text.len() || text[at] == b' ';
            if ends && text[at - 3] != b' ' && text[at - 2] != b' ' {
                let before = if at > 3 { letter(text[at - 4]) } else { 0 };
                let last = ending(text[at - 3], text[at - 2], text[at - 1]);
                let bit = word_end(before, last);
                bits[bit / 64] |= 1 << (bit % 64);
            }
            at += 1;
        }
        list += 1;
    }
    bits
};

const DIGIT: u8 = 27;
const BEYOND_ASCII: u8 = 28;
/// What may join the words of a key.
const JOINT: u8 = 29;

/// 1 to 26 for letters, 0 for most signs.
static CLASS: [u8; 256] = {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        let byte = i as u8;
        table[i] = if !byte.is_ascii() {
            BEYOND_ASCII
        } else if byte.is_ascii_digit() {
            DIGIT
        } else if matches!(byte, b'_' | b'-' | b'.' | b' ') {
            JOINT
        } else {
            letter(byte)
        };
        i += 1;
    }
    table
};

const fn is_letter(class: u8) -> bool {
    class >= 1 && class <= 26
}

/// Whether the two letters are a word with which a sensitive key can end.
const fn is_short(a: u8, b: u8) -> bool {
    (a == letter(b'n') && (b == letter(b'o') || b == letter(b'r')))
        || (a == letter(b'i') && b == letter(b'd'))
}

/// Whether what stands before a digit may be what [`may_end_oddly`] takes.
const fn may_precede_digit(a: u8, b: u8) -> bool {
    if is_letter(b) {
        is_letter(a) || a == BEYOND_ASCII || b == letter(b'b') || b == letter(b'v')
    } else if b == DIGIT || b == JOINT {
        a != 0
    } else {
        b == BEYOND_ASCII
    }
}

/// The last three bytes of a key, by their classes, for which [`may_end_sensitive`] can hold.
static KEY_ENDS: [u64; 512] = {
    let mut bits = [0; 512];
    let mut i = 0;
    while i < 1 << 15 {
        let (a, b, c) = ((i >> 10) as u8, (i >> 5 & 31) as u8, (i & 31) as u8);
        let tells = match (is_letter(a), is_letter(b), is_letter(c)) {
            (true, true, true) => BEFORES[i] != 0,
            (false, true, true) => a == BEYOND_ASCII || is_short(b, c),
            (_, false, true) => b == BEYOND_ASCII || c == letter(b'b') || c == letter(b'v'),
            (_, _, false) if c == DIGIT => may_precede_digit(a, b),
            (_, _, false) => c == BEYOND_ASCII,
        };
        if tells {
            bits[i / 64] |= 1 << (i % 64);
        }
        i += 1;
    }
    bits
};

/// Whether the letter before the last three is that of a word with which a sensitive key can end.
fn follows_well(text: &[u8]) -> bool {
    let [.., before, a, b, c] = text else {
        return true;
    };
    let befores = BEFORES[ending(*a, *b, *c)];
    // A word of three letters may begin in camel case.
    !before.is_ascii()
        || befores >> letter(*before) & 1 == 1
        || (a.is_ascii_uppercase() && befores & 1 == 1)
}

/// [`may_end_sensitive`] after a word of one or two letters, a number, or letters beyond ASCII.
#[inline(never)]
fn may_end_oddly(text: &[u8]) -> bool {
    let mut text = text;
    // `password_v2`, `card no. 1`: a few words that say nothing may follow.
    for _ in 0..3 {
        let digits = text.iter().rev().take_while(|b| b.is_ascii_digit()).count();
        text = &text[..text.len() - digits.min(super::MAX_KEY)];
        let joints = text
            .iter()
            .rev()
            .take_while(|b| matches!(b, b'_' | b'-' | b'.' | b' '))
            .take(if digits > 0 { 2 } else { 0 })
            .count();
        text = &text[..text.len() - joints];
        let letters = text
            .iter()
            .rev()
            .take(3)
            .take_while(|b| b.is_ascii_alphabetic())
            .count();
        let (rest, word) = text.split_at(text.len() - letters);
        if rest.last().is_some_and(|b| !b.is_ascii()) {
            return true;
        }
        match word {
            [_, _, _] => return follows_well(text),
            [] if digits == 0 || joints == 0 => return false,
            [] => {}
            word => {
                let known = ["no", "nr", "id", "b", "v"]
                    .iter()
                    .any(|w| word.eq_ignore_ascii_case(w.as_bytes()));
                return known;
            }
        }
    }
    true
}

/// Whether a word with which a sensitive key can end ends with these letters.
#[inline]
fn is_ending(a: u8, b: u8, c: u8) -> bool {
    let bit = ending(a, b, c);
    ENDINGS[bit / 64] >> (bit % 64) & 1 == 1
}

/// Five bits of each letter.
const fn ending(a: u8, b: u8, c: u8) -> usize {
    ((a & 31) as usize) << 10 | ((b & 31) as usize) << 5 | (c & 31) as usize
}

/// 1 to 26 for letters, 0 for signs.
const fn letter(byte: u8) -> u8 {
    if byte.is_ascii_alphabetic() {
        byte & 31
    } else {
        0
    }
}

/// The words with which a sensitive key can end, by their last three letters: one bit for each
/// letter that stands before those, and the first for none.
static BEFORES: [u32; 1 << 15] = {
    let mut table = [0; 1 << 15];
    let mut list = 0;
    while list < LAST.len() {
        let text = LAST[list].as_bytes();
        let mut at = 3;
        while at <= text.len() {
            let ends = at == text.len() || text[at] == b' ';
            if ends && text[at - 3] != b' ' && text[at - 2] != b' ' {
                let before = if at > 3 { letter(text[at - 4]) } else { 0 };
                table[ending(text[at - 3], text[at - 2], text[at - 1])] |= 1 << before;
            }
            at += 1;
        }
        list += 1;
    }
    table
};

/// Which endings [`BEFORES`] has at all: most are told from this, which is small.
static ENDINGS: [u64; 512] = {
    let mut bits = [0; 512];
    let mut i = 0;
    while i < BEFORES.len() {
        if BEFORES[i] != 0 {
            bits[i / 64] |= 1 << (i % 64);
        }
        i += 1;
    }
    bits
};

/// All words with which a sensitive key can end.
const LAST: [&str; 10] = [
    STRONG,
    NEUTRAL,
    SECONDS,
    HEADS[0].0,
    HEADS[1].0,
    HEADS[2].0,
    HEADS[3].0,
    HEADS[4].0,
    HEADS[5].0,
    RUN_TOGETHER,
];
