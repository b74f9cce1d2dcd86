use std::fmt;

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use crate::{CryptoError, Key, SecureRandom, clear_stack};

/// An Ed25519 key (RFC 8032) that signs.
///
/// Only the seed is kept, and wiped when dropped. ring does not wipe its expanded key pair, so that is built for
/// each signature on the stack, which is wiped: 20 µs more for each.
pub struct SigningKey {
    seed: Key,
    public: [u8; 32],
}

impl SigningKey {
    /// From the 32-byte seed, which is what RFC 8032 calls the private key.
    ///
    /// # Errors
    /// None in practice; every seed gives a key.
    pub fn from_seed(seed: Key) -> Result<Self, CryptoError> {
        let public = public_of(&seed);
        clear_stack();
        Ok(Self {
            public: public?,
            seed,
        })
    }

    /// A fresh random key.
    ///
    /// # Errors
    /// [`CryptoError::Random`] when the source fails.
    pub fn generate(rng: &dyn SecureRandom) -> Result<Self, CryptoError> {
        Self::from_seed(Key::generate(rng)?)
    }

    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> [u8; 32] {
        self.public
    }

    /// The seed, to be wrapped and stored.
    #[must_use]
    pub fn seed(&self) -> &Key {
        &self.seed
    }

    /// Signs `message`. The same message always gives the same signature.
    ///
    /// # Panics
    /// Never: the seed was expanded once when this was made.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let signature = sign_with(&self.seed, message);
        clear_stack();
        signature.expect("a seed that expanded once expands again")
    }
}

// Not inlined: the expanded key has to lie below the frame from which the stack is cleared.
#[inline(never)]
fn public_of(seed: &Key) -> Result<[u8; 32], CryptoError> {
    let mut public = [0; 32];
    public.copy_from_slice(expand(seed)?.public_key().as_ref());
    Ok(public)
}

#[inline(never)]
fn sign_with(seed: &Key, message: &[u8]) -> Result<[u8; 64], CryptoError> {
    let mut signature = [0; 64];
    signature.copy_from_slice(expand(seed)?.sign(message).as_ref());
    Ok(signature)
}

fn expand(seed: &Key) -> Result<Ed25519KeyPair, CryptoError> {
    Ed25519KeyPair::from_seed_unchecked(seed.expose()).map_err(|_| CryptoError::Length {
        what: "an Ed25519 seed",
        expected: Key::LEN,
        got: seed.expose().len(),
    })
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

/// Checks a signature. Strict as ring is: canonical `S` (RFC 8032, section 5.1.7), cofactorless equation.
///
/// # Errors
/// [`CryptoError::Signature`] when it does not fit.
pub fn verify_ed25519(
    public: &[u8; 32],
    message: &[u8],
    signature: &[u8; 64],
) -> Result<(), CryptoError> {
    UnparsedPublicKey::new(&ED25519, public)
        .verify(message, signature)
        .map_err(|_| CryptoError::Signature)
}
