//! Project Wycheproof's vectors for everything that is built on `ring`.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use symlog_crypto::{Algorithm, Key, Nonce, Prk, default_provider, hmac_sha256, verify_ed25519};
use wycheproof::{TestResult, aead, eddsa, hkdf, mac};

fn check_aead(algorithm: Algorithm, name: aead::TestName, at_least: usize) {
    let aead = default_provider().aead(algorithm);
    let mut run = 0;
    for group in aead::TestSet::load(name).unwrap().test_groups {
        // Both key and nonce sizes are part of the types here.
        if (group.key_size, group.nonce_size, group.tag_size) != (256, 96, 128) {
            continue;
        }
        for test in group.tests {
            run += 1;
            let key = Key::try_from_slice(&test.key).unwrap();
            let nonce = Nonce::try_from_slice(&test.nonce).unwrap();
            let mut sealed = test.ct.to_vec();
            sealed.extend_from_slice(&test.tag);
            let mut buf = sealed.clone();
            let opened = aead.open(&key, &nonce, &test.aad, &mut buf);
            if test.result.must_fail() {
                assert!(opened.is_err() && buf.is_empty(), "{}", test.tc_id);
                continue;
            }
            assert!(opened.is_ok(), "{}: {}", test.tc_id, test.comment);
            assert_eq!(buf, test.pt.to_vec());
            aead.seal(&key, &nonce, &test.aad, &mut buf).unwrap();
            assert_eq!(buf, sealed, "{}: {}", test.tc_id, test.comment);
        }
    }
    assert!(run >= at_least, "only {run} vectors apply");
}

#[test]
fn aes_256_gcm() {
    check_aead(Algorithm::Aes256Gcm, aead::TestName::AesGcm, 60);
}

#[test]
fn chacha20_poly1305() {
    check_aead(
        Algorithm::ChaCha20Poly1305,
        aead::TestName::ChaCha20Poly1305,
        250,
    );
}

#[test]
fn hkdf_sha256() {
    let mut run = 0;
    for group in hkdf::TestSet::load(hkdf::TestName::HkdfSha256)
        .unwrap()
        .test_groups
    {
        for test in group.tests {
            run += 1;
            let mut okm = vec![0; test.size];
            let expanded = Prk::extract(&test.salt, &test.ikm).expand(&[&test.info], &mut okm);
            if test.result.must_fail() {
                assert!(expanded.is_err(), "{}", test.tc_id);
            } else {
                assert!(
                    expanded.is_ok() && okm == test.okm.to_vec(),
                    "{}",
                    test.tc_id
                );
            }
        }
    }
    assert!(run >= 80, "only {run} vectors");
}

#[test]
fn hmac_with_256_bit_keys() {
    let mut run = 0;
    for group in mac::TestSet::load(mac::TestName::HmacSha256)
        .unwrap()
        .test_groups
    {
        if (group.key_size, group.tag_size) != (256, 256) {
            continue;
        }
        for test in group.tests {
            run += 1;
            let key = Key::try_from_slice(&test.key).unwrap();
            let fits = hmac_sha256(&key, &[&test.msg]).as_slice() == test.tag.as_slice();
            assert_eq!(fits, !test.result.must_fail(), "{}", test.tc_id);
        }
    }
    assert!(run >= 40, "only {run} vectors apply");
}

#[test]
fn ed25519() {
    let mut run = 0;
    for group in eddsa::TestSet::load(eddsa::TestName::Ed25519)
        .unwrap()
        .test_groups
    {
        let public: [u8; 32] = group.key.pk.as_slice().try_into().unwrap();
        for test in group.tests {
            run += 1;
            // A signature of another length is no value of the type.
            let verified = <[u8; 64]>::try_from(test.sig.as_slice())
                .is_ok_and(|signature| verify_ed25519(&public, &test.msg, &signature).is_ok());
            assert_eq!(verified, test.result == TestResult::Valid, "{}", test.tc_id);
        }
    }
    assert!(run >= 140, "only {run} vectors");
}
