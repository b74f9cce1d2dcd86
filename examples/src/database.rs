//! A sink of one's own: logs in an SQLite database.
//!
//! It needs nothing but the traits of `symlog-sink`: where a thing can be created once, as a row
//! can by its primary key, [`PartStorage`] makes a log of it, with one writer, sealing and reading.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};
use symlog_sink::{
    Created, Operation, PartName, PartStorage, PartStore, Remote, SinkError, Storage,
    check_log_name,
};

/// A database that holds logs.
#[derive(Clone, Debug)]
pub struct Database {
    path: PathBuf,
}

const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS parts (
    log TEXT, chapter TEXT, number INTEGER, bytes BLOB NOT NULL,
    PRIMARY KEY (log, chapter, number))";

impl Database {
    /// The database at `path`, which is made when it is first written to.
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    /// The log of this name, with its type, for the conformance suite.
    pub fn open(&self, log: &str) -> PartStorage<Parts> {
        PartStorage::new(Parts {
            database: self.clone(),
            log: log.to_owned(),
        })
    }

    fn with<T>(
        &self,
        operation: Operation,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, SinkError> {
        let run = || {
            let connection = Connection::open(&self.path)?;
            connection.busy_timeout(std::time::Duration::from_secs(10))?;
            // `Ok` of a sink means that it survives a power cut.
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.execute(SCHEMA, [])?;
            query(&connection)
        };
        run().map_err(|error| SinkError::io(operation, &self.path, io::Error::other(error)))
    }
}

impl Remote for Database {
    fn log(&self, name: &str) -> Result<Arc<dyn Storage>, SinkError> {
        check_log_name(name)?;
        Ok(Arc::new(self.open(name)))
    }

    fn logs(&self) -> Result<Vec<String>, SinkError> {
        self.with(Operation::List, |connection| {
            let mut query = connection.prepare("SELECT DISTINCT log FROM parts ORDER BY log")?;
            query.query_map([], |row| row.get(0))?.collect()
        })
    }

    fn probe(&self) -> Result<(), SinkError> {
        // A primary key keeps its promise: it is enough that the database can be written.
        self.with(Operation::Append, |_| Ok(()))
    }

    fn address(&self) -> PathBuf {
        self.path.clone()
    }
}

/// The parts of one log, each a row.
#[derive(Clone, Debug)]
pub struct Parts {
    database: Database,
    log: String,
}

impl Parts {
    /// The log's name in the database.
    pub fn log(&self) -> &str {
        &self.log
    }
}

impl PartStore for Parts {
    fn create(&self, part: &PartName, bytes: &[u8]) -> Result<Created, SinkError> {
        let rows = self.database.with(Operation::Append, |connection| {
            connection.execute(
                "INSERT OR IGNORE INTO parts VALUES (?1, ?2, ?3, ?4)",
                params![self.log, part.chapter, part.number as i64, bytes],
            )
        })?;
        Ok(match rows {
            0 => Created::Exists,
            _ => Created::New,
        })
    }

    fn chapters(&self) -> Result<Vec<String>, SinkError> {
        self.database.with(Operation::List, |connection| {
            let mut query =
                connection.prepare("SELECT DISTINCT chapter FROM parts WHERE log = ?1")?;
            query.query_map([&self.log], |row| row.get(0))?.collect()
        })
    }

    fn parts(&self, chapter: &str, from: u64) -> Result<Vec<(u64, u64)>, SinkError> {
        self.database.with(Operation::List, |connection| {
            let mut query = connection.prepare(
                "SELECT number, length(bytes) FROM parts
                 WHERE log = ?1 AND chapter = ?2 AND number >= ?3 ORDER BY number",
            )?;
            let rows = query.query_map(params![self.log, chapter, from as i64], |row| {
                Ok((row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64))
            })?;
            rows.collect()
        })
    }

    fn len(&self, part: &PartName) -> Result<Option<u64>, SinkError> {
        let listed = self.parts(&part.chapter, part.number)?;
        let first = listed.first().filter(|(number, _)| *number == part.number);
        Ok(first.map(|(_, len)| *len))
    }

    fn read(&self, part: &PartName, offset: u64, buf: &mut [u8]) -> Result<usize, SinkError> {
        let bytes: Option<Vec<u8>> = self.database.with(Operation::Read, |connection| {
            let query = "SELECT substr(bytes, ?4, ?5) FROM parts
                         WHERE log = ?1 AND chapter = ?2 AND number = ?3";
            let (from, len) = (offset as i64 + 1, buf.len() as i64);
            let row = params![self.log, part.chapter, part.number as i64, from, len];
            connection
                .query_row(query, row, |row| row.get(0))
                .optional()
        })?;
        let bytes = bytes.ok_or_else(|| SinkError::Lost {
            path: self.address(),
            what: part.to_string(),
        })?;
        buf[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }

    fn remove(&self, chapter: &str) -> Result<(), SinkError> {
        self.database.with(Operation::Remove, |connection| {
            connection
                .execute(
                    "DELETE FROM parts WHERE log = ?1 AND chapter = ?2",
                    [&self.log, chapter],
                )
                .map(drop)
        })
    }

    fn address(&self) -> PathBuf {
        self.database.path.join(&self.log)
    }
}
