use std::path::{Path, PathBuf};
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, TransactionBehavior, params};

use super::storage::{Read, Reading, Scan, Space, Storage, Visitor, Write, Writing};
use super::{Access, KeyringError};
use crate::private_file::{self, FileError};

const FORMAT: u32 = 1;
/// `symk`, so that `file(1)` and a human with a hex dump can tell.
const APPLICATION_ID: i32 = 0x7379_6d6b;
const SCHEMA: &str = "CREATE TABLE rows (space INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (space, key)) WITHOUT ROWID, STRICT";
const BUSY: Duration = Duration::from_secs(10);
/// No row is larger; a hostile file cannot make one be read.
const MAX_ROW: i32 = 64 * 1024;

/// Rows in one SQLite file.
///
/// With a rollback journal and not a write-ahead log, so that no copy of a page outlives its transaction, and
/// with `secure_delete`, so that what is deleted is overwritten.
#[derive(Debug)]
pub(super) struct SqliteStorage {
    path: PathBuf,
    access: Access,
    connection: Mutex<Connection>,
}

impl SqliteStorage {
    /// A new database at a path that nothing is at.
    pub(super) fn create(path: &Path) -> Result<Self, KeyringError> {
        private_file::create_new(path)
            .map_err(|error| FileError::io(path, "create the keyring", error))?;
        let storage = Self::connect(path, Access::ReadWrite)?;
        let set_up = |connection: &Connection| {
            connection.pragma_update(None, "application_id", APPLICATION_ID)?;
            connection.pragma_update(None, "user_version", FORMAT)?;
            connection.execute(SCHEMA, [])
        };
        set_up(&storage.connection.lock()).map_err(|error| storage.error(error))?;
        Ok(storage)
    }

    pub(super) fn open(path: &Path, access: Access) -> Result<Self, KeyringError> {
        let Some(file) = private_file::open(path, false)? else {
            return Err(KeyringError::NotFound {
                path: path.to_owned(),
            });
        };
        drop(file);
        let storage = Self::connect(path, access)?;
        storage.check_schema()?;
        Ok(storage)
    }

    fn connect(path: &Path, access: Access) -> Result<Self, KeyringError> {
        // SQLite's own NOFOLLOW looks at every component; that of the directory is the caller's choice.
        let dir = private_file::parent(path);
        let resolved = dir
            .canonicalize()
            .map_err(|error| FileError::io(dir, "find the directory", error))?
            .join(path.file_name().unwrap_or_default());
        let fail = |source| Self::classify(path, source);
        // Also for reading: whoever finds the journal of a writer that died has to roll it back. SQLite opens
        // for reading by itself where the file cannot be written.
        let connection = Connection::open_with_flags(
            resolved,
            OpenFlags::SQLITE_OPEN_READ_WRITE
                | OpenFlags::SQLITE_OPEN_NO_MUTEX
                | OpenFlags::SQLITE_OPEN_NOFOLLOW,
        )
        .map_err(fail)?;
        Self::configure(&connection, access).map_err(fail)?;
        Ok(Self {
            path: path.to_owned(),
            access,
            connection: Mutex::new(connection),
        })
    }

    fn configure(connection: &Connection, access: Access) -> rusqlite::Result<()> {
        connection.busy_timeout(BUSY)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_ROW)?;
        connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
        connection.pragma_update(None, "trusted_schema", false)?;
        connection.pragma_update(None, "cell_size_check", true)?;
        connection.pragma_update(None, "secure_delete", true)?;
        connection.pragma_update(None, "synchronous", "EXTRA")?;
        // Sorting never happens, but a temporary file would hold digests.
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        connection.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
        connection.pragma_update(None, "query_only", access == Access::ReadOnly)
    }

    /// A schema with a trigger or a view could make reading do something else.
    fn check_schema(&self) -> Result<(), KeyringError> {
        let connection = self.connection.lock();
        let pragma = |name: &str| {
            connection
                .pragma_query_value(None, name, |row| row.get::<_, i64>(0))
                .map_err(|error| self.error(error))
        };
        if pragma("application_id")? != i64::from(APPLICATION_ID) {
            return Err(self.damaged("it is not a keyring"));
        }
        let version = pragma("user_version")?;
        if version != i64::from(FORMAT) {
            return match u32::try_from(version) {
                Ok(version) if version > FORMAT => Err(KeyringError::Newer {
                    path: self.path.clone(),
                    version,
                    supported: FORMAT,
                }),
                _ => Err(self.damaged("its format number is not one")),
            };
        }
        let tables: (i64, String) = connection
            .query_row(
                "SELECT count(*), coalesce(max(sql), '') FROM sqlite_schema",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .map_err(|error| self.error(error))?;
        if tables != (1, SCHEMA.to_owned()) {
            return Err(self.damaged("its tables are not those of a keyring"));
        }
        Ok(())
    }

    fn damaged(&self, what: &'static str) -> KeyringError {
        KeyringError::Damaged {
            path: self.path.clone(),
            what,
            source: None,
        }
    }

    fn error(&self, source: rusqlite::Error) -> KeyringError {
        Self::classify(&self.path, source)
    }

    fn classify(path: &Path, source: rusqlite::Error) -> KeyringError {
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                KeyringError::Busy { path }
            }
            Some(ErrorCode::ReadOnly) => KeyringError::ReadOnly { path },
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt | ErrorCode::TooBig) => {
                KeyringError::Damaged {
                    path,
                    what: "the database does not hold together",
                    source: Some(source),
                }
            }
            _ => KeyringError::Database { path, source },
        }
    }
}

impl Storage for SqliteStorage {
    fn read(&self, f: &mut Reading<'_>) -> Result<(), KeyringError> {
        let mut connection = self.connection.lock();
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Deferred)
            .map_err(|error| self.error(error))?;
        let result = f(&View {
            storage: self,
            connection: &transaction,
        });
        transaction.finish().map_err(|error| self.error(error))?;
        result
    }

    fn update(&self, f: &mut Writing<'_>) -> Result<(), KeyringError> {
        if self.access == Access::ReadOnly {
            return Err(KeyringError::ReadOnly {
                path: self.path.clone(),
            });
        }
        let mut connection = self.connection.lock();
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| self.error(error))?;
        f(&mut View {
            storage: self,
            connection: &transaction,
        })?;
        transaction.commit().map_err(|error| self.error(error))
    }
}

struct View<'a> {
    storage: &'a SqliteStorage,
    connection: &'a Connection,
}

impl View<'_> {
    fn run<T>(&self, result: rusqlite::Result<T>) -> Result<T, KeyringError> {
        result.map_err(|error| self.storage.error(error))
    }
}

impl Read for View<'_> {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, KeyringError> {
        let query = || {
            self.connection
                .prepare_cached("SELECT value FROM rows WHERE space = ?1 AND key = ?2")?
                .query_row(params![space as u8, key], |row| row.get(0))
                .optional()
        };
        self.run(query())
    }

    fn scan(
        &self,
        space: Space,
        prefix: &[u8],
        visit: &mut Visitor<'_>,
    ) -> Result<(), KeyringError> {
        let mut statement = self.run(self.connection.prepare_cached(
            "SELECT key, value FROM rows WHERE space = ?1 AND key >= ?2 ORDER BY key",
        ))?;
        let mut rows = self.run(statement.query(params![space as u8, prefix]))?;
        while let Some(row) = self.run(rows.next())? {
            let pair = || -> rusqlite::Result<_> {
                Ok((
                    row.get_ref(0)?.as_blob()?.to_vec(),
                    row.get_ref(1)?.as_blob()?.to_vec(),
                ))
            };
            let (key, value) = self.run(pair())?;
            if !key.starts_with(prefix) || visit(&key, &value)? == Scan::Enough {
                break;
            }
        }
        Ok(())
    }
}

impl Write for View<'_> {
    fn put(&mut self, space: Space, key: &[u8], value: &[u8]) -> Result<(), KeyringError> {
        let statement = || {
            self.connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO rows (space, key, value) VALUES (?1, ?2, ?3)",
                )?
                .execute(params![space as u8, key, value])
        };
        self.run(statement()).map(drop)
    }

    fn delete(&mut self, space: Space, key: &[u8]) -> Result<(), KeyringError> {
        let statement = || {
            self.connection
                .prepare_cached("DELETE FROM rows WHERE space = ?1 AND key = ?2")?
                .execute(params![space as u8, key])
        };
        self.run(statement()).map(drop)
    }
}
