//! The second backend gives the same bytes as the first.
#![cfg(feature = "aws-lc-rs")]
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use proptest::prelude::*;
use symlog_crypto::conformance::check_aead;
use symlog_crypto::{AeadError, Algorithm, Key, Nonce, aws_lc_provider, default_provider};

#[test]
fn every_aead_conforms() {
    for algorithm in Algorithm::ALL {
        check_aead(aws_lc_provider().aead(algorithm), &[]);
    }
}

proptest! {
    #[test]
    fn both_seal_to_the_same_bytes_and_open_each_others(
        key in any::<[u8; 32]>(),
        nonce in any::<[u8; 12]>(),
        aad in prop::collection::vec(any::<u8>(), 0..200),
        plaintext in prop::collection::vec(any::<u8>(), 0..5000),
        flip in any::<prop::sample::Index>(),
    ) {
        let key = Key::from_bytes(key);
        let nonce = Nonce::from_bytes(nonce);
        for algorithm in Algorithm::ALL {
            let (ours, other) = (default_provider(), aws_lc_provider());
            let (ours, other) = (ours.aead(algorithm), other.aead(algorithm));
            let (mut a, mut b) = (plaintext.clone(), plaintext.clone());
            ours.seal(&key, &nonce, &aad, &mut a).unwrap();
            other.seal(&key, &nonce, &aad, &mut b).unwrap();
            prop_assert_eq!(&a, &b);
            let mut flipped = a.clone();
            let at = flip.index(flipped.len());
            flipped[at] ^= 1;
            ours.open(&key, &nonce, &aad, &mut b).unwrap();
            other.open(&key, &nonce, &aad, &mut a).unwrap();
            prop_assert_eq!(&a, &plaintext);
            prop_assert_eq!(&b, &plaintext);
            for aead in [ours, other] {
                let mut bytes = flipped.clone();
                prop_assert_eq!(aead.open(&key, &nonce, &aad, &mut bytes), Err(AeadError));
                prop_assert!(bytes.is_empty());
            }
        }
    }
}
