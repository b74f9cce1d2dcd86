use std::borrow::Cow;
use std::fmt;

use base64_simd::STANDARD;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use crate::{Algorithm, CryptoError, Nonce};

/// A sealed message with what is needed to open it, but for the key.
///
/// As JSON an object of exactly these five fields, in this order, the first three in standard base64 with
/// padding (RFC 4648, section 4). Reading is strict: no whitespace, no missing padding, no stray bits, so that
/// the same envelope has one spelling only.
#[derive(Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Ciphertext and tag.
    pub ciphertext: Vec<u8>,
    /// The nonce it was sealed with.
    pub nonce: Nonce,
    /// What went into the key's derivation.
    pub salt: Vec<u8>,
    /// The AEAD.
    pub algorithm: Algorithm,
    /// How the key is derived: `HKDF-SHA256`, or an [`Argon2Params`](crate::Argon2Params) label.
    pub kdf: String,
}

/// Why an envelope could not be read. Names the field, never what it held.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// Not canonical base64.
    #[error("the envelope's {field} is not canonical standard base64 with padding")]
    Base64 {
        /// Which of `ciphertext`, `nonce`, `salt`.
        field: &'static str,
    },
    /// A nonce that is not 12 bytes long.
    #[error("the envelope's nonce cannot be used")]
    Nonce(#[source] CryptoError),
}

impl Envelope {
    /// From the five fields as they stand in JSON.
    ///
    /// # Errors
    /// [`EnvelopeError`] when one is not in its canonical form.
    pub fn from_fields(
        ciphertext: &str,
        nonce: &str,
        salt: &str,
        algorithm: Algorithm,
        kdf: String,
    ) -> Result<Self, EnvelopeError> {
        let nonce = decode(nonce, "nonce")?;
        Ok(Self {
            ciphertext: decode(ciphertext, "ciphertext")?,
            nonce: Nonce::try_from_slice(&nonce).map_err(EnvelopeError::Nonce)?,
            salt: decode(salt, "salt")?,
            algorithm,
            kdf,
        })
    }
}

fn decode(text: &str, field: &'static str) -> Result<Vec<u8>, EnvelopeError> {
    STANDARD
        .decode_to_vec(text)
        .map_err(|_| EnvelopeError::Base64 { field })
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            ciphertext,
            nonce: _,
            salt,
            algorithm,
            kdf,
        } = self;
        f.debug_struct("Envelope")
            .field("ciphertext", &format_args!("{} bytes", ciphertext.len()))
            .field("salt", &format_args!("{} bytes", salt.len()))
            .field("algorithm", algorithm)
            .field("kdf", kdf)
            .finish()
    }
}

impl Serialize for Envelope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self {
            ciphertext,
            nonce,
            salt,
            algorithm,
            kdf,
        } = self;
        let mut object = serializer.serialize_struct("Envelope", 5)?;
        object.serialize_field("ciphertext", &STANDARD.encode_to_string(ciphertext))?;
        object.serialize_field("nonce", &STANDARD.encode_to_string(nonce.as_bytes()))?;
        object.serialize_field("salt", &STANDARD.encode_to_string(salt))?;
        object.serialize_field("algorithm", algorithm)?;
        object.serialize_field("kdf", kdf)?;
        object.end()
    }
}

/// Borrows from the input where nothing is escaped, which canonical base64 never is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields<'a> {
    #[serde(borrow)]
    ciphertext: Cow<'a, str>,
    #[serde(borrow)]
    nonce: Cow<'a, str>,
    #[serde(borrow)]
    salt: Cow<'a, str>,
    algorithm: Algorithm,
    kdf: String,
}

impl<'de> Deserialize<'de> for Envelope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Fields {
            ciphertext,
            nonce,
            salt,
            algorithm,
            kdf,
        } = Fields::deserialize(deserializer)?;
        Self::from_fields(&ciphertext, &nonce, &salt, algorithm, kdf)
            .map_err(serde::de::Error::custom)
    }
}
