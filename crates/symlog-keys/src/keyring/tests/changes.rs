//! What a keyring remembers for its log: changes, and how much its master key was used.

use std::time::{Duration, SystemTime};

use super::*;

fn actions(keyring: &Keyring) -> Vec<(u64, ChangeKind, String)> {
    let changes = keyring.changes().unwrap();
    changes
        .into_iter()
        .map(|change| (change.number, change.kind, change.body))
        .collect()
}

#[test]
fn every_change_is_noted_until_the_log_tells_it() {
    let place = Place::new();
    let keyring = place.create(&raw(1));
    assert_eq!(actions(&keyring), []);
    keyring.period_key(0, "2026-11").unwrap();
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    keyring.rotate_for(RotationReason::Age, at).unwrap();
    let slot = keyring.add_slot(&raw(2), "auditor").unwrap();
    keyring.remove_slot(&slot).unwrap();
    let (unit, _) = keyring.take_pool_key().unwrap();
    keyring.destroy_units(&[unit]).unwrap();
    drop(keyring);

    let keyring = place.open(&raw(1), Access::ReadWrite).unwrap();
    let changes = actions(&keyring);
    let kinds: Vec<_> = changes.iter().map(|(_, kind, _)| *kind).collect();
    let expected = [
        ChangeKind::Rotated,
        ChangeKind::Slots,
        ChangeKind::Rotated,
        ChangeKind::Destroyed,
    ];
    assert_eq!(kinds, expected);
    assert_eq!(keyring.changes().unwrap()[0].at, at);
    let bodies: Vec<serde_json::Value> = changes
        .iter()
        .map(|(_, _, body)| serde_json::from_str(body).unwrap())
        .collect();
    assert_eq!(bodies[0]["reason"], "age");
    assert_eq!(bodies[0]["retired"], 1);
    assert_eq!(bodies[1]["label"], "auditor");
    assert_eq!(bodies[2]["reason"], "slot removed");
    assert_eq!(bodies[3]["keys"], 1);

    keyring.told(1).unwrap();
    keyring.rotate().unwrap();
    let numbers: Vec<_> = actions(&keyring).iter().map(|change| change.0).collect();
    assert_eq!(numbers, [2, 3, 4]);
    keyring.told(u64::MAX).unwrap();
    assert_eq!(actions(&keyring), []);
}

#[test]
fn a_rotation_that_fails_notes_nothing() {
    let place = Place::new();
    drop(place.create(&raw(1)));
    let reader = place.open(&raw(1), Access::ReadOnly).unwrap();
    assert!(reader.rotate().is_err());
    assert_eq!(actions(&reader), []);
}

#[test]
fn a_note_that_nobody_with_the_keys_made_is_damage() {
    let place = Place::new();
    let keyring = place.create(&raw(1));
    keyring.rotate().unwrap();
    storage::update(&*keyring.inner.storage, |view| {
        let number = 0u64.to_be_bytes();
        let mut row = view.get(storage::Space::Journal, &number)?.unwrap();
        let last = row.len() - 3;
        row[last] ^= 1;
        view.put(storage::Space::Journal, &number, &row)
    })
    .unwrap();
    let error = keyring.changes().unwrap_err();
    assert!(matches!(error, KeyringError::Damaged { .. }), "{error}");
}

#[test]
fn what_is_written_is_counted_until_the_next_rotation() {
    let place = Place::new();
    let keyring = place.create(&raw(1));
    assert_eq!(keyring.add_volume(40).unwrap(), 40);
    drop(keyring);
    let keyring = place.open(&raw(1), Access::ReadWrite).unwrap();
    assert_eq!(keyring.add_volume(2).unwrap(), 42);
    keyring.rotate().unwrap();
    assert_eq!(keyring.add_volume(1).unwrap(), 1);
    assert_eq!(keyring.add_volume(u64::MAX).unwrap(), u64::MAX);
}

#[test]
fn a_clock_that_goes_back_makes_no_key_live_for_ever() {
    let keyring = Keyring::in_memory(LOG, &raw(1), &default_provider()).unwrap();
    let year = Duration::from_secs(365 * 86_400);
    let now = SystemTime::now();
    let age = keyring.master_age(now + year).unwrap().unwrap();
    assert!(age >= year - Duration::from_secs(60) && age <= year + Duration::from_secs(60));
    // An hour is what time servers correct.
    let hour = Duration::from_secs(3600);
    assert_eq!(
        keyring.master_age(now - hour).unwrap(),
        Some(Duration::ZERO)
    );
    assert_eq!(keyring.master_age(now - year).unwrap(), None);
    keyring.rotate_for(RotationReason::Age, now - year).unwrap();
    let age = keyring.master_age(now - year + hour).unwrap();
    assert!(age.is_some_and(|age| age <= hour));
}

#[test]
fn slots_have_labels_and_keys_of_their_own() {
    let keyring = Keyring::in_memory(LOG, &raw(1), &default_provider()).unwrap();
    keyring.add_slot(&raw(2), "auditor").unwrap();
    for (key, label) in [(raw(3), "auditor"), (raw(2), "again"), (raw(1), "own")] {
        let error = keyring.add_slot(&key, label).unwrap_err();
        assert!(matches!(error, KeyringError::Limit { .. }), "{error}");
    }
}

/// Time this thread has run, because the clock on the wall counts whatever else the machine does.
fn busy() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let first = stat.split(' ').next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(first.unwrap_or(0))
}

#[cfg(target_os = "linux")]
#[test]
fn opening_stretches_a_passphrase_once_however_many_slots_there_are() {
    let place = Place::new();
    let keyring = place.create(&passphrase("first"));
    for slot in 0..5 {
        let label = format!("slot {slot}");
        keyring.add_slot(&passphrase(&label), &label).unwrap();
    }
    drop(keyring);
    let before = busy();
    let params = symlog_crypto::Argon2Params::DEFAULT;
    symlog_crypto::argon2id(b"slot 4", &[7; 32], &params).unwrap();
    let one = busy() - before;
    for (text, opens) in [("first", true), ("slot 4", true), ("nobody", false)] {
        let before = busy();
        // More than four runs would be refused as well.
        let opened = place.open(&passphrase(text), Access::ReadOnly);
        let took = busy() - before;
        assert_eq!(opened.is_ok(), opens, "{text}");
        assert!(took < one * 7 / 4, "{text}: {took:?}, one run is {one:?}");
    }
}

#[test]
fn the_last_slot_stays() {
    let keyring = Keyring::in_memory(LOG, &raw(1), &default_provider()).unwrap();
    let error = keyring.remove_slot(&keyring.slot_in_use()).unwrap_err();
    assert!(error.to_string().contains("last"), "{error}");
}

/// A service that wraps, as Vault Transit does, and can be taken down.
#[test]
fn a_key_that_a_service_wraps_opens_the_log() {
    let place = Place::new();
    let provider = default_provider();
    let service = crate::LocalWrap::new(Key::from_bytes([9; 32]), &provider);
    let run = |future| crate::blocking::drive(future);
    let key: LoggingKey = run(LoggingKey::wrapped_by(&service, provider.random)).unwrap();
    let keyring = place.create(&key);
    let (period, secret) = keyring.period_key(0, "2026-11").unwrap();
    keyring
        .add_slot(&passphrase("break glass"), "break glass")
        .unwrap();
    assert_eq!(keyring.inventory().unwrap().slots.len(), 2);
    drop(keyring);

    let wrapped = Keyring::wrapped_keys(&place.path).unwrap();
    assert_eq!(wrapped.len(), 1);
    let again = crate::blocking::drive(LoggingKey::unwrapped_by(&service, &wrapped[0])).unwrap();
    let keyring = place.open(&again, Access::ReadWrite).unwrap();
    assert!(same(&keyring.wrapping_key(&period).unwrap(), &secret));
    keyring.rotate().unwrap();
    drop(keyring);
    assert!(place.open(&again, Access::ReadOnly).is_ok());
    assert!(
        place
            .open(&passphrase("break glass"), Access::ReadOnly)
            .is_ok()
    );

    let other = crate::LocalWrap::new(Key::from_bytes([8; 32]), &provider);
    let refused = crate::blocking::drive(LoggingKey::unwrapped_by(&other, &wrapped[0]));
    assert!(refused.is_err());
    // The wrapped bytes are in the file, and nothing that opens it is.
    let file = std::fs::read(&place.path).unwrap();
    let raw = again.raw().unwrap().expose();
    assert!(!file.windows(32).any(|window| window == raw));
}

#[test]
fn a_keyring_goes_on_with_the_key_that_took_the_place_of_its_own() {
    let place = Place::new();
    let running = place.create(&raw(1));
    let (period, key) = running.period_key(0, "2026-11").unwrap();
    let other = place.open(&raw(1), Access::ReadWrite).unwrap();
    other.add_slot(&raw(2), "new").unwrap();
    let other = place.open(&raw(2), Access::ReadWrite).unwrap();
    other.remove_slot(&running.slot_in_use()).unwrap();

    let clone = running.clone();
    for error in [
        running.refresh().unwrap_err(),
        running.wrapping_key(&period).unwrap_err(),
        running.rotate().unwrap_err(),
    ] {
        assert!(matches!(error, KeyringError::LockedOut { .. }), "{error}");
        assert!(error.to_string().contains("start it again"), "{error}");
    }
    let wrong = running.unlock_again(&raw(1)).unwrap_err();
    assert!(matches!(wrong, KeyringError::WrongKey { .. }), "{wrong}");
    assert!(running.refresh().is_err(), "nothing changed");
    running.unlock_again(&raw(2)).unwrap();
    assert_eq!(clone.refresh().unwrap(), other.refresh().unwrap());
    assert!(same(&clone.wrapping_key(&period).unwrap(), &key));
    assert_eq!(clone.slot_in_use(), other.slot_in_use());
    running.rotate().unwrap();
}

#[test]
fn a_line_can_be_asked_for_and_waits_among_the_changes() {
    let place = Place::new();
    let keyring = place.create(&raw(1));
    keyring.rotate().unwrap();
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let body = serde_json::json!({"sequences": [[0, 8]]});
    let number = keyring
        .request_line(ChangeKind::Expired, at, &body)
        .unwrap();
    assert_eq!(number, 1);
    let waiting = keyring.changes().unwrap();
    assert_eq!(waiting[1].kind, ChangeKind::Expired);
    assert_eq!(waiting[1].body, body.to_string());

    let long = serde_json::json!({"objects": "x".repeat(40_000)});
    let refused = keyring.request_line(ChangeKind::Archived, at, &long);
    assert!(matches!(refused, Err(KeyringError::Limit { .. })));
    assert_eq!(keyring.changes().unwrap().len(), 2);
}

#[test]
fn records_are_kept_until_replaced_and_cannot_be_altered() {
    let place = Place::new();
    let keyring = place.create(&raw(1));
    assert_eq!(keyring.record("hold").unwrap(), None);
    keyring.set_record("hold", Some(b"case 7")).unwrap();
    keyring.set_record("time", Some(b"now")).unwrap();
    keyring.rotate().unwrap();
    drop(keyring);
    let keyring = place.open(&raw(1), Access::ReadWrite).unwrap();
    assert_eq!(keyring.record("hold").unwrap().unwrap(), b"case 7");
    keyring.set_record("hold", None).unwrap();
    assert_eq!(keyring.record("hold").unwrap(), None);

    // One record in the place of another.
    storage::update(&*keyring.inner.storage, |view| {
        let row = view.get(storage::Space::Meta, b"record:time")?.unwrap();
        view.put(storage::Space::Meta, b"record:hold", &row)
    })
    .unwrap();
    let error = keyring.record("hold").unwrap_err();
    assert!(matches!(error, KeyringError::Damaged { .. }), "{error}");
    assert!(keyring.set_record(&"n".repeat(65), Some(b"")).is_err());
    assert!(
        keyring
            .set_record("n", Some(&vec![0; (64 << 10) + 1]))
            .is_err()
    );
}
