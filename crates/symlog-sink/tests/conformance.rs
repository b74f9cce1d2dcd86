//! All backends run the suite, bare and with faults that come in from above.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::io;

use symlog_sink::conformance::{
    Backend, Check, Fault, FaultPlan, FaultyStorage, SecondWriter, run,
};
use symlog_sink::{FileStorage, MemoryParts, MemoryStorage, Operation, PartStorage};

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
            [Check::PoisonIsSticky],
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
        assert_eq!(run(&Faulty(Parts(1 << 20), fault)), [], "{fault:?}");
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
