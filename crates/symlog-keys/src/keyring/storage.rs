use std::fmt::Debug;

use super::KeyringError;

/// What kinds of rows there are. The numbers are part of the file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Space {
    /// One row: [`Meta`](super::rows::Meta).
    Meta = 0,
    /// Slot id to [`Slot`](super::rows::Slot).
    Slot = 1,
    /// Key id to [`KeyRow`](super::rows::KeyRow).
    Key = 2,
    /// Bucket number to [`Bucket`](super::rows::Bucket).
    Bucket = 3,
    /// Bucket and place to [`Unit`](super::rows::Unit).
    Unit = 4,
    /// Unit digest to the ids of its keys, the current one last.
    Digest = 5,
    /// Bucket and place of unit keys that nobody was given yet.
    Free = 6,
    /// Number to [`ChangeRow`](super::rows::ChangeRow): changes that the log does not tell yet.
    Journal = 7,
}

/// What a visitor of [`Read::scan`] answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scan {
    More,
    Enough,
}

pub(super) type Visitor<'a> = dyn FnMut(&[u8], &[u8]) -> Result<Scan, KeyringError> + 'a;

/// One consistent view.
pub(super) trait Read {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, KeyringError>;

    /// Rows whose key begins with `prefix`, in the order of their keys.
    fn scan(
        &self,
        space: Space,
        prefix: &[u8],
        visit: &mut Visitor<'_>,
    ) -> Result<(), KeyringError>;
}

/// A view that can be changed; nothing of it is visible to others before it is committed.
pub(super) trait Write: Read {
    fn put(&mut self, space: Space, key: &[u8], value: &[u8]) -> Result<(), KeyringError>;
    fn delete(&mut self, space: Space, key: &[u8]) -> Result<(), KeyringError>;
}

pub(super) type Reading<'a> = dyn FnMut(&dyn Read) -> Result<(), KeyringError> + 'a;
pub(super) type Writing<'a> = dyn FnMut(&mut dyn Write) -> Result<(), KeyringError> + 'a;

/// Where the rows of a keyring are kept. All keys in them are wrapped.
pub(super) trait Storage: Debug + Send + Sync {
    /// Runs `f` on one consistent view.
    fn read(&self, f: &mut Reading<'_>) -> Result<(), KeyringError>;

    /// Runs `f` while no other process writes. `Ok` means that all its changes survive a crash; after an error
    /// from `f`, or a crash, there are none. Deleted and replaced values leave no trace in the file.
    fn update(&self, f: &mut Writing<'_>) -> Result<(), KeyringError>;
}

/// Runs `f` on one view and hands its result out.
pub(super) fn read<T>(
    storage: &dyn Storage,
    f: impl Fn(&dyn Read) -> Result<T, KeyringError>,
) -> Result<T, KeyringError> {
    let mut result = None;
    storage.read(&mut |view| {
        result = Some(f(view)?);
        Ok(())
    })?;
    result.ok_or(KeyringError::Limit {
        what: "the keyring's storage did not run a read",
    })
}

/// Runs `f` in one transaction and hands its result out.
pub(super) fn update<T>(
    storage: &dyn Storage,
    mut f: impl FnMut(&mut dyn Write) -> Result<T, KeyringError>,
) -> Result<T, KeyringError> {
    let mut result = None;
    storage.update(&mut |view| {
        result = Some(f(view)?);
        Ok(())
    })?;
    result.ok_or(KeyringError::Limit {
        what: "the keyring's storage did not run an update",
    })
}
