//! The sink of one's own passes the suite that all sinks pass.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::cell::Cell;

use symlog_examples::{Database, Parts};
use symlog_sink::PartStorage;
use symlog_sink::conformance::{Backend, Check, SecondWriter, run};

struct Place {
    database: Database,
    made: Cell<u32>,
}

impl Backend for Place {
    type Storage = PartStorage<Parts>;

    fn create(&self) -> Self::Storage {
        self.made.set(self.made.get() + 1);
        self.database.open(&format!("log-{}", self.made.get()))
    }

    fn reopen(&self, log: &Self::Storage) -> Self::Storage {
        self.database.open(log.store().log())
    }

    fn second_writer(&self) -> SecondWriter {
        SecondWriter::TakesOver
    }

    fn shows_unsynced(&self) -> bool {
        false
    }
}

#[test]
fn a_database_passes_the_suite() {
    let directory = tempfile::tempdir().unwrap();
    let missing = run(&Place {
        database: Database::new(&directory.path().join("logs.sqlite")),
        made: Cell::new(0),
    });
    assert_eq!(
        missing,
        [Check::Attaches, Check::SurvivesCrash, Check::PoisonIsSticky]
    );
}
