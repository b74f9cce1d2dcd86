//! Disks that fail, through the storage traits.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use symlog_crypto::{SecretBytes, default_provider};
use symlog_keys::LoggingKey;
use symlog_pii::Masker;
use symlog_sink::{
    MemoryStorage, ObjectName, Operation, Poisonable, Sink, SinkError, Source, Storage,
};

use super::super::{SymbiontLog, SymbiontOpening};
use super::PASSPHRASE;
use crate::clock::SystemClock;
use crate::config::{Durability, LoggingConfig, Settings};
use crate::error::LoggingError;
use crate::interaction::{Interaction, ModelInteractionType, RequestData};

#[derive(Debug, Default)]
struct Faults {
    sync: AtomicBool,
    full: AtomicBool,
    syncs: AtomicU64,
}

#[derive(Clone, Debug, Default)]
struct FaultyStorage {
    inner: MemoryStorage,
    faults: Arc<Faults>,
}

impl Storage for FaultyStorage {
    fn lock(&self) -> Result<Box<dyn Sink>, SinkError> {
        Ok(Box::new(Poisonable::new(FaultySink {
            inner: self.inner.lock()?,
            faults: Arc::clone(&self.faults),
        })))
    }

    fn objects(&self) -> Result<Vec<ObjectName>, SinkError> {
        self.inner.objects()
    }

    fn source(&self, object: &ObjectName) -> Result<Box<dyn Source>, SinkError> {
        self.inner.source(object)
    }

    fn remove(&self, object: &ObjectName) -> Result<(), SinkError> {
        self.inner.remove(object)
    }
}

#[derive(Debug)]
struct FaultySink {
    inner: Box<dyn Sink>,
    faults: Arc<Faults>,
}

impl Sink for FaultySink {
    fn append(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        if self.faults.full.load(Ordering::Relaxed) {
            return Err(SinkError::Full {
                path: "log".into(),
                wanted: bytes.len() as u64,
                source: io::ErrorKind::StorageFull.into(),
            });
        }
        self.inner.append(bytes)
    }

    fn sync(&mut self) -> Result<(), SinkError> {
        self.faults.syncs.fetch_add(1, Ordering::Relaxed);
        if self.faults.sync.load(Ordering::Relaxed) {
            return Err(SinkError::Io {
                operation: Operation::Sync,
                path: "log".into(),
                source: io::ErrorKind::Other.into(),
            });
        }
        self.inner.sync()
    }

    fn len(&self) -> u64 {
        self.inner.len()
    }

    fn truncate(&mut self, len: u64) -> Result<(), SinkError> {
        self.inner.truncate(len)
    }

    fn roll(&mut self, sealed_name: &str) -> Result<(), SinkError> {
        self.inner.roll(sealed_name)
    }
}

fn open(storage: &FaultyStorage, durability: Durability) -> SymbiontLog {
    SymbiontLog::open(SymbiontOpening {
        path: "log".into(),
        storage: Arc::new(storage.clone()),
        key: LoggingKey::from_text(SecretBytes::new(PASSPHRASE.into())).unwrap(),
        provider: default_provider(),
        maskers: Masker::default_profile().into(),
        clock: Arc::new(SystemClock),
        config: LoggingConfig::default(),
        settings: Settings {
            durability,
            ..Settings::default()
        },
    })
    .unwrap()
}

fn log(log: &SymbiontLog, prompt: &str) -> Result<(), LoggingError> {
    let request = RequestData {
        prompt: prompt.to_owned(),
        ..RequestData::default()
    };
    let interaction = Interaction::new("a", ModelInteractionType::Completion, "m").request(request);
    log.intake().submit(interaction)?.wait()
}

fn stored_lines(storage: &FaultyStorage) -> usize {
    let source = storage.source(&ObjectName::Active).unwrap();
    let mut bytes = vec![0; usize::try_from(source.len().unwrap()).unwrap()];
    source.read_at(0, &mut bytes).unwrap();
    bytes.iter().filter(|&&byte| byte == b'\n').count()
}

#[test]
fn nothing_is_accepted_after_a_failed_sync() {
    let storage = FaultyStorage::default();
    let symbiont = open(&storage, Durability::Batch);
    log(&symbiont, "good").unwrap();
    storage.faults.sync.store(true, Ordering::Relaxed);
    log(&symbiont, "lost").unwrap_err();
    // The disk would take it again, but nobody knows what it holds by now.
    storage.faults.sync.store(false, Ordering::Relaxed);
    let syncs = storage.faults.syncs.load(Ordering::Relaxed);
    log(&symbiont, "refused").unwrap_err();
    symbiont.intake().barrier().unwrap().wait().unwrap_err();
    symbiont.intake().close().unwrap().wait().unwrap_err();
    symbiont.stop();
    assert_eq!(storage.faults.syncs.load(Ordering::Relaxed), syncs);
    let stats = symbiont.intake().stats();
    assert_eq!((stats.entries, stats.failed), (1, 2));
}

#[test]
fn a_full_disk_fails_its_entries_and_no_later_ones() {
    let storage = FaultyStorage::default();
    let symbiont = open(&storage, Durability::Batch);
    storage.faults.full.store(true, Ordering::Relaxed);
    log(&symbiont, "lost").unwrap_err();
    storage.faults.full.store(false, Ordering::Relaxed);
    log(&symbiont, "good").unwrap();
    drop(symbiont);
    assert_eq!(stored_lines(&storage), 1);
}

#[test]
fn acknowledged_entries_survive_a_power_cut() {
    let storage = FaultyStorage::default();
    let symbiont = open(&storage, Durability::Batch);
    log(&symbiont, "synced").unwrap();
    let after = storage.inner.after_crash();
    let source = after.source(&ObjectName::Active).unwrap();
    assert!(!source.is_empty().unwrap());
    drop(symbiont);

    let storage = FaultyStorage::default();
    let symbiont = open(&storage, Durability::Buffered);
    log(&symbiont, "appended").unwrap();
    assert_eq!(stored_lines(&storage), 1);
    let unsynced = storage.inner.after_crash();
    assert!(
        unsynced
            .source(&ObjectName::Active)
            .unwrap()
            .is_empty()
            .unwrap()
    );
    symbiont.intake().barrier().unwrap().wait().unwrap();
    let synced = storage.inner.after_crash();
    assert!(
        !synced
            .source(&ObjectName::Active)
            .unwrap()
            .is_empty()
            .unwrap()
    );
}
