//! Fixed scripts and the exact bytes that each survival leaves of them.

use std::collections::BTreeSet;
use std::io;

use symlog_sink::conformance::{
    CrashPoint, Event, Fault, FaultPlan, FaultyStorage, RecordingStorage, Survival, Trace,
};
use symlog_sink::{MemoryStorage, ObjectName, Operation, Sink, Storage};

/// Objects as `name=bytes`, in order; zeros shown as `0`.
fn show(log: &MemoryStorage) -> String {
    let objects = log.objects().unwrap();
    let shown = objects.iter().map(|object| {
        let source = log.source(object).unwrap();
        let mut bytes = vec![0; source.len().unwrap() as usize];
        source.read_at(0, &mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap().replace('\0', "0");
        match object {
            ObjectName::Sealed(name) => format!("{name}={text}"),
            ObjectName::Active => format!("active={text}"),
        }
    });
    shown.collect::<Vec<_>>().join(" ")
}

fn record(faults: &FaultPlan, script: impl FnOnce(&mut dyn Sink)) -> Trace {
    let log = FaultyStorage::new(MemoryStorage::new(), faults.clone());
    let log = RecordingStorage::new(log).unwrap();
    script(&mut *log.lock().unwrap());
    log.trace()
}

fn last(trace: &Trace) -> CrashPoint {
    trace.points().last().unwrap()
}

fn all(point: &CrashPoint) -> BTreeSet<String> {
    point.images().map(|(_, image)| show(&image)).collect()
}

#[track_caller]
fn check(point: &CrashPoint, expected: &[&str]) {
    let expected: BTreeSet<_> = expected.iter().map(|&image| image.to_owned()).collect();
    assert_eq!(all(point), expected);
}

#[test]
fn unsynced_appends_are_dropped_torn_and_reordered() {
    let trace = record(&FaultPlan::new(), |sink| {
        sink.append(b"AB").unwrap();
        sink.sync().unwrap();
        sink.append(b"cd").unwrap();
        sink.append(b"efg").unwrap();
    });
    let point = last(&trace);
    assert_eq!(point.undecided(), 5);
    check(
        &point,
        &[
            "active=AB",
            "active=ABcd",
            "active=ABcde",
            "active=ABcdef",
            "active=ABcdefg",
            "active=AB00efg",
            "active=AB00000",
        ],
    );
    assert_eq!(show(&point.image(&Survival::Prefix(1))), "active=ABc");
}

#[test]
fn there_is_a_point_before_and_after_each_event() {
    let trace = record(&FaultPlan::new(), |sink| {
        sink.append(b"a").unwrap();
        sink.roll("1").unwrap();
        sink.append(b"b").unwrap();
        sink.truncate(0).unwrap();
    });
    let points: Vec<_> = trace
        .points()
        .map(|point| (point.events(), all(&point).into_iter().collect::<Vec<_>>()))
        .collect();
    let expected: [(usize, &[&str]); 8] = [
        (0, &[""]),
        (1, &["active="]),
        (2, &["active=", "active=0", "active=a"]),
        (2, &["1=a"]),
        (3, &["1=a active="]),
        (4, &["1=a active=", "1=a active=0", "1=a active=b"]),
        (5, &["1=a active="]),
        (6, &["1=a active="]),
    ];
    let expected: Vec<_> = expected
        .into_iter()
        .map(|(events, images)| (events, images.iter().map(|&i| i.to_owned()).collect()))
        .collect();
    assert_eq!(points, expected);
}

#[test]
fn bytes_of_a_failed_sync_are_never_certain() {
    let faults = FaultPlan::new();
    faults.fail(Operation::Sync, 1, Fault::Refused(io::ErrorKind::Other));
    let trace = record(&faults, |sink| {
        sink.append(b"lost").unwrap();
        sink.sync().unwrap_err();
        sink.sync().unwrap_err();
        sink.roll("1").unwrap();
        sink.append(b"new").unwrap();
        sink.sync().unwrap();
    });
    let point = last(&trace);
    assert_eq!(point.undecided(), 4);
    check(
        &point,
        &["1= active=new", "1=0000 active=new", "1=lost active=new"],
    );
    let syncs = trace.events().into_iter();
    let syncs = syncs.filter(|event| matches!(event, Event::Sync { .. }));
    assert_eq!(syncs.count(), 2, "a refused call is no event");
}

#[test]
fn a_writer_that_comes_back_to_a_failed_sync_leaves_a_hole() {
    let faults = FaultPlan::new();
    faults.fail(Operation::Sync, 1, Fault::Refused(io::ErrorKind::Other));
    let log = FaultyStorage::new(MemoryStorage::new(), faults);
    let log = RecordingStorage::new(log).unwrap();
    let mut sink = log.lock().unwrap();
    sink.append(b"xx").unwrap();
    sink.sync().unwrap_err();
    drop(sink);
    let mut sink = log.lock().unwrap();
    sink.append(b"yy").unwrap();
    sink.sync().unwrap();
    let images = all(&last(&log.trace()));
    assert!(images.contains("active=00yy"), "{images:?}");
    assert!(images.contains("active=xxyy"), "{images:?}");
}

#[test]
fn a_failed_append_may_have_left_any_part() {
    let faults = FaultPlan::new();
    faults.fail(Operation::Append, 2, Fault::Short(1));
    let trace = record(&faults, |sink| {
        sink.append(b"A").unwrap();
        sink.sync().unwrap();
        sink.append(b"bcd").unwrap_err();
        sink.roll("1").unwrap();
    });
    let images: BTreeSet<_> = trace.points().flat_map(|point| all(&point)).collect();
    for image in ["1=A active=", "1=Abcd active=", "1=A000 active="] {
        assert!(images.contains(image), "{images:?}");
    }

    let full = FaultPlan::new();
    full.fail(Operation::Append, 1, Fault::Full);
    let trace = record(&full, |sink| {
        sink.append(b"none of it").unwrap_err();
        sink.append(b"ok").unwrap();
        sink.sync().unwrap();
    });
    check(&last(&trace), &["active=ok"]);
}

#[test]
fn a_failed_roll_may_have_got_anywhere() {
    for fault in [
        Fault::Refused(io::ErrorKind::Other),
        Fault::Late(io::ErrorKind::Other),
    ] {
        let faults = FaultPlan::new();
        faults.fail(Operation::Roll, 1, fault);
        let log = FaultyStorage::new(MemoryStorage::new(), faults);
        let log = RecordingStorage::new(log).unwrap();
        let mut sink = log.lock().unwrap();
        sink.append(b"a").unwrap();
        sink.sync().unwrap();
        sink.roll("1").unwrap_err();
        let images: BTreeSet<_> = log.trace().points().flat_map(|point| all(&point)).collect();
        for image in ["active=a", "1=a", "1=a active="] {
            assert!(images.contains(image), "{images:?}");
        }
        // The next writer finds out which it was.
        drop(sink);
        let expected = match fault {
            Fault::Late(_) => "1=a active=",
            _ => "active=a",
        };
        drop(log.lock().unwrap());
        check(&last(&log.trace()), &[expected]);
    }
}

#[test]
fn long_appends_are_torn_by_page() {
    let trace = record(&FaultPlan::new(), |sink| {
        sink.append(&[b'a'; 100]).unwrap();
        sink.sync().unwrap();
        sink.append(&vec![b'b'; 9000]).unwrap();
    });
    let point = last(&trace);
    // 100 + 3996 end the first page, then 4096, then the rest.
    let image = show(&point.image(&Survival::Units(vec![true, false, true])));
    let expected = format!(
        "active={}{}{}{}",
        "a".repeat(100),
        "b".repeat(3996),
        "0".repeat(4096),
        "b".repeat(908)
    );
    assert!(
        image == expected,
        "the middle page is the one that is missing"
    );
    let survivals = point.survivals();
    assert!(survivals.len() < 3000, "{}", survivals.len());
    for prefix in [0, 1, 1023, 3996, 8092, 8999, 9000] {
        assert!(survivals.contains(&Survival::Prefix(prefix)), "{prefix}");
    }
}

#[test]
fn many_appends_are_reordered_one_at_a_time() {
    let trace = record(&FaultPlan::new(), |sink| {
        for _ in 0..50 {
            sink.append(b"x").unwrap();
        }
    });
    let survivals = last(&trace).survivals();
    let alone = |unit: usize, there| (0..50).map(|other| (other == unit) == there).collect();
    for unit in [1, 25, 48] {
        assert!(survivals.contains(&Survival::Units(alone(unit, true))));
        assert!(survivals.contains(&Survival::Units(alone(unit, false))));
    }
    assert!(survivals.len() < 200, "{}", survivals.len());
}

#[test]
fn what_was_there_before_is_certain_and_marks_are_kept() {
    let before = MemoryStorage::from_objects([
        (ObjectName::sealed("1").unwrap(), b"old".to_vec()),
        (ObjectName::Active, b"tail".to_vec()),
    ])
    .unwrap();
    let log = RecordingStorage::new(before).unwrap();
    let trace = log.trace();
    check(&last(&trace), &["1=old active=tail"]);
    let mut sink = log.lock().unwrap();
    trace.mark(7);
    sink.truncate(1).unwrap();
    trace.mark(8);
    drop(sink);
    check(&last(&trace), &["1=old active=t"]);
    let marks: Vec<_> = trace.points().map(|point| point.marks().to_vec()).collect();
    assert_eq!(marks[0], []);
    assert_eq!(marks[2], [7]);
    assert_eq!(marks.last().unwrap(), &[7, 8]);
}

/// Nothing that is printed when a test fails may hold what is in a log.
#[test]
fn nothing_of_the_log_is_in_debug_output() {
    let log = RecordingStorage::new(MemoryStorage::new()).unwrap();
    let mut sink = log.lock().unwrap();
    sink.append(b"PLANTED").unwrap();
    let point = last(&log.trace());
    let source = log.source(&ObjectName::Active).unwrap();
    for debug in [
        format!("{log:?} {sink:?} {source:?}"),
        format!("{point:?} {:?} {:?}", log.trace(), log.trace().events()),
        format!("{:?}", point.image(&Survival::Prefix(7))),
    ] {
        assert!(!debug.contains("PLANTED"), "{debug}");
        assert!(!debug.contains("80, 76, 65"), "{debug}");
    }
}
