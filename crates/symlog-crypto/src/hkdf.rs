use std::fmt;

use ring::hkdf;
use zeroize::Zeroizing;

use crate::{CryptoError, Key};

/// A pseudorandom key of HKDF-SHA256 (RFC 5869).
pub struct Prk(hkdf::Prk);

impl Prk {
    /// HKDF-Extract: the entropy of `ikm`, concentrated under `salt`.
    #[must_use]
    pub fn extract(salt: &[u8], ikm: &[u8]) -> Self {
        Self(hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(ikm))
    }

    /// A uniform 256-bit key taken as it is: section 3.3 allows to skip the extract step then.
    #[must_use]
    pub fn from_key(key: &Key) -> Self {
        Self(hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, key.expose()))
    }

    /// HKDF-Expand. The parts of `info` are concatenated; lengths that vary are the caller's to encode.
    ///
    /// # Errors
    /// [`CryptoError::HkdfOutput`] when `out` is longer than 8,160 bytes.
    pub fn expand(&self, info: &[&[u8]], out: &mut [u8]) -> Result<(), CryptoError> {
        self.0
            .expand(info, OutputLen(out.len()))
            .and_then(|okm| okm.fill(out))
            .map_err(|_| CryptoError::HkdfOutput)
    }

    /// HKDF-Expand to one 256-bit key.
    ///
    /// # Errors
    /// None in practice; 32 bytes are always within the bound.
    pub fn expand_key(&self, info: &[&[u8]]) -> Result<Key, CryptoError> {
        let mut out = Zeroizing::new([0; Key::LEN]);
        self.expand(info, out.as_mut_slice())?;
        Key::try_from_slice(out.as_slice())
    }
}

impl fmt::Debug for Prk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prk(..)")
    }
}

struct OutputLen(usize);

impl hkdf::KeyType for OutputLen {
    fn len(&self) -> usize {
        self.0
    }
}
