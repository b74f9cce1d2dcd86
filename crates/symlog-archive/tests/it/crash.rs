//! Archiving is interrupted at every step.

use std::sync::Arc;

use symlog_core::Filter;
use symlog_sink::conformance::{Fault, FaultPlan, FaultyStorage, RecordingStorage};
use symlog_sink::{FileStorage, MemoryStorage, ObjectName, Operation, Storage};

use crate::log::{archive, archiver, bytes, entries, fill, keyring, open, reader, sealed};

#[test]
fn a_power_cut_at_any_step_loses_nothing_and_is_made_up_for() {
    let keyring = keyring(4);
    let recording = RecordingStorage::new(MemoryStorage::new()).unwrap();
    let trace = recording.trace();
    let storage: Arc<dyn Storage> = Arc::new(recording);
    let logger = open(&storage, &keyring);
    fill(&logger, 0..12);
    logger.maintenance().unwrap().seal().unwrap();
    fill(&logger, 12..20);
    let before = trace.events().len();
    let expected = entries(&reader(&storage, &keyring), Filter::new());
    let mut objects = sealed(&*storage);
    let made = archive(&logger).made;
    assert_eq!(made.len(), 2);
    objects.extend(
        made.iter()
            .map(|made| ObjectName::sealed(made.object.as_str()).unwrap()),
    );
    logger.close_blocking().unwrap();

    let mut images = 0;
    for point in trace.points().filter(|point| point.events() >= before) {
        let survivals = point.survivals();
        let (first, last) = (survivals.first(), survivals.last());
        for survival in first.into_iter().chain(last) {
            let image: Arc<dyn Storage> = Arc::new(point.image(survival));
            images += 1;
            let what = format!("{point:?}, {survival:?}");
            // A writer comes first: it cuts what was torn.
            let logger = open(&image, &keyring);
            let reader = reader(&image, &keyring);
            assert_eq!(entries(&reader, Filter::new()), expected, "{what}");
            let report = reader.verify().unwrap();
            assert!(report.is_ok(), "{what}: {report:#?}");
            let report = archive(&logger);
            logger.close_blocking().unwrap();
            assert_eq!(report.kept, [], "{what}");
            // What is left beside the two has control lines only.
            let left = sealed(&*image);
            assert!(
                left.iter().all(|object| !objects.contains(object)),
                "{what}: {left:?}"
            );
            let reader = crate::log::reader(&image, &keyring);
            assert_eq!(entries(&reader, Filter::new()), expected, "{what}");
            let report = reader.verify().unwrap();
            assert!(report.is_ok(), "{what}: {report:#?}");
        }
    }
    assert!(images > 20, "only {images} images");
}

#[test]
fn what_fails_while_an_archive_is_made_leaves_the_object() {
    for (operation, nth, fault) in [
        (Operation::Write, 1, Fault::Full),
        (Operation::Write, 3, Fault::Full),
        (
            Operation::Commit,
            1,
            Fault::Refused(std::io::ErrorKind::Other),
        ),
        (Operation::Commit, 2, Fault::Late(std::io::ErrorKind::Other)),
        (
            Operation::Remove,
            1,
            Fault::Refused(std::io::ErrorKind::Other),
        ),
    ] {
        let keyring = keyring(5);
        let plan = FaultPlan::new();
        let storage: Arc<dyn Storage> =
            Arc::new(FaultyStorage::new(MemoryStorage::new(), plan.clone()));
        let logger = open(&storage, &keyring);
        fill(&logger, 0..10);
        let maintenance = logger.maintenance().unwrap();
        maintenance.seal().unwrap();
        let object = sealed(&*storage).remove(0);
        let before = bytes(&*storage, &object);
        let expected = entries(&reader(&storage, &keyring), Filter::new());

        plan.fail(operation, nth, fault);
        let first = archiver().run(&maintenance);
        let is_told = first.map_or(true, |report| !report.kept.is_empty());
        assert!(is_told, "{operation} {nth}: nobody was told");
        assert_eq!(bytes(&*storage, &object), before, "{operation} {nth}");

        assert_eq!(archiver().run(&maintenance).unwrap().made.len(), 1);
        assert_eq!(
            entries(&reader(&storage, &keyring), Filter::new()),
            expected
        );
        logger.close_blocking().unwrap();
    }
}

/// A file system of a few pages, which only root can make.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount(test: &str, options: &str) -> Option<Self> {
        let root = tempfile::tempdir().unwrap();
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "tmpfs"])
            .arg(root.path())
            .output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(root));
        }
        eprintln!("SKIPPED: {test}: cannot mount a tmpfs here");
        None
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmount = std::process::Command::new("umount")
            .arg(self.0.path())
            .status();
        drop(unmount);
    }
}

#[test]
fn a_disk_that_is_full_keeps_the_log_as_it_is_until_there_is_room() {
    let Some(disk) = SmallDisk::mount("a_disk_that_is_full", "size=1m,mode=700") else {
        return;
    };
    let keyring = keyring(9);
    let path = disk.0.path().join("a.log");
    let storage: Arc<dyn Storage> = Arc::new(FileStorage::new(&path).unwrap());
    let logger = open(&storage, &keyring);
    fill(&logger, 0..12);
    let maintenance = logger.maintenance().unwrap();
    maintenance.seal().unwrap();
    // The log goes on in a file that has its page already.
    fill(&logger, 12..13);
    let expected = entries(&reader(&storage, &keyring), Filter::new());
    let filler = disk.0.path().join("filler");
    let mut room = vec![0u8; 4 << 20];
    while std::fs::write(&filler, &room).is_err() {
        room.truncate(room.len() - 4096);
    }
    let first = archiver().run(&maintenance);
    let is_told = first.map_or(true, |report| !report.kept.is_empty());
    assert!(is_told, "nobody was told");
    assert_eq!(sealed(&*storage).len(), 1);
    assert_eq!(
        entries(&reader(&storage, &keyring), Filter::new()),
        expected
    );
    let left = storage.attachments().unwrap().list().unwrap();
    assert!(left.is_empty(), "{left:?}");

    std::fs::remove_file(&filler).unwrap();
    assert_eq!(archiver().run(&maintenance).unwrap().made.len(), 1);
    assert_eq!(
        entries(&reader(&storage, &keyring), Filter::new()),
        expected
    );
    assert!(reader(&storage, &keyring).verify().unwrap().is_ok());
    logger.close_blocking().unwrap();
}
