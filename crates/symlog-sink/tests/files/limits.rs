//! Full file systems, on a tmpfs of a few pages.

use std::fs;
use std::path::Path;
use std::process::Command;

use symlog_sink::{FileStorage, ObjectName, SinkError, Storage};

struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount(test: &str, options: &str) -> Option<Self> {
        let root = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "tmpfs"])
            .arg(root.path())
            .output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(root));
        }
        eprintln!("SKIPPED: {test}: cannot mount a tmpfs here");
        None
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.path()).status();
    }
}

#[test]
fn a_full_disk_keeps_nothing_of_an_append_and_the_sink_goes_on() {
    let Some(disk) = SmallDisk::mount("a_full_disk", "size=64k,mode=700") else {
        return;
    };
    let log = FileStorage::new(disk.path().join("a.log")).unwrap();
    let mut sink = log.lock().unwrap();
    sink.append(b"kept\n").unwrap();
    sink.sync().unwrap();

    let error = sink.append(&[b'x'; 100_000]).unwrap_err();
    match &error {
        SinkError::Full { wanted, source, .. } => {
            assert_eq!(*wanted, 100_000);
            assert_eq!(source.kind(), std::io::ErrorKind::StorageFull);
        }
        other => panic!("{other:?}"),
    }
    assert!(error.to_string().contains("100000 more bytes"), "{error}");
    assert_eq!(sink.len(), 5);
    assert_eq!(fs::read(log.path()).unwrap(), b"kept\n");

    sink.append(b"small\n").unwrap();
    sink.sync().unwrap();
    let filler = disk.path().join("filler");
    while fs::write(
        &filler,
        vec![0; fs::metadata(&filler).map_or(0, |m| m.len() as usize) + 4096],
    )
    .is_ok()
    {}
    let error = sink.append(&[b'y'; 5000]).unwrap_err();
    assert!(matches!(error, SinkError::Full { .. }), "{error:?}");
    fs::remove_file(&filler).unwrap();
    sink.append(b"again\n").unwrap();
    sink.sync().unwrap();
    assert_eq!(fs::read(log.path()).unwrap(), b"kept\nsmall\nagain\n");
}

#[test]
fn a_roll_that_finds_no_room_for_a_new_file_is_finished_later() {
    // The root, a.log, a.log.lock, and two fillers.
    let Some(disk) = SmallDisk::mount("a_roll_without_room", "nr_inodes=6,mode=700") else {
        return;
    };
    let log = FileStorage::new(disk.path().join("a.log")).unwrap();
    let mut sink = log.lock().unwrap();
    sink.append(b"old").unwrap();
    let mut fillers = 0;
    while fs::write(disk.path().join(format!("filler{fillers}")), "").is_ok() {
        fillers += 1;
    }
    assert!(fillers > 0, "the limit is too low for this test");

    let error = sink.roll("1").unwrap_err();
    assert!(error.to_string().contains("free some space"), "{error}");
    assert_eq!(log.objects().unwrap(), [ObjectName::sealed("1").unwrap()]);
    let refused = sink.append(b"x").unwrap_err();
    assert!(matches!(refused, SinkError::Poisoned { .. }), "{refused:?}");
    let refused = sink.roll("2").unwrap_err();
    assert!(
        matches!(refused, SinkError::InvalidName { .. }),
        "{refused:?}"
    );

    fs::remove_file(disk.path().join("filler0")).unwrap();
    sink.roll("1").unwrap();
    sink.append(b"new").unwrap();
    sink.sync().unwrap();
    assert_eq!(fs::read(disk.path().join("a.log.1")).unwrap(), b"old");
    assert_eq!(fs::read(disk.path().join("a.log")).unwrap(), b"new");
}

#[test]
fn a_read_only_file_system_is_named() {
    let Some(disk) = SmallDisk::mount("a_read_only_file_system", "size=64k,mode=700") else {
        return;
    };
    let log = FileStorage::new(disk.path().join("a.log")).unwrap();
    log.lock().unwrap().append(b"there").unwrap();
    let remounted = Command::new("mount")
        .args(["-o", "remount,ro"])
        .arg(disk.path())
        .status();
    assert!(remounted.unwrap().success());
    let error = log.lock().unwrap_err();
    assert!(error.to_string().contains("read-only"), "{error}");
    let mut buf = [0; 8];
    let source = log.source(&ObjectName::Active).unwrap();
    assert_eq!(source.read_at(0, &mut buf).unwrap(), 5);
}
