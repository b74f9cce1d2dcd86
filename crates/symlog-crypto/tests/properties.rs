//! Properties, hostile input, and what must not be shown.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use proptest::prelude::*;
use symlog_crypto::{
    AeadError, Algorithm, Argon2Params, CryptoError, Envelope, Key, Nonce, Prk, SecretBytes,
    Sha256, SigningKey, argon2id, default_provider, expand_keys_and_nonces, sha256, sha256_each,
    verify_ed25519,
};

fn any_algorithm() -> impl Strategy<Value = Algorithm> {
    prop::sample::select(Algorithm::ALL.to_vec())
}

proptest! {
    #[test]
    fn what_is_sealed_opens(
        algorithm in any_algorithm(),
        key: [u8; 32],
        nonce: [u8; 12],
        aad in prop::collection::vec(any::<u8>(), 0..200),
        plaintext in prop::collection::vec(any::<u8>(), 0..3000),
    ) {
        let aead = default_provider().aead(algorithm);
        let (key, nonce) = (Key::from_bytes(key), Nonce::from_bytes(nonce));
        let mut buf = plaintext.clone();
        aead.seal(&key, &nonce, &aad, &mut buf).unwrap();
        prop_assert_eq!(buf.len(), plaintext.len() + 16);
        aead.open(&key, &nonce, &aad, &mut buf).unwrap();
        prop_assert_eq!(buf, plaintext);
    }

    #[test]
    fn a_flipped_bit_never_opens(
        algorithm in any_algorithm(),
        plaintext in prop::collection::vec(any::<u8>(), 0..300),
        at: prop::sample::Index,
        bit in 0..8u8,
    ) {
        let aead = default_provider().aead(algorithm);
        let (key, nonce) = (Key::from_bytes([1; 32]), Nonce::from_bytes([2; 12]));
        let mut buf = plaintext;
        aead.seal(&key, &nonce, b"", &mut buf).unwrap();
        let at = at.index(buf.len());
        buf[at] ^= 1u8 << bit;
        prop_assert_eq!(aead.open(&key, &nonce, b"", &mut buf), Err(AeadError));
        prop_assert!(buf.is_empty());
    }

    #[test]
    fn envelopes_survive_json(
        ciphertext in prop::collection::vec(any::<u8>(), 0..100),
        salt in prop::collection::vec(any::<u8>(), 0..40),
        nonce: [u8; 12],
        algorithm in any_algorithm(),
        kdf in "[A-Za-z0-9-]{0,30}",
    ) {
        let envelope = Envelope { ciphertext, nonce: Nonce::from_bytes(nonce), salt, algorithm, kdf };
        let text = serde_json::to_string(&envelope).unwrap();
        prop_assert_eq!(serde_json::from_str::<Envelope>(&text).unwrap(), envelope);
    }

    #[test]
    fn hostile_labels_and_envelopes_are_refused(text in ".{0,80}") {
        let _ = serde_json::from_str::<Envelope>(&text);
        if let Ok(params) = Argon2Params::from_label(&text) {
            prop_assert!(params.label() == text || params == Argon2Params::LEGACY);
        }
    }

    #[test]
    fn a_hash_does_not_depend_on_how_it_is_fed(
        bytes in prop::collection::vec(any::<u8>(), 0..500),
        at: prop::sample::Index,
    ) {
        let (head, tail) = bytes.split_at(at.index(bytes.len() + 1));
        let mut fed = Sha256::new();
        fed.update(head);
        fed.update(tail);
        prop_assert_eq!(fed.finish(), sha256(&[&bytes]));
        prop_assert_eq!(sha256(&[head, tail]), sha256(&[&bytes]));
    }

    #[test]
    fn side_by_side_each_message_has_its_own_hash(
        messages: [Vec<Vec<u8>>; 3],
    ) {
        let parts = messages.each_ref().map(|parts| parts.iter().map(Vec::as_slice).collect());
        let [a, b, c]: [Vec<&[u8]>; 3] = parts;
        let expected = messages.each_ref().map(|parts| ring_sha256(&parts.concat()));
        prop_assert_eq!(sha256_each([&a, &b, &c]), expected);
    }

    #[test]
    fn side_by_side_each_key_is_that_of_its_own_info(
        keys: [[u8; 32]; 3],
        infos: [[u8; 67]; 3],
    ) {
        let prks = keys.map(|key| Prk::from_key(&Key::from_bytes(key)));
        let inputs: [_; 3] = std::array::from_fn(|i| (&prks[i], &infos[i]));
        let derived = expand_keys_and_nonces(inputs);
        for ((key, nonce), (prk, info)) in derived.iter().zip(inputs) {
            let mut okm = [0; 44];
            prk.expand(&[&info[..]], &mut okm).unwrap();
            prop_assert_eq!(key.expose(), &okm[..32]);
            prop_assert_eq!(nonce.as_bytes(), &okm[32..]);
        }
    }
}

#[test]
fn keys_and_nonces_are_those_of_expand_at_every_length() {
    fn check<const INFO: usize>() {
        let prk = Prk::extract(b"salt", b"key");
        let info = std::array::from_fn::<_, INFO, _>(|i| i as u8);
        let [(key, nonce)] = expand_keys_and_nonces([(&prk, &info)]);
        let mut okm = [0; 44];
        prk.expand(&[&info], &mut okm).unwrap();
        assert_eq!(key.expose(), &okm[..32], "{INFO}");
        assert_eq!(nonce.as_bytes(), &okm[32..], "{INFO}");
    }
    check::<55>();
    check::<56>();
    check::<67>();
    check::<85>();
    check::<86>();
}

fn ring_sha256(bytes: &[u8]) -> [u8; 32] {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().try_into().unwrap()
}

#[test]
fn hashes_are_those_of_another_implementation_at_every_length() {
    let bytes: Vec<u8> = (0..400).map(|i| (i % 251) as u8).collect();
    for len in 0..bytes.len() {
        let (long, short) = (&bytes[..len], &bytes[..len / 3]);
        let expected = [ring_sha256(long), ring_sha256(short)];
        assert_eq!(sha256_each([&[long], &[short]]), expected, "{len}");
        assert_eq!(sha256(&[long]), expected[0], "{len}");
    }
}

#[track_caller]
fn refuses(json: &str) {
    assert!(serde_json::from_str::<Envelope>(json).is_err(), "{json}");
}

#[test]
fn envelopes_have_one_spelling() {
    let good = r#"{"ciphertext":"AAE=","nonce":"AAAAAAAAAAAAAAAA","salt":"AQ==","algorithm":"AES-256-GCM","kdf":"HKDF-SHA256"}"#;
    let envelope: Envelope = serde_json::from_str(good).unwrap();
    assert_eq!(serde_json::to_string(&envelope).unwrap(), good);
    refuses(&good.replace("AAE=", "AAE"));
    refuses(&good.replace("AAE=", "AAF="));
    refuses(&good.replace("AAE=", "AAE=="));
    refuses(&good.replace("AAE=", "AAE= "));
    refuses(&good.replace("AAE=", "A AE="));
    refuses(&good.replace("AAE=", "AA-_"));
    refuses(&good.replace("AAE=", "AAE=\\n"));
    refuses(&good.replace("AQ==", "AR=="));
    refuses(&good.replace("AAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAA="));
    refuses(&good.replace("AAAAAAAAAAAAAAAA", ""));
    refuses(&good.replace("AES-256-GCM", "AES-128-GCM"));
    refuses(&good.replace("AES-256-GCM", "aes-256-gcm"));
    refuses(&good.replace("}", ",\"extra\":1}"));
    refuses(&good.replace("\"salt\":\"AQ==\",", ""));
    refuses(&good.replace("\"salt\":\"AQ==\"", "\"salt\":\"AQ==\",\"salt\":\"AQ==\""));
    // Owned strings, as from a value or a reader, are read too.
    let value: serde_json::Value = serde_json::from_str(good).unwrap();
    assert_eq!(serde_json::from_value::<Envelope>(value).unwrap(), envelope);
    assert_eq!(
        serde_json::from_reader::<_, Envelope>(good.as_bytes()).unwrap(),
        envelope
    );
}

#[test]
fn argon2_labels_have_one_spelling() {
    assert_eq!(
        Argon2Params::from_label("Argon2").unwrap(),
        Argon2Params::LEGACY
    );
    assert_eq!(Argon2Params::LEGACY.label(), "Argon2");
    assert_eq!(Argon2Params::DEFAULT.label(), "Argon2id-m65536-t3-p1");
    for wrong in [
        "",
        "argon2",
        "Argon2id",
        "Argon2id-m65536-t3",
        "Argon2id-m065536-t3-p1",
        "Argon2id-m+65536-t3-p1",
        "Argon2id-m65536-t3-p1 ",
        "Argon2id-m99999999999-t3-p1",
        "Argon2i-m65536-t3-p1",
        "HKDF-SHA256",
    ] {
        let error = Argon2Params::from_label(wrong).unwrap_err();
        assert!(matches!(error, CryptoError::UnknownKdf(_)), "{wrong}");
    }
}

#[test]
fn argon2_costs_have_a_floor_and_a_ceiling() {
    let params = |memory_kib, iterations, parallelism| Argon2Params {
        memory_kib,
        iterations,
        parallelism,
    };
    for good in [
        Argon2Params::LEGACY,
        Argon2Params::DEFAULT,
        params(1 << 20, 16, 4),
    ] {
        assert_eq!(good.checked_for_writing(), Ok(good));
    }
    for weak in [params(19_455, 2, 1), params(65_536, 1, 1)] {
        assert!(weak.checked_for_writing().is_err());
        assert_eq!(weak.checked_for_reading(), Ok(weak));
    }
    for hostile in [
        params(u32::MAX, 3, 1),
        params((1 << 20) + 1, 3, 1),
        params(65_536, 17, 1),
        params(65_536, u32::MAX, 1),
        params(65_536, 3, 5),
        params(65_536, 3, u32::MAX),
        params(0, 0, 0),
        params(65_536, 3, 0),
        params(65_536, 0, 1),
        params(7, 3, 1),
    ] {
        let error = hostile.checked_for_reading().unwrap_err();
        assert!(matches!(error, CryptoError::Argon2Params { .. }));
        assert!(argon2id(b"passphrase", &[0; 32], &hostile).is_err());
    }
}

#[test]
fn argon2id_gives_what_the_reference_implementation_gives() {
    // phc-winner-argon2, src/test.c: version 0x13, t = 2, m = 2^16, p = 1.
    let params = Argon2Params {
        memory_kib: 65_536,
        iterations: 2,
        parallelism: 1,
    };
    let key = argon2id(b"password", b"somesalt", &params).unwrap();
    let expected = [
        0x09, 0x31, 0x61, 0x15, 0xd5, 0xcf, 0x24, 0xed, 0x5a, 0x15, 0xa3, 0x1a, 0x3b, 0xa3, 0x26,
        0xe5, 0xcf, 0x32, 0xed, 0xc2, 0x47, 0x02, 0x98, 0x7c, 0x02, 0xb6, 0x56, 0x6f, 0x61, 0x91,
        0x3c, 0xf7,
    ];
    assert_eq!(key.expose(), &expected);
    assert!(argon2id(b"password", b"short", &params).is_err());
}

#[test]
fn hkdf_gives_what_rfc_5869_gives() {
    // Appendix A.1.
    let salt: Vec<u8> = (0..=0x0c).collect();
    let info: Vec<u8> = (0xf0..=0xf9).collect();
    let mut okm = [0; 42];
    Prk::extract(&salt, &[0x0b; 22])
        .expand(&[&info[..4], &info[4..]], &mut okm)
        .unwrap();
    assert_eq!(okm[..8], [0x3c, 0xb2, 0x5f, 0x25, 0xfa, 0xac, 0xd5, 0x7a]);
    assert_eq!(okm[36..], [0xd5, 0xb8, 0x87, 0x18, 0x58, 0x65][..]);
    let mut too_long = vec![0; 8161];
    let refused = Prk::extract(b"", b"").expand(&[], &mut too_long);
    assert_eq!(refused, Err(CryptoError::HkdfOutput));
}

#[test]
fn ed25519_gives_what_rfc_8032_gives() {
    // Section 7.1, test 1: the empty message.
    let seed = [
        0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c,
        0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae,
        0x7f, 0x60,
    ];
    let signer = SigningKey::from_seed(Key::from_bytes(seed)).unwrap();
    assert_eq!(signer.public_key()[..4], [0xd7, 0x5a, 0x98, 0x01]);
    let signature = signer.sign(b"");
    assert_eq!(signature[..4], [0xe5, 0x56, 0x43, 0x00]);
    let verified = |message: &[u8], signature: &[u8; 64]| {
        verify_ed25519(&signer.public_key(), message, signature)
    };
    assert_eq!(verified(b"", &signature), Ok(()));
    assert_eq!(verified(b"x", &signature), Err(CryptoError::Signature));
    for at in 0..64 {
        let mut flipped = signature;
        flipped[at] ^= 1;
        assert_eq!(verified(b"", &flipped), Err(CryptoError::Signature));
    }
}

#[test]
fn keys_are_compared_and_copied_by_name() {
    let provider = default_provider();
    let key = Key::generate(provider.random).unwrap();
    assert!(key.ct_eq(&key.duplicate()));
    for at in 0..32 {
        let mut other = *key.expose();
        other[at] ^= 0x80;
        assert!(!key.ct_eq(&Key::from_bytes(other)));
    }
    assert!(!key.ct_eq(&Key::generate(provider.random).unwrap()));
    for len in [0, 31, 33] {
        let error = Key::try_from_slice(&vec![0; len]).unwrap_err();
        assert_eq!(
            error,
            CryptoError::Length {
                what: "a key",
                expected: 32,
                got: len
            }
        );
    }
}

#[test]
fn nothing_secret_is_shown() {
    let provider = default_provider();
    let bytes = SecretBytes::from("hunter2".to_owned());
    assert_eq!(format!("{bytes:?}"), "SecretBytes(..)");
    assert_eq!(format!("{:?}", Key::from_bytes([0xab; 32])), "Key(..)");
    assert_eq!(format!("{:?}", Prk::extract(b"", b"hunter2")), "Prk(..)");
    let signer = SigningKey::generate(provider.random).unwrap();
    assert_eq!(format!("{signer:?}"), "SigningKey(..)");
    let envelope = Envelope {
        ciphertext: vec![0xab; 99],
        nonce: Nonce::from_bytes([0xab; 12]),
        salt: vec![0xab; 16],
        algorithm: Algorithm::Aes256Gcm,
        kdf: "HKDF-SHA256".to_owned(),
    };
    let shown = format!("{envelope:?}");
    assert!(
        shown.contains("99 bytes") && !shown.contains("ab"),
        "{shown}"
    );
    let _ = format!("{provider:?}");
}
