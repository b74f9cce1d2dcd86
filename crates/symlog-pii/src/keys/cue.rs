//! Single words that say whether a token beside them is secret.

use std::sync::LazyLock;

use super::MAX_WORD;
use super::roles::runs_together;
use crate::rules::{Words as WordMap, fold_hash};

/// What a single word near a token says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cue {
    /// It is a secret.
    Secret,
    /// It is printed for all to see: a digest, an identifier.
    Public,
}

/// What the word says, if anything.
pub(crate) fn cue(word: &[u8]) -> Option<Cue> {
    static CUES: LazyLock<WordMap<Cue>> = LazyLock::new(|| {
        let secret = SECRET_WORDS.iter().map(|w| (*w, Cue::Secret));
        let public = PUBLIC_WORDS.iter().map(|w| (*w, Cue::Public));
        WordMap::new(
            secret
                .chain(public)
                .map(|(w, cue)| (fold_hash(w.as_bytes()), cue)),
        )
    });
    let glued = || may_run_together(word) && runs_together(word);
    CUES.get(fold_hash(word))
        .copied()
        .or_else(|| glued().then_some(Cue::Secret))
}

/// Whether [`cue`] may know the word as one that is written without separators.
#[inline]
pub(crate) fn may_run_together(word: &[u8]) -> bool {
    (8..=MAX_WORD).contains(&word.len())
}

/// All words that [`cue`] knows by themselves.
pub(crate) fn cue_words() -> impl Iterator<Item = &'static str> {
    SECRET_WORDS.into_iter().chain(PUBLIC_WORDS)
}

const SECRET_WORDS: [&str; 27] = [
    "key",
    "token",
    "secret",
    "password",
    "passwd",
    "pwd",
    "apikey",
    "auth",
    "authorization",
    "bearer",
    "credential",
    "credentials",
    "creds",
    "api",
    "access",
    "private",
    "pat",
    "secrets",
    "tokens",
    "passphrase",
    "signing",
    "oauth",
    "sk",
    "pass",
    "webhook",
    "jwt",
    "unseal",
];

const PUBLIC_WORDS: [&str; 24] = [
    "sha256",
    "sha1",
    "sha512",
    "sha",
    "md5",
    "hash",
    "checksum",
    "digest",
    "commit",
    "rev",
    "revision",
    "etag",
    "integrity",
    "uuid",
    "guid",
    "fingerprint",
    "id",
    "version",
    "public",
    "pub",
    "signature",
    "nonce",
    "salt",
    "blob",
];
