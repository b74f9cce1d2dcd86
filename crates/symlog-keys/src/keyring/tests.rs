mod changes;
mod hostile;
mod images;
mod memory;
mod rekey;
mod scale;

use std::path::{Path, PathBuf};

use symlog_crypto::{CryptoProvider, SecretBytes, default_provider, verify_ed25519};

use super::*;
use crate::LoggingKey;

const LOG: Id = [7; 16];

fn raw(byte: u8) -> LoggingKey {
    let text = format!("base64:{}", crate::base64::encode(&[byte; 32]));
    LoggingKey::from_text(text.into()).unwrap()
}

fn passphrase(text: &str) -> LoggingKey {
    LoggingKey::from_text(SecretBytes::from(text.to_owned())).unwrap()
}

struct Place {
    _dir: tempfile::TempDir,
    path: PathBuf,
    provider: CryptoProvider,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self {
            path: dir.path().join("model_io.log.keyring"),
            _dir: dir,
            provider: default_provider(),
        }
    }

    fn create(&self, key: &LoggingKey) -> Keyring {
        Keyring::create(&self.path, LOG, key, &self.provider).unwrap()
    }

    fn open(&self, key: &LoggingKey, access: Access) -> Result<Keyring, KeyringError> {
        Keyring::open(&self.path, key, access, &self.provider)
    }

    fn epoch(&self) -> PathBuf {
        crate::private_file::sibling(&self.path, ".epoch")
    }
}

fn same(a: &Key, b: &Key) -> bool {
    a.ct_eq(b)
}

#[test]
fn keys_come_back_after_reopening() {
    let place = Place::new();
    let keyring = place.create(&raw(1));
    let (id, key) = keyring.period_key(3, "2026-11").unwrap();
    let purpose = keyring.purpose_key("pseudonym").unwrap();
    let signature = keyring.signing_key().unwrap().sign(b"message");
    let generation = keyring.generation();
    drop(keyring);

    let keyring = place.open(&raw(1), Access::ReadOnly).unwrap();
    assert_eq!(keyring.log_id(), LOG);
    assert_eq!(keyring.generation(), generation);
    assert!(same(&keyring.wrapping_key(&id).unwrap(), &key));
    let (again, _) = keyring.period_key(3, "2026-11").unwrap();
    assert_eq!(again, id);
    assert!(same(&keyring.purpose_key("pseudonym").unwrap(), &purpose));
    assert!(!same(&keyring.purpose_key("other").unwrap(), &purpose));
    let public = keyring.signing_key().unwrap().public_key();
    assert_eq!(verify_ed25519(&public, b"message", &signature), Ok(()));
}

#[test]
fn each_class_and_period_has_a_key_of_its_own() {
    let keyring = Keyring::in_memory(LOG, &raw(1), &default_provider()).unwrap();
    let mut seen = Vec::new();
    for (class, period) in [(0, "2026-11"), (0, "2026-12"), (1, "2026-11")] {
        let (id, key) = keyring.period_key(class, period).unwrap();
        assert!(seen.iter().all(|(other, _): &(Id, Key)| *other != id));
        assert!(seen.iter().all(|(_, other)| !same(other, &key)));
        seen.push((id, key));
    }
}

#[test]
fn a_reader_makes_no_keys() {
    let place = Place::new();
    drop(place.create(&raw(1)));
    let reader = place.open(&raw(1), Access::ReadOnly).unwrap();
    let read_only = |error| matches!(error, KeyringError::ReadOnly { .. });
    assert!(read_only(reader.period_key(0, "2026-11").unwrap_err()));
    assert!(read_only(reader.take_pool_key().unwrap_err()));
    assert!(read_only(
        reader.assign_units(&[([0; 32], [0; 16])]).unwrap_err()
    ));
}

#[test]
fn a_wrong_key_is_told_apart_from_damage() {
    let place = Place::new();
    drop(place.create(&passphrase("right")));
    for key in [passphrase("wrong"), raw(1)] {
        let error = place.open(&key, Access::ReadWrite).unwrap_err();
        assert!(matches!(error, KeyringError::WrongKey { .. }), "{error}");
    }
    assert!(place.open(&passphrase("right"), Access::ReadWrite).is_ok());
}

#[test]
fn a_keyring_is_never_replaced() {
    let place = Place::new();
    drop(place.create(&raw(1)));
    let again = Keyring::create(&place.path, LOG, &raw(2), &place.provider).unwrap_err();
    assert!(matches!(again, KeyringError::Exists { .. }));
    assert!(place.open(&raw(1), Access::ReadWrite).is_ok());
    let missing = Keyring::open(
        Path::new("/nowhere/k"),
        &raw(1),
        Access::ReadOnly,
        &place.provider,
    );
    assert!(matches!(
        missing.unwrap_err(),
        KeyringError::NotFound { .. }
    ));
}

#[test]
fn units_are_found_by_digest_and_by_id() {
    let place = Place::new();
    let keyring = place.create(&raw(1));
    let digest = keyring.unit_digest(UnitKind::Subject, Some("acme"), "ada");
    assert!(keyring.find_unit(&digest).unwrap().is_none());
    let (id, key) = keyring.take_pool_key().unwrap();
    assert!(same(&keyring.unit_key(&id).unwrap(), &key));
    keyring.assign_units(&[(digest, id)]).unwrap();
    keyring.assign_units(&[(digest, id)]).unwrap();
    drop(keyring);

    let keyring = place.open(&raw(1), Access::ReadOnly).unwrap();
    let (found, found_key) = keyring.find_unit(&digest).unwrap().unwrap();
    assert_eq!(found, id);
    assert!(same(&found_key, &key));
    let mut guessed = id;
    guessed[15] ^= 1;
    for unknown in [guessed, [0xff; 16]] {
        let error = keyring.unit_key(&unknown).unwrap_err();
        assert!(matches!(error, KeyringError::Unknown { .. }));
    }
}

#[test]
fn unit_digests_keep_kind_tenant_and_name_apart() {
    let keyring = Keyring::in_memory(LOG, &raw(1), &default_provider()).unwrap();
    let digests = [
        keyring.unit_digest(UnitKind::Subject, None, "ab"),
        keyring.unit_digest(UnitKind::Conversation, None, "ab"),
        keyring.unit_digest(UnitKind::Subject, Some(""), "ab"),
        keyring.unit_digest(UnitKind::Subject, Some("a"), "b"),
        keyring.unit_digest(UnitKind::Subject, Some("ab"), ""),
    ];
    for (at, digest) in digests.iter().enumerate() {
        assert!(!digests[..at].contains(digest));
    }
}

#[test]
fn a_unit_key_belongs_to_one_unit() {
    let keyring = Keyring::in_memory(LOG, &raw(1), &default_provider()).unwrap();
    let (id, _) = keyring.take_pool_key().unwrap();
    keyring.assign_units(&[([1; 32], id)]).unwrap();
    let error = keyring.assign_units(&[([2; 32], id)]).unwrap_err();
    assert!(matches!(error, KeyringError::Limit { .. }));
    assert!(keyring.find_unit(&[2; 32]).unwrap().is_none());
}

#[test]
fn a_unit_may_have_two_keys_after_a_crash() {
    let keyring = Keyring::in_memory(LOG, &raw(1), &default_provider()).unwrap();
    let (first, _) = keyring.take_pool_key().unwrap();
    let (second, _) = keyring.take_pool_key().unwrap();
    keyring
        .assign_units(&[([1; 32], first), ([1; 32], second)])
        .unwrap();
    let (found, _) = keyring.find_unit(&[1; 32]).unwrap().unwrap();
    assert_eq!(found, second);
    assert!(keyring.unit_key(&first).is_ok());
}

#[test]
fn pool_keys_are_handed_out_once() {
    let place = Place::new();
    let keyring = place.create(&raw(1));
    let taken: Vec<Id> = std::thread::scope(|scope| {
        let takers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    (0..300)
                        .map(|_| keyring.take_pool_key().unwrap().0)
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        takers
            .into_iter()
            .flat_map(|taker| taker.join().unwrap())
            .collect()
    });
    let unique: std::collections::HashSet<_> = taken.iter().collect();
    assert_eq!(unique.len(), 1200);
    // A second writer in another process draws from the same file.
    let other = place.open(&raw(1), Access::ReadWrite).unwrap();
    for _ in 0..100 {
        assert!(!unique.contains(&other.take_pool_key().unwrap().0));
    }
}

#[test]
fn keys_not_taken_go_back_and_taken_ones_do_not() {
    let place = Place::new();
    let keyring = place.create(&raw(1));
    let (first, _) = keyring.take_pool_key().unwrap();
    drop(keyring);
    let keyring = place.open(&raw(1), Access::ReadWrite).unwrap();
    let (second, _) = keyring.take_pool_key().unwrap();
    assert_ne!(first, second);
    let place_of = |id: &Id| u16::from_be_bytes([id[4], id[5]]);
    assert_eq!((place_of(&first), place_of(&second)), (0, 1));
    assert!(keyring.unit_key(&first).is_ok());
}

#[test]
fn buckets_hold_4096_keys() {
    let keyring = Keyring::in_memory(LOG, &raw(1), &default_provider()).unwrap();
    let ids = keyring.inner.claim_units(4097).unwrap();
    let buckets: Vec<u32> = ids.iter().map(|(id, _)| units::place(id).0).collect();
    assert_eq!(buckets.iter().filter(|bucket| **bucket == 0).count(), 4096);
    assert_eq!(buckets.last(), Some(&1));
}

#[cfg(unix)]
#[test]
fn files_are_private_and_no_symlink_is_followed() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let place = Place::new();
    let keyring = place.create(&raw(1));
    keyring.period_key(0, "2026-11").unwrap();
    for path in [&place.path, &place.epoch()] {
        let mode = std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
    drop(keyring);
    let link = place.path.with_extension("link");
    symlink(&place.path, &link).unwrap();
    let error = Keyring::open(&link, &raw(1), Access::ReadOnly, &place.provider).unwrap_err();
    assert!(error.to_string().contains("symbolic links"), "{error}");
    std::fs::set_permissions(&place.path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let error = place.open(&raw(1), Access::ReadOnly).unwrap_err();
    assert!(error.to_string().contains("chmod 600"), "{error}");
}

#[test]
fn debug_and_errors_hold_no_key() {
    let place = Place::new();
    let secret = "a passphrase nobody may see";
    let keyring = place.create(&passphrase(secret));
    let shown = format!("{keyring:?} {:?}", passphrase(secret));
    assert!(!shown.contains("nobody"));
    let error = place
        .open(&passphrase("another\""), Access::ReadOnly)
        .unwrap_err();
    assert!(!format!("{error} {error:?}").contains("another\""));
}
