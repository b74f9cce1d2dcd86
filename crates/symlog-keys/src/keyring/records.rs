//! Small things that whoever looks after a log must remember, kept where they cannot be altered unseen.

use symlog_crypto::hmac_sha256;

use super::storage::{Read, Space};
use super::{Inner, Keyring, KeyringError, storage};

/// Before a record's name in [`Space::Meta`].
const PREFIX: &[u8] = b"record:";
const MAX_NAME: usize = 64;
/// A record is a note, not a table.
const MAX_RECORD: usize = 64 << 10;

impl Keyring {
    /// What was remembered under `name`, if anything.
    ///
    /// # Errors
    /// Those of the file; [`KeyringError::Damaged`] for a record that nobody with the keyring's keys wrote.
    pub fn record(&self, name: &str) -> Result<Option<Vec<u8>>, KeyringError> {
        let inner = &*self.inner;
        storage::read(&*inner.storage, |view| inner.record(view, name))
    }

    /// Remembers `value` under `name`, or nothing any more. Durable when this returns. Not for keys: it is
    /// authenticated and not encrypted.
    ///
    /// # Errors
    /// [`KeyringError::Limit`] above 64 KiB or for a name longer than 64 bytes; those of the file.
    pub fn set_record(&self, name: &str, value: Option<&[u8]>) -> Result<(), KeyringError> {
        let inner = &*self.inner;
        inner.writable()?;
        if name.len() > MAX_NAME || value.is_some_and(|value| value.len() > MAX_RECORD) {
            return Err(KeyringError::Limit {
                what: "a record of the keyring is at most 64 KiB long, and its name 64 bytes",
            });
        }
        storage::update(&*inner.storage, |view| match value {
            None => view.delete(Space::Meta, &key(name)),
            Some(value) => {
                let mut row = inner.record_mac(name, value)?.to_vec();
                row.extend_from_slice(value);
                view.put(Space::Meta, &key(name), &row)
            }
        })
    }
}

impl Inner {
    fn record(
        &self,
        view: &(impl Read + ?Sized),
        name: &str,
    ) -> Result<Option<Vec<u8>>, KeyringError> {
        let Some(row) = view.get(Space::Meta, &key(name))? else {
            return Ok(None);
        };
        match row.split_first_chunk::<32>() {
            Some((mac, value)) if self.record_mac(name, value)? == *mac => Ok(Some(value.to_vec())),
            _ => Err(self.damaged("a record in it was altered")),
        }
    }

    fn record_mac(&self, name: &str, value: &[u8]) -> Result<[u8; 32], KeyringError> {
        let key = self.purpose_key("records")?;
        let length = (name.len() as u64).to_be_bytes();
        Ok(hmac_sha256(&key, &[&length, name.as_bytes(), value]))
    }
}

fn key(name: &str) -> Vec<u8> {
    [PREFIX, name.as_bytes()].concat()
}
