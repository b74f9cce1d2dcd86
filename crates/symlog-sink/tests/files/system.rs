//! System calls that fail, by way of a tracer that makes them fail, and their
//! order, by what it saw.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::child;

struct Traced {
    report: Vec<String>,
    /// All traced calls.
    all: Vec<String>,
    /// Those on the log and its directory.
    calls: Vec<String>,
    root: tempfile::TempDir,
}

/// Whether there is a tracer; if not, `test` is reported as skipped.
pub(super) fn can_trace(test: &str) -> bool {
    let traced = Command::new("strace")
        .args(["-o", "/dev/null", "true"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let can = traced.is_ok_and(|status| status.success());
    if !can {
        eprintln!("SKIPPED: {test}: strace is not installed or may not trace");
    }
    can
}

/// Runs the steps of `write` with `inject`.
fn traced(test: &str, inject: &[&str]) -> Option<Traced> {
    if !can_trace(test) {
        return None;
    }
    let root = tempfile::tempdir().unwrap();
    let output: PathBuf = root.path().join("trace");
    let mut arguments = vec![
        "-e",
        "trace=openat,write,fdatasync,fsync,/rename.*,ftruncate",
    ];
    arguments.extend(inject.iter().flat_map(|inject| ["-e", inject]));
    let home = root.path().join("home");
    fs::create_dir(&home).unwrap();
    let log = home.join("a.log");
    let mut arguments = vec![
        "-e",
        "trace=openat,write,fdatasync,fsync,/rename.*,ftruncate",
    ];
    arguments.extend(inject.iter().flat_map(|inject| ["-e", inject]));
    let report = child::report(child::traced(&arguments, &output, "write", &log));
    let trace = fs::read_to_string(&output).unwrap();
    let all: Vec<_> = trace.lines().map(str::to_owned).collect();
    let ours = |call: &&String| call.contains("/home") || call.contains("a.log");
    Some(Traced {
        report,
        calls: all.iter().filter(ours).cloned().collect(),
        all,
        root,
    })
}

impl Traced {
    fn file(&self, name: &str) -> String {
        fs::read_to_string(self.root.path().join("home").join(name)).unwrap()
    }

    /// Position of the first call from `start` on that holds all of `parts`.
    #[track_caller]
    fn position(&self, start: usize, parts: &[&str]) -> usize {
        let found = self.calls[start..]
            .iter()
            .position(|call| parts.iter().all(|part| call.contains(part)));
        start + found.unwrap_or_else(|| panic!("no {parts:?} in {:#?}", &self.calls[start..]))
    }

    /// The how manieth call of `name` in its thread, which is how the tracer
    /// counts, the last one is that holds `part`.
    fn ordinal(&self, name: &str, part: &str) -> usize {
        let calls: Vec<_> = self.all.iter().filter(|call| call.contains(name)).collect();
        let last = calls.iter().rposition(|call| call.contains(part)).unwrap();
        let thread = |call: &str| call.split(' ').next().unwrap().to_owned();
        let ours = thread(calls[last]);
        let before = calls[..last].iter().filter(|call| thread(call) == ours);
        1 + before.count()
    }
}

const HEALTHY: [&str; 6] = [
    "append: ok",
    "sync: ok",
    "append: ok",
    "sync: ok",
    "append: ok",
    "roll: ok",
];

#[test]
fn names_are_durable_before_they_are_relied_on() {
    let Some(run) = traced("names_are_durable", &[]) else {
        return;
    };
    assert_eq!(run.report[..6], HEALTHY);
    assert_eq!(run.report[6], "roll: InvalidName", "1 is taken by then");
    let made = run.position(0, &["openat(", "\"a.log\"", "O_CREAT|O_EXCL"]);
    let named = run.position(made, &["fsync(", "/home>"]);
    let written = run.position(named, &["write(", "/home/a.log>", "third"]);
    let synced = run.position(written, &["fdatasync(", "/home/a.log>"]);
    let renamed = run.position(synced, &["rename", "\"a.log\"", "\"a.log.1\""]);
    let renewed = run.position(renamed, &["openat(", "\"a.log\"", "O_CREAT|O_EXCL"]);
    let named = run.position(renewed, &["fsync(", "/home>"]);
    run.position(named, &["write(", "/home/a.log>", "fourth"]);
    for call in run.calls.iter().filter(|call| call.contains("\"a.log")) {
        if call.contains("openat(") {
            assert!(call.contains("O_NOFOLLOW"), "{call}");
            assert!(call.contains("O_CLOEXEC"), "{call}");
        }
    }
    assert_eq!(run.file("a.log.1"), "first\nsecond\nthird\n");
    assert_eq!(run.file("a.log"), "fourth\n");
}

#[test]
fn a_failed_sync_is_never_tried_again() {
    let fault = "inject=fdatasync:error=EIO:when=2";
    let Some(run) = traced("a_failed_sync", &[fault]) else {
        return;
    };
    assert_eq!(
        run.report,
        [
            "append: ok",
            "sync: ok",
            "append: ok",
            "sync: Io(sync, Uncategorized)",
            "append: Poisoned",
            "roll: ok",
            "roll: InvalidName",
            "append: ok",
            "sync: ok",
        ]
    );
    let failed = run.position(0, &["fdatasync(", "EIO"]);
    let renamed = run.position(failed, &["rename", "\"a.log.1\""]);
    assert!(
        !run.calls[failed + 1..renamed]
            .iter()
            .any(|call| call.contains("sync(") && call.contains("a.log")),
        "{:#?}",
        run.calls
    );
    assert_eq!(run.file("a.log.1"), "first\nsecond\n");
    assert_eq!(run.file("a.log"), "fourth\n");
}

#[test]
fn a_failed_rename_poisons_and_may_be_tried_again() {
    let fault = "inject=/rename.*:error=EIO:when=1";
    let Some(run) = traced("a_failed_rename", &[fault]) else {
        return;
    };
    assert_eq!(run.report[5], "roll: Io(roll, Uncategorized)");
    assert_eq!(run.report[6..], ["roll: ok", "append: ok", "sync: ok"]);
    assert_eq!(run.file("a.log.1"), "first\nsecond\nthird\n");
    assert_eq!(run.file("a.log"), "fourth\n");
}

#[test]
fn a_failed_directory_sync_is_reported_and_the_roll_finished_later() {
    let fault = "inject=fsync:error=EIO:when=2";
    let Some(run) = traced("a_failed_directory_sync", &[fault]) else {
        return;
    };
    assert_eq!(run.report[5], "roll: Io(directory sync, Uncategorized)");
    assert_eq!(run.report[6..], ["roll: ok", "append: ok", "sync: ok"]);
    assert_eq!(run.file("a.log.1"), "first\nsecond\nthird\n");
    assert_eq!(run.file("a.log"), "fourth\n");
}

#[test]
fn interrupted_calls_are_taken_up_again() {
    let faults = [
        "inject=write:error=EINTR:when=1+2",
        "inject=fdatasync,fsync:error=EINTR:when=1+2",
    ];
    let Some(run) = traced("interrupted_calls", &faults) else {
        return;
    };
    assert!(run.calls.iter().any(|call| call.contains("EINTR")));
    assert_eq!(run.report[..6], HEALTHY);
    assert_eq!(run.file("a.log.1"), "first\nsecond\nthird\n");
    assert_eq!(run.file("a.log"), "fourth\n");
}

#[test]
fn a_write_that_the_disk_fails_poisons() {
    let Some(healthy) = traced("a_write_that_the_disk_fails", &[]) else {
        return;
    };
    let nth = healthy.ordinal(" write(", "\"second");
    let fault = format!("inject=write:error=EIO:when={nth}");
    let run = traced("a_write_that_the_disk_fails", &[&fault]).unwrap();
    assert_eq!(
        run.report,
        [
            "append: ok",
            "sync: ok",
            "append: Io(append, Uncategorized)",
            "sync: Poisoned",
            "append: Poisoned",
            "roll: ok",
            "roll: InvalidName",
            "append: ok",
            "sync: ok",
        ]
    );
    assert_eq!(run.file("a.log.1"), "first\n");
    assert_eq!(run.file("a.log"), "fourth\n");
}

#[test]
fn a_full_disk_that_cannot_be_cut_back_poisons() {
    let Some(healthy) = traced("a_full_disk_that_cannot_be_cut_back", &[]) else {
        return;
    };
    // The first truncation is that of the lock file.
    let nth = healthy.ordinal(" write(", "\"second");
    let full = format!("inject=write:error=ENOSPC:when={nth}");
    let faults = [&full, "inject=ftruncate:error=EIO:when=2"];
    let run = traced("a_full_disk_that_cannot_be_cut_back", &faults).unwrap();
    assert_eq!(
        run.report[2..6],
        [
            "append: Io(append, StorageFull)",
            "sync: Poisoned",
            "append: Poisoned",
            "roll: ok"
        ]
    );
}

#[test]
fn a_new_file_that_cannot_be_opened_leaves_a_roll_to_be_finished() {
    let Some(healthy) = traced("a_new_file_that_cannot_be_opened", &[]) else {
        return;
    };
    let nth = healthy.ordinal(" openat(", "\"a.log\"");
    let fault = format!("inject=openat:error=EMFILE:when={nth}");
    let run = traced("a_new_file_that_cannot_be_opened", &[&fault]).unwrap();
    assert!(
        run.report[5].starts_with("roll: Io(open"),
        "{:?}",
        run.report
    );
    assert_eq!(run.report[6..], ["roll: ok", "append: ok", "sync: ok"]);
    assert_eq!(run.file("a.log.1"), "first\nsecond\nthird\n");
    assert_eq!(run.file("a.log"), "fourth\n");
}
