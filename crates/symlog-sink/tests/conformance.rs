//! All backends run the suite, bare and with faults that come in from above.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::io;
use std::sync::Arc;

use symlog_sink::conformance::{
    Backend, Check, Fault, FaultPlan, FaultyStorage, SecondWriter, run,
};
use symlog_sink::{
    Attachments, FileStorage, MemoryParts, MemoryStorage, ObjectName, Operation, PartStorage, Sink,
    SinkError, Source, Storage, Tee, Warning,
};

struct Memory;

impl Backend for Memory {
    type Storage = MemoryStorage;

    fn create(&self) -> MemoryStorage {
        MemoryStorage::new()
    }

    fn reopen(&self, log: &MemoryStorage) -> MemoryStorage {
        log.clone()
    }

    fn after_crash(&self, log: &MemoryStorage) -> Option<MemoryStorage> {
        Some(log.after_crash())
    }
}

struct Files {
    root: tempfile::TempDir,
    made: std::cell::Cell<u32>,
}

impl Files {
    fn new() -> Self {
        Self {
            root: tempfile::tempdir().unwrap(),
            made: std::cell::Cell::new(0),
        }
    }
}

impl Backend for Files {
    type Storage = FileStorage;

    fn create(&self) -> FileStorage {
        self.made.set(self.made.get() + 1);
        let path = self.root.path().join(format!("{}/a.log", self.made.get()));
        FileStorage::new(path).unwrap()
    }

    fn reopen(&self, log: &FileStorage) -> FileStorage {
        FileStorage::new(log.path()).unwrap()
    }
}

struct Parts(usize);

impl Backend for Parts {
    type Storage = PartStorage<MemoryParts>;

    fn create(&self) -> Self::Storage {
        PartStorage::new(MemoryParts::new()).with_part_len(self.0)
    }

    fn reopen(&self, log: &Self::Storage) -> Self::Storage {
        PartStorage::new(log.store().clone()).with_part_len(self.0)
    }

    fn after_crash(&self, log: &Self::Storage) -> Option<Self::Storage> {
        Some(PartStorage::new(log.store().copy()).with_part_len(self.0))
    }

    fn second_writer(&self) -> SecondWriter {
        SecondWriter::TakesOver
    }

    fn shows_unsynced(&self) -> bool {
        false
    }
}

/// The second place is slower to show what it has.
struct Both;

impl Backend for Both {
    type Storage = Pair;

    fn create(&self) -> Pair {
        Pair::new(MemoryStorage::new(), MemoryParts::new())
    }

    fn reopen(&self, log: &Pair) -> Pair {
        Pair::new(log.first.clone(), log.second.clone())
    }

    fn after_crash(&self, log: &Pair) -> Option<Pair> {
        Some(Pair::new(log.first.after_crash(), log.second.copy()))
    }
}

#[derive(Debug)]
struct Pair {
    first: MemoryStorage,
    second: MemoryParts,
    tee: Tee,
}

impl Pair {
    fn new(first: MemoryStorage, second: MemoryParts) -> Self {
        let parts = PartStorage::new(second.clone());
        let tee = Tee::new(Arc::new(first.clone()), Arc::new(parts));
        Self { first, second, tee }
    }
}

#[deny(clippy::missing_trait_methods)]
impl Storage for Pair {
    fn lock(&self) -> Result<Box<dyn Sink>, SinkError> {
        self.tee.lock()
    }

    fn objects(&self) -> Result<Vec<ObjectName>, SinkError> {
        self.tee.objects()
    }

    fn source(&self, object: &ObjectName) -> Result<Box<dyn Source>, SinkError> {
        self.tee.source(object)
    }

    fn remove(&self, object: &ObjectName) -> Result<(), SinkError> {
        self.tee.remove(object)
    }

    fn attachments(&self) -> Option<&dyn Attachments> {
        self.tee.attachments()
    }

    fn warnings(&self) -> Vec<Warning> {
        self.tee.warnings()
    }
}

struct Faulty<B>(B, Fault);

impl<B: Backend> Backend for Faulty<B> {
    type Storage = FaultyStorage<B::Storage>;

    fn create(&self) -> Self::Storage {
        FaultyStorage::new(self.0.create(), FaultPlan::new())
    }

    fn reopen(&self, log: &Self::Storage) -> Self::Storage {
        FaultyStorage::new(self.0.reopen(log.inner()), log.plan().clone())
    }

    fn after_crash(&self, log: &Self::Storage) -> Option<Self::Storage> {
        let survivor = self.0.after_crash(log.inner())?;
        Some(FaultyStorage::new(survivor, FaultPlan::new()))
    }

    fn second_writer(&self) -> SecondWriter {
        self.0.second_writer()
    }

    fn shows_unsynced(&self) -> bool {
        self.0.shows_unsynced()
    }

    fn fail_next(&self, log: &Self::Storage, operation: Operation) -> bool {
        log.plan().fail(operation, 1, self.1);
        true
    }
}

#[test]
fn memory() {
    assert_eq!(run(&Memory), [Check::PoisonIsSticky]);
}

#[test]
fn files() {
    assert_eq!(
        run(&Files::new()),
        [Check::SurvivesCrash, Check::PoisonIsSticky]
    );
}

#[test]
fn parts() {
    for part_len in [1 << 20, 4096] {
        assert_eq!(
            run(&Parts(part_len)),
            [Check::Attaches, Check::PoisonIsSticky],
            "parts of {part_len} bytes"
        );
    }
}

#[test]
fn parts_with_faults() {
    for fault in [
        Fault::Refused(io::ErrorKind::Other),
        Fault::Late(io::ErrorKind::Other),
        Fault::Short(3),
    ] {
        let missing = run(&Faulty(Parts(1 << 20), fault));
        assert_eq!(missing, [Check::Attaches], "{fault:?}");
    }
}

#[test]
fn tee() {
    assert_eq!(run(&Both), [Check::PoisonIsSticky]);
}

#[test]
fn tee_with_faults() {
    for fault in [
        Fault::Refused(io::ErrorKind::Other),
        Fault::Late(io::ErrorKind::Other),
        Fault::Short(3),
    ] {
        assert_eq!(run(&Faulty(Both, fault)), [], "{fault:?}");
    }
}

#[test]
fn memory_with_faults() {
    for fault in [
        Fault::Refused(io::ErrorKind::Other),
        Fault::Late(io::ErrorKind::Other),
        Fault::Short(3),
    ] {
        assert_eq!(run(&Faulty(Memory, fault)), [], "{fault:?}");
    }
}

#[test]
fn files_with_faults() {
    for fault in [Fault::Refused(io::ErrorKind::Other), Fault::Short(3)] {
        assert_eq!(
            run(&Faulty(Files::new(), fault)),
            [Check::SurvivesCrash],
            "{fault:?}"
        );
    }
}
