use std::fs;
use std::os::unix::fs::PermissionsExt;

use symlog_sink::{AttachmentName, FileStorage, SinkError, Storage};

#[test]
fn what_a_crash_left_of_one_is_taken_over_and_never_listed() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a.log");
    let storage = FileStorage::new(&path).unwrap();
    let attachments = storage.attachments().unwrap();
    let name = AttachmentName::new("0000000003", "frames").unwrap();
    let temporary = root.path().join("a.log.0000000003.frames.tmp");
    fs::write(&temporary, b"left by one that died, and longer").unwrap();
    assert_eq!(attachments.list().unwrap(), []);

    let mut new = attachments.create(&name).unwrap();
    new.append(b"whole").unwrap();
    assert!(temporary.exists());
    new.commit().unwrap();
    assert!(!temporary.exists());
    let file = root.path().join("a.log.0000000003.frames");
    assert_eq!(fs::read(&file).unwrap(), b"whole");
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);

    drop(attachments.create(&name).unwrap());
    assert!(!temporary.exists(), "one that was given up is still there");
    assert_eq!(fs::read(&file).unwrap(), b"whole");
}

#[test]
fn a_link_in_its_place_is_not_followed() {
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("precious");
    fs::write(&target, b"precious").unwrap();
    let storage = FileStorage::new(root.path().join("a.log")).unwrap();
    let attachments = storage.attachments().unwrap();
    let name = AttachmentName::new("1", "frames").unwrap();
    for link in ["a.log.1.frames", "a.log.1.frames.tmp"] {
        std::os::unix::fs::symlink(&target, root.path().join(link)).unwrap();
    }
    for result in [
        attachments.open(&name).map(drop),
        attachments.create(&name).map(drop),
    ] {
        let error = result.unwrap_err();
        assert!(matches!(error, SinkError::Symlink { .. }), "{error:?}");
    }
    assert_eq!(fs::read(&target).unwrap(), b"precious");
}
