//! AES-256-GCM through the seam, beside ring called directly with a key that
//! is already scheduled: what the seam and a fresh key per entry cost.
//!
//! Sizes: 2 KB (a prompt) and 1 MB. MB/s, 10^6 bytes; one thread.

use std::hint::black_box;

use anyhow::Result;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce as RingNonce, UnboundKey};
use symlog_benches::{Benchmark, Row, Throughput};
use symlog_crypto::{
    Algorithm, Key, Nonce, Prk, TAG_LEN, default_provider, expand_keys_and_nonces,
};

const ENVELOPE_AAD: &[u8] = &[7; 96];

fn main() -> Result<()> {
    let mut benchmark = Benchmark::from_args();
    let mut throughput = Throughput::new(&benchmark)?;

    for (name, bytes, goal) in [("2KB", 2_048, 0.5), ("1MB", 1 << 20, 0.8)] {
        let ours = throughput.megabytes("seal", &format!("ours-{name}"), bytes, ours(bytes))?;
        let ring = throughput.megabytes("seal", &format!("ring-{name}"), bytes, ring(bytes)?)?;
        benchmark.row(
            Row::higher(
                &format!("seal/{name}"),
                ours,
                "ring, prepared key",
                ring,
                "MB/s",
            )
            .ratio_at_least(goal),
        );
    }

    let derived = throughput.nanoseconds("seal", "derive-1KB", 1_024, derive_and_seal(1_024))?;
    let sealed = throughput.nanoseconds("seal", "ring-1KB", 1_024, ring(1_024)?)?;
    benchmark.row(
        Row::lower(
            "seal/derive+1KB",
            derived,
            "ring, prepared key",
            sealed,
            "ns",
        )
        .at_most(2_000.0),
    );
    benchmark.finish()
}

fn ours(bytes: usize) -> impl FnMut() {
    let aead = default_provider().aead(Algorithm::Aes256Gcm);
    let key = Key::from_bytes([1; 32]);
    let nonce = Nonce::from_bytes([2; 12]);
    let mut buffer = Vec::with_capacity(bytes + TAG_LEN);
    move || {
        buffer.resize(bytes, 0);
        let sealed = aead.seal(&key, &nonce, ENVELOPE_AAD, &mut buffer);
        assert!(black_box(sealed).is_ok());
        buffer.truncate(bytes);
    }
}

/// As the write path does it: the PRK is kept for a segment, key and nonce are those of one place.
fn derive_and_seal(bytes: usize) -> impl FnMut() {
    let aead = default_provider().aead(Algorithm::Aes256Gcm);
    let prk = Prk::extract(&[3; 32], &[4; 32]);
    let mut info = [0_u8; 67];
    let mut buffer = Vec::with_capacity(bytes + TAG_LEN);
    move || {
        info[66] = info[66].wrapping_add(1);
        let [(key, nonce)] = expand_keys_and_nonces([(&prk, &info)]);
        buffer.resize(bytes, 0);
        let sealed = aead.seal(&key, &nonce, ENVELOPE_AAD, &mut buffer);
        assert!(black_box(sealed).is_ok());
        buffer.truncate(bytes);
    }
}

fn ring(bytes: usize) -> Result<impl FnMut()> {
    let key = UnboundKey::new(&AES_256_GCM, &[1; 32])
        .map_err(|_| anyhow::anyhow!("32 bytes are a key"))?;
    let key = LessSafeKey::new(key);
    let mut buffer = vec![0; bytes];
    Ok(move || {
        let nonce = RingNonce::assume_unique_for_key([2; 12]);
        let tag = key.seal_in_place_separate_tag(nonce, Aad::from(ENVELOPE_AAD), &mut buffer);
        assert!(black_box(tag).is_ok());
    })
}
