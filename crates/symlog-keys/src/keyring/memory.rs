use std::collections::BTreeMap;

use parking_lot::Mutex;

use super::KeyringError;
use super::storage::{Read, Reading, Scan, Space, Storage, Visitor, Write, Writing};

type Rows = BTreeMap<(u8, Vec<u8>), Vec<u8>>;

/// Rows in memory, for tests and for logs that are never written to a disk.
#[derive(Debug, Default)]
pub(super) struct MemoryStorage(Mutex<Rows>);

impl Storage for MemoryStorage {
    fn read(&self, f: &mut Reading<'_>) -> Result<(), KeyringError> {
        f(&View(&mut self.0.lock()))
    }

    fn update(&self, f: &mut Writing<'_>) -> Result<(), KeyringError> {
        let mut rows = self.0.lock();
        let mut changed = rows.clone();
        f(&mut View(&mut changed))?;
        *rows = changed;
        Ok(())
    }
}

struct View<'a>(&'a mut Rows);

impl Read for View<'_> {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, KeyringError> {
        Ok(self.0.get(&(space as u8, key.to_vec())).cloned())
    }

    fn scan(
        &self,
        space: Space,
        prefix: &[u8],
        visit: &mut Visitor<'_>,
    ) -> Result<(), KeyringError> {
        for ((at, key), value) in self.0.range((space as u8, prefix.to_vec())..) {
            if *at != space as u8 || !key.starts_with(prefix) {
                break;
            }
            if visit(key, value)? == Scan::Enough {
                break;
            }
        }
        Ok(())
    }
}

impl Write for View<'_> {
    fn put(&mut self, space: Space, key: &[u8], value: &[u8]) -> Result<(), KeyringError> {
        self.0.insert((space as u8, key.to_vec()), value.to_vec());
        Ok(())
    }

    fn delete(&mut self, space: Space, key: &[u8]) -> Result<(), KeyringError> {
        self.0.remove(&(space as u8, key.to_vec()));
        Ok(())
    }
}
