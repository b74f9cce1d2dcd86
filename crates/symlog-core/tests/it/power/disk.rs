//! A disk on which only what was synced is certain.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::trace::Event;

const PAGE: usize = 4096;

/// What becomes of what was not synced.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fate {
    /// All of it is there.
    All,
    /// Nothing of it is.
    Nothing,
    /// The names are there, and of the data nothing.
    Names,
    /// The data is there, and no name.
    Data,
    /// Of each file, every other page that was written.
    OddPages,
    EvenPages,
    /// Of each file all but the end of what was written last.
    Torn,
}

pub(super) const FATES: [Fate; 7] = [
    Fate::All,
    Fate::Nothing,
    Fate::Names,
    Fate::Data,
    Fate::OddPages,
    Fate::EvenPages,
    Fate::Torn,
];

#[derive(Clone, Default)]
struct File {
    certain: Vec<u8>,
    /// What was done since, with the number of its event.
    pending: Vec<(usize, Change)>,
}

#[derive(Clone)]
enum Change {
    Write(u64, Vec<u8>),
    Truncate(u64),
}

#[derive(Clone)]
enum Naming {
    Link(String, usize),
    Unlink(String),
}

#[derive(Clone, Default)]
pub(super) struct Disk {
    files: Vec<File>,
    /// Names as the process sees them, and as they are for certain.
    names: BTreeMap<String, usize>,
    certain: BTreeMap<String, usize>,
    pending: Vec<(usize, Naming)>,
    pub(super) acknowledged: Vec<u64>,
    events: usize,
}

impl Disk {
    pub(super) fn apply(&mut self, event: &Event) {
        let now = self.events;
        self.events += 1;
        match event {
            Event::Create { path, empties } => match self.names.get(path) {
                Some(&file) if *empties => {
                    self.files[file].pending.push((now, Change::Truncate(0)));
                }
                Some(_) => {}
                None => {
                    self.files.push(File::default());
                    self.link(now, path, self.files.len() - 1);
                }
            },
            Event::Write {
                path,
                offset,
                bytes,
            } => {
                if let Some(&file) = self.names.get(path) {
                    let change = Change::Write(*offset, bytes.clone());
                    self.files[file].pending.push((now, change));
                }
            }
            Event::Truncate { path, len } => {
                if let Some(&file) = self.names.get(path) {
                    self.files[file].pending.push((now, Change::Truncate(*len)));
                }
            }
            Event::Sync { path, before } => {
                if let Some(&file) = self.names.get(path) {
                    self.files[file].settle(*before);
                }
            }
            Event::SyncNames { path, before } => self.settle_names(path, *before),
            Event::Rename { from, to } => {
                if let Some(file) = self.names.remove(from) {
                    self.pending.push((now, Naming::Unlink(from.clone())));
                    self.link(now, to, file);
                }
            }
            Event::Link { from, to } => {
                if let Some(&file) = self.names.get(from) {
                    self.link(now, to, file);
                }
            }
            Event::Unlink { path } => {
                self.names.remove(path);
                self.pending.push((now, Naming::Unlink(path.clone())));
            }
            Event::Acknowledged(number) => self.acknowledged.push(*number),
        }
    }

    fn link(&mut self, now: usize, path: &str, file: usize) {
        self.names.insert(path.to_owned(), file);
        self.pending
            .push((now, Naming::Link(path.to_owned(), file)));
    }

    fn settle_names(&mut self, directory: &str, before: usize) {
        let (settled, pending) =
            std::mem::take(&mut self.pending)
                .into_iter()
                .partition(|(at, naming)| {
                    let (Naming::Link(path, _) | Naming::Unlink(path)) = naming;
                    *at < before
                        && path.rsplit_once('/').map(|(parent, _)| parent) == Some(directory)
                });
        self.pending = pending;
        apply_names(&mut self.certain, settled);
    }

    /// Writes what a power cut leaves of `from` into the directory `to`.
    pub(super) fn materialise(&self, fate: Fate, from: &str, to: &Path) {
        let mut names = self.certain.clone();
        if !matches!(fate, Fate::Nothing | Fate::Data) {
            apply_names(&mut names, self.pending.clone());
        }
        for (path, file) in names {
            let Some(below) = path.strip_prefix(from) else {
                continue;
            };
            let path = to.join(below.trim_start_matches('/'));
            let parent = path.parent().unwrap();
            fs::create_dir_all(parent).unwrap();
            fs::set_permissions(parent, fs::Permissions::from_mode(0o700)).unwrap();
            fs::write(&path, self.files[file].after(fate)).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
    }
}

fn apply_names(names: &mut BTreeMap<String, usize>, changes: Vec<(usize, Naming)>) {
    for (_, naming) in changes {
        match naming {
            Naming::Link(path, file) => {
                names.insert(path, file);
            }
            Naming::Unlink(path) => {
                names.remove(&path);
            }
        }
    }
}

impl File {
    fn settle(&mut self, before: usize) {
        let (settled, pending) = std::mem::take(&mut self.pending)
            .into_iter()
            .partition(|(at, _)| *at < before);
        self.pending = pending;
        let settled: Vec<_> = settled;
        for (_, change) in settled {
            put(&mut self.certain, &change, |_| true);
        }
    }

    fn after(&self, fate: Fate) -> Vec<u8> {
        let mut bytes = self.certain.clone();
        let last = self.pending.len().saturating_sub(1);
        for (number, (_, change)) in self.pending.iter().enumerate() {
            match fate {
                Fate::All | Fate::Data => put(&mut bytes, change, |_| true),
                Fate::Nothing | Fate::Names => {}
                Fate::OddPages => put(&mut bytes, change, |page| page % 2 == 1),
                Fate::EvenPages => put(&mut bytes, change, |page| page % 2 == 0),
                Fate::Torn if number == last => match change {
                    Change::Write(offset, content) => {
                        let half = content[..content.len() / 2].to_vec();
                        put(&mut bytes, &Change::Write(*offset, half), |_| true);
                    }
                    Change::Truncate(_) => {}
                },
                Fate::Torn => put(&mut bytes, change, |_| true),
            }
        }
        bytes
    }
}

/// Makes the change in the pages that `kept` names; the others read as before, or as zero.
fn put(bytes: &mut Vec<u8>, change: &Change, kept: impl Fn(usize) -> bool) {
    match change {
        Change::Truncate(len) => bytes.resize(*len as usize, 0),
        Change::Write(offset, content) => {
            let offset = *offset as usize;
            for (at, byte) in content.iter().enumerate() {
                let place = offset + at;
                if kept(place / PAGE) {
                    if bytes.len() <= place {
                        bytes.resize(place + 1, 0);
                    }
                    bytes[place] = *byte;
                }
            }
        }
    }
}
