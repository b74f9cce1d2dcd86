//! A real disk that is full, and system calls that fail under a tracer, while tasks log: what was
//! acknowledged is there, what was not was reported, and the log verifies and goes on.

use std::collections::BTreeSet;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use symlog_core::logging::LoggingConfig;
use symlog_core::{ArchiveConfig, Durability, Filter, LoggerBuilder};

use crate::recorded::{AFTER, answered};
use crate::support::Workplace;

/// Set for the child: the directory of the log.
const CHILD: &str = "SYMLOG_TEST_SYSTEM_CHILD";
const TASKS: u64 = 4;
const ENTRIES: u64 = 160;
/// Payload bytes above which an entry is chunked.
const CHUNK: usize = 4 << 10;

/// How often each call fails, each time another one. The long run is `cargo xtask crash`, which
/// sets this.
fn runs() -> u64 {
    std::env::var("SYMLOG_TEST_SYSTEM_RUNS")
        .ok()
        .and_then(|runs| runs.parse().ok())
        .unwrap_or(2)
}

fn log(directory: &Path) -> PathBuf {
    directory.join("logs/model_io.encrypted.log")
}

fn builder(place: &Workplace) -> LoggerBuilder {
    let config = LoggingConfig {
        max_entry_size: CHUNK,
        ..place.config()
    };
    let archive = ArchiveConfig {
        seal_bytes: 32 << 10,
        ..ArchiveConfig::default()
    };
    place
        .builder_with(config)
        .archive(archive)
        .durability(Durability::Batch)
}

/// Logs, and tells of every entry what became of it.
#[test]
fn child() {
    let Some(directory) = std::env::var_os(CHILD) else {
        return;
    };
    let place = Workplace::at(log(Path::new(&directory)));
    // One write of a short line, so that it is told whole or not at all.
    let tell = |what: String| std::io::stdout().write_all(what.as_bytes()).unwrap();
    let logger = match builder(&place).build() {
        Ok(logger) => logger,
        Err(error) => return tell(format!("failed to open: {error}\n")),
    };
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..TASKS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= ENTRIES {
                        break;
                    }
                    let mut entry = answered(number);
                    if number.is_multiple_of(8) {
                        let long = format!("question {number} {}", "x ".repeat(2 * CHUNK));
                        entry = entry.prompt_from(Cursor::new(long));
                    }
                    match logger.submit(entry).and_then(symlog_core::Receipt::wait) {
                        Ok(()) => tell(format!("acknowledged {number}\n")),
                        Err(error) => tell(format!("failed {number}: {error}\n")),
                    }
                }
            });
        }
    });
    if let Err(error) = logger.close_blocking() {
        tell(format!("failed to close: {error}\n"));
    }
}

/// What the child told.
struct Told {
    acknowledged: BTreeSet<u64>,
    failures: usize,
}

/// Runs the child, under `tracer` where that is not empty.
fn run(directory: &Path, tracer: &[String]) -> Told {
    let own = std::env::current_exe().unwrap();
    let mut command = match tracer {
        [] => Command::new(&own),
        [program, arguments @ ..] => {
            let mut command = Command::new(program);
            command.args(arguments).arg(&own);
            command
        }
    };
    let output = command
        .args([
            "system::child",
            "--exact",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(CHILD, directory)
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let numbers = text.lines().filter_map(|line| {
        let (_, number) = line.split_once("acknowledged ")?;
        number.parse().ok()
    });
    Told {
        acknowledged: numbers.collect(),
        failures: text.lines().filter(|line| line.contains("failed ")).count(),
    }
}

/// Goes on with the log, and checks that all is there that was acknowledged.
#[track_caller]
fn check(directory: &Path, told: &Told, what: &str) {
    let place = Workplace::at(log(directory));
    let logger = builder(&place)
        .build()
        .unwrap_or_else(|error| panic!("{what}: {error}"));
    logger.submit(answered(AFTER)).unwrap().wait().unwrap();
    logger.close_blocking().unwrap();
    let reader = place.reader();
    let mut held = BTreeSet::new();
    for entry in reader.entries(Filter::new()).unwrap() {
        let entry = entry.unwrap_or_else(|error| panic!("{what}: {error}"));
        let asked = entry.request_data.as_ref().unwrap().to_request().unwrap();
        assert!(asked.prompt.starts_with("question "), "{what}");
        if entry.error.as_deref() != Some("incomplete") {
            let number = entry.metadata["n"].parse::<u64>().unwrap();
            assert!(held.insert(number), "{what}: {number} is there twice");
        }
    }
    let lost: Vec<_> = told.acknowledged.difference(&held).collect();
    assert!(lost.is_empty(), "{what}: acknowledged and lost: {lost:?}");
    assert!(held.contains(&AFTER), "{what}");
    let report = reader.verify().unwrap();
    assert!(report.is_ok(), "{what}: {report:#?}");
}

fn private_directory() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// A small file system in memory, unmounted when it is dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount(test: &str, options: &str) -> Option<Self> {
        let directory = private_directory();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "none"])
            .arg(directory.path())
            .stderr(Stdio::null())
            .status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self(directory));
        }
        eprintln!("SKIPPED: {test}: a tmpfs cannot be mounted here; that takes root");
        None
    }

    fn grow(&self, options: &str) {
        let options = format!("remount,{options}");
        let status = Command::new("mount")
            .args(["-o", &options])
            .arg(self.0.path())
            .status();
        assert!(status.unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // What is left mounted goes with the machine.
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_loses_nothing_acknowledged() {
    for run_number in 0..runs() {
        // The log needs some 650 to 750 kB; every page less ends it somewhere else.
        let kilobytes = 600 - 4 * (run_number % 25);
        let options = format!("size={kilobytes}k,mode=700");
        let Some(disk) = SmallDisk::mount("a_full_disk", &options) else {
            return;
        };
        let told = run(disk.0.path(), &[]);
        let what = format!("{kilobytes} kB");
        assert!(told.failures > 0, "{what}: it was large enough for all");
        disk.grow("size=32m");
        check(disk.0.path(), &told, &what);
        println!(
            "a disk of {what}: {} acknowledged, {} failures told, none lost",
            told.acknowledged.len(),
            told.failures
        );
    }
}

/// Lets the nth of some calls on the log's files fail, in every thread.
#[track_caller]
fn check_call(call: &str, error: &str, first: u64) {
    let can_trace = Command::new("strace")
        .args(["-o", "/dev/null", "true"])
        .stderr(Stdio::null())
        .status();
    if !can_trace.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: {call}: strace is not installed or may not trace");
        return;
    }
    for run_number in 0..runs() {
        let directory = private_directory();
        let logs = directory.path().join("logs");
        // The log is there, so that its opening is over with before anything fails.
        let begun = Workplace::at(log(directory.path()));
        let logger = builder(&begun).build().unwrap();
        logger.close_blocking().unwrap();
        drop(logger);
        let when = first + run_number;
        let trace = directory.path().join("trace");
        let tracer: Vec<String> = [
            "strace",
            "-f",
            "-qq",
            "-o",
            trace.to_str().unwrap(),
            "-P",
            logs.to_str().unwrap(),
            "-P",
            log(directory.path()).to_str().unwrap(),
            "-e",
            &format!("trace={call}"),
            "-e",
            &format!("inject={call}:error={error}:when={when}+5"),
        ]
        .map(str::to_owned)
        .to_vec();
        let told = run(directory.path(), &tracer);
        let injected = std::fs::read_to_string(&trace).unwrap();
        let injected = injected.matches("(INJECTED)").count();
        let what = format!("{call} number {when}: {error}");
        assert!(injected > 0, "{what}: it was never called");
        assert!(told.failures > 0, "{what}: nobody was told");
        check(directory.path(), &told, &what);
        println!(
            "{what}, {injected} times: {} acknowledged, {} failures told, none lost",
            told.acknowledged.len(),
            told.failures
        );
    }
}

#[test]
fn a_write_that_fails_loses_nothing_acknowledged() {
    check_call("write", "EIO", 2);
}

#[test]
fn a_sync_that_fails_loses_nothing_acknowledged() {
    check_call("fdatasync", "EIO", 2);
}

#[test]
fn a_rename_that_fails_loses_nothing_acknowledged() {
    check_call("/rename.*", "EIO", 1);
}

#[test]
fn a_file_that_cannot_be_opened_loses_nothing_acknowledged() {
    // Those before are calls of the thread that opens the log.
    check_call("openat", "EMFILE", 14);
}
