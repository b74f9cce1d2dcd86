//! Keyring files that nobody wrote, or somebody changed.

use proptest::prelude::*;

use super::super::rows::{Bucket, KeyRow, Meta, Slot, SlotKind, Unit};
use super::super::storage::{Scan, Space};
use super::super::{epoch, sqlite};
use super::*;

#[track_caller]
fn damaged(place: &Place) {
    match place.open(&raw(1), Access::ReadWrite) {
        Err(KeyringError::Damaged { .. }) => {}
        other => panic!("expected damage, got {other:?}"),
    }
}

fn edit(place: &Place, sql: &str) {
    let connection = rusqlite::Connection::open(&place.path).unwrap();
    connection.execute_batch(sql).unwrap();
}

#[test]
fn files_that_are_no_keyrings_are_refused() {
    for content in [&b""[..], b"{}", b"SQLite format 3\0", &[0xff; 8192]] {
        let place = Place::new();
        drop(place.create(&raw(1)));
        std::fs::write(&place.path, content).unwrap();
        damaged(&place);
    }
}

#[test]
fn every_truncation_is_noticed() {
    let place = Place::new();
    let keyring = place.create(&raw(1));
    keyring.period_key(0, "2026-11").unwrap();
    drop(keyring);
    let whole = std::fs::read(&place.path).unwrap();
    for cut in (0..whole.len()).step_by(512) {
        std::fs::write(&place.path, &whole[..cut]).unwrap();
        damaged(&place);
    }
}

#[test]
fn other_tables_are_refused() {
    for sql in [
        "CREATE TABLE more (x)",
        "CREATE TRIGGER t AFTER INSERT ON rows BEGIN DELETE FROM rows; END",
        "CREATE VIEW v AS SELECT * FROM rows",
        "PRAGMA application_id = 1",
    ] {
        let place = Place::new();
        drop(place.create(&raw(1)));
        edit(&place, sql);
        damaged(&place);
    }
}

#[test]
fn a_newer_format_is_told_apart() {
    let place = Place::new();
    drop(place.create(&raw(1)));
    edit(&place, "PRAGMA user_version = 7");
    let error = place.open(&raw(1), Access::ReadOnly).unwrap_err();
    assert!(
        matches!(error, KeyringError::Newer { version: 7, .. }),
        "{error}"
    );
}

/// Changes one row and says whether the keyring still opens and gives its keys.
fn with_row(space: Space, change: impl Fn(&mut Vec<u8>)) -> Result<(), KeyringError> {
    let place = Place::new();
    let keyring = place.create(&raw(1));
    let (period, _) = keyring.period_key(0, "2026-11")?;
    let (unit, _) = keyring.take_pool_key()?;
    keyring.assign_units(&[([1; 32], unit)])?;
    drop(keyring);
    let storage = sqlite::SqliteStorage::open(&place.path, Access::ReadWrite)?;
    storage::update(&storage, |view| {
        let mut first = None;
        let prefix: &[u8] = if space == Space::Meta { Meta::KEY } else { &[] };
        view.scan(space, prefix, &mut |key, value| {
            first = Some((key.to_vec(), value.to_vec()));
            Ok(Scan::Enough)
        })?;
        let (key, mut value) = first.unwrap();
        change(&mut value);
        view.put(space, &key, &value)
    })?;
    drop(storage);
    let keyring = place.open(&raw(1), Access::ReadWrite)?;
    keyring.wrapping_key(&period)?;
    keyring.signing_key()?;
    keyring.unit_key(&unit)?;
    keyring.find_unit(&[1; 32]).map(drop)
}

#[test]
fn a_change_in_any_row_is_found() {
    for space in [
        Space::Meta,
        Space::Slot,
        Space::Key,
        Space::Bucket,
        Space::Unit,
        Space::Digest,
    ] {
        assert!(with_row(space, |_| ()).is_ok(), "{space:?}");
        for change in [
            |value: &mut Vec<u8>| value.clear(),
            |value: &mut Vec<u8>| value.truncate(value.len() / 2),
            |value: &mut Vec<u8>| value.push(0),
            |value: &mut Vec<u8>| value[0] = 99,
            // In most rows the wrapped key, or the id it is found by.
            |value: &mut Vec<u8>| {
                let at = value.len() - 10;
                value[at] ^= 1;
            },
        ] {
            let result = with_row(space, change);
            // A slot's tail is its label, which tells people something and opens nothing.
            if space != Space::Slot {
                assert!(result.is_err(), "{space:?}");
            }
        }
    }
}

#[test]
fn rows_cannot_stand_in_for_each_other() {
    let place = Place::new();
    let keyring = place.create(&raw(1));
    let (first, _) = keyring.period_key(0, "2026-10").unwrap();
    let (second, _) = keyring.period_key(0, "2026-11").unwrap();
    let swap = |view: &mut dyn storage::Write| {
        let (a, b) = (
            view.get(Space::Key, &first)?,
            view.get(Space::Key, &second)?,
        );
        view.put(Space::Key, &first, &b.unwrap())?;
        view.put(Space::Key, &second, &a.unwrap())
    };
    storage::update(&*keyring.inner.storage, swap).unwrap();
    for id in [first, second] {
        let error = keyring.wrapping_key(&id).unwrap_err();
        assert!(matches!(error, KeyringError::Damaged { .. }));
    }
}

#[test]
fn a_keyring_put_back_from_before_an_erasure_is_noticed() {
    let place = Place::new();
    let keyring = place.create(&raw(1));
    let (id, _) = keyring.take_pool_key().unwrap();
    drop(keyring);
    let old = std::fs::read(&place.path).unwrap();
    place
        .open(&raw(1), Access::ReadWrite)
        .unwrap()
        .destroy_units(&[id])
        .unwrap();
    std::fs::write(&place.path, old).unwrap();
    let keyring = place.open(&raw(1), Access::ReadWrite).unwrap();
    let error = keyring.unit_key(&id).unwrap_err();
    assert!(error.to_string().contains("older"), "{error}");
}

#[test]
fn a_missing_or_foreign_epoch_file_is_named() {
    let place = Place::new();
    let keyring = place.create(&raw(1));
    let (id, _) = keyring.take_pool_key().unwrap();
    drop(keyring);
    let whole = std::fs::read(place.epoch()).unwrap();
    let mut foreign = whole.clone();
    foreign[20] ^= 1;
    for content in [&whole[..whole.len() - 1], &foreign[..], b"", &[0; 4096]] {
        std::fs::write(place.epoch(), content).unwrap();
        let opened = place.open(&raw(1), Access::ReadOnly);
        assert!(opened.unwrap().unit_key(&id).is_err());
    }
    std::fs::remove_file(place.epoch()).unwrap();
    let error = place.open(&raw(1), Access::ReadWrite).unwrap_err();
    assert!(error.to_string().contains(".epoch"), "{error}");
}

#[test]
fn a_slot_that_would_take_all_memory_is_refused() {
    let place = Place::new();
    let keyring = place.create(&passphrase("right"));
    let change = |view: &mut dyn storage::Write| {
        let mut slots = create::read_slots(&*view, &|_| unreachable!())?;
        let (id, mut slot) = slots.remove(0);
        slot.kind = SlotKind::Passphrase(symlog_crypto::Argon2Params {
            memory_kib: u32::MAX,
            iterations: u32::MAX,
            parallelism: 1,
        });
        view.put(Space::Slot, &id, &slot.encode())
    };
    storage::update(&*keyring.inner.storage, change).unwrap();
    drop(keyring);
    let error = place
        .open(&passphrase("right"), Access::ReadOnly)
        .unwrap_err();
    assert!(matches!(error, KeyringError::Crypto(_)), "{error}");
}

#[test]
fn the_clock_does_not_matter() {
    let place = Place::new();
    let keyring = place.create(&raw(1));
    storage::update(&*keyring.inner.storage, |view| {
        let (mut meta, master) = keyring.inner.meta(view)?;
        meta.created = u64::MAX;
        keyring.inner.put_meta(view, meta, &master)
    })
    .unwrap();
    assert_eq!(
        keyring.inventory().unwrap().master_age,
        std::time::Duration::ZERO
    );
    keyring.rotate().unwrap();
}

proptest! {
    #[test]
    fn no_row_makes_the_decoders_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for first in [None, Some(1)] {
            let mut bytes = bytes.clone();
            if let (Some(version), Some(byte)) = (first, bytes.first_mut()) {
                *byte = version;
            }
            let again = [
                Meta::decode(&bytes).map(|row| row.encode()),
                Slot::decode(&bytes).map(|row| row.encode()),
                KeyRow::decode(&bytes).map(|row| row.encode()),
                Bucket::decode(&bytes).map(|row| row.encode()),
                Unit::decode(&bytes).map(|row| row.encode()),
            ];
            for encoded in again.into_iter().flatten() {
                prop_assert_eq!(&encoded, &bytes);
            }
            let _ = epoch::decode(&LOG, &bytes);
        }
    }
}
