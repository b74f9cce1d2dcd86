//! Destruction, rotation, unlock slots; and what an attacker with old copies gets.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::create::Parts;
use super::super::epoch::{EpochStore, FileEpoch};
use super::super::sqlite::SqliteStorage;
use super::super::storage::{Reading, Storage, Writing};
use super::*;
use crate::Assurance;

const ADA: [u8; 32] = [0xad; 32];
const BOB: [u8; 32] = [0xb0; 32];

fn unit(keyring: &Keyring, digest: [u8; 32]) -> (Id, Key) {
    let (id, key) = keyring.take_pool_key().unwrap();
    keyring.assign_units(&[(digest, id)]).unwrap();
    (id, key)
}

#[track_caller]
fn destroyed<T: std::fmt::Debug>(result: Result<T, KeyringError>) {
    assert!(
        matches!(result, Err(KeyringError::Destroyed { .. })),
        "{result:?}"
    );
}

#[test]
fn a_destroyed_unit_is_gone_and_the_others_are_not() {
    let place = Place::new();
    let keyring = place.create(&raw(1));
    let (ada, _) = unit(&keyring, ADA);
    let (bob, bob_key) = unit(&keyring, BOB);
    let before = keyring.generation();
    let done = keyring
        .destroy_units(&keyring.unit_ids(&ADA).unwrap())
        .unwrap();
    assert_eq!((done.destroyed, done.assurance), (1, Assurance::BestEffort));
    assert!(done.generation > before);
    destroyed(keyring.unit_key(&ada));
    assert!(keyring.find_unit(&ADA).unwrap().is_none());
    assert!(same(&keyring.unit_key(&bob).unwrap(), &bob_key));
    assert_eq!(keyring.find_unit(&BOB).unwrap().unwrap().0, bob);
    // Replaying the log does not bring it back, and doing it again destroys nothing.
    keyring.assign_units(&[(ADA, ada)]).unwrap();
    assert!(keyring.find_unit(&ADA).unwrap().is_none());
    assert_eq!(keyring.destroy_units(&[ada]).unwrap().destroyed, 0);
    drop(keyring);
    let keyring = place.open(&raw(1), Access::ReadOnly).unwrap();
    destroyed(keyring.unit_key(&ada));
    assert!(same(&keyring.unit_key(&bob).unwrap(), &bob_key));
}

#[test]
fn an_unknown_key_destroys_nothing() {
    let keyring = Keyring::in_memory(LOG, &raw(1), &default_provider()).unwrap();
    let (ada, _) = unit(&keyring, ADA);
    let error = keyring.destroy_units(&[ada, [9; 16]]).unwrap_err();
    assert!(matches!(error, KeyringError::Unknown { .. }));
    assert!(keyring.unit_key(&ada).is_ok());
    let error = keyring.destroy_periods(&[[9; 16]]).unwrap_err();
    assert!(matches!(error, KeyringError::Unknown { .. }));
}

#[test]
fn a_destroyed_period_is_gone_and_the_others_are_not() {
    let place = Place::new();
    let keyring = place.create(&raw(1));
    let (old, _) = keyring.period_key(0, "2026-01").unwrap();
    let (new, key) = keyring.period_key(0, "2026-11").unwrap();
    assert_eq!(keyring.destroy_periods(&[old]).unwrap().destroyed, 1);
    destroyed(keyring.wrapping_key(&old));
    assert!(same(&keyring.wrapping_key(&new).unwrap(), &key));
    assert!(keyring.signing_key().is_ok());
}

/// The attacker has the logging key, every file as it is now, and an old copy of the keyring.
#[test]
fn old_copies_of_the_keyring_do_not_bring_keys_back() {
    let place = Place::new();
    let keyring = place.create(&raw(1));
    let (ada, _) = unit(&keyring, ADA);
    let (bob, _) = unit(&keyring, BOB);
    let (period, _) = keyring.period_key(0, "2026-01").unwrap();
    let old = place.path.with_extension("old");
    std::fs::copy(&place.path, &old).unwrap();
    keyring.destroy_units(&[ada]).unwrap();
    keyring.destroy_periods(&[period]).unwrap();
    drop(keyring);
    let old_epoch = FileEpoch::beside(&old);
    std::fs::copy(place.epoch(), crate::private_file::sibling(&old, ".epoch")).unwrap();
    assert!(old_epoch.load().unwrap().is_some());

    let attacker = Keyring::open(&old, &raw(1), Access::ReadOnly, &place.provider).unwrap();
    for id in [ada, bob] {
        assert!(matches!(
            attacker.unit_key(&id),
            Err(KeyringError::Damaged { .. })
        ));
    }
    assert!(matches!(
        attacker.wrapping_key(&period),
        Err(KeyringError::Damaged { .. })
    ));
    // Nothing of the old file's rows opens under the new epoch key by hand either.
    let live = place.open(&raw(1), Access::ReadOnly).unwrap();
    let (meta, master) = storage::read(&*live.inner.storage, |view| live.inner.meta(view)).unwrap();
    let epoch_key = live.inner.epoch_key(meta.epoch, &master).unwrap();
    let bucket = storage::read(&*attacker.inner.storage, |view| {
        attacker.inner.bucket(view, units::place(&ada).0)
    })
    .unwrap();
    for number in [bucket.epoch, meta.epoch] {
        let binding = units::bucket_binding(&LOG, units::place(&ada).0, number);
        let opened = wrap::unwrap(&place.provider, &epoch_key, &binding, &bucket.wrapped);
        assert!(opened.is_err());
    }
}

#[test]
fn nothing_of_a_destroyed_unit_is_left_in_the_file() {
    let place = Place::new();
    let keyring = place.create(&raw(1));
    let (ada, _) = unit(&keyring, ADA);
    keyring.destroy_units(&[ada]).unwrap();
    drop(keyring);
    let bytes = std::fs::read(&place.path).unwrap();
    assert!(!bytes.windows(32).any(|window| window == ADA));
}

#[test]
fn rotation_keeps_everything_readable_and_starts_new_period_keys() {
    let place = Place::new();
    let keyring = place.create(&passphrase("one"));
    let other_process = place.open(&passphrase("one"), Access::ReadWrite).unwrap();
    let (period, key) = keyring.period_key(0, "2026-11").unwrap();
    let (ada, ada_key) = unit(&keyring, ADA);
    let purpose = keyring.purpose_key("pseudonym").unwrap();
    let public = keyring.signing_key().unwrap().public_key();

    let rotation = keyring.rotate().unwrap();
    assert_eq!((rotation.master, rotation.retired), (2, 1));
    let (next, next_key) = keyring.period_key(0, "2026-11").unwrap();
    assert_ne!(next, period);
    drop(keyring);
    for keyring in [
        other_process,
        place.open(&passphrase("one"), Access::ReadWrite).unwrap(),
    ] {
        assert!(same(&keyring.wrapping_key(&period).unwrap(), &key));
        assert!(same(&keyring.wrapping_key(&next).unwrap(), &next_key));
        assert!(same(&keyring.unit_key(&ada).unwrap(), &ada_key));
        assert!(same(&keyring.purpose_key("pseudonym").unwrap(), &purpose));
        assert_eq!(keyring.signing_key().unwrap().public_key(), public);
        assert_eq!(keyring.period_key(0, "2026-11").unwrap().0, next);
        assert!(keyring.take_pool_key().is_ok());
    }
}

#[test]
fn slots_are_added_and_removed() {
    let place = Place::new();
    let keyring = place.create(&raw(1));
    let (period, key) = keyring.period_key(0, "2026-11").unwrap();
    keyring.add_slot(&passphrase("auditor"), "auditor").unwrap();
    let second = keyring
        .add_slot(&passphrase("operator"), "operator")
        .unwrap();
    keyring.rotate().unwrap();
    for logging_key in [raw(1), passphrase("auditor"), passphrase("operator")] {
        let opened = place.open(&logging_key, Access::ReadOnly).unwrap();
        assert!(same(&opened.wrapping_key(&period).unwrap(), &key));
    }
    let labels: Vec<_> = keyring
        .inventory()
        .unwrap()
        .slots
        .into_iter()
        .map(|slot| (slot.label, slot.kind, slot.in_use))
        .collect();
    assert!(labels.contains(&("first".to_owned(), "raw key".to_owned(), true)));
    let auditor = (
        "auditor".to_owned(),
        "Argon2id-m65536-t3-p1".to_owned(),
        false,
    );
    assert!(labels.contains(&auditor));

    assert_eq!(keyring.remove_slot(&second).unwrap().master, 3);
    let gone = place
        .open(&passphrase("operator"), Access::ReadOnly)
        .unwrap_err();
    assert!(matches!(gone, KeyringError::WrongKey { .. }));
    assert!(place.open(&passphrase("auditor"), Access::ReadOnly).is_ok());
    let own = keyring.slot_in_use();
    assert!(matches!(
        keyring.remove_slot(&own),
        Err(KeyringError::Limit { .. })
    ));
    assert!(matches!(
        keyring.remove_slot(&second),
        Err(KeyringError::Unknown { .. })
    ));
}

#[test]
fn a_keyring_has_at_most_32_slots() {
    let keyring = Keyring::in_memory(LOG, &raw(0), &default_provider()).unwrap();
    for byte in 1..32 {
        keyring
            .add_slot(&raw(byte), &format!("more {byte}"))
            .unwrap();
    }
    let error = keyring.add_slot(&raw(99), "one too many").unwrap_err();
    assert!(matches!(error, KeyringError::Limit { .. }));
}

/// Fails the `n`th access that writes, before or after it took effect.
#[derive(Debug)]
struct Faults {
    left: AtomicUsize,
    after: bool,
}

impl Faults {
    fn pass<T>(&self, work: impl FnOnce() -> Result<T, KeyringError>) -> Result<T, KeyringError> {
        let failed = || {
            Err(KeyringError::Limit {
                what: "a fault was injected",
            })
        };
        let due = self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                Some(left.saturating_sub(1))
            })
            .is_ok_and(|left| left == 1);
        if due && !self.after {
            return failed();
        }
        let result = work()?;
        if due { failed() } else { Ok(result) }
    }
}

#[derive(Debug)]
struct FaultyStorage(SqliteStorage, std::sync::Arc<Faults>);

impl Storage for FaultyStorage {
    fn read(&self, f: &mut Reading<'_>) -> Result<(), KeyringError> {
        self.0.read(f)
    }

    fn update(&self, f: &mut Writing<'_>) -> Result<(), KeyringError> {
        self.1.pass(|| self.0.update(f))
    }
}

#[derive(Debug)]
struct FaultyEpoch(FileEpoch, std::sync::Arc<Faults>);

impl EpochStore for FaultyEpoch {
    fn load(&self) -> Result<Option<Vec<u8>>, KeyringError> {
        self.0.load()
    }

    fn replace(&self, bytes: &[u8]) -> Result<(), KeyringError> {
        self.1.pass(|| self.0.replace(bytes))
    }

    fn assurance(&self) -> Assurance {
        self.0.assurance()
    }
}

#[test]
fn a_rekey_interrupted_anywhere_leaves_a_keyring_that_opens() {
    for fault in 1..=6 {
        for after in [false, true] {
            let place = Place::new();
            let keyring = place.create(&raw(1));
            let (ada, _) = unit(&keyring, ADA);
            let (bob, bob_key) = unit(&keyring, BOB);
            let (period, key) = keyring.period_key(0, "2026-11").unwrap();
            drop(keyring);

            let faults = std::sync::Arc::new(Faults {
                left: AtomicUsize::new(0),
                after,
            });
            let storage = SqliteStorage::open(&place.path, Access::ReadWrite).unwrap();
            let faulty = Keyring::unlock(
                Parts {
                    path: &place.path,
                    access: Access::ReadWrite,
                    storage: Box::new(FaultyStorage(storage, faults.clone())),
                    epochs: Box::new(FaultyEpoch(FileEpoch::beside(&place.path), faults.clone())),
                },
                &raw(1),
                &place.provider,
            )
            .unwrap();
            faults.left.store(fault, Ordering::SeqCst);
            let erased = faulty.destroy_units(&[ada]).is_ok();
            let rotated = faulty.rotate().is_ok();
            drop(faulty);

            let keyring = place.open(&raw(1), Access::ReadWrite).unwrap();
            assert!(same(&keyring.wrapping_key(&period).unwrap(), &key));
            assert!(same(&keyring.unit_key(&bob).unwrap(), &bob_key));
            if erased {
                destroyed(keyring.unit_key(&ada));
            }
            assert!(!rotated || keyring.inventory().unwrap().master == 2);
            assert_eq!(keyring.inner.epoch_entries().unwrap().len(), 1);
            keyring.rotate().unwrap();
        }
    }
}

#[test]
fn two_processes_rotate_at_once() {
    let place = Place::new();
    let keyring = place.create(&raw(1));
    let (period, key) = keyring.period_key(0, "2026-11").unwrap();
    let rounds = 5;
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let own = place.open(&raw(1), Access::ReadWrite).unwrap();
                for _ in 0..rounds {
                    own.rotate().unwrap();
                    own.take_pool_key().unwrap();
                }
            });
        }
        for _ in 0..rounds {
            let (id, _) = unit(&keyring, [1; 32]);
            keyring.destroy_units(&[id]).unwrap();
        }
    });
    assert_eq!(keyring.inventory().unwrap().master, 1 + 2 * rounds);
    assert!(same(&keyring.wrapping_key(&period).unwrap(), &key));
}

/// With a store that confirms deletion no copy of any local file brings a key back.
#[test]
fn the_epoch_key_may_be_kept_in_a_secret_store() {
    let store = std::sync::Arc::new(crate::MemoryStore::new());
    let epochs = EpochPlace::Store {
        store: store.clone(),
        name: "symlog/epoch".to_owned(),
    };
    let place = Place::new();
    let (key, provider) = (raw(1), &place.provider);
    let keyring = Keyring::create_with(&place.path, LOG, &key, provider, &epochs).unwrap();
    let (ada, _) = unit(&keyring, ADA);
    let (bob, bob_key) = unit(&keyring, BOB);
    let old = std::fs::read(&place.path).unwrap();
    keyring.destroy_units(&[ada]).unwrap();
    destroyed(keyring.unit_key(&ada));
    keyring.rotate().unwrap();
    drop(keyring);
    assert!(!place.epoch().exists());
    let names = crate::blocking::drive(crate::SecretStore::list(&*store, "")).unwrap();
    assert_eq!(names.len(), 1, "old epoch keys are destroyed: {names:?}");

    let reopened = Keyring::open_with(&place.path, &key, Access::ReadOnly, provider, &epochs);
    assert!(same(&reopened.unwrap().unit_key(&bob).unwrap(), &bob_key));
    std::fs::write(&place.path, old).unwrap();
    let attacker = Keyring::open_with(&place.path, &key, Access::ReadOnly, provider, &epochs);
    assert!(attacker.unwrap().unit_key(&ada).is_err());
    let elsewhere = Keyring::open(&place.path, &key, Access::ReadOnly, provider).unwrap();
    assert!(elsewhere.unit_key(&bob).is_err());
}
