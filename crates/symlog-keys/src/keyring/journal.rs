//! What was done to the keyring, kept in it until the log tells it.
//!
//! The process that rotates a key is often not the one that writes the log. So a change is noted in the same
//! transaction that makes it, and whoever writes the log next puts it there.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use symlog_crypto::hmac_sha256;

use super::rows::{ChangeRow, MAX_CHANGE};
use super::storage::{Scan, Space, Write};
use super::{Inner, Keyring, KeyringError, storage};

/// Changes that wait for a writer. A keyring with that many is one whose log nobody writes any more, or one that
/// somebody fills up.
const MAX_WAITING: usize = 10_000;
/// Key in [`Space::Meta`]: the number of the next change.
const NEXT: &[u8] = b"journal";

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChangeKind {
    /// A key was replaced by a new one.
    Rotated = 1,
    /// A key may open the log from now on, or may no longer.
    Slots = 2,
    /// Keys were destroyed.
    Destroyed = 3,
    /// Not done to the keyring: objects of the log were archived.
    Archived = 4,
    /// Not done to the keyring: somebody's entries were erased from the log.
    Erased = 5,
    /// Not done to the keyring: entries outlived their retention, or are held.
    Expired = 6,
}

/// A change of a keyring that its log has to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// Changes are numbered from 0 on.
    pub number: u64,
    /// What was done.
    pub kind: ChangeKind,
    /// When, by the clock of the machine that did it.
    pub at: SystemTime,
    /// A JSON object that says more, without any key: the members of the control line.
    pub body: String,
}

impl Keyring {
    /// The changes that were not [`told`](Self::told) yet, oldest first.
    ///
    /// # Errors
    /// Those of the file; [`KeyringError::Damaged`] for a change that nobody with the keyring's keys noted.
    pub fn changes(&self) -> Result<Vec<Change>, KeyringError> {
        let inner = &*self.inner;
        storage::read(&*inner.storage, |view| {
            let mut changes = Vec::new();
            view.scan(Space::Journal, &[], &mut |number, row| {
                changes.push(inner.change(number, row)?);
                Ok(Scan::More)
            })?;
            Ok(changes)
        })
    }

    /// Asks whoever writes the log to say something in it that was not done to the keyring. Gives the number under
    /// which it waits, and under which the line is found then.
    ///
    /// # Errors
    /// [`KeyringError::Limit`] for a body that is longer than 32 KiB, or when too much waits; those of the file.
    pub fn request_line(
        &self,
        kind: ChangeKind,
        at: SystemTime,
        body: &serde_json::Value,
    ) -> Result<u64, KeyringError> {
        let inner = &*self.inner;
        inner.writable()?;
        storage::update(&*inner.storage, |view| {
            inner.note(view, kind, super::periods::seconds(at), body)
        })
    }

    /// Forgets the changes up to and with `last`: they are in the log for good.
    ///
    /// # Errors
    /// Those of the file.
    pub fn told(&self, last: u64) -> Result<(), KeyringError> {
        let inner = &*self.inner;
        inner.writable()?;
        storage::update(&*inner.storage, |view| {
            let mut told = Vec::new();
            view.scan(Space::Journal, &[], &mut |number, _| {
                if number > last.to_be_bytes().as_slice() {
                    return Ok(Scan::Enough);
                }
                told.push(number.to_vec());
                Ok(Scan::More)
            })?;
            told.iter()
                .try_for_each(|number| view.delete(Space::Journal, number))
        })
    }
}

impl Inner {
    /// Notes a change in the transaction that makes it: it cannot happen without.
    pub(super) fn note(
        &self,
        view: &mut (impl Write + ?Sized),
        kind: ChangeKind,
        at: u64,
        body: &serde_json::Value,
    ) -> Result<u64, KeyringError> {
        let mut waiting = 0;
        view.scan(Space::Journal, &[], &mut |_, _| {
            waiting += 1;
            Ok(Scan::More)
        })?;
        if waiting >= MAX_WAITING {
            return Err(KeyringError::Limit {
                what: "10000 changes of the keyring wait for the log to tell them; open the log for writing first",
            });
        }
        let number = match view.get(Space::Meta, NEXT)? {
            None => 0,
            Some(bytes) => u64::from_be_bytes(
                bytes
                    .try_into()
                    .map_err(|_| self.damaged("the number of its last change is not one"))?,
            ),
        };
        let body = body.to_string().into_bytes();
        if body.len() > MAX_CHANGE {
            return Err(KeyringError::Limit {
                what: "a change of the keyring takes more than 32 KiB to tell; do it in parts",
            });
        }
        let kind = kind as u8;
        let row = ChangeRow {
            kind,
            at,
            mac: self.change_mac(number, kind, at, &body)?,
            body,
        };
        view.put(Space::Journal, &number.to_be_bytes(), &row.encode())?;
        view.put(Space::Meta, NEXT, &(number + 1).to_be_bytes())?;
        Ok(number)
    }

    fn change_mac(
        &self,
        number: u64,
        kind: u8,
        at: u64,
        body: &[u8],
    ) -> Result<[u8; 32], KeyringError> {
        let key = self.purpose_key("journal")?;
        Ok(hmac_sha256(
            &key,
            &[&number.to_be_bytes(), &[kind], &at.to_be_bytes(), body],
        ))
    }

    fn change(&self, number: &[u8], row: &[u8]) -> Result<Change, KeyringError> {
        let altered = || self.damaged("a change it notes was altered");
        let number = u64::from_be_bytes(number.try_into().map_err(|_| altered())?);
        let row = ChangeRow::decode(row).ok_or_else(altered)?;
        if self.change_mac(number, row.kind, row.at, &row.body)? != row.mac {
            return Err(altered());
        }
        Ok(Change {
            number,
            kind: match row.kind {
                1 => ChangeKind::Rotated,
                2 => ChangeKind::Slots,
                3 => ChangeKind::Destroyed,
                4 => ChangeKind::Archived,
                5 => ChangeKind::Erased,
                6 => ChangeKind::Expired,
                _ => return Err(altered()),
            },
            at: UNIX_EPOCH
                .checked_add(Duration::from_secs(row.at))
                .ok_or_else(altered)?,
            body: String::from_utf8(row.body).map_err(|_| altered())?,
        })
    }
}
