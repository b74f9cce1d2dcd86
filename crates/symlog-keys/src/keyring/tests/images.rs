//! What an attacker gets who has every key that is alive, and images of the keyring's files from before, during and
//! after a destruction: old pages, the journal with the pages as they were, and the blocks of epoch files that were
//! replaced.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;

use super::super::create::Parts;
use super::super::epoch::FileEpoch;
use super::super::sqlite::SqliteStorage;
use super::super::storage::{Reading, Storage, Writing};
use super::super::wrap::{Binding, WRAPPED_LEN, unwrap};
use super::*;

const ADA: [u8; 32] = [0xad; 32];
const BOB: [u8; 32] = [0xb0; 32];

type Images = Arc<Mutex<Vec<Vec<u8>>>>;

/// The contents of the keyring's file and its journal.
fn take(keyring: &Path, images: &Images) {
    let journal = crate::private_file::sibling(keyring, "-journal");
    let files = [keyring, &journal].into_iter();
    images
        .lock()
        .extend(files.filter_map(|file| std::fs::read(file).ok()));
}

/// Takes images in the middle of each transaction, when all was changed and nothing committed.
#[derive(Debug)]
struct Watched {
    inner: SqliteStorage,
    path: PathBuf,
    images: Images,
}

impl Storage for Watched {
    fn read(&self, f: &mut Reading<'_>) -> Result<(), KeyringError> {
        self.inner.read(f)
    }

    fn update(&self, f: &mut Writing<'_>) -> Result<(), KeyringError> {
        self.inner.update(&mut |view| {
            f(view)?;
            take(&self.path, &self.images);
            Ok(())
        })
    }
}

/// Everything that can be unwrapped from the images with these keys, and with what that gives.
struct Attack<'a> {
    place: &'a Place,
    windows: HashSet<[u8; WRAPPED_LEN]>,
    keys: Vec<Key>,
    /// Of `keys`, those that were tried on all windows.
    tried: usize,
}

impl<'a> Attack<'a> {
    fn new(place: &'a Place, images: &[Vec<u8>], keys: Vec<Key>) -> Self {
        let windows = images
            .iter()
            .flat_map(|image| image.windows(WRAPPED_LEN))
            .filter_map(|window| window.try_into().ok())
            .collect();
        Self {
            place,
            windows,
            keys,
            tried: 0,
        }
    }

    fn run(&mut self, bindings: &[Binding]) {
        while self.tried < self.keys.len() {
            let key = self.keys[self.tried].duplicate();
            self.tried += 1;
            let mut found = Vec::new();
            for window in &self.windows {
                for binding in bindings {
                    found.extend(unwrap(&self.place.provider, &key, binding, window));
                }
            }
            for key in found {
                if !self.has(&key) {
                    self.keys.push(key);
                }
            }
        }
    }

    fn has(&self, wanted: &Key) -> bool {
        self.keys.iter().any(|key| same(key, wanted))
    }
}

#[test]
fn images_of_all_files_do_not_open_what_was_destroyed() {
    let place = Place::new();
    let images = Images::default();
    drop(place.create(&raw(1)));
    let storage = Watched {
        inner: SqliteStorage::open(&place.path, Access::ReadWrite).unwrap(),
        path: place.path.clone(),
        images: Arc::clone(&images),
    };
    let keyring = Keyring::unlock(
        Parts {
            path: &place.path,
            access: Access::ReadWrite,
            storage: Box::new(storage),
            epochs: Box::new(FileEpoch::beside(&place.path)),
        },
        &raw(1),
        &place.provider,
    )
    .unwrap();
    let unit = |digest| {
        let (id, key) = keyring.take_pool_key().unwrap();
        keyring.assign_units(&[(digest, id)]).unwrap();
        (id, key)
    };
    let ((ada, ada_key), (bob, bob_key)) = (unit(ADA), unit(BOB));
    take(&place.path, &images);
    let epoch_before = std::fs::read(place.epoch()).unwrap();
    // The blocks that it lies in, whatever name they have later.
    let blocks = place.path.with_extension("blocks");
    std::fs::hard_link(place.epoch(), &blocks).unwrap();
    keyring.destroy_units(&[ada]).unwrap();
    take(&place.path, &images);
    images
        .lock()
        .extend([place.epoch(), blocks].map(|file| std::fs::read(file).unwrap()));
    assert!(images.lock().len() >= 8, "journals are among them");

    let inner = &*keyring.inner;
    let keys = || {
        let (epoch, master) = storage::read(&*inner.storage, |view| inner.meta(view))
            .map(|(meta, master)| (inner.epoch_key(meta.epoch, &master).unwrap(), master.key))
            .unwrap();
        vec![
            epoch,
            master,
            inner.slot.lock().kek.duplicate(),
            inner.digest_key.duplicate(),
        ]
    };
    let buckets: BTreeSet<u32> = [&ada, &bob].map(|id| units::place(id).0).into();
    let mut bindings = vec![
        units::unit_binding(&LOG, &ada),
        units::unit_binding(&LOG, &bob),
    ];
    for epoch in 1..=3 {
        bindings.push(epoch::binding(&LOG, epoch, 1));
        bindings.extend(
            buckets
                .iter()
                .map(|number| units::bucket_binding(&LOG, *number, epoch)),
        );
    }
    let images = images.lock();
    let mut attack = Attack::new(&place, &images, keys());
    attack.run(&bindings);
    assert!(
        attack.has(&bob_key),
        "the attack finds what is not destroyed"
    );
    assert!(!attack.has(&ada_key));
    // The one thing that must be gone: the epoch key from before.
    let with_epoch = [images.as_slice(), &[epoch_before]].concat();
    let mut attack = Attack::new(&place, &with_epoch, keys());
    attack.run(&bindings);
    assert!(attack.has(&ada_key));
}
