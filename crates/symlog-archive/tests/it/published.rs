//! The published vectors of the format go into archives and come back.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use symlog_archive::{FileArchives, make};
use symlog_core::archive::{Archives, Form};
use symlog_crypto::default_provider;
use symlog_keys::{Access, Keyring};
use symlog_sink::{MemoryStorage, ObjectName, Storage};

use crate::log::{MEMORY, bytes, key, sealed};

#[test]
fn every_line_comes_back_bit_for_bit() {
    for name in ["v1", "v1-streams"] {
        let published = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../testdata/format")
            .join(name);
        let place = tempfile::tempdir().unwrap();
        let mut objects = Vec::new();
        for file in std::fs::read_dir(&published).unwrap() {
            let file = file.unwrap();
            let file_name = file.file_name().into_string().unwrap();
            let copy = place.path().join(&file_name);
            std::fs::copy(file.path(), &copy).unwrap();
            std::fs::set_permissions(&copy, Permissions::from_mode(0o600)).unwrap();
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
        let keyring = Keyring::open(
            &place.path().join("model_io.encrypted.log.keyring"),
            &key(),
            Access::ReadOnly,
            &default_provider(),
        )
        .unwrap();
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
