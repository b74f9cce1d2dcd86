//! Both backends run the suite, bare and with faults that come in from above.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::io;

use symlog_sink::conformance::{Backend, Check, Fault, FaultPlan, FaultyStorage, run};
use symlog_sink::{FileStorage, MemoryStorage, Operation};

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
