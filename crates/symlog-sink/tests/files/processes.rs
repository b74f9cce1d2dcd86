use std::fs;
use std::io::{BufRead, BufReader, Write};
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

#[test]
fn what_others_do_to_the_active_file_is_noticed() {
    for what in ["deleted", "moved", "replaced", "cut", "written to"] {
        let root = tempfile::tempdir().unwrap();
        let log = FileStorage::new(root.path().join("a.log")).unwrap();
        let mut sink = log.lock().unwrap();
        sink.append(b"kept\n").unwrap();
        sink.sync().unwrap();
        let path = log.path();
        match what {
            "deleted" => fs::remove_file(&path).unwrap(),
            "moved" => fs::rename(&path, root.path().join("old")).unwrap(),
            "replaced" => {
                fs::remove_file(&path).unwrap();
                fs::write(&path, "kept\nmore\n").unwrap();
            }
            "cut" => fs::write(&path, "").unwrap(),
            _ => {
                let mut file = fs::File::options().append(true).open(&path).unwrap();
                file.write_all(b"foreign\n").unwrap();
            }
        }
        sink.append(b"more\n").unwrap();
        let error = sink.sync().expect_err(what);
        assert!(
            matches!(error, SinkError::Tampered { .. }),
            "{what}: {error:?}"
        );
        assert!(sink.append(b"x").is_err(), "{what}");
        let in_place = ["cut", "written to"].contains(&what);
        match sink.roll("1") {
            Ok(()) => assert!(in_place, "{what}: something else was sealed"),
            Err(error) => assert!(
                !in_place && matches!(error, SinkError::Tampered { .. }),
                "{what}: {error:?}"
            ),
        }
        drop(sink);
        log.lock().expect("a new writer begins with what is there");
    }
}
