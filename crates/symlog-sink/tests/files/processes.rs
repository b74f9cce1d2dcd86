use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};

use symlog_sink::{FileStorage, SinkError, Storage};

use super::child;

/// A process that holds the log and has said so.
fn holder(log: &Path) -> Child {
    let mut holder = child::command("hold", log).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(holder.stderr.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line, "holding\n");
    holder
}

#[test]
fn a_second_process_is_told_who_holds_the_log() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a.log");
    let mut holder = holder(&path);
    let log = FileStorage::new(&path).unwrap();
    let error = log.lock().unwrap_err();
    match &error {
        SinkError::Locked { path: held, pid } => {
            assert_eq!(*held, path);
            assert_eq!(*pid, Some(holder.id()));
        }
        other => panic!("{other:?}"),
    }
    assert!(
        error
            .to_string()
            .contains(&format!("process {}", holder.id())),
        "{error}"
    );

    drop(holder.stdin.take());
    assert!(holder.wait().unwrap().success());
    log.lock().expect("the holder is gone");
}

#[test]
fn a_killed_writer_leaves_its_bytes_and_no_lock() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a.log");
    let mut holder = holder(&path);
    holder.kill().unwrap();
    holder.wait().unwrap();

    let log = FileStorage::new(&path).unwrap();
    let mut sink = log.lock().expect("a dead process holds no lock");
    assert_eq!(fs::read(&path).unwrap(), b"synced\nnot synced\n");
    sink.truncate(7).unwrap();
    sink.append(b"next\n").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"synced\nnext\n");
    let signed = fs::read_to_string(root.path().join("a.log.lock")).unwrap();
    assert_eq!(signed, format!("{}\n", std::process::id()));
}

#[test]
fn deleting_the_lock_file_lets_no_second_writer_in() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a.log");
    let log = FileStorage::new(&path).unwrap();
    let mut sink = log.lock().unwrap();
    for round in ["1", "2"] {
        fs::remove_file(root.path().join("a.log.lock")).unwrap();
        let error = log.lock().unwrap_err();
        assert!(
            matches!(error, SinkError::Locked { pid: None, .. }),
            "{error:?}"
        );
        sink.append(b"x").unwrap();
        sink.roll(round).unwrap();
    }
    drop(sink);
    log.lock().unwrap();
}

#[test]
fn a_log_stays_where_it_was_when_the_directory_above_moves() {
    let root = tempfile::tempdir().unwrap();
    let log = FileStorage::new(root.path().join("old/a.log")).unwrap();
    let mut sink = log.lock().unwrap();
    fs::rename(root.path().join("old"), root.path().join("new")).unwrap();
    sink.append(b"x").unwrap();
    sink.roll("1").unwrap();
    sink.append(b"y").unwrap();
    assert_eq!(fs::read(root.path().join("new/a.log.1")).unwrap(), b"x");
    assert_eq!(fs::read(root.path().join("new/a.log")).unwrap(), b"y");
    assert!(!root.path().join("old").exists());
}

#[test]
fn starting_programs_elsewhere_does_not_keep_a_lock() {
    let root = tempfile::tempdir().unwrap();
    let log = FileStorage::new(root.path().join("a.log")).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                Command::new("true").status().unwrap();
            }
        });
        let relocked = (0..200).all(|_| log.lock().is_ok());
        done.store(true, Ordering::Relaxed);
        assert!(relocked, "a lock outlived its sink");
    });
}
