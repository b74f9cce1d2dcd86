//! Files that are not what was written.

use std::sync::Arc;

use symlog_archive::FileArchives;
use symlog_core::archive::{Archives, Form};
use symlog_keys::Keyring;
use symlog_sink::{AttachmentName, MemoryStorage, ObjectName, Storage};

use crate::log::{archive, fill, keyring, open};

struct Archived {
    storage: Arc<dyn Storage>,
    keyring: Keyring,
    object: ObjectName,
}

impl Archived {
    fn new(log: u8) -> Self {
        let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new());
        let keyring = keyring(log);
        let logger = open(&storage, &keyring);
        fill(&logger, 0..12);
        let made = archive(&logger).made;
        logger.close_blocking().unwrap();
        Self {
            storage,
            keyring,
            object: ObjectName::sealed(made[0].object.as_str()).unwrap(),
        }
    }

    fn name(&self, extension: &str) -> AttachmentName {
        let ObjectName::Sealed(stem) = &self.object else {
            unreachable!()
        };
        AttachmentName::new(stem, extension).unwrap()
    }

    fn file(&self, extension: &str) -> Vec<u8> {
        let attachments = self.storage.attachments().unwrap();
        let source = attachments.open(&self.name(extension)).unwrap();
        let mut bytes = vec![0; source.len().unwrap() as usize];
        source.read_at(0, &mut bytes).unwrap();
        bytes
    }

    fn replace(&self, extension: &str, bytes: &[u8]) {
        let attachments = self.storage.attachments().unwrap();
        let mut file = attachments.create(&self.name(extension)).unwrap();
        file.append(bytes).unwrap();
        file.commit().unwrap();
    }

    /// Every line, or nothing where the archive says that it is damaged.
    fn lines(&self) -> Option<Vec<Vec<u8>>> {
        let archives = FileArchives::default();
        let mut archived = archives
            .open(&self.storage, &self.object, Some(&self.keyring))
            .ok()?;
        (0..archived.rows())
            .map(|row| {
                let mut line = Vec::new();
                let form = archived.line(row, Form::Whole, &mut line).ok()?;
                // A row whose class was changed is in no directory, as if it had been erased: a
                // reader then finds that its unit does not open, and tells.
                (form == Form::Whole).then_some(line)
            })
            .collect()
    }
}

#[test]
fn a_changed_byte_gives_an_error_or_changes_nothing() {
    let archived = Archived::new(6);
    let lines = archived.lines().unwrap();
    for extension in ["frames", "parquet"] {
        let file = archived.file(extension);
        let step = (file.len() / 200).max(1);
        for at in (0..file.len()).step_by(step) {
            let mut changed = file.clone();
            changed[at] ^= 0x41;
            archived.replace(extension, &changed);
            if let Some(found) = archived.lines() {
                // Entries and chunks are bound by keys; what stands in clear on control lines and in
                // leaves is bound by the tree and by the hashes in the log.
                for (found, line) in found.iter().zip(&lines) {
                    let is_control = |line: &[u8]| line.windows(10).any(|w| w == b"\"control\":");
                    assert!(found == line || is_control(found), "{extension}, byte {at}");
                }
            }
        }
        for len in (0..file.len()).step_by(step * 3) {
            archived.replace(extension, &file[..len]);
            assert_eq!(archived.lines(), None, "{extension} cut at {len}");
        }
        archived.replace(extension, &file);
    }
    assert_eq!(archived.lines().unwrap(), lines);
}

#[test]
fn files_of_another_log_are_refused() {
    let (ours, theirs) = (Archived::new(7), Archived::new(8));
    for extensions in [&["frames"][..], &["parquet"], &["frames", "parquet"]] {
        let kept = extensions.map_files(&ours);
        for extension in extensions {
            ours.replace(extension, &theirs.file(extension));
        }
        assert_eq!(ours.lines(), None, "{extensions:?}");
        for (extension, file) in kept {
            ours.replace(extension, &file);
        }
    }
    assert!(ours.lines().is_some());
}

trait MapFiles<'a> {
    fn map_files(&self, archived: &Archived) -> Vec<(&'a str, Vec<u8>)>;
}

impl<'a> MapFiles<'a> for &[&'a str] {
    fn map_files(&self, archived: &Archived) -> Vec<(&'a str, Vec<u8>)> {
        self.iter()
            .map(|extension| (*extension, archived.file(extension)))
            .collect()
    }
}
