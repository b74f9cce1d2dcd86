//! An archived log reads, verifies and goes on as before.

use std::sync::Arc;

use symlog_archive::FileArchives;
use symlog_core::{Check, Filter, verify_archived};
use symlog_sink::{FileStorage, MemoryStorage, Storage};

use crate::log::{answer, archive, entries, fill, keyring, open, reader, sealed};

#[test]
fn an_archived_log_reads_and_verifies_as_before() {
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    let keyring = keyring(1);
    let logger = open(&storage, &keyring);
    let waiting = fill(&logger, 0..40);
    logger.maintenance().unwrap().seal().unwrap();
    fill(&logger, 40..60);
    // The response of what is archived is in another object.
    answer(&logger, waiting[1]);
    let reader = reader(&storage, &keyring);
    let before = entries(&reader, Filter::new());
    assert_eq!(before.len(), 60);

    let report = archive(&logger);
    assert_eq!(report.kept, []);
    assert_eq!(report.made.len(), 2);
    assert_eq!(sealed(&*storage), []);
    assert_eq!(entries(&reader, Filter::new()), before);
    let verified = reader.verify().unwrap();
    assert!(verified.is_ok(), "{verified:#?}");
    assert_eq!(verified.envelopes, Check::Ok);

    // A request that is archived is answered; then this object is archived too.
    answer(&logger, waiting[0]);
    fill(&logger, 60..70);
    let before = entries(&reader, Filter::new());
    assert!(before[4].contains("late") && before[9].contains("late"));
    assert_eq!(archive(&logger).made.len(), 1);
    assert_eq!(entries(&reader, Filter::new()), before);
    assert!(reader.verify().unwrap().is_ok());

    for filter in ["agent-0", "agent-1"] {
        let mut by_agent = Filter::new();
        by_agent.agent = Some(filter.to_owned());
        let wanted = format!("\"agent_id\":\"{filter}\"");
        let expected: Vec<_> = before
            .iter()
            .filter(|entry| entry.contains(&wanted))
            .cloned()
            .collect();
        assert_eq!(entries(&reader, by_agent), expected);
    }
    logger.close_blocking().unwrap();

    // A writer goes on behind what is archived.
    let logger = open(&storage, &keyring);
    fill(&logger, 70..75);
    logger.close_blocking().unwrap();
    assert_eq!(entries(&reader, Filter::new())[..70], before[..]);
    assert!(reader.verify().unwrap().is_ok());
}

#[test]
fn the_tree_of_an_archived_log_is_checked_without_a_key() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("a.log");
    let storage: Arc<dyn Storage> = Arc::new(FileStorage::new(&path).unwrap());
    let keyring = keyring(2);
    let logger = open(&storage, &keyring);
    fill(&logger, 0..30);
    assert_eq!(archive(&logger).made.len(), 1);
    fill(&logger, 30..33);
    logger.close_blocking().unwrap();
    let report = verify_archived(&path, Some(Arc::new(FileArchives::default()))).unwrap();
    assert!(report.is_ok(), "{report:#?}");
    assert_eq!(report.entries, 33);
    assert!(report.notes.iter().any(|note| note.contains("archived")));
    let with_keys = reader(&storage, &keyring).verify().unwrap();
    assert_eq!(with_keys.root, report.root);
}

#[test]
fn newest_entries_are_followed_out_of_archives() {
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    let keyring = keyring(3);
    let logger = open(&storage, &keyring);
    fill(&logger, 0..10);
    archive(&logger);
    fill(&logger, 10..12);
    let reader = reader(&storage, &keyring);
    let mut follow = reader.follow(5, Filter::new()).unwrap();
    let mut numbers = Vec::new();
    let mut seen = |follow: &mut symlog_core::Follow<'_>| {
        while let Some(entry) = follow.poll_next().unwrap() {
            numbers.push(entry.metadata["n"].clone());
        }
        numbers.len()
    };
    assert_eq!(seen(&mut follow), 5);
    fill(&logger, 12..13);
    archive(&logger);
    fill(&logger, 13..15);
    assert_eq!(seen(&mut follow), 8);
    assert_eq!(numbers, ["7", "8", "9", "10", "11", "12", "13", "14"]);
}
