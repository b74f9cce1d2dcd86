use thiserror::Error;

/// What can go wrong outside of opening a sealed message, which has the opaque [`AeadError`](crate::AeadError).
///
/// No variant holds key material, plaintext or ciphertext.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CryptoError {
    /// A key, seed or nonce of the wrong size.
    #[error("{what} must be {expected} bytes long, but {got} were given")]
    Length {
        /// What was to be read.
        what: &'static str,
        /// The size it has.
        expected: usize,
        /// The size that was given.
        got: usize,
    },
    /// The source of randomness failed; nothing was filled.
    #[error(
        "the operating system gave no random bytes; check that /dev/urandom or getrandom(2) works"
    )]
    Random,
    /// More output was asked of HKDF-SHA256 than the 8,160 bytes it can give (RFC 5869, section 2.3).
    #[error("HKDF-SHA256 gives at most 8160 bytes")]
    HkdfOutput,
    /// Argon2id parameters outside of what is safe to use.
    #[error(
        "Argon2id parameters (memory {memory_kib} KiB, {iterations} passes, {parallelism} lanes) are {why}"
    )]
    Argon2Params {
        /// Memory in KiB.
        memory_kib: u32,
        /// Passes over the memory.
        iterations: u32,
        /// Lanes.
        parallelism: u32,
        /// Which bound they break.
        why: &'static str,
    },
    /// Argon2id refused its input.
    #[error("Argon2id could not run")]
    Argon2(#[source] argon2::Error),
    /// A signature that does not belong to this message and public key.
    #[error("the signature does not fit the message and the public key")]
    Signature,
    /// An algorithm this version does not know.
    #[error("unknown algorithm {0:?}; this version knows AES-256-GCM and ChaCha20-Poly1305")]
    UnknownAlgorithm(String),
    /// A KDF label this version does not know.
    #[error(
        "unknown key derivation {0:?}; this version knows HKDF-SHA256, Argon2 and Argon2id-m…-t…-p…"
    )]
    UnknownKdf(String),
}
