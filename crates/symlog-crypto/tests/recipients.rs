//! Sealing to a public key, against the vector of RFC 9180, appendix A.2.1.
#![cfg(feature = "hpke")]
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use symlog_crypto::{
    AeadError, CryptoError, Identity, Key, Recipient, SecretBytes, SecureRandom, default_provider,
};

const PRIVATE: &str = "8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb";
const PUBLIC: &str = "4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a";
const ENCAPSULATED: &str = "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a";
const EPHEMERAL: &str = "909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b";
const CIPHERTEXT: &str =
    "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28";
const INFO: &[u8] = b"Ode on a Grecian Urn";
const AAD: &[u8] = b"Count-0";
const PLAINTEXT: &[u8] = b"Beauty is truth, truth beauty";

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}

fn identity() -> Identity {
    Identity::from_key(Key::try_from_slice(&bytes(PRIVATE)).unwrap())
}

/// Gives the same bytes over and over.
#[derive(Debug)]
struct Fixed(Vec<u8>);

impl SecureRandom for Fixed {
    fn fill(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        let endless = self.0.iter().cycle();
        out.iter_mut()
            .zip(endless)
            .for_each(|(to, from)| *to = *from);
        Ok(())
    }
}

#[derive(Debug)]
struct Broken;

impl SecureRandom for Broken {
    fn fill(&self, _: &mut [u8]) -> Result<(), CryptoError> {
        Err(CryptoError::Random)
    }
}

#[test]
fn the_published_vector_is_sealed_and_opened() {
    let recipient = identity().recipient().unwrap();
    assert_eq!(recipient.as_bytes().as_slice(), bytes(PUBLIC));
    let expected = [bytes(ENCAPSULATED), bytes(CIPHERTEXT)].concat();
    let sealed = recipient
        .seal(&Fixed(bytes(EPHEMERAL)), INFO, AAD, PLAINTEXT)
        .unwrap();
    assert_eq!(sealed, expected);
    let opened = identity().open(INFO, AAD, &expected).unwrap();
    assert_eq!(opened.expose(), PLAINTEXT);
}

#[test]
fn only_the_right_key_purpose_and_bytes_open() {
    let random = default_provider().random;
    let recipient = identity().recipient().unwrap();
    let sealed = recipient.seal(random, INFO, AAD, PLAINTEXT).unwrap();
    assert_eq!(sealed.len(), PLAINTEXT.len() + Recipient::OVERHEAD);
    assert_ne!(
        sealed,
        recipient.seal(random, INFO, AAD, PLAINTEXT).unwrap()
    );
    let refused = |identity: &Identity, info: &[u8], aad: &[u8], sealed: &[u8]| {
        assert_eq!(identity.open(info, aad, sealed).unwrap_err(), AeadError);
    };
    refused(&Identity::generate(random).unwrap(), INFO, AAD, &sealed);
    refused(&identity(), b"another", AAD, &sealed);
    refused(&identity(), INFO, b"another", &sealed);
    for cut in [0, 31, 32, 47, sealed.len() - 1] {
        refused(&identity(), INFO, AAD, &sealed[..cut]);
    }
    for at in 0..sealed.len() {
        let mut flipped = sealed.clone();
        flipped[at] ^= 1;
        // X25519 ignores the highest bit only, and this flips the lowest.
        refused(&identity(), INFO, AAD, &flipped);
    }
}

#[test]
fn keys_are_read_as_they_are_written_and_nothing_else_is() {
    let identity = Identity::generate(default_provider().random).unwrap();
    let recipient = identity.recipient().unwrap();
    let text = recipient.to_text();
    assert!(text.starts_with("x25519:"));
    assert_eq!(Recipient::from_text(&text).unwrap(), recipient);
    let again = Identity::from_text(&identity.to_text()).unwrap();
    assert_eq!(again.recipient().unwrap(), recipient);
    let spaced = [b" ", identity.to_text().expose(), b"\n"].concat();
    assert!(Identity::from_text(&SecretBytes::new(spaced)).is_ok());

    let order_one = format!("x25519:{}", "A".repeat(43) + "=");
    let secret = String::from_utf8(identity.to_text().expose().to_vec()).unwrap();
    for wrong in [
        "",
        "x25519:",
        "x25519:AAAA",
        &text[7..],
        &order_one,
        &secret,
    ] {
        let error = Recipient::from_text(wrong).unwrap_err();
        assert!(wrong.is_empty() || !format!("{error:?}").contains(wrong));
    }
    for wrong in ["", "base64:AAAA", &text, &secret[..40]] {
        assert!(Identity::from_text(&SecretBytes::from(wrong.to_owned())).is_err());
    }
    assert_eq!(format!("{identity:?}"), "Identity(..)");
}

#[test]
fn without_randomness_nothing_is_sealed() {
    let recipient = identity().recipient().unwrap();
    let sealed = recipient.seal(&Broken, INFO, AAD, PLAINTEXT);
    assert_eq!(sealed.unwrap_err(), CryptoError::Random);
}
