//! Calls of the storage fail: what was acknowledged stays, what was not is reported, and the log
//! goes on.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use symlog_core::{Durability, LoggingError};
use symlog_sink::conformance::{Fault, FaultPlan, FaultyStorage, RecordingStorage};
use symlog_sink::{MemoryStorage, Operation, Storage};

use crate::recorded::{
    AFTER, CHUNK, answered, builder, check_numbers, go_on, keyring, read, sample, within,
};
use crate::support::request;

const LIMIT: Duration = Duration::from_secs(300);

/// Calls that fail, each by its number from the first.
type Faults = Vec<(Operation, usize, Fault)>;

/// Logs through the faults, and checks the log as it is, and as a power cut would leave it.
fn check(faults: &Faults, durability: Durability) {
    let what = format!("{faults:?} {durability:?}");
    let memory = MemoryStorage::new();
    let plan = FaultPlan::new();
    let faulty = FaultyStorage::new(memory.clone(), plan.clone());
    let recording = Arc::new(RecordingStorage::new(faulty).unwrap());
    let trace = recording.trace();
    let keyring = keyring();
    let logger = builder(recording, &keyring, durability).build().unwrap();
    let mut last_calls = Vec::new();
    for (operation, nth, fault) in faults {
        last_calls.push((*operation, plan.calls(*operation) + nth));
        plan.fail(*operation, *nth, *fault);
    }
    let (mut submitted, mut acknowledged, mut failed) = (0, Vec::new(), 0);
    let all_happened = || last_calls.iter().all(|(op, last)| plan.calls(*op) >= *last);
    for round in 0.. {
        assert!(round < 60, "{what}: the log does not go on");
        let mut receipts = Vec::new();
        for at in 0..4 {
            let mut entry = answered(submitted);
            if (round, at) == (2, 1) {
                let long = format!("question {submitted} {}", "x ".repeat(CHUNK));
                entry = entry.request(request(&long));
            }
            if (round, at) == (1, 2) {
                let long = format!("question {submitted} {}", "x ".repeat(2 * CHUNK));
                entry = entry.prompt_from(std::io::Cursor::new(long));
            }
            match logger.submit(entry) {
                Ok(receipt) => receipts.push((submitted, receipt)),
                // Of what comes in pieces some were lost before the rest was handed over.
                Err(LoggingError::IoError { .. }) => failed += 1,
                Err(error) => panic!("{what}: {error}"),
            }
            submitted += 1;
        }
        for (number, receipt) in receipts {
            match receipt.wait() {
                Ok(()) => acknowledged.push(number),
                Err(_) => failed += 1,
            }
        }
        if all_happened() && acknowledged.last() == Some(&(submitted - 1)) {
            break;
        }
    }
    assert_eq!(logger.stats().failed, failed, "{what}");
    // What was lost and not flushed for, a flush still reports.
    let flushed = logger.flush_blocking();
    assert!(
        flushed.is_err() == (failed > 0) || durability == Durability::Buffered,
        "{what}: {flushed:?} after {failed}"
    );
    logger
        .close_blocking()
        .unwrap_or_else(|error| panic!("{what}: {error}"));
    drop(logger);

    let storage: Arc<dyn Storage> = Arc::new(memory);
    let held = read(&storage, &keyring, &what);
    check_numbers(&held.numbers, &acknowledged, submitted, &what);
    go_on(&storage, &keyring, AFTER, &what);
    read(&storage, &keyring, &what);
    if durability == Durability::Buffered {
        // What was acknowledged needs to survive the process only.
        return;
    }
    let last = trace.points().last().unwrap();
    for survival in sample(&last, 3) {
        let what = format!("{what}, then {survival:?}");
        let storage: Arc<dyn Storage> = Arc::new(last.image(&survival));
        go_on(&storage, &keyring, AFTER, &what);
        let held = read(&storage, &keyring, &what);
        check_numbers(&held.numbers, &acknowledged, submitted, &what);
    }
}

/// Side by side, since a logger waits a moment after each failure.
fn check_all(cases: Vec<Faults>, durability: Durability) {
    within(LIMIT, move || {
        std::thread::scope(|scope| {
            for part in cases.chunks(cases.len().div_ceil(8)) {
                scope.spawn(move || part.iter().for_each(|faults| check(faults, durability)));
            }
        });
    });
}

const BROKEN: ErrorKind = ErrorKind::Other;

#[test]
fn any_failing_append_or_sync_loses_nothing_acknowledged() {
    let mut cases = Vec::new();
    for nth in 1..=10 {
        for fault in [Fault::Refused(BROKEN), Fault::Late(BROKEN)] {
            cases.push(vec![(Operation::Append, nth, fault)]);
            cases.push(vec![(Operation::Sync, nth, fault)]);
        }
        cases.push(vec![(Operation::Append, nth, Fault::Short(700))]);
        cases.push(vec![(Operation::Append, nth, Fault::Full)]);
    }
    check_all(cases, Durability::Batch);
}

#[test]
fn so_it_is_where_every_entry_is_synced() {
    let mut cases = Vec::new();
    for nth in 1..=12 {
        cases.push(vec![(Operation::Append, nth, Fault::Full)]);
        cases.push(vec![(Operation::Sync, nth, Fault::Refused(BROKEN))]);
    }
    check_all(cases, Durability::Entry);
}

#[test]
fn a_log_that_is_only_buffered_goes_on_in_a_new_object() {
    let mut cases = Vec::new();
    for nth in 1..=8 {
        for fault in [
            Fault::Refused(BROKEN),
            Fault::Late(BROKEN),
            Fault::Short(700),
            Fault::Full,
        ] {
            cases.push(vec![(Operation::Append, nth, fault)]);
        }
    }
    check_all(cases, Durability::Buffered);
}

#[test]
fn failing_rolls_and_truncations_and_failures_upon_failures_are_survived() {
    let refused = Fault::Refused(BROKEN);
    let mut cases = Vec::new();
    for nth in 1..=2 {
        for fault in [refused, Fault::Late(BROKEN)] {
            cases.push(vec![(Operation::Roll, nth, fault)]);
            // What could not be cut off is left behind, and that fails as well.
            cases.push(vec![
                (Operation::Append, 4 * nth, Fault::Full),
                (Operation::Truncate, 1, fault),
                (Operation::Roll, 1, refused),
            ]);
        }
        cases.push(
            (3..6)
                .map(|next| (Operation::Sync, next * nth, refused))
                .collect(),
        );
        cases.push(
            (2..8)
                .map(|next| (Operation::Append, next * nth, Fault::Full))
                .collect(),
        );
    }
    check_all(cases, Durability::Batch);
}

#[test]
fn a_flush_reports_entries_that_were_lost_before_it_once() {
    within(LIMIT, || {
        let plan = FaultPlan::new();
        let storage = FaultyStorage::new(MemoryStorage::new(), plan.clone());
        let logger = builder(Arc::new(storage), &keyring(), Durability::Batch)
            .build()
            .unwrap();
        logger.submit(answered(0)).unwrap().wait().unwrap();
        plan.fail(Operation::Sync, 1, Fault::Refused(BROKEN));
        let _ = logger.submit(answered(1)).unwrap();
        while logger.stats().failed == 0 {
            std::thread::yield_now();
        }
        assert!(matches!(
            logger.flush_blocking(),
            Err(LoggingError::IoError { .. })
        ));
        logger.flush_blocking().unwrap();
        logger.submit(answered(2)).unwrap().wait().unwrap();
        logger.close_blocking().unwrap();
    });
}
