//! The process is killed while it logs, again and again, on the same log.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use symlog_core::{Durability, Filter};

use crate::recorded::answered;
use crate::support::Workplace;

/// Set for the child: the directory of the log, and the first number to log.
const CHILD: &str = "SYMLOG_TEST_KILL_CHILD";
const TASKS: u64 = 8;

/// How often the log is killed: enough to meet every part of a batch's way now and then. The long
/// run is `cargo xtask crash`, which sets this.
fn runs() -> u64 {
    std::env::var("SYMLOG_TEST_KILL_RUNS")
        .ok()
        .and_then(|runs| runs.parse().ok())
        .unwrap_or(5)
}

/// Logs until it is killed, and tells every acknowledged number.
#[test]
fn child() {
    let Ok(arguments) = std::env::var(CHILD) else {
        return;
    };
    let (directory, first) = arguments.rsplit_once(' ').unwrap();
    let logger = Workplace::at(Path::new(&directory).join("logs/model_io.encrypted.log"))
        .builder()
        .durability(Durability::Batch)
        .build()
        .unwrap();
    let next = AtomicU64::new(first.parse().unwrap());
    std::thread::scope(|scope| {
        for _ in 0..TASKS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    logger.submit(answered(number)).unwrap().wait().unwrap();
                    // One write of a short line, so that it is told whole or not at all.
                    let told = format!("acknowledged {number}\n");
                    std::io::stdout().write_all(told.as_bytes()).unwrap();
                }
            });
        }
    });
}

#[test]
fn no_kill_loses_what_was_acknowledged() {
    let place = Workplace::new();
    let mut acknowledged = BTreeSet::new();
    let mut first = 0;
    let mut empty = 0;
    let started = Instant::now();
    for run in 0..runs() {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["kill::child", "--exact", "--nocapture", "--test-threads=1"])
            .env(CHILD, format!("{} {first}", place.directory().display()))
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        // After so many acknowledgements and a little, at other moments in every run.
        let (after, wait) = (run * 37 % 101, Duration::from_micros(run * 7919 % 10_007));
        let (killed, kill) = std::sync::mpsc::channel::<()>();
        let killer = std::thread::spawn(move || {
            let _ = kill.recv_timeout(Duration::from_secs(60));
            std::thread::sleep(wait);
            child.kill().unwrap();
            child.wait().unwrap();
        });
        let before = acknowledged.len();
        for line in lines.split(b'\n') {
            let line = String::from_utf8(line.unwrap()).unwrap();
            let Some(number) = line.split("acknowledged ").nth(1) else {
                continue;
            };
            acknowledged.insert(number.parse::<u64>().unwrap());
            if (acknowledged.len() - before) as u64 > after {
                let _ = killed.send(());
            }
        }
        killer.join().unwrap();
        empty += u64::from(acknowledged.len() == before);
        let reader = place.reader();
        let mut held = BTreeSet::new();
        for entry in reader.entries(Filter::new()).unwrap() {
            let number: u64 = entry.unwrap().metadata["n"].parse().unwrap();
            assert!(held.insert(number), "run {run}: {number} is there twice");
        }
        let lost: Vec<_> = acknowledged.difference(&held).collect();
        assert!(
            lost.is_empty(),
            "run {run}: acknowledged and lost: {lost:?}"
        );
        let report = reader.verify().unwrap();
        assert!(report.is_ok(), "run {run}: {report:#?}");
        first = held.last().map_or(first, |last| last + 1);
    }
    let runs = runs();
    println!(
        "{runs} kills in {:.1?}, {TASKS} tasks: {} entries acknowledged, none lost; the log verifies after each",
        started.elapsed(),
        acknowledged.len()
    );
    assert_eq!(empty, 0, "runs in which nothing was logged");
}
