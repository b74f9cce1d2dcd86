#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod aead;
mod argon2id;
mod backend;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod envelope;
mod error;
mod hash;
mod hkdf;
mod lanes;
mod provider;
#[cfg(feature = "hpke")]
mod recipient;
mod secret;
mod signature;
mod siv;

pub use aead::{Aead, AeadError, Algorithm, NONCE_LEN, Nonce, TAG_LEN};
pub use argon2id::{Argon2Params, argon2id};
pub use envelope::{Envelope, EnvelopeError};
pub use error::CryptoError;
pub use hash::{Sha256, hmac_sha256, hmac_sha256_bytes, sha256, sha256_each};
pub use hkdf::{Prk, expand_keys_and_nonces};
#[cfg(feature = "aws-lc-rs")]
pub use provider::aws_lc_provider;
pub use provider::{CryptoProvider, SecureRandom, default_provider};
#[cfg(feature = "hpke")]
pub use recipient::{Identity, Recipient};
pub use secret::{Key, SecretBytes, clear_stack};
pub use signature::{SigningKey, verify_ed25519};
pub use siv::Siv;
