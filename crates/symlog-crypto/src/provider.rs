use std::fmt;

#[cfg(feature = "aws-lc-rs")]
use crate::backend::aws_lc;
use crate::backend::ring;
use crate::{Aead, Algorithm, CryptoError};

/// A source of unpredictable bytes.
///
/// An implementation must fill all of `out` or return an error, and must not repeat itself after `fork` or
/// after a virtual machine is resumed from a snapshot.
pub trait SecureRandom: fmt::Debug + Send + Sync {
    /// Fills `out`.
    ///
    /// # Errors
    /// [`CryptoError::Random`]; `out` is then not to be used.
    fn fill(&self, out: &mut [u8]) -> Result<(), CryptoError>;
}

/// The replaceable parts, each on its own: `CryptoProvider { random: &MY_HSM, ..default_provider() }`.
#[derive(Debug, Clone)]
pub struct CryptoProvider {
    /// AES-256-GCM.
    pub aes_256_gcm: &'static dyn Aead,
    /// ChaCha20-Poly1305.
    pub chacha20_poly1305: &'static dyn Aead,
    /// Keys, nonces and salts come from here.
    pub random: &'static dyn SecureRandom,
}

impl CryptoProvider {
    /// The part that computes `algorithm`.
    #[must_use]
    pub fn aead(&self, algorithm: Algorithm) -> &'static dyn Aead {
        match algorithm {
            Algorithm::Aes256Gcm => self.aes_256_gcm,
            Algorithm::ChaCha20Poly1305 => self.chacha20_poly1305,
        }
    }
}

/// Everything from `ring`.
#[must_use]
pub fn default_provider() -> CryptoProvider {
    CryptoProvider {
        aes_256_gcm: &ring::AES_256_GCM,
        chacha20_poly1305: &ring::CHACHA20_POLY1305,
        random: &ring::SYSTEM_RANDOM,
    }
}

/// The AEADs from AWS-LC, which seal to the same bytes. Randomness still comes from the operating system: AWS-LC's
/// generator keeps a state in the process, which a resumed snapshot would repeat.
#[cfg(feature = "aws-lc-rs")]
#[must_use]
pub fn aws_lc_provider() -> CryptoProvider {
    CryptoProvider {
        aes_256_gcm: &aws_lc::AES_256_GCM,
        chacha20_poly1305: &aws_lc::CHACHA20_POLY1305,
        ..default_provider()
    }
}
