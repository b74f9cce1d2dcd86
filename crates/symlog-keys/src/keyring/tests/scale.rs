//! Many units. `SYMLOG_TEST_UNITS=1000000` gives the figures of the design; by default there are fewer.

use std::time::{Duration, Instant};

use super::*;

/// Time this thread has run, because the clock on the wall counts whatever else the machine does.
fn busy() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let first = stat.split(' ').next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(first.unwrap_or(0))
}

/// What this process has in memory.
fn memory_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0)
}

fn digest(number: usize) -> [u8; 32] {
    symlog_crypto::sha256(&[&(number as u64).to_be_bytes()])
}

/// The attacker has the log's key, every key that is alive, and an image of the keyring from before with all its
/// rows; what was destroyed does not open with any of them.
fn nobody_opens(place: &Place, live: &Keyring, image: &Path, destroyed: &Id) {
    let inner = &*live.inner;
    let (number, _) = units::place(destroyed);
    let mut keys = storage::read(&*inner.storage, |view| {
        let (meta, master) = inner.meta(view)?;
        let mut buckets = Vec::new();
        view.scan(storage::Space::Bucket, &[], &mut |number, _| {
            buckets.push(u32::from_be_bytes(number.try_into().unwrap()));
            Ok(storage::Scan::More)
        })?;
        let mut keys = vec![
            master.key.duplicate(),
            inner.epoch_key(meta.epoch, &master)?,
        ];
        for number in buckets {
            keys.push(inner.bucket_key(view, number)?);
        }
        Ok(keys)
    })
    .unwrap();
    keys.push(inner.slot.lock().kek.duplicate());
    keys.push(inner.digest_key.duplicate());
    let old = Keyring::open(image, &raw(1), Access::ReadOnly, &place.provider);
    // Its epoch key is not there; the live one beside it does not help either.
    assert!(old.is_ok_and(|old| old.unit_key(destroyed).is_err()));
    let live_epoch = crate::private_file::sibling(image, ".epoch");
    std::fs::copy(place.epoch(), live_epoch).unwrap();
    let old = Keyring::open(image, &raw(1), Access::ReadOnly, &place.provider).unwrap();
    assert!(old.unit_key(destroyed).is_err());
    let (bucket, unit) = storage::read(&*old.inner.storage, |view| {
        Ok((
            old.inner.bucket(view, number)?,
            old.inner.unit(view, destroyed)?,
        ))
    })
    .unwrap();
    let rows::Unit::Live { wrapped, .. } = unit else {
        panic!("the image is not from before");
    };
    let provider = &place.provider;
    for key in &keys {
        for epoch in bucket.epoch..=bucket.epoch + 1 {
            let binding = units::bucket_binding(&LOG, number, epoch);
            assert!(wrap::unwrap(provider, key, &binding, &bucket.wrapped).is_err());
        }
        let binding = units::unit_binding(&LOG, destroyed);
        assert!(wrap::unwrap(provider, key, &binding, &wrapped).is_err());
    }
}

#[test]
fn many_units_are_opened_found_and_destroyed() {
    let wanted = std::env::var("SYMLOG_TEST_UNITS").ok();
    let total: usize = wanted.map_or(20_000, |units| units.parse().unwrap());
    let place = Place::new();
    let keyring = place.create(&raw(1));
    let start = Instant::now();
    let mut made = 0;
    let mut last = [0; 16];
    while made < total {
        let ids = keyring.inner.claim_units(10_000.min(total - made)).unwrap();
        let units: Vec<_> = ids
            .iter()
            .enumerate()
            .map(|(at, (id, _))| (digest(made + at), *id))
            .collect();
        keyring.assign_units(&units).unwrap();
        made += units.len();
        last = units.last().unwrap().1;
    }
    let filled = start.elapsed();
    drop(keyring);

    let memory_before = memory_kib();
    let start = Instant::now();
    let keyring = place.open(&raw(1), Access::ReadWrite).unwrap();
    let opened = start.elapsed();
    let (start, busy_before) = (Instant::now(), busy());
    for number in 0..1000 {
        let found = keyring.find_unit(&digest(number * (total / 1000))).unwrap();
        assert!(found.is_some());
    }
    let lookup = start.elapsed() / 1000;
    let lookup_busy = (busy() - busy_before) / 1000;
    let image = place.path.with_extension("image");
    std::fs::copy(&place.path, &image).unwrap();
    // The blocks that the old epoch key lies in, whatever name they have later.
    let old_blocks = place.path.with_extension("blocks");
    std::fs::hard_link(place.epoch(), &old_blocks).unwrap();
    let start = Instant::now();
    keyring.destroy_units(&[last]).unwrap();
    let erased = start.elapsed();
    assert!(
        std::fs::read(&old_blocks)
            .unwrap()
            .iter()
            .all(|byte| *byte == 0)
    );
    nobody_opens(&place, &keyring, &image, &last);
    let size = std::fs::metadata(&place.path).unwrap().len() / (total as u64);
    // The figures of the design, where they are asked for.
    if total >= 1_000_000 {
        assert!(opened < Duration::from_millis(100), "{opened:?}");
        assert!(lookup_busy < Duration::from_micros(50), "{lookup_busy:?}");
        assert!(erased < Duration::from_secs(1), "{erased:?}");
        let grown = memory_kib().saturating_sub(memory_before);
        assert!(grown < 64 << 10, "opening and looking up took {grown} KiB");
    }
    println!(
        "{total} units: filled in {filled:?}, opened in {opened:?}, lookup {lookup:?} ({lookup_busy:?} busy), one destroyed in {erased:?}, {size} bytes each"
    );
    assert!(keyring.find_unit(&digest(total - 1)).unwrap().is_none());
    assert!(keyring.find_unit(&digest(0)).unwrap().is_some());
}
