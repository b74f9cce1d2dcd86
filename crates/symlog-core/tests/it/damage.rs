//! What a writer finds when it opens a log: damage is kept and reported, what is not a log of this
//! version is left as it is.

use std::sync::Arc;

use symlog_core::{ArchiveConfig, Durability, LogReader, VerifyReport};
use symlog_keys::Keyring;
use symlog_sink::{MemoryStorage, ObjectName, Storage};

use crate::recorded::{AFTER, answered, builder, bytes, go_on, keyring};

/// A closed log of six entries in one object, each in a batch of its own.
fn log(keyring: &Keyring) -> Vec<u8> {
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    for session in 0..2 {
        let logger = builder(Arc::clone(&storage), keyring, Durability::Batch)
            .archive(ArchiveConfig::default())
            .build()
            .unwrap();
        for number in 0..3 {
            let entry = answered(3 * session + number);
            logger.submit(entry).unwrap().wait().unwrap();
        }
        logger.close_blocking().unwrap();
    }
    bytes(&*storage, &ObjectName::Active)
}

fn holding(active: &[u8]) -> Arc<dyn Storage> {
    let objects = [(ObjectName::Active, active.to_vec())];
    Arc::new(MemoryStorage::from_objects(objects).unwrap())
}

fn verify(storage: &Arc<dyn Storage>, keyring: &Keyring) -> VerifyReport {
    LogReader::over(Arc::clone(storage), keyring.clone())
        .verify()
        .unwrap()
}

#[test]
fn damage_in_any_line_but_the_last_is_kept_and_reported() {
    let keyring = keyring();
    let whole = log(&keyring);
    let ends: Vec<_> = (0..whole.len()).filter(|&at| whole[at] == b'\n').collect();
    // The last batch is not known to be synced by any line behind it.
    for (line, end) in ends.iter().enumerate().take(ends.len() - 1) {
        let mut damaged = whole.clone();
        damaged[end - 20] ^= 1;
        let storage = holding(&damaged);
        go_on(&storage, &keyring, AFTER, &format!("line {line}"));
        let sealed = storage.objects().unwrap().remove(0);
        assert_ne!(sealed, ObjectName::Active, "line {line}");
        assert_eq!(bytes(&*storage, &sealed), damaged, "line {line}");
        let report = verify(&storage, &keyring);
        assert!(!report.is_ok(), "line {line}");
        assert!(
            report.notes.iter().any(|note| note.contains("recovered")),
            "line {line}: {:?}",
            report.notes
        );
        let after: Vec<_> = report
            .problems
            .iter()
            .filter(|problem| problem.object == "active object" && problem.line > 1)
            .collect();
        assert!(after.is_empty(), "line {line}: {after:?}");
    }
}

#[test]
fn a_torn_tail_is_cut_and_recorded() {
    let keyring = keyring();
    let whole = log(&keyring);
    let mut torn = whole.clone();
    torn.extend_from_slice(b"{\"v\":1,\"seg\":1,\"se");
    let storage = holding(&torn);
    go_on(&storage, &keyring, AFTER, "torn");
    let report = verify(&storage, &keyring);
    assert!(report.is_ok(), "{report:#?}");
    assert!(
        report
            .notes
            .iter()
            .any(|note| note.contains("\"cut_bytes\":18"))
    );
    assert!(bytes(&*storage, &ObjectName::Active).starts_with(&whole));
}

#[test]
fn what_is_no_log_of_this_version_is_left_as_it_is() {
    let keyring = keyring();
    let whole = String::from_utf8(log(&keyring)).unwrap();
    let newer = |line: &str| [&*whole, line, "\n"].concat().into_bytes();
    let mut critical = whole.lines().last().unwrap().to_owned();
    critical = critical.replace("\"v\":1", "\"v\":2");
    for (what, content) in [
        ("text", b"Dear diary,\n".to_vec()),
        ("an empty line first", b"\nDear diary,\n".to_vec()),
        ("another JSON log", b"{\"level\":\"info\"}\n".to_vec()),
        ("binary", vec![0x7f, b'E', b'L', b'F', 0, 0, 0, 0]),
        ("zeros and text", b"\0\0\0\0\0\0\0text\n".to_vec()),
        ("a newer version", newer(&critical)),
    ] {
        let storage = holding(&content);
        let error = builder(Arc::clone(&storage), &keyring, Durability::Batch)
            .build()
            .expect_err(what);
        assert!(
            error.to_string().contains("log_file_path"),
            "{what}: {error}"
        );
        assert_eq!(bytes(&*storage, &ObjectName::Active), content, "{what}");
        assert_eq!(storage.objects().unwrap().len(), 1, "{what}");
    }
}

#[test]
fn each_writer_names_the_units_that_it_uses() {
    let keyring = keyring();
    let storage = holding(b"");
    // The power took all that the last writer wrote; the keyring had heard of its units.
    log(&keyring);
    for session in 0..2 {
        let before = objects(&storage).len();
        go_on(&storage, &keyring, AFTER, "again");
        let held = objects(&storage);
        let named = held[before..].matches("\"control\":\"unit\"").count();
        assert_eq!(named, 1, "session {session}: {held}");
    }
    assert!(verify(&storage, &keyring).is_ok());
}

/// What the log's objects hold, in order.
fn objects(storage: &Arc<dyn Storage>) -> String {
    let names = storage.objects().unwrap();
    let objects = names
        .iter()
        .map(|name| bytes(&**storage, name))
        .collect::<Vec<_>>();
    String::from_utf8(objects.concat()).unwrap()
}
