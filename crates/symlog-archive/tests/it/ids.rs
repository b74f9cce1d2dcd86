//! One entry by its id, among many archives.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use symlog_archive::FileArchives;
use symlog_core::archive::{ArchivedObject, ArchivedSummary, Archives, Buried, IdPrefix, Say};
use symlog_core::{Filter, LogReader, LoggingError};
use symlog_keys::Keyring;
use symlog_sink::{MemoryStorage, ObjectName, SinkError, Storage};

use crate::log::{answer, archive, entries, fill, keyring, open, open_with, reader};

/// Counts what is opened.
#[derive(Debug, Default)]
struct Counting {
    archives: FileArchives,
    opened: AtomicUsize,
}

#[deny(clippy::missing_trait_methods)]
impl Archives for Counting {
    fn objects(&self, storage: &dyn Storage) -> Result<Vec<ObjectName>, SinkError> {
        self.archives.objects(storage)
    }

    fn open(
        &self,
        storage: &Arc<dyn Storage>,
        object: &ObjectName,
        keyring: Option<&Keyring>,
    ) -> Result<Box<dyn ArchivedObject>, SinkError> {
        self.opened.fetch_add(1, Ordering::Relaxed);
        self.archives.open(storage, object, keyring)
    }

    fn narrow(
        &self,
        storage: &dyn Storage,
        id: &IdPrefix,
        objects: &mut Vec<ObjectName>,
    ) -> Result<(), SinkError> {
        self.archives.narrow(storage, id, objects)
    }

    fn summary(
        &self,
        storage: &dyn Storage,
        object: &ObjectName,
    ) -> Result<ArchivedSummary, SinkError> {
        self.archives.summary(storage, object)
    }

    fn lines_of(
        &self,
        storage: &dyn Storage,
        object: &ObjectName,
        is_wanted: &dyn Fn(u64, u16) -> bool,
    ) -> Result<Vec<(u64, u64)>, SinkError> {
        self.archives.lines_of(storage, object, is_wanted)
    }

    fn bury(
        &self,
        storage: &dyn Storage,
        object: &ObjectName,
        buried: &[Buried],
        say: &mut Say<'_>,
    ) -> Result<(), LoggingError> {
        self.archives.bury(storage, object, buried, say)
    }

    fn remove(&self, storage: &dyn Storage, object: &ObjectName) -> Result<(), SinkError> {
        self.archives.remove(storage, object)
    }
}

fn by_id(id: &str) -> Filter {
    let mut filter = Filter::new();
    filter.id = Some(id.to_owned());
    filter
}

fn id_of(entry: &str) -> String {
    let entry: serde_json::Value = serde_json::from_str(entry).unwrap();
    entry["id"].as_str().unwrap().to_owned()
}

#[test]
fn one_entry_is_read_out_of_its_own_archive_alone() {
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    let keyring = keyring(20);
    let logger = open(&storage, &keyring);
    let mut waiting = Vec::new();
    for archived in 0..17 {
        waiting.extend(fill(&logger, archived * 6..archived * 6 + 6));
        assert_eq!(archive(&logger).made.len(), 1);
    }
    // The response of an archived request, archived elsewhere.
    answer(&logger, waiting[0]);
    archive(&logger);
    fill(&logger, 102..105);
    let everything = entries(&reader(&storage, &keyring), Filter::new());
    assert_eq!(everything.len(), 105);

    let find = |id: &str| {
        let counting = Arc::new(Counting::default());
        let reader = LogReader::over(Arc::clone(&storage), keyring.clone())
            .with_archives(Arc::clone(&counting) as Arc<dyn Archives>);
        (
            entries(&reader, by_id(id)),
            counting.opened.load(Ordering::Relaxed),
        )
    };
    for (at, entry) in everything.iter().enumerate() {
        let (found, opened) = find(&id_of(entry));
        assert_eq!(found, std::slice::from_ref(entry));
        // The two passes over an object, and what a payload in chunks is read by.
        assert!(opened <= 12, "entry {at}: {opened} archives opened");
        if at >= 102 {
            assert_eq!(opened, 0, "entry {at} is not archived");
        }
    }
    let found = find(&waiting[0].to_string()).0;
    assert!(found[0].contains("late"));
    assert_eq!(find("00000000-0000-7000-8000-000000000000"), (vec![], 0));
    // However little of an id is given, nothing is missed.
    assert_eq!(find("0").0, everything);

    // A catalogue that is lost costs time and nothing else, and comes back.
    let attachments = storage.attachments().unwrap();
    let indexes = || {
        let mut names = attachments.list().unwrap();
        names.retain(|name| name.extension() == "index");
        names
    };
    assert!(!indexes().is_empty());
    for name in indexes() {
        attachments.remove(&name).unwrap();
    }
    let id = id_of(&everything[3]);
    let (found, opened) = find(&id);
    assert_eq!(found, everything[3..4]);
    assert!(opened <= 12, "{opened} archives opened");
    archive(&logger);
    assert!(!indexes().is_empty());
    assert_eq!(find(&id).0, everything[3..4]);
    logger.close_blocking().unwrap();
}

#[test]
fn a_request_that_is_archived_is_answered_by_a_later_process() {
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
    let keyring = keyring(21);
    let logger = open(&storage, &keyring);
    let waiting = fill(&logger, 0..10);
    archive(&logger);
    logger.close_blocking().unwrap();

    // Who knows nothing of archives says that there is no such request.
    let logger = open(&storage, &keyring);
    let late = symlog_core::Interaction::response_to(waiting[0]).response("late".to_owned());
    let refused = logger.submit(late).unwrap().wait();
    assert!(
        matches!(refused, Err(LoggingError::UnknownRequest { .. })),
        "{refused:?}"
    );
    logger.close_blocking().unwrap();

    let logger = open_with(&storage, &keyring, |builder| {
        builder.archives(Arc::new(FileArchives::default()))
    });
    answer(&logger, waiting[0]);
    answer(&logger, waiting[1]);
    logger.close_blocking().unwrap();
    let reader = reader(&storage, &keyring);
    let all = entries(&reader, Filter::new());
    assert_eq!(all.len(), 10);
    assert!(all[4].contains("late") && all[9].contains("late"));
    assert!(reader.verify().unwrap().is_ok());
}
