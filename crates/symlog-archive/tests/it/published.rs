//! The published vectors of the format go into archives and come back.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use symlog_archive::{FileArchives, make};
use symlog_core::Filter;
use symlog_core::archive::{Archives, Form};
use symlog_crypto::default_provider;
use symlog_keys::{Access, Keyring};
use symlog_sink::{FileStorage, MemoryStorage, ObjectName, Storage};

use crate::log::{MEMORY, bytes, key, sealed};

fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../testdata/format")
        .join(name)
}

/// The files of a published log, where they may be read as those of one's own are.
fn copied(name: &str) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    std::fs::set_permissions(place.path(), Permissions::from_mode(0o700)).unwrap();
    for file in std::fs::read_dir(testdata(name)).unwrap() {
        let file = file.unwrap();
        let copy = place.path().join(file.file_name());
        std::fs::copy(file.path(), &copy).unwrap();
        std::fs::set_permissions(&copy, Permissions::from_mode(0o600)).unwrap();
    }
    place
}

fn keyring_in(place: &Path) -> Keyring {
    let path = place.join("model_io.encrypted.log.keyring");
    Keyring::open(&path, &key(), Access::ReadOnly, &default_provider()).unwrap()
}

/// The archive that was published gives the log that was published.
#[test]
fn a_published_archive_is_readable_for_ever() {
    let place = copied("v1-archive");
    let keyring = keyring_in(place.path());
    let log = place.path().join("model_io.encrypted.log");
    let storage: Arc<dyn Storage> = Arc::new(FileStorage::new(&log).unwrap());
    let archives = FileArchives::default();
    let v1 = |name: &str| std::fs::read(testdata("v1").join(name)).unwrap();
    let objects = archives.objects(&*storage).unwrap();
    let originals = [
        "model_io.encrypted.log.0000000000",
        "model_io.encrypted.log",
    ];
    assert_eq!(objects.len(), originals.len());
    for (object, original) in objects.iter().zip(originals) {
        let mut archived = archives.open(&storage, object, Some(&keyring)).unwrap();
        let mut lines = Vec::new();
        for row in 0..archived.rows() {
            let form = archived.line(row, Form::Whole, &mut lines).unwrap();
            assert_eq!(form, Form::Whole, "{object}, row {row}");
            lines.push(b'\n');
        }
        assert!(lines.starts_with(&v1(original)), "{object}");
    }
    let reader = crate::log::reader(&storage, &keyring);
    let entries = crate::log::entries(&reader, Filter::new());
    let expected = String::from_utf8(v1("expected.jsonl")).unwrap();
    assert_eq!(entries, expected.lines().collect::<Vec<_>>());
    let report = reader.verify().unwrap();
    assert!(report.is_ok(), "{report:#?}");
}

#[test]
fn every_line_comes_back_bit_for_bit() {
    for name in ["v1", "v1-streams"] {
        let published = testdata(name);
        let place = copied(name);
        let mut objects = Vec::new();
        for file in std::fs::read_dir(&published).unwrap() {
            let file = file.unwrap();
            let file_name = file.file_name().into_string().unwrap();
            let Some(rest) = file_name.strip_prefix("model_io.encrypted.log") else {
                continue;
            };
            let object = match rest.strip_prefix('.') {
                None => ObjectName::sealed("9999999999").unwrap(),
                Some(number) => match ObjectName::sealed(number) {
                    Ok(object) if !number.starts_with('k') => object,
                    _ => continue,
                },
            };
            objects.push((object, std::fs::read(file.path()).unwrap()));
        }
        let keyring = keyring_in(place.path());
        let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::from_objects(objects).unwrap());
        for object in sealed(&*storage) {
            let made = make(&*storage, &object, &keyring, MEMORY, &|| false)
                .unwrap()
                .unwrap();
            let mut archived = FileArchives::default()
                .open(&storage, &object, Some(&keyring))
                .unwrap();
            let mut lines = Vec::new();
            for row in 0..archived.rows() {
                let form = archived.line(row, Form::Whole, &mut lines).unwrap();
                assert_eq!(form, Form::Whole, "{name}, {object}, row {row}");
                lines.push(b'\n');
            }
            let expected = bytes(&*storage, &object);
            assert!(lines == expected, "{name}, {object}: other lines came back");
            assert_eq!(made.object_bytes, expected.len() as u64);
        }
    }
}
