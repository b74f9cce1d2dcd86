//! Sealing to a public key: HPKE (RFC 9180), base mode, one message each.

use std::convert::Infallible;
use std::fmt;

use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use zeroize::{Zeroize, Zeroizing};

use crate::{AeadError, CryptoError, Key, SecretBytes, SecureRandom, TAG_LEN, clear_stack, sha256};

type Suite = X25519HkdfSha256;

const PUBLIC_PREFIX: &str = "x25519:";
const SECRET_PREFIX: &str = "x25519-secret:";

/// A public key that can be sealed to, and not opened with.
///
/// DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305.
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient([u8; 32]);

/// The private key that opens what was sealed to its [`Recipient`].
pub struct Identity(Key);

impl Recipient {
    /// What is added to a plaintext.
    pub const OVERHEAD: usize = 32 + TAG_LEN;

    /// Reads `x25519:` and the base64 of 32 bytes.
    ///
    /// # Errors
    /// [`CryptoError::Length`] for anything else, and for a public key that nobody can have the private one of.
    pub fn from_text(text: &str) -> Result<Self, CryptoError> {
        let bytes = decode(text, PUBLIC_PREFIX).ok_or_else(|| malformed("an X25519 public key"))?;
        let mut key = [0; 32];
        key.copy_from_slice(&bytes[..]);
        // Points of small order give a shared secret that everybody knows.
        let probe = Self(key);
        probe.seal(&Counting, b"", b"", b"")?;
        Ok(probe)
    }

    /// `x25519:` and base64.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!(
            "{PUBLIC_PREFIX}{}",
            base64_simd::STANDARD.encode_to_string(self.0)
        )
    }

    /// The 32 bytes of RFC 7748.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Tells this key from others: the first 16 bytes of its SHA-256.
    #[must_use]
    pub fn id(&self) -> [u8; 16] {
        let mut id = [0; 16];
        id.copy_from_slice(&sha256(&[b"symlog recipient v1", &self.0])[..16]);
        id
    }

    /// Seals `plaintext`; `info` says what for, `aad` is bound to it. The result is the encapsulated key (32 bytes),
    /// ciphertext and tag.
    ///
    /// # Errors
    /// [`CryptoError::Random`], and [`CryptoError::Length`] for a public key that cannot be one.
    pub fn seal(
        &self,
        random: &dyn SecureRandom,
        info: &[u8],
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let wrong = || malformed("an X25519 public key");
        let public = <Suite as Kem>::PublicKey::from_bytes(&self.0).map_err(|_| wrong())?;
        let mut rng = Drawn::new(random)?;
        let sealed = hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, Suite>(
            &OpModeS::Base,
            &public,
            info,
            plaintext,
            aad,
            &mut rng,
        );
        clear_stack();
        let (encapsulated, ciphertext) = sealed.map_err(|_| wrong())?;
        if rng.is_exhausted {
            return Err(CryptoError::Random);
        }
        let mut out = encapsulated.to_bytes().to_vec();
        out.extend_from_slice(&ciphertext);
        Ok(out)
    }
}

impl Identity {
    /// A fresh private key.
    ///
    /// # Errors
    /// [`CryptoError::Random`] when the source fails.
    pub fn generate(random: &dyn SecureRandom) -> Result<Self, CryptoError> {
        Key::generate(random).map(Self)
    }

    /// The 32 bytes of RFC 7748.
    #[must_use]
    pub fn from_key(key: Key) -> Self {
        Self(key)
    }

    /// Reads `x25519-secret:` and the base64 of 32 bytes; white space around it does not count.
    ///
    /// # Errors
    /// [`CryptoError::Length`] for anything else. The error does not show what was read.
    pub fn from_text(text: &SecretBytes) -> Result<Self, CryptoError> {
        let wrong = || malformed("an X25519 private key");
        let text = text.expose_str().map_err(|_| wrong())?;
        let bytes = decode(text.trim(), SECRET_PREFIX).ok_or_else(wrong)?;
        Key::try_from_slice(&bytes[..]).map(Self)
    }

    /// `x25519-secret:` and base64.
    #[must_use]
    pub fn to_text(&self) -> SecretBytes {
        let encoded = Zeroizing::new(base64_simd::STANDARD.encode_to_string(self.0.expose()));
        let mut text = Vec::with_capacity(SECRET_PREFIX.len() + encoded.len());
        text.extend_from_slice(SECRET_PREFIX.as_bytes());
        text.extend_from_slice(encoded.as_bytes());
        SecretBytes::new(text)
    }

    /// The public key.
    ///
    /// # Errors
    /// None in practice; every 32 bytes are a private key.
    pub fn recipient(&self) -> Result<Recipient, CryptoError> {
        let wrong = || malformed("an X25519 private key");
        let secret =
            <Suite as Kem>::PrivateKey::from_bytes(self.0.expose()).map_err(|_| wrong())?;
        let public = <Suite as Kem>::sk_to_pk(&secret);
        let mut bytes = [0; 32];
        bytes.copy_from_slice(&public.to_bytes());
        clear_stack();
        Ok(Recipient(bytes))
    }

    /// Opens what [`Recipient::seal`] sealed.
    ///
    /// # Errors
    /// [`AeadError`] when it was sealed to another key, for another purpose, or was altered.
    pub fn open(&self, info: &[u8], aad: &[u8], sealed: &[u8]) -> Result<SecretBytes, AeadError> {
        let (encapsulated, ciphertext) = sealed.split_at_checked(32).ok_or(AeadError)?;
        let secret =
            <Suite as Kem>::PrivateKey::from_bytes(self.0.expose()).map_err(|_| AeadError)?;
        let encapsulated =
            <Suite as Kem>::EncappedKey::from_bytes(encapsulated).map_err(|_| AeadError)?;
        let opened = hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, Suite>(
            &OpModeR::Base,
            &secret,
            &encapsulated,
            info,
            ciphertext,
            aad,
        );
        clear_stack();
        opened.map(SecretBytes::new).map_err(|_| AeadError)
    }
}

fn decode(text: &str, prefix: &str) -> Option<Zeroizing<Vec<u8>>> {
    let encoded = text.strip_prefix(prefix)?;
    let bytes = Zeroizing::new(base64_simd::STANDARD.decode_to_vec(encoded).ok()?);
    (bytes.len() == 32).then_some(bytes)
}

fn malformed(what: &'static str) -> CryptoError {
    CryptoError::Length {
        what,
        expected: 32,
        got: 0,
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({})", self.to_text())
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(..)")
    }
}

/// What the library may draw, fetched before: its interface has no place for a source that fails.
struct Drawn {
    bytes: Zeroizing<[u8; 128]>,
    used: usize,
    is_exhausted: bool,
}

impl Drawn {
    fn new(random: &dyn SecureRandom) -> Result<Self, CryptoError> {
        let mut bytes = Zeroizing::new([0; 128]);
        random.fill(bytes.as_mut_slice())?;
        Ok(Self {
            bytes,
            used: 0,
            is_exhausted: false,
        })
    }
}

impl TryRng for Drawn {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut word = [0; 4];
        self.try_fill_bytes(&mut word)?;
        Ok(u32::from_le_bytes(word))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut word = [0; 8];
        self.try_fill_bytes(&mut word)?;
        Ok(u64::from_le_bytes(word))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        match self.bytes.get(self.used..self.used + out.len()) {
            Some(drawn) => {
                out.copy_from_slice(drawn);
                self.used += out.len();
            }
            None => {
                out.zeroize();
                self.is_exhausted = true;
            }
        }
        Ok(())
    }
}

impl TryCryptoRng for Drawn {}

/// For the check of a public key, which keeps nothing of what it seals.
#[derive(Debug)]
struct Counting;

impl SecureRandom for Counting {
    fn fill(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        out.iter_mut().zip(1u8..).for_each(|(byte, at)| *byte = at);
        Ok(())
    }
}
