//! Many units. `SYMLOG_TEST_UNITS=1000000` gives the figures of the design; by default there are fewer.

use std::time::{Duration, Instant};

use super::*;

/// Time this thread has run, because the clock on the wall counts whatever else the machine does.
fn busy() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let first = stat.split(' ').next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(first.unwrap_or(0))
}

fn digest(number: usize) -> [u8; 32] {
    symlog_crypto::sha256(&[&(number as u64).to_be_bytes()])
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
    let start = Instant::now();
    keyring.destroy_units(&[last]).unwrap();
    let erased = start.elapsed();
    let size = std::fs::metadata(&place.path).unwrap().len() / (total as u64);
    println!(
        "{total} units: filled in {filled:?}, opened in {opened:?}, lookup {lookup:?} ({lookup_busy:?} busy), one destroyed in {erased:?}, {size} bytes each"
    );
    assert!(keyring.find_unit(&digest(total - 1)).unwrap().is_none());
    assert!(keyring.find_unit(&digest(0)).unwrap().is_some());
}
