//! How much was written under the master key, for rotation by volume.

use std::time::{Duration, SystemTime};

use symlog_crypto::hmac_sha256;

use super::periods::seconds;
use super::storage::{Read, Space, Write};
use super::{Inner, Keyring, KeyringError, storage};

/// Key in [`Space::Meta`]: master version, bytes, and a MAC over both.
const VOLUME: &[u8] = b"volume";
/// A master key that was made later than now by more than this was made under a clock that was wrong.
const CLOCK_SLACK: u64 = 86_400;

impl Keyring {
    /// Adds to the bytes that were written since the master key was made, and gives their sum. Kept durably.
    ///
    /// # Errors
    /// Those of the file.
    pub fn add_volume(&self, bytes: u64) -> Result<u64, KeyringError> {
        let inner = &*self.inner;
        inner.writable()?;
        storage::update(&*inner.storage, |view| {
            let (meta, _) = inner.meta(view)?;
            let sum = inner.volume(view, meta.master)?.saturating_add(bytes);
            inner.put_volume(view, meta.master, sum)?;
            Ok(sum)
        })
    }

    /// How old the master key is. `None` when it was made in the future, which a clock that went back shows: its
    /// age is not known then, and nobody should wait for it to be reached.
    ///
    /// # Errors
    /// Those of the file.
    pub fn master_age(&self, now: SystemTime) -> Result<Option<Duration>, KeyringError> {
        let inner = &*self.inner;
        let created = storage::read(&*inner.storage, |view| {
            inner.meta(view).map(|(meta, _)| meta.created)
        })?;
        let now = seconds(now);
        let plausible = created <= now.saturating_add(CLOCK_SLACK);
        Ok(plausible.then(|| Duration::from_secs(now.saturating_sub(created))))
    }
}

impl Inner {
    /// Zero for another master key than the one that was counted for, and for a count that was altered: that only
    /// makes the next rotation come later, and damage must not keep a log from being written.
    fn volume(&self, view: &(impl Read + ?Sized), master: u32) -> Result<u64, KeyringError> {
        let Some(row) = view.get(Space::Meta, VOLUME)? else {
            return Ok(0);
        };
        let Some((number, mac)) = row.split_first_chunk::<12>() else {
            return Ok(0);
        };
        let ([a, b, c, d], bytes) = number
            .split_first_chunk::<4>()
            .map_or(([0; 4], &[][..]), |(version, bytes)| (*version, bytes));
        if u32::from_be_bytes([a, b, c, d]) != master || self.volume_mac(number)? != mac {
            return Ok(0);
        }
        Ok(bytes.try_into().map_or(0, u64::from_be_bytes))
    }

    fn volume_mac(&self, number: &[u8]) -> Result<[u8; 32], KeyringError> {
        Ok(hmac_sha256(&self.purpose_key("volume")?, &[number]))
    }

    fn put_volume(
        &self,
        view: &mut (impl Write + ?Sized),
        master: u32,
        sum: u64,
    ) -> Result<(), KeyringError> {
        let mut row = master.to_be_bytes().to_vec();
        row.extend_from_slice(&sum.to_be_bytes());
        let mac = self.volume_mac(&row)?;
        row.extend_from_slice(&mac);
        view.put(Space::Meta, VOLUME, &row)
    }

    pub(super) fn reset_volume(
        &self,
        view: &mut (impl Write + ?Sized),
        master: u32,
    ) -> Result<(), KeyringError> {
        self.put_volume(view, master, 0)
    }
}
