use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use symlog_sink::{FileStorage, MemoryStorage, Storage};

use super::*;

fn name(number: usize) -> ObjectName {
    ObjectName::sealed(format!("{number:010}")).unwrap()
}

fn prefix(id: &[u8; 16], digits: usize) -> IdPrefix {
    let text: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    IdPrefix::parse(&text[..digits]).unwrap()
}

/// Of many objects, those that are left for an id.
fn holding(storage: &dyn Storage, id: &IdPrefix, objects: usize) -> Vec<usize> {
    let mut left: Vec<ObjectName> = (0..objects).map(name).collect();
    let attachments = storage.attachments().unwrap();
    Catalogue::new(attachments).narrow(id, &mut left).unwrap();
    (0..objects)
        .filter(|at| left.contains(&name(*at)))
        .collect()
}

fn update(storage: &dyn Storage, contents: &[Vec<[u8; 16]>]) {
    let objects: Vec<ObjectName> = (0..contents.len()).map(name).collect();
    let attachments = storage.attachments().unwrap();
    Catalogue::new(attachments)
        .update(&objects, 1, |object| {
            let at = objects.iter().position(|it| it == object).unwrap();
            Some(contents[at].clone())
        })
        .unwrap();
}

fn runs(storage: &dyn Storage) -> Vec<AttachmentName> {
    storage.attachments().unwrap().list().unwrap()
}

fn bytes(storage: &dyn Storage, name: &AttachmentName) -> Vec<u8> {
    let source = storage.attachments().unwrap().open(name).unwrap();
    let mut bytes = vec![0; source.len().unwrap() as usize];
    source.read_at(0, &mut bytes).unwrap();
    bytes
}

fn replace(storage: &dyn Storage, name: &AttachmentName, bytes: &[u8]) {
    let mut file = storage.attachments().unwrap().create(name).unwrap();
    file.append(bytes).unwrap();
    file.commit().unwrap();
}

/// The `n`th id: half of them in the order of time, the others anywhere.
fn id(n: u64) -> [u8; 16] {
    let digest = symlog_crypto::sha256(&[&n.to_be_bytes()]);
    let mut id: [u8; 16] = digest[..16].try_into().unwrap();
    if n.is_multiple_of(2) {
        id[..8].copy_from_slice(&n.to_be_bytes());
    }
    id
}

#[test]
fn a_few_objects_are_no_reason_for_a_file() {
    let storage = MemoryStorage::new();
    let attachments = storage.attachments().unwrap();
    let catalogue = Catalogue::new(attachments);
    let objects: Vec<ObjectName> = (0..5).map(name).collect();
    let ids = |_: &ObjectName| Some(vec![id(1)]);
    catalogue.update(&objects[..4], 5, ids).unwrap();
    assert_eq!(runs(&storage), []);
    let mut left = objects.clone();
    let unknown = catalogue.narrow(&prefix(&id(2), 32), &mut left).unwrap();
    assert_eq!((&left, &unknown), (&objects, &objects));
    catalogue.update(&objects, 5, ids).unwrap();
    let unknown = catalogue.narrow(&prefix(&id(2), 32), &mut left).unwrap();
    assert_eq!((left, unknown), (vec![], vec![]));
}

#[test]
fn every_id_is_found_however_the_objects_came() {
    let storage = MemoryStorage::new();
    // Some ids in two objects, as a late response is.
    let mut contents: Vec<Vec<[u8; 16]>> = Vec::new();
    for object in 0..40u64 {
        let mut ids: Vec<_> = (object * 90..object * 90 + 90).map(id).collect();
        ids.push(id(object / 2));
        contents.push(ids);
        update(&storage, &contents);
    }
    assert!(runs(&storage).len() < 2 * FAN, "{:?}", runs(&storage));
    let mut expected: BTreeMap<[u8; 16], Vec<usize>> = BTreeMap::new();
    for (object, ids) in contents.iter().enumerate() {
        for id in ids {
            let objects = expected.entry(*id).or_default();
            if !objects.contains(&object) {
                objects.push(object);
            }
        }
    }
    for (id, objects) in &expected {
        assert_eq!(holding(&storage, &prefix(id, 32), 40), *objects);
    }
    let absent = holding(&storage, &prefix(&[0x77; 16], 32), 40);
    assert_eq!(absent, [0usize; 0]);
    // What is not in the catalogue has to be looked at.
    assert_eq!(holding(&storage, &prefix(&[0x77; 16], 32), 42), [40, 41]);
}

#[test]
fn what_is_damaged_or_lost_is_looked_for_in_the_archives_and_made_anew() {
    let storage = MemoryStorage::new();
    let contents: Vec<Vec<_>> = (0..4u64)
        .map(|object| (object * 1000..object * 1000 + 1000).map(id).collect())
        .collect();
    update(&storage, &contents);
    let [run] = &runs(&storage)[..] else {
        panic!("{:?}", runs(&storage))
    };
    let whole = bytes(&storage, run);
    let wanted = prefix(&contents[2][7], 32);
    assert_eq!(holding(&storage, &wanted, 4), [2]);
    let step = whole.len() / 60;
    for at in (0..whole.len()).step_by(step) {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        replace(&storage, run, &changed);
        let left = holding(&storage, &wanted, 4);
        assert!(left.contains(&2), "byte {at}: {left:?}");
        replace(&storage, run, &whole[..at]);
        assert_eq!(holding(&storage, &wanted, 4), [0, 1, 2, 3], "cut at {at}");
    }
    replace(&storage, run, b"short");
    update(&storage, &contents);
    assert_eq!(holding(&storage, &wanted, 4), [2]);
    storage
        .attachments()
        .unwrap()
        .remove(&runs(&storage)[0])
        .unwrap();
    assert_eq!(holding(&storage, &wanted, 4), [0, 1, 2, 3]);
}

#[test]
fn objects_that_are_gone_are_forgotten_when_files_are_made_one() {
    let storage = MemoryStorage::new();
    let attachments = storage.attachments().unwrap();
    for number in 0..2 * FAN {
        // Only this object is there.
        Catalogue::new(attachments)
            .update(&[name(number)], 1, |_| Some(vec![id(number as u64)]))
            .unwrap();
    }
    let runs = Catalogue::new(attachments).runs().unwrap().whole;
    let objects: usize = runs.iter().map(|run| run.objects().len()).sum();
    assert!(objects <= FAN, "{objects}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Whatever the ids, an object that holds one is never taken out.
    #[test]
    fn no_hit_is_missed(
        contents in proptest::collection::vec(
            proptest::collection::vec(0u64..2000, 0..1200), 1..12),
        digits in 0usize..=32,
    ) {
        let storage = MemoryStorage::new();
        let contents: Vec<Vec<_>> = contents
            .into_iter()
            .map(|ids| ids.into_iter().map(id).collect())
            .collect();
        update(&storage, &contents);
        for (object, ids) in contents.iter().enumerate() {
            for id in ids.iter().take(20) {
                let left = holding(&storage, &prefix(id, digits), contents.len());
                prop_assert!(left.contains(&object));
            }
        }
    }
}

/// Set to `100000000` by `cargo xtask archive`, which prints the figures.
#[test]
fn one_entry_is_looked_up_among_many() {
    let entries: u64 = std::env::var("SYMLOG_TEST_ENTRIES")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(100_000);
    const AN_OBJECT: u64 = 10_000;
    let objects = (entries / AN_OBJECT) as usize;
    let place = tempfile::tempdir().unwrap();
    let storage = FileStorage::new(place.path().join("a.log")).unwrap();
    let names: Vec<ObjectName> = (0..objects).map(name).collect();
    // One in a hundred was given by the caller, in no order of time.
    let of = |n: u64| {
        if n.is_multiple_of(100) {
            id(n | 1)
        } else {
            id(n * 2)
        }
    };
    let start = Instant::now();
    let attachments = storage.attachments().unwrap();
    Catalogue::new(attachments)
        .update(&names, 1, |object| {
            let ObjectName::Sealed(name) = object else {
                return None;
            };
            let first = name.parse::<u64>().unwrap() * AN_OBJECT;
            Some((first..first + AN_OBJECT).map(of).collect())
        })
        .unwrap();
    let making = start.elapsed();
    let mut took = Vec::new();
    for probe in 0..200u64 {
        let n = probe * (entries / 200) + probe % 7;
        let wanted = prefix(&of(n), 32);
        let mut left = names.clone();
        let start = Instant::now();
        Catalogue::new(attachments)
            .narrow(&wanted, &mut left)
            .unwrap();
        took.push(start.elapsed());
        assert_eq!(left, [name((n / AN_OBJECT) as usize)], "{n}");
    }
    took.sort_unstable();
    let bytes: u64 = runs(&storage)
        .iter()
        .map(|run| attachments.open(run).unwrap().len().unwrap())
        .sum();
    let (half, most): (Duration, Duration) = (took[100], took[198]);
    println!(
        "{entries} entries in {objects} archives: catalogue of {bytes} bytes in {} files, made in {making:.1?}; one id looked up in {half:.1?} (p50), {most:.1?} (p99)",
        runs(&storage).len(),
    );
}
