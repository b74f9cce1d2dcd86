//! One function a check; each returns whether it could be run.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::image::{read_all, read_source};
use super::{Backend, SecondWriter};
use crate::{ObjectName, Operation, Sink, SinkError, Snapshot, Storage};

/// Makes what was appended visible, where that takes a sync.
fn show<B: Backend>(backend: &B, sink: &mut dyn Sink) {
    if !backend.shows_unsynced() {
        sink.sync().unwrap();
    }
}

fn sealed(name: &str) -> ObjectName {
    ObjectName::sealed(name).unwrap()
}

#[track_caller]
fn holds(log: &impl Storage, object: &ObjectName, expected: &[u8]) {
    let actual = read_all(log, object).unwrap();
    assert!(
        actual == expected,
        "{object} of {} bytes is not the {} bytes expected",
        actual.len(),
        expected.len()
    );
}

pub(super) fn removes<B: Backend>(backend: &B) -> bool {
    if !backend.can_remove() {
        return false;
    }
    let log = backend.create();
    let other = backend.reopen(&log);
    let mut sink = log.lock().unwrap();
    for name in ["1", "2", "3"] {
        sink.append(name.as_bytes()).unwrap();
        sink.roll(name).unwrap();
    }
    sink.append(b"new").unwrap();
    sink.sync().unwrap();
    // Not only the writer may: somebody else looks after the old objects.
    other.remove(&sealed("2")).unwrap();
    for log in [&log, &other, &backend.reopen(&log)] {
        assert_eq!(
            log.objects().unwrap(),
            [sealed("1"), sealed("3"), ObjectName::Active]
        );
        let error = log.source(&sealed("2")).unwrap_err();
        assert!(matches!(error, SinkError::Missing { .. }), "{error:?}");
    }
    for (object, again) in [(sealed("2"), "twice"), (sealed("7"), "what never was")] {
        let error = log.remove(&object).expect_err(again);
        assert!(matches!(error, SinkError::Missing { .. }), "{error:?}");
    }
    let error = log.remove(&ObjectName::Active).unwrap_err();
    assert!(matches!(error, SinkError::InvalidName { .. }), "{error:?}");
    sink.append(b"er").unwrap();
    show(backend, &mut *sink);
    holds(&log, &ObjectName::Active, b"newer");
    sink.roll("4").unwrap();
    holds(&other, &sealed("4"), b"newer");
    if let Some(crashed) = backend.after_crash(&log) {
        assert!(!crashed.objects().unwrap().contains(&sealed("2")));
    }
    true
}

pub(super) fn begins_empty<B: Backend>(backend: &B) -> bool {
    let log = backend.create();
    assert_eq!(log.objects().unwrap(), [], "a new log has no objects");
    for object in [ObjectName::Active, sealed("1")] {
        let error = log.source(&object).unwrap_err();
        assert!(matches!(error, SinkError::Missing { .. }), "{error:?}");
    }
    let mut sink = log.lock().unwrap();
    assert_eq!(sink.len(), 0);
    assert!(sink.is_empty());
    sink.sync().unwrap();
    assert_eq!(log.objects().unwrap(), [ObjectName::Active]);
    holds(&log, &ObjectName::Active, b"");
    assert!(log.source(&ObjectName::Active).unwrap().is_empty().unwrap());
    true
}

pub(super) fn reads_back<B: Backend>(backend: &B) -> bool {
    let log = backend.create();
    let mut sink = log.lock().unwrap();
    let mut expected = Vec::new();
    for (i, len) in [1, 0, 4095, 4096, 4097, 1 << 20, 3].into_iter().enumerate() {
        let bytes: Vec<u8> = (0..len).map(|at: usize| (at * 31 + i) as u8).collect();
        sink.append(&bytes).unwrap();
        expected.extend_from_slice(&bytes);
        assert_eq!(sink.len(), expected.len() as u64);
        show(backend, &mut *sink);
        holds(&log, &ObjectName::Active, &expected);
        if i % 2 == 0 {
            sink.sync().unwrap();
            holds(&backend.reopen(&log), &ObjectName::Active, &expected);
        }
    }
    assert!(!sink.is_empty());
    true
}

pub(super) fn reads_ranges<B: Backend>(backend: &B) -> bool {
    let log = backend.create();
    let mut sink = log.lock().unwrap();
    let content: Vec<u8> = (0..40).collect();
    sink.append(&content[..17]).unwrap();
    sink.append(&content[17..]).unwrap();
    show(backend, &mut *sink);
    let source = log.source(&ObjectName::Active).unwrap();
    for offset in 0..content.len() + 3 {
        for len in 0..content.len() + 3 {
            let mut buf = vec![0xEE; len];
            let read = source.read_at(offset as u64, &mut buf).unwrap();
            let rest = content.get(offset..).unwrap_or_default();
            assert_eq!(read, len.min(rest.len()), "{len} bytes at {offset}");
            assert_eq!(buf[..read], rest[..read]);
            assert!(buf[read..].iter().all(|&byte| byte == 0xEE));
        }
    }
    for offset in [u64::from(u32::MAX), i64::MAX as u64 - 3, u64::MAX] {
        assert_eq!(source.read_at(offset, &mut [0; 8]).unwrap(), 0);
    }
    true
}

pub(super) fn one_writer<B: Backend>(backend: &B) -> bool {
    match backend.second_writer() {
        SecondWriter::IsRefused => second_is_refused(backend),
        SecondWriter::TakesOver => second_takes_over(backend),
    }
    true
}

fn second_takes_over<B: Backend>(backend: &B) {
    let log = backend.create();
    let other = backend.reopen(&log);
    let mut first = log.lock().unwrap();
    first.append(b"first").unwrap();
    first.sync().unwrap();
    first.append(b", never").unwrap();
    let mut second = other.lock().unwrap();
    let begun = second.len() as usize;
    assert!(
        (5..=12).contains(&begun),
        "the second begins behind the first"
    );
    let error = first.sync().expect_err("two writers");
    assert!(matches!(error, SinkError::Fenced { .. }), "{error:?}");
    let error = first.roll("1").expect_err("a roll is no way back");
    assert!(matches!(error, SinkError::Fenced { .. }), "{error:?}");
    second.append(b", second").unwrap();
    second.sync().unwrap();
    second.roll("1").unwrap();
    assert!(first.roll("1").is_err() && first.roll("2").is_err());
    drop(first);
    second.append(b"and on").unwrap();
    second.sync().unwrap();
    let first_and_second = [&b"first, never"[..begun], b", second"].concat();
    holds(&log, &sealed("1"), &first_and_second);
    holds(&log, &ObjectName::Active, b"and on");

    let mut contenders: Vec<_> = std::thread::scope(|scope| {
        let contenders: Vec<_> = (0..8).map(|_| scope.spawn(|| other.lock())).collect();
        contenders
            .into_iter()
            .filter_map(|contender| contender.join().unwrap().ok())
            .collect()
    });
    let winners = contenders.iter_mut().filter_map(|sink| {
        sink.append(b"!").ok()?;
        sink.sync().ok()
    });
    assert_eq!(winners.count(), 1, "writers after a race");
    holds(&log, &ObjectName::Active, b"and on!");
}

fn second_is_refused<B: Backend>(backend: &B) {
    let log = backend.create();
    let other = backend.reopen(&log);
    for round in 0..3 {
        let mut sink = log.lock().unwrap();
        for second in [log.lock(), other.lock()] {
            let error = second.expect_err("a second writer was let in");
            assert!(matches!(error, SinkError::Locked { .. }), "{error:?}");
        }
        sink.append(b"x").unwrap();
        sink.roll(&round.to_string()).unwrap();
        assert!(other.lock().is_err(), "a roll gave up the lock");
    }

    let winners: Vec<_> = std::thread::scope(|scope| {
        let contenders: Vec<_> = (0..8).map(|_| scope.spawn(|| other.lock().ok())).collect();
        contenders
            .into_iter()
            .filter_map(|contender| contender.join().unwrap())
            .collect()
    });
    assert_eq!(winners.len(), 1, "writers after a race");
}

pub(super) fn rolls_in_order<B: Backend>(backend: &B) -> bool {
    let log = backend.create();
    let mut sink = log.lock().unwrap();
    let names = ["8", "9", "10", "11", "100"];
    for name in names {
        sink.append(name.as_bytes()).unwrap();
        sink.roll(name).unwrap();
        assert_eq!(sink.len(), 0);
    }
    sink.append(b"newest").unwrap();
    show(backend, &mut *sink);

    for log in [&log, &backend.reopen(&log)] {
        let objects: Vec<_> = names
            .map(sealed)
            .into_iter()
            .chain([ObjectName::Active])
            .collect();
        assert_eq!(log.objects().unwrap(), objects);
        for name in names {
            holds(log, &sealed(name), name.as_bytes());
        }
        holds(log, &ObjectName::Active, b"newest");
    }
    true
}

pub(super) fn refuses_names<B: Backend>(backend: &B) -> bool {
    let log = backend.create();
    let mut sink = log.lock().unwrap();
    sink.append(b"first").unwrap();
    sink.roll("5").unwrap();
    sink.append(b"second").unwrap();
    for name in ["", "lock", "../6", "6/7", "6.parquet", "5", "4"] {
        let error = sink.roll(name).expect_err("the name must be refused");
        assert!(matches!(error, SinkError::InvalidName { .. }), "{error:?}");
    }
    let hostile = ObjectName::Sealed("../5".to_owned());
    assert!(log.source(&hostile).is_err());

    sink.append(b" and on").unwrap();
    sink.sync().unwrap();
    assert_eq!(log.objects().unwrap(), [sealed("5"), ObjectName::Active]);
    holds(&log, &sealed("5"), b"first");
    holds(&log, &ObjectName::Active, b"second and on");
    drop(sink);

    let mut sink = backend.reopen(&log).lock().unwrap();
    assert!(sink.roll("5").is_err(), "a new writer reused a sealed name");
    sink.roll("6").unwrap();
    true
}

pub(super) fn source_outlives_roll<B: Backend>(backend: &B) -> bool {
    let log = backend.create();
    let mut sink = log.lock().unwrap();
    sink.append(b"before").unwrap();
    let source = log.source(&ObjectName::Active).unwrap();
    sink.append(b", after").unwrap();
    sink.roll("1").unwrap();
    sink.append(b"another object").unwrap();
    let mut buf = [0; 64];
    let read = source.read_at(0, &mut buf).unwrap();
    assert_eq!(&buf[..read], b"before, after");
    assert_eq!(source.len().unwrap(), 13);
    true
}

pub(super) fn truncates<B: Backend>(backend: &B) -> bool {
    let log = backend.create();
    let mut sink = log.lock().unwrap();
    sink.append(b"whole\ntorn").unwrap();
    let error = sink.truncate(11).unwrap_err();
    assert!(
        matches!(
            error,
            SinkError::BeyondEnd {
                len: 11,
                actual: 10
            }
        ),
        "{error:?}"
    );
    sink.truncate(10).unwrap();
    holds(&log, &ObjectName::Active, b"whole\ntorn");
    sink.truncate(6).unwrap();
    assert_eq!(sink.len(), 6);
    holds(&log, &ObjectName::Active, b"whole\n");
    sink.append(b"next\n").unwrap();
    show(backend, &mut *sink);
    holds(&log, &ObjectName::Active, b"whole\nnext\n");
    sink.truncate(0).unwrap();
    holds(&log, &ObjectName::Active, b"");
    true
}

pub(super) fn continues<B: Backend>(backend: &B) -> bool {
    let log = backend.create();
    let mut expected = Vec::new();
    for round in 0..5u8 {
        let mut sink = backend.reopen(&log).lock().unwrap();
        assert_eq!(sink.len(), expected.len() as u64);
        sink.append(&[round; 3]).unwrap();
        expected.extend_from_slice(&[round; 3]);
        if round % 2 == 0 || !backend.shows_unsynced() {
            sink.sync().unwrap();
        }
    }
    holds(&log, &ObjectName::Active, &expected);
    true
}

pub(super) fn readers_follow<B: Backend>(backend: &B) -> bool {
    let log = backend.create();
    let mut sink = log.lock().unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let source = log.source(&ObjectName::Active).unwrap();
            let mut seen = 0;
            loop {
                let last_round = done.load(Ordering::Acquire);
                let content = read_all(&log, &ObjectName::Active).unwrap();
                assert!(content.len() >= seen, "the object became shorter");
                assert!(source.len().unwrap() >= content.len() as u64);
                for (at, &byte) in content.iter().enumerate() {
                    assert_eq!(byte, (at % 251) as u8, "wrong byte at {at}");
                }
                seen = content.len();
                if last_round {
                    return seen;
                }
            }
        });
        let stream: Vec<u8> = (0..20_000).map(|at| (at % 251) as u8).collect();
        for part in stream.chunks(97) {
            sink.append(part).unwrap();
            show(backend, &mut *sink);
        }
        done.store(true, Ordering::Release);
        assert_eq!(reader.join().unwrap(), stream.len());
    });
    true
}

pub(super) fn snapshots_are_whole<B: Backend>(backend: &B) -> bool {
    const LINES: u64 = 400;
    let log = backend.create();
    let mut sink = log.lock().unwrap();
    let appended = AtomicU64::new(0);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut all = 0;
            while all < LINES {
                let at_least = appended.load(Ordering::Acquire);
                let snapshot = Snapshot::take(&log).unwrap();
                let mut content = Vec::new();
                for object in &snapshot.sealed {
                    content.extend(read_all(&log, object).unwrap());
                }
                if let Some(active) = &snapshot.active {
                    content.extend(read_source(&**active).unwrap());
                }
                all = (content.len() / 8) as u64;
                let (lines, rest) = content.as_chunks::<8>();
                assert!(rest.is_empty(), "half of an append was seen");
                assert!(all >= at_least, "{all} of {at_least} lines");
                for (line, expected) in lines.iter().zip(0..) {
                    assert_eq!(u64::from_le_bytes(*line), expected, "a gap");
                }
            }
        });
        for line in 0..LINES {
            sink.append(&line.to_le_bytes()).unwrap();
            show(backend, &mut *sink);
            appended.store(line + 1, Ordering::Release);
            if line % 10 == 9 && line + 1 < LINES {
                sink.roll(&line.to_string()).unwrap();
            }
        }
        reader.join().unwrap();
    });
    true
}

pub(super) fn survives_crash<B: Backend>(backend: &B) -> bool {
    let log = backend.create();
    let mut sink = log.lock().unwrap();
    let Some(survivor) = backend.after_crash(&log) else {
        return false;
    };
    assert_eq!(survivor.objects().unwrap(), [ObjectName::Active]);

    sink.append(b"synced").unwrap();
    sink.sync().unwrap();
    sink.append(b", perhaps").unwrap();
    let survivor = backend.after_crash(&log).unwrap();
    let content = read_all(&survivor, &ObjectName::Active).unwrap();
    assert!(content.starts_with(b"synced"), "a synced byte was lost");
    drop(survivor.lock().expect("a dead writer holds no lock"));

    sink.truncate(3).unwrap();
    let survivor = backend.after_crash(&log).unwrap();
    holds(&survivor, &ObjectName::Active, b"syn");

    sink.append(b"copation").unwrap();
    sink.roll("1").unwrap();
    let survivor = backend.after_crash(&log).unwrap();
    let objects = [sealed("1"), ObjectName::Active];
    assert_eq!(survivor.objects().unwrap(), objects);
    holds(&survivor, &sealed("1"), b"syncopation");
    holds(&survivor, &ObjectName::Active, b"");
    true
}

pub(super) fn poison_is_sticky<B: Backend>(backend: &B) -> bool {
    for operation in [Operation::Append, Operation::Sync, Operation::Truncate] {
        let log = backend.create();
        let mut sink = log.lock().unwrap();
        sink.append(b"synced").unwrap();
        sink.sync().unwrap();
        sink.append(b", lost").unwrap();
        if !backend.fail_next(&log, operation) {
            return false;
        }
        let error = match operation {
            Operation::Append => sink.append(b", never"),
            Operation::Sync => sink.sync(),
            _ => sink.truncate(9),
        }
        .expect_err("the fault did not come through");
        assert!(!error.left_sink_usable(), "{error:?}");

        let before = read_all(&log, &ObjectName::Active).unwrap();
        for _ in 0..2 {
            for refused in [sink.append(b"x"), sink.sync(), sink.truncate(0)] {
                let error = refused.expect_err("a poisoned sink accepted something");
                assert!(matches!(error, SinkError::Poisoned { .. }), "{error:?}");
            }
        }
        holds(&log, &ObjectName::Active, &before);

        assert!(sink.roll("not a name").is_err());
        sink.roll("1").expect("roll is the way on");
        sink.append(b"new").unwrap();
        sink.sync().unwrap();
        assert_eq!(sink.len(), 3);
        let logs = [Some(backend.reopen(&log)), backend.after_crash(&log)];
        for log in logs.into_iter().flatten() {
            let old = read_all(&log, &sealed("1")).unwrap();
            assert!(old.starts_with(b"synced"), "a synced byte was lost");
            holds(&log, &ObjectName::Active, b"new");
        }
    }
    true
}
