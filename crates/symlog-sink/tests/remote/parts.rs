use std::io;
use std::sync::atomic::Ordering;

use proptest::prelude::*;
use symlog_sink::{
    MemoryParts, MemoryStorage, ObjectName, PartName, PartStorage, PartStore, SinkError, Storage,
};

use crate::flaky::Flaky;

pub(crate) fn read_all(log: &dyn Storage, object: &ObjectName) -> Result<Vec<u8>, SinkError> {
    let source = log.source(object)?;
    let mut content = Vec::new();
    let mut buf = [0; 1000];
    loop {
        let read = source.read_at(content.len() as u64, &mut buf)?;
        content.extend_from_slice(&buf[..read]);
        if read < buf.len() {
            return Ok(content);
        }
    }
}

fn sealed(name: &str) -> ObjectName {
    ObjectName::sealed(name).unwrap()
}

fn part(chapter: &str, number: u64) -> PartName {
    PartName {
        chapter: chapter.to_owned(),
        number,
    }
}

/// A store whose sink failed though the part arrived; what was appended is not
/// there twice, whichever way the writer goes on.
#[test]
fn a_lost_answer_makes_no_gap_and_no_duplicate() {
    let flaky = Flaky::default();
    let log = PartStorage::new(flaky.clone());
    let mut sink = log.lock().unwrap();
    sink.append(b"one,").unwrap();
    flaky.loses_answers.store(1, Ordering::Relaxed);
    assert!(sink.sync().is_err());
    sink.roll("1").unwrap();
    assert_eq!(read_all(&log, &sealed("1")).unwrap(), b"one,");

    sink.append(b"two,").unwrap();
    flaky.loses_answers.store(1, Ordering::Relaxed);
    assert!(sink.sync().is_err());
    drop(sink);
    // Where a shipper comes back, the length says what arrived.
    let mut sink = log.lock().unwrap();
    assert_eq!(sink.len(), 4);
    sink.append(b"three").unwrap();
    sink.sync().unwrap();
    // A seal whose answer is lost, and one whose next chapter's is.
    for (answers, name) in [(1, "2"), (2, "3")] {
        flaky.loses_answers.store(answers, Ordering::Relaxed);
        for _ in 0..answers {
            assert!(sink.roll(name).is_err());
        }
        assert!(sink.roll(name).is_ok());
    }
    assert_eq!(read_all(&log, &sealed("2")).unwrap(), b"two,three");
    assert_eq!(read_all(&log, &sealed("3")).unwrap(), b"");
    let objects = [sealed("1"), sealed("2"), sealed("3"), ObjectName::Active];
    assert_eq!(log.objects().unwrap(), objects);
}

#[test]
fn a_writer_that_died_between_two_objects_is_followed() {
    let parts = MemoryParts::new();
    let log = PartStorage::new(parts.clone());
    let mut sink = log.lock().unwrap();
    sink.append(b"before").unwrap();
    sink.roll("7").unwrap();
    drop(sink);
    parts.lose(&part("after-7", 0)).unwrap();
    // Nothing is missing meanwhile: the object is still the active one.
    assert_eq!(log.objects().unwrap(), [ObjectName::Active]);
    assert_eq!(read_all(&log, &ObjectName::Active).unwrap(), b"before");

    let mut sink = log.lock().unwrap();
    assert!(sink.is_empty());
    assert!(sink.roll("7").is_err());
    sink.append(b"behind").unwrap();
    sink.sync().unwrap();
    assert_eq!(read_all(&log, &sealed("7")).unwrap(), b"before");
    assert_eq!(read_all(&log, &ObjectName::Active).unwrap(), b"behind");
}

#[test]
fn a_lost_part_is_an_error_and_never_a_gap() {
    for lost in 1..=3 {
        let parts = MemoryParts::new();
        let log = PartStorage::new(parts.clone());
        let mut sink = log.lock().unwrap();
        for text in ["first ", "second ", "third "] {
            sink.append(text.as_bytes()).unwrap();
            sink.sync().unwrap();
        }
        drop(sink);
        log.lock().unwrap();
        parts.lose(&part("first", lost)).unwrap();
        let error = read_all(&log, &ObjectName::Active).unwrap_err();
        assert!(matches!(error, SinkError::Lost { .. }), "{lost}: {error}");
        let error = log.lock().unwrap_err();
        assert!(matches!(error, SinkError::Lost { .. }), "{lost}: {error}");
    }
}

#[test]
fn a_part_that_was_swapped_or_cut_is_an_error() {
    let parts = MemoryParts::new();
    let log = PartStorage::new(parts.clone());
    let mut sink = log.lock().unwrap();
    for text in ["first ", "other "] {
        sink.append(text.as_bytes()).unwrap();
        sink.sync().unwrap();
    }
    let second = parts.lose(&part("first", 2)).unwrap();
    let first = parts.lose(&part("first", 1)).unwrap();
    for (one, two) in [
        (&second[..], &first[..]),
        (&first[..100], &second[..]),
        (b"<Error/>", &second[..]),
        (&[b'x'; 400], &second[..]),
    ] {
        parts.create(&part("first", 1), one).unwrap();
        parts.create(&part("first", 2), two).unwrap();
        let error = read_all(&log, &ObjectName::Active).unwrap_err();
        assert!(matches!(error, SinkError::Foreign { .. }), "{error}");
        parts.lose(&part("first", 1)).unwrap();
        parts.lose(&part("first", 2)).unwrap();
    }
}

#[test]
fn a_late_list_hides_the_newest_and_fences_all_the_same() {
    let flaky = Flaky::default();
    let log = PartStorage::new(flaky.clone());
    let mut first = log.lock().unwrap();
    for text in ["first ", "second ", "third "] {
        first.append(text.as_bytes()).unwrap();
        first.sync().unwrap();
    }
    for late in [1, 2, 4] {
        flaky.lists_late.store(late, Ordering::Relaxed);
        let seen = log.source(&ObjectName::Active).and_then(|s| s.len());
        assert!(matches!(
            seen,
            Ok(0 | 6 | 13 | 19) | Err(SinkError::Missing { .. })
        ));
        let mut second = log.lock().unwrap();
        assert_eq!(second.len(), 19, "{late} late");
        flaky.lists_late.store(0, Ordering::Relaxed);
        first.append(b"never").unwrap();
        let error = first.sync().unwrap_err();
        assert!(matches!(error, SinkError::Fenced { .. }), "{error}");
        second.sync().unwrap();
        first = second;
    }
    let content = read_all(&log, &ObjectName::Active).unwrap();
    assert_eq!(content, b"first second third ");
}

#[test]
fn a_bucket_that_denies_says_so() {
    let flaky = Flaky::default();
    let log = PartStorage::new(flaky.clone());
    let mut sink = log.lock().unwrap();
    sink.append(b"x").unwrap();
    flaky.denies.store(true, Ordering::Relaxed);
    for error in [
        sink.sync().unwrap_err(),
        log.lock().unwrap_err(),
        log.objects().unwrap_err(),
        log.source(&ObjectName::Active).unwrap_err(),
    ] {
        let SinkError::Io { source, .. } = &error else {
            panic!("{error}")
        };
        assert_eq!(source.kind(), io::ErrorKind::PermissionDenied);
        assert!(error.to_string().contains("right to read"), "{error}");
    }
}

#[derive(Clone, Debug)]
enum Step {
    Append(usize),
    Sync,
    Truncate(u64),
    Roll,
    Lock,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_usize..40).prop_map(Step::Append),
        3 => Just(Step::Sync),
        2 => (0_u64..60).prop_map(Step::Truncate),
        1 => Just(Step::Roll),
        1 => Just(Step::Lock),
    ]
}

proptest! {
    /// Parts of any length hold what memory holds.
    #[test]
    fn parts_are_the_same_as_memory(
        steps in proptest::collection::vec(step(), 0..60),
        part_len in 1_usize..20,
    ) {
        let expected = MemoryStorage::new();
        let parts = MemoryParts::new();
        let actual = PartStorage::new(parts.clone()).with_part_len(part_len);
        let mut sinks = (expected.lock().unwrap(), actual.lock().unwrap());
        let mut rolls = 0;
        let mut byte = 0_u8;
        for step in steps {
            match step {
                Step::Append(len) => {
                    let bytes: Vec<u8> = (0..len).map(|_| { byte = byte.wrapping_add(1); byte }).collect();
                    sinks.0.append(&bytes).unwrap();
                    sinks.1.append(&bytes).unwrap();
                }
                Step::Sync => sinks.1.sync().unwrap(),
                Step::Truncate(len) => {
                    prop_assert_eq!(sinks.0.truncate(len).is_ok(), sinks.1.truncate(len).is_ok());
                }
                Step::Roll => {
                    rolls += 1;
                    sinks.0.roll(&rolls.to_string()).unwrap();
                    sinks.1.roll(&rolls.to_string()).unwrap();
                }
                Step::Lock => {
                    sinks.1.sync().unwrap();
                    sinks.1 = actual.lock().unwrap();
                }
            }
            prop_assert_eq!(sinks.0.len(), sinks.1.len());
        }
        sinks.1.sync().unwrap();
        prop_assert_eq!(expected.objects().unwrap(), actual.objects().unwrap());
        for object in expected.objects().unwrap() {
            prop_assert_eq!(read_all(&expected, &object).unwrap(), read_all(&actual, &object).unwrap());
        }
    }
}
