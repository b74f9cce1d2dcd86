use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

use symlog_sink::{FileStorage, SinkError, Storage, Warning};

use super::child;

fn mode(path: impl AsRef<Path>) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn set_mode(path: impl AsRef<Path>, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn files_are_private_under_any_umask() {
    for task in ["umask-none", "umask-all"] {
        let root = tempfile::tempdir().unwrap();
        let home = root.path().join("made");
        child::report(child::command(task, &home.join("a.log")));
        assert_eq!(mode(&home), 0o700);
        for name in ["a.log", "a.log.1", "a.log.lock"] {
            assert_eq!(mode(home.join(name)), 0o600, "{name} under {task}");
        }
    }
}

#[test]
fn missing_directories_are_made_private() {
    let root = tempfile::tempdir().unwrap();
    let log = FileStorage::new(root.path().join("a/b/c/x.log")).unwrap();
    log.lock().unwrap();
    for made in ["a", "a/b", "a/b/c"] {
        assert_eq!(mode(root.path().join(made)), 0o700, "{made}");
    }
    assert_eq!(log.warnings(), []);
}

#[test]
fn a_wide_directory_is_reported_and_left_alone() {
    let root = tempfile::tempdir().unwrap();
    set_mode(root.path(), 0o755);
    let log = FileStorage::new(root.path().join("a.log")).unwrap();
    assert_eq!(log.warnings(), [], "nothing was looked at so far");
    log.lock().unwrap();
    let warning = Warning::WideDirectory {
        path: root.path().to_owned(),
        mode: 0o755,
    };
    assert!(warning.to_string().contains("(mode 755)"), "{warning}");
    assert_eq!(log.warnings(), [warning]);
    assert_eq!(mode(root.path()), 0o755);

    set_mode(root.path(), 0o700);
    log.lock().unwrap();
    assert_eq!(log.warnings(), [], "a new writer looks anew");
}

#[test]
fn a_wide_file_is_tightened_and_reported() {
    let root = tempfile::tempdir().unwrap();
    set_mode(root.path(), 0o700);
    for (name, wide) in [("a.log", 0o644), ("a.log.lock", 0o4666)] {
        let path = root.path().join(name);
        File::create(&path).unwrap();
        set_mode(&path, wide);
        let log = FileStorage::new(root.path().join("a.log")).unwrap();
        log.lock().unwrap();
        let tightened = Warning::Tightened {
            path: path.clone(),
            mode: wide,
        };
        assert_eq!(log.warnings(), [tightened]);
        assert_eq!(mode(&path), 0o600);
    }
}

#[test]
fn a_file_of_someone_else_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a.log");
    fs::write(&path, "theirs").unwrap();
    let someone = rustix::process::geteuid().as_raw() + 1;
    if chown(&path, Some(someone), None).is_err() {
        eprintln!("SKIPPED: a_file_of_someone_else_is_refused: needs root");
        return;
    }
    let error = FileStorage::new(&path).unwrap().lock().unwrap_err();
    assert!(
        matches!(error, SinkError::ForeignOwner { owner, .. } if owner == someone),
        "{error:?}"
    );
    assert!(error.to_string().contains("chown"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), b"theirs");
}

#[test]
fn a_read_only_directory_is_an_error_with_a_remedy() {
    let root = tempfile::tempdir().unwrap();
    let home = root.path().join("logs");
    fs::create_dir(&home).unwrap();
    let as_root = rustix::process::geteuid().is_root();
    set_mode(&home, if as_root { 0o755 } else { 0o500 });
    set_mode(root.path(), 0o755);

    let log = home.join("a.log");
    let report = if as_root {
        // Permissions do not bind root, so the attempt is another user's.
        let program = root.path().join("program");
        fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
        child::report(child::command_as_nobody(&program, "lock", &log))
    } else {
        child::report(child::command("lock", &log))
    };
    assert_eq!(report.len(), 1, "{report:?}");
    assert!(
        report[0].starts_with("Io(open, PermissionDenied)"),
        "{report:?}"
    );
    assert!(report[0].contains("write permission"), "{report:?}");
    assert_eq!(fs::read_dir(&home).unwrap().count(), 0);
}
