//! The power fails while a real process writes to real files: every write, sync, rename and unlink
//! of the log and its keyring is recorded, and after each of them a directory is made that holds
//! what was certain, with the rest there, missing or torn. A log opened on it holds what was
//! acknowledged. Three bugs, made by changing the recording as the code with the bug would have
//! made it, are found.

mod disk;
mod trace;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, UNIX_EPOCH};

use symlog_core::{
    ArchiveConfig, Config, Durability, Filter, LoggerBuilder, Retention, trust_clock,
};

use self::disk::{Disk, FATES, Fate};
use self::trace::{CALLS, Event};
use crate::recorded::{AFTER, answered};
use crate::rotate::Manual;
use crate::support::Workplace;

/// Set for the child: the directory of the log.
const CHILD: &str = "SYMLOG_TEST_POWER_CHILD";
const LOG: &str = "logs/model_io.encrypted.log";
/// 2026-01-15, and 60 days later.
const START: Duration = Duration::from_secs(1_768_435_200);
const LATER: Duration = Duration::from_secs(60 * 86_400);
const RETENTION: &str = "[logging]\nretention_days = 7";
/// Entries of January, which retention takes.
const OVER: u64 = 4;

fn builder(place: &Workplace, clock: std::sync::Arc<Manual>) -> LoggerBuilder {
    place
        .builder()
        .archive(ArchiveConfig {
            seal_bytes: 16 << 10,
            ..ArchiveConfig::default()
        })
        .durability(Durability::Batch)
        .clock(clock)
        .upkeep(false)
}

/// How many of the images are tried: one in so many. The long run is `cargo xtask crash`, which
/// sets this.
fn one_in() -> usize {
    std::env::var("SYMLOG_TEST_POWER_ONE_IN")
        .ok()
        .and_then(|one_in| one_in.parse().ok())
        .unwrap_or(23)
}

#[test]
fn child() {
    let Some(directory) = std::env::var_os(CHILD) else {
        return;
    };
    let place = Workplace::at(Path::new(&directory).join(LOG));
    let clock = Manual::at(UNIX_EPOCH + START);
    let logger = builder(&place, clock.clone()).build().unwrap();
    let log = |number: u64| {
        logger.submit(answered(number)).unwrap().wait().unwrap();
        // One write of a short line, so that it is recorded whole.
        let line = format!("acknowledged {number}\n");
        std::io::stdout().write_all(line.as_bytes()).unwrap();
    };
    (0..OVER).for_each(log);
    clock.forward(LATER);
    (OVER..40).for_each(log);
    let maintenance = logger.maintenance().unwrap();
    trust_clock(maintenance.keyring(), UNIX_EPOCH + START + LATER).unwrap();
    let config = Config::from_toml(RETENTION, "symlog.toml").unwrap();
    let receipt = Retention::of(&config).apply(&maintenance, &[]).unwrap();
    assert_eq!(receipt.objects, 1);
    (40..44).for_each(log);
    maintenance.seal().unwrap();
    (44..48).for_each(log);
    logger.close_blocking().unwrap();
}

/// What the child did, or `None` where nothing can be traced.
fn record(directory: &Path) -> Option<Vec<Event>> {
    let trace = directory.join("trace");
    let data = directory.join("data");
    std::fs::create_dir_all(data.join("logs")).unwrap();
    let status = Command::new("strace")
        .args(["-f", "-qq", "-y", "-xx", "-s", "4000000", "-e", CALLS, "-o"])
        .arg(&trace)
        .arg(std::env::current_exe().unwrap())
        .args(["power::child", "--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD, &data)
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .status();
    match status {
        Ok(status) => assert!(status.success(), "the child failed"),
        Err(_) => {
            eprintln!("SKIPPED: power: strace is not installed or may not trace");
            return None;
        }
    }
    let text = std::fs::read_to_string(&trace).unwrap();
    Some(trace::read(&text, data.to_str().unwrap()))
}

/// What is wrong with a log after a power cut, if anything.
fn judge(directory: &Path, acknowledged: &BTreeSet<u64>) -> Result<(), String> {
    let place = Workplace::at(directory.join(LOG));
    let clock = Manual::at(UNIX_EPOCH + START + LATER);
    let logger = builder(&place, clock)
        .build()
        .map_err(|error| format!("it does not open: {error}"))?;
    logger
        .submit(answered(AFTER))
        .and_then(symlog_core::Receipt::wait)
        .map_err(|error| format!("it does not go on: {error}"))?;
    logger
        .close_blocking()
        .map_err(|error| format!("it does not close: {error}"))?;
    drop(logger);
    let reader = place.reader();
    let mut held = Vec::new();
    for entry in reader.entries(Filter::new()).unwrap() {
        let entry = entry.map_err(|error| format!("an entry cannot be read: {error}"))?;
        held.push(entry.metadata["n"].parse::<u64>().unwrap());
    }
    if !held.is_sorted() {
        return Err(format!("the order is not kept: {held:?}"));
    }
    let mut lost: BTreeSet<u64> = acknowledged
        .difference(&held.into_iter().collect())
        .copied()
        .collect();
    // Retention takes all of January or nothing.
    let over: BTreeSet<u64> = (0..OVER).collect();
    if over.is_subset(&lost) {
        lost.retain(|number| *number >= OVER);
    }
    if !lost.is_empty() {
        return Err(format!("acknowledged and lost: {lost:?}"));
    }
    let report = reader.verify().map_err(|error| error.to_string())?;
    match report.problems.first() {
        None => Ok(()),
        Some(problem) => Err(format!("it does not verify: {}", problem.what)),
    }
}

/// Tries what power cuts leave, one in so many, and gives what was wrong.
fn try_all(
    events: &[Event],
    data: &str,
    from: usize,
    one_in: usize,
    enough: usize,
) -> (usize, Vec<String>) {
    let mut disk = Disk::default();
    let mut wrong = Vec::new();
    let (mut number, mut tried) = (0, 0);
    for (at, event) in events.iter().enumerate() {
        disk.apply(event);
        if at < from {
            continue;
        }
        for fate in FATES {
            number += 1;
            if number % one_in != 0 {
                continue;
            }
            tried += 1;
            let image = tempfile::tempdir().unwrap();
            disk.materialise(fate, data, image.path());
            let acknowledged = disk.acknowledged.iter().copied().collect();
            if let Err(what) = judge(image.path(), &acknowledged) {
                wrong.push(format!("after event {at}, {fate:?}: {what}"));
                if wrong.len() >= enough {
                    return (tried, wrong);
                }
            }
        }
    }
    (tried, wrong)
}

fn is_log(path: &str) -> bool {
    path.ends_with(".log")
}

/// Without the syncs of directories.
fn names_not_synced(events: &[Event]) -> Vec<Event> {
    let mut changed = Vec::new();
    let mut numbers = Vec::new();
    for event in events {
        numbers.push(changed.len());
        if !matches!(event, Event::SyncNames { .. }) {
            changed.push(event.clone());
        }
    }
    renumber(&mut changed, &numbers);
    changed
}

/// Every removal of an object before the sync of the line that allows it.
fn removed_early(events: &[Event]) -> Vec<Event> {
    let is_object = |event: &Event| match event {
        Event::Unlink { path } => path
            .rsplit('.')
            .next()
            .is_some_and(|end| end.len() == 10 && end.bytes().all(|b| b.is_ascii_digit())),
        _ => false,
    };
    let removal = events
        .iter()
        .position(is_object)
        .expect("an object removed");
    // Two of the log's own syncs: that of `expired`, and the one before.
    let line = events[..removal]
        .iter()
        .rposition(|event| matches!(event, Event::Write { path, .. } if is_log(path)))
        .expect("the line that allows it");
    let mut order: Vec<usize> = (0..events.len()).collect();
    order.remove(removal);
    order.insert(line, removal);
    // With the sync of the directory that made it certain.
    let names = (removal + 1..events.len())
        .find(|&at| matches!(events[at], Event::SyncNames { .. }))
        .expect("the directory synced");
    let at = order.iter().position(|&number| number == names).unwrap();
    order.remove(at);
    order.insert(line + 1, names);
    reorder(events, &order)
}

/// Every sync of the log before the write that it was for.
fn synced_early(events: &[Event]) -> Vec<Event> {
    let mut order: Vec<usize> = (0..events.len()).collect();
    for at in 1..events.len() {
        let Event::Sync { path, .. } = &events[order[at]] else {
            continue;
        };
        if !is_log(path) {
            continue;
        }
        let write = (0..at).rev().find(|&before| {
            matches!(&events[order[before]], Event::Write { path: written, .. } if written == path)
        });
        if let Some(write) = write {
            order[write..=at].rotate_right(1);
        }
    }
    reorder(events, &order)
}

/// The events in another order; what a sync covers is then what stands before it.
fn reorder(events: &[Event], order: &[usize]) -> Vec<Event> {
    order
        .iter()
        .enumerate()
        .map(|(at, &number)| match events[number].clone() {
            Event::Sync { path, .. } => Event::Sync { path, before: at },
            Event::SyncNames { path, .. } => Event::SyncNames { path, before: at },
            other => other,
        })
        .collect()
}

fn renumber(events: &mut [Event], numbers: &[usize]) {
    for event in events {
        if let Event::Sync { before, .. } | Event::SyncNames { before, .. } = event {
            *before = numbers.get(*before).copied().unwrap_or(*before);
        }
    }
}

#[test]
fn what_a_power_cut_leaves_of_real_files_is_recovered_and_three_bugs_are_found() {
    let directory = tempfile::tempdir().unwrap();
    let Some(events) = record(directory.path()) else {
        return;
    };
    let data = directory.path().join("data");
    let data = data.to_str().unwrap();
    let mut all = Disk::default();
    events.iter().for_each(|event| all.apply(event));
    assert_eq!(all.acknowledged.len(), 48, "the recording is not whole");
    let whole = tempfile::tempdir().unwrap();
    all.materialise(Fate::All, data, whole.path());
    judge(whole.path(), &(OVER..48).collect()).expect("nothing failed");

    let (tried, wrong) = try_all(&events, data, 0, one_in(), 5);
    assert!(wrong.is_empty(), "{tried} tried: {wrong:#?}");
    println!("{} events, {tried} images: nothing lost", events.len());
    for (bug, changed) in [
        ("a directory that is not synced", names_not_synced(&events)),
        ("an object removed early", removed_early(&events)),
        ("a sync before the write", synced_early(&events)),
    ] {
        let same = events
            .iter()
            .zip(&changed)
            .take_while(|(a, b)| a.does_the_same(b));
        // Before anything is acknowledged nothing can be lost.
        let first = events
            .iter()
            .position(|event| matches!(event, Event::Acknowledged(_)))
            .unwrap();
        let from = same.count().max(first);
        let (tried, wrong) = try_all(&changed, data, from, 5, 1);
        assert!(!wrong.is_empty(), "{bug}: not found in {tried} images");
        println!("{bug}: found in image {tried}: {}", wrong[0]);
    }
}
