//! The vectors published in `testdata/crypto`.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use serde::Deserialize;
use symlog_crypto::conformance::{AeadVector, check_aead};
use symlog_crypto::{
    Algorithm, Argon2Params, Envelope, Key, Prk, SigningKey, argon2id, default_provider,
    hmac_sha256, verify_ed25519,
};

macro_rules! vectors {
    ($name:literal) => {
        serde_json::from_str(include_str!(concat!("../../../testdata/crypto/", $name))).unwrap()
    };
}

fn bytes(hex: &str) -> Vec<u8> {
    assert!(hex.len().is_multiple_of(2));
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}

fn key(hex: &str) -> Key {
    Key::try_from_slice(&bytes(hex)).unwrap()
}

#[derive(Deserialize)]
struct Sealed {
    key: String,
    aad: String,
    plaintext: String,
    envelope: Envelope,
}

#[test]
fn every_aead_conforms() {
    let vectors: Vec<Sealed> = vectors!("envelopes.json");
    for algorithm in Algorithm::ALL {
        let published: Vec<_> = vectors
            .iter()
            .filter(|vector| vector.envelope.algorithm == algorithm)
            .map(|vector| AeadVector {
                key: bytes(&vector.key).try_into().unwrap(),
                nonce: *vector.envelope.nonce.as_bytes(),
                aad: bytes(&vector.aad),
                plaintext: bytes(&vector.plaintext),
                sealed: vector.envelope.ciphertext.clone(),
            })
            .collect();
        assert_eq!(published.len(), 8);
        check_aead(default_provider().aead(algorithm), &published);
    }
}

#[test]
fn envelopes_are_written_as_published() {
    let text: Vec<serde_json::Value> = vectors!("envelopes.json");
    let vectors: Vec<Sealed> = vectors!("envelopes.json");
    for (text, vector) in text.iter().zip(vectors) {
        assert_eq!(
            serde_json::to_value(&vector.envelope).unwrap(),
            text["envelope"]
        );
    }
}

#[derive(Deserialize)]
struct Stretched {
    label: String,
    passphrase: String,
    salt: String,
    key: String,
}

#[test]
fn passphrases_are_stretched_as_published() {
    let vectors: Vec<Stretched> = vectors!("argon2id.json");
    for vector in vectors {
        let params = Argon2Params::from_label(&vector.label).unwrap();
        assert_eq!(params.label(), vector.label);
        let stretched = argon2id(vector.passphrase.as_bytes(), &bytes(&vector.salt), &params);
        assert!(
            stretched.unwrap().ct_eq(&key(&vector.key)),
            "{}",
            vector.label
        );
    }
}

#[derive(Deserialize)]
struct Expanded {
    ikm: String,
    salt: String,
    info: Vec<String>,
    okm: String,
}

#[test]
fn keys_are_derived_as_published() {
    let vectors: Vec<Expanded> = vectors!("hkdf-sha256.json");
    for vector in vectors {
        let info: Vec<_> = vector.info.iter().map(|part| bytes(part)).collect();
        let info: Vec<_> = info.iter().map(Vec::as_slice).collect();
        let expected = bytes(&vector.okm);
        let mut okm = vec![0; expected.len()];
        let prk = Prk::extract(&bytes(&vector.salt), &bytes(&vector.ikm));
        prk.expand(&info, &mut okm).unwrap();
        assert_eq!(okm, expected);
    }
}

#[derive(Deserialize)]
struct Tagged {
    key: String,
    message: String,
    tag: String,
}

#[test]
fn messages_are_authenticated_as_published() {
    let vectors: Vec<Tagged> = vectors!("hmac-sha256.json");
    for vector in vectors {
        let message = bytes(&vector.message);
        let (head, tail) = message.split_at(message.len() / 2);
        let tag = hmac_sha256(&key(&vector.key), &[head, tail]);
        assert_eq!(tag.as_slice(), bytes(&vector.tag));
    }
}

#[derive(Deserialize)]
struct Signed {
    seed: String,
    public: String,
    message: String,
    signature: String,
}

#[test]
fn messages_are_signed_as_published() {
    let vectors: Vec<Signed> = vectors!("ed25519.json");
    for vector in vectors {
        let signer = SigningKey::from_seed(key(&vector.seed)).unwrap();
        assert_eq!(signer.public_key().as_slice(), bytes(&vector.public));
        let message = bytes(&vector.message);
        let signature = signer.sign(&message);
        assert_eq!(signature.as_slice(), bytes(&vector.signature));
        verify_ed25519(&signer.public_key(), &message, &signature).unwrap();
    }
}
