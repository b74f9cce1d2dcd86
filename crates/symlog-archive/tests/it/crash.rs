//! Archiving is interrupted at every step.

use std::sync::Arc;

use symlog_core::Filter;
use symlog_sink::conformance::{Fault, FaultPlan, FaultyStorage, RecordingStorage};
use symlog_sink::{MemoryStorage, ObjectName, Operation, Storage};

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
