use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;

use symlog_sink::{FileStorage, ObjectName, SinkError, Storage};

fn storage(path: impl AsRef<Path>) -> FileStorage {
    FileStorage::new(path.as_ref()).unwrap()
}

#[test]
fn a_linked_log_or_lock_is_refused_and_its_target_untouched() {
    for name in ["a.log", "a.log.lock"] {
        for target in ["victim", "missing"] {
            let root = tempfile::tempdir().unwrap();
            let victim = root.path().join("victim");
            fs::write(&victim, "precious").unwrap();
            symlink(root.path().join(target), root.path().join(name)).unwrap();

            let error = storage(root.path().join("a.log")).lock().unwrap_err();
            assert!(
                matches!(&error, SinkError::Symlink { path } if path.ends_with(name)),
                "{error:?}"
            );
            assert!(error.to_string().contains("symbolic link"), "{error}");
            assert_eq!(fs::read(&victim).unwrap(), b"precious");
            assert!(!root.path().join("missing").exists());
        }
    }
}

#[test]
fn a_linked_object_is_not_read() {
    let root = tempfile::tempdir().unwrap();
    let victim = root.path().join("victim");
    fs::write(&victim, "precious").unwrap();
    symlink(&victim, root.path().join("a.log")).unwrap();
    symlink(&victim, root.path().join("a.log.7")).unwrap();
    let log = storage(root.path().join("a.log"));
    for object in [ObjectName::Active, ObjectName::sealed("7").unwrap()] {
        let error = log.source(&object).unwrap_err();
        assert!(matches!(error, SinkError::Symlink { .. }), "{error:?}");
    }
}

#[test]
fn a_roll_never_replaces_what_appeared_meanwhile() {
    let root = tempfile::tempdir().unwrap();
    let log = storage(root.path().join("a.log"));
    let mut sink = log.lock().unwrap();
    sink.append(b"ours").unwrap();
    symlink(root.path().join("missing"), root.path().join("a.log.1")).unwrap();
    let error = sink.roll("1").unwrap_err();
    assert!(matches!(error, SinkError::Io { .. }), "{error:?}");
    sink.roll("2").expect("the name is taken, not the way on");
    assert_eq!(fs::read(root.path().join("a.log.2")).unwrap(), b"ours");
}

#[test]
fn directories_above_may_be_links() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("real")).unwrap();
    symlink("real", root.path().join("link")).unwrap();
    let through_link = storage(root.path().join("link/a.log"));
    let mut sink = through_link.lock().unwrap();
    sink.append(b"x").unwrap();
    let direct = storage(root.path().join("real/a.log"));
    assert!(matches!(direct.lock(), Err(SinkError::Locked { .. })));
    assert_eq!(fs::read(direct.path()).unwrap(), b"x");
}

#[test]
fn what_is_no_regular_file_is_refused_without_waiting() {
    let root = tempfile::tempdir().unwrap();
    let path = |name: &str| root.path().join(name);
    fs::create_dir(path("directory")).unwrap();
    let fifo = std::process::Command::new("mkfifo")
        .arg(path("fifo"))
        .status();
    assert!(fifo.unwrap().success());
    let _socket = UnixListener::bind(path("socket")).unwrap();
    for name in ["directory", "fifo", "socket"] {
        let log = storage(path(name));
        let error = log.lock().unwrap_err();
        assert!(
            matches!(error, SinkError::NotAFile { .. }),
            "{name}: {error:?}"
        );
        let error = log.source(&ObjectName::Active).unwrap_err();
        assert!(
            matches!(error, SinkError::NotAFile { .. }),
            "{name}: {error:?}"
        );
    }
    let error = storage("/dev/null")
        .source(&ObjectName::Active)
        .unwrap_err();
    assert!(matches!(error, SinkError::NotAFile { .. }), "{error:?}");
}

#[test]
fn paths_that_name_no_file_are_refused() {
    for path in ["", "/", "..", "logs/", "a/.."] {
        let error = FileStorage::new(path).unwrap_err();
        assert!(
            matches!(error, SinkError::InvalidPath { .. }),
            "{path:?}: {error:?}"
        );
    }
}

#[test]
fn a_file_in_the_place_of_a_directory_is_an_error() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("file"), "x").unwrap();
    for below in ["file/a.log", "file/deeper/a.log"] {
        let log = storage(root.path().join(below));
        let error = log.lock().unwrap_err();
        assert!(error.to_string().contains("another path"), "{error}");
    }
}

#[test]
fn what_lies_beside_a_log_is_no_part_of_it() {
    let root = tempfile::tempdir().unwrap();
    let log = storage(root.path().join("a.log"));
    assert_eq!(log.objects().unwrap(), []);
    assert_eq!(
        storage(root.path().join("not/there")).objects().unwrap(),
        []
    );
    for name in [
        "a.log.keyring",
        "a.log.7.parquet",
        "a.log.",
        "a.log7",
        "a.log.seven",
        "b.log.8",
        "8",
    ] {
        fs::write(root.path().join(name), "x").unwrap();
    }
    fs::write(root.path().join("a.log.10"), "x").unwrap();
    fs::write(root.path().join("a.log.9"), "x").unwrap();
    let sealed = ["9", "10"].map(|name| ObjectName::sealed(name).unwrap());
    assert_eq!(log.objects().unwrap(), sealed);
    log.lock().unwrap();
    assert_eq!(log.objects().unwrap()[2..], [ObjectName::Active]);
}
