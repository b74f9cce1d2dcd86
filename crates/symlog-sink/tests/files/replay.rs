//! The system calls of a real writer, replayed up to each of them on a model of
//! a file system that promises no more than POSIX: bytes are safe after a sync
//! of their file, names after a sync of their directory.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use symlog_sink::{ObjectName, SinkError, Storage};

use super::child;
use super::system::can_trace;

#[derive(Clone, Debug, PartialEq)]
enum Call {
    MakeDirectory(PathBuf),
    Create(PathBuf),
    Rename(PathBuf, PathBuf),
    Write(PathBuf, Vec<u8>),
    Cut(PathBuf, usize),
    SyncFile(PathBuf),
    SyncDirectory(PathBuf),
    /// The writer told its caller that so many lines are safe.
    Safe(u64),
}

/// The calls on what lies below `root`, with paths relative to it.
fn parse(trace: &str, root: &Path) -> Vec<Call> {
    let calls = trace.lines().filter(|line| !line.contains(" = -1 "));
    calls.filter_map(|line| parse_line(line, root)).collect()
}

fn parse_line(line: &str, root: &Path) -> Option<Call> {
    let (_, call) = line.split_once(' ')?;
    let (name, arguments) = call.trim_start().split_once('(')?;
    let quoted: Vec<&str> = arguments.split('"').skip(1).step_by(2).collect();
    let handle = || {
        let path = arguments.split_once('<')?.1.split_once('>')?.0;
        Some(Path::new(path).strip_prefix(root).ok()?.to_owned())
    };
    Some(match name {
        "mkdir" | "mkdirat" => {
            Call::MakeDirectory(Path::new(quoted[0]).strip_prefix(root).ok()?.to_owned())
        }
        "openat" if arguments.contains("O_CREAT") => Call::Create(handle()?.join(quoted[0])),
        "rename" | "renameat" | "renameat2" => {
            Call::Rename(handle()?.join(quoted[0]), handle()?.join(quoted[1]))
        }
        "write" if quoted[0].starts_with("safe ") => Call::Safe(
            quoted[0]
                .strip_prefix("safe ")?
                .strip_suffix("\\n")?
                .parse()
                .ok()?,
        ),
        "write" => Call::Write(handle()?, quoted[0].replace("\\n", "\n").into_bytes()),
        "ftruncate" => {
            let len = arguments.rsplit_once(") =")?.0.rsplit_once(", ")?.1;
            Call::Cut(handle()?, len.parse().ok()?)
        }
        "fdatasync" => Call::SyncFile(handle()?),
        "fsync" => Call::SyncDirectory(handle()?),
        _ => return None,
    })
}

/// Names are paths, `None` a directory, a number a file.
type Names = BTreeMap<PathBuf, Option<usize>>;

#[derive(Clone, Default)]
struct Disk {
    names: Names,
    safe_names: Names,
    /// Changes of names since the last sync of their directory.
    unsafe_changes: Vec<Call>,
    files: Vec<File>,
    safe_lines: u64,
}

#[derive(Clone, Default)]
struct File {
    bytes: Vec<u8>,
    safe: Vec<u8>,
}

/// What becomes of bytes that were not synced.
#[derive(Clone, Copy, Debug)]
enum Bytes {
    Dropped,
    Kept,
    Zeros,
}

fn change(names: &mut Names, call: &Call, files: usize) {
    match call {
        Call::MakeDirectory(path) => drop(names.insert(path.clone(), None)),
        // Not before a rename has made room for it.
        Call::Create(path) => drop(names.entry(path.clone()).or_insert(Some(files))),
        Call::Rename(from, to) => {
            if let Some(node) = names.remove(from) {
                names.insert(to.clone(), node);
            }
        }
        _ => {}
    }
}

impl Disk {
    fn apply(&mut self, call: &Call) {
        match call {
            Call::MakeDirectory(_) | Call::Create(_) | Call::Rename(..) => {
                change(&mut self.names, call, self.files.len());
                self.unsafe_changes.push(call.clone());
                if matches!(call, Call::Create(_)) {
                    self.files.push(File::default());
                }
            }
            Call::Write(path, bytes) => self.file(path).bytes.extend_from_slice(bytes),
            Call::Cut(path, len) => self.file(path).bytes.truncate(*len),
            Call::SyncFile(path) => {
                let file = self.file(path);
                file.safe.clone_from(&file.bytes);
            }
            Call::SyncDirectory(directory) => {
                let inside = |path: &Path| path.parent() == Some(directory);
                self.safe_names.retain(|path, _| !inside(path));
                let now = self.names.iter().filter(|(path, _)| inside(path));
                self.safe_names
                    .extend(now.map(|(path, node)| (path.clone(), *node)));
                self.unsafe_changes.retain(|call| match call {
                    Call::MakeDirectory(path) | Call::Create(path) | Call::Rename(path, _) => {
                        !inside(path)
                    }
                    _ => true,
                });
            }
            Call::Safe(lines) => self.safe_lines = *lines,
        }
    }

    fn file(&mut self, path: &Path) -> &mut File {
        let node = self.names[path].expect("a file");
        &mut self.files[node]
    }

    /// Every set of names that a power cut may leave: of the unsafe changes, any
    /// that were made before the power went.
    fn names_after_crash(&self) -> Vec<Names> {
        let changes = self.unsafe_changes.len();
        assert!(changes < 8, "too many names are not synced");
        let subsets = 0..1_u32 << changes;
        let apply = |subset: u32| {
            let mut names = self.safe_names.clone();
            for (i, call) in self.unsafe_changes.iter().enumerate() {
                if subset & (1 << i) != 0 {
                    let node = match call {
                        Call::Create(path) => self.node_made_at(i, path),
                        _ => 0,
                    };
                    change(&mut names, call, node);
                }
            }
            names
        };
        subsets.map(apply).collect()
    }

    /// The file that the unsafe creation `at` made: where its name went since.
    fn node_made_at(&self, at: usize, path: &Path) -> usize {
        let mut path = path.to_owned();
        for later in &self.unsafe_changes[at + 1..] {
            match later {
                Call::Rename(from, to) if *from == path => path.clone_from(to),
                _ => {}
            }
        }
        self.names[&path].expect("a file")
    }

    /// Puts the state after a power cut under `root`.
    fn leave(&self, names: &Names, unsynced: Bytes, root: &Path) {
        for (path, node) in names {
            let path = root.join(path);
            let Some(node) = node else {
                let _ = fs::create_dir(&path);
                continue;
            };
            let file = &self.files[*node];
            let mut bytes = file.safe.clone();
            match unsynced {
                Bytes::Dropped => {}
                Bytes::Kept => bytes.clone_from(&file.bytes),
                Bytes::Zeros => bytes.resize(file.bytes.len().max(bytes.len()), 0),
            }
            // Without its directory, a file is not there either.
            if path.parent().is_some_and(Path::is_dir) {
                fs::write(path, bytes).unwrap();
            }
        }
    }
}

/// What a reader and the next writer find.
fn recover(root: &Path) -> Result<Vec<u8>, SinkError> {
    let log = symlog_sink::FileStorage::new(root.join("made/below/a.log"))?;
    drop(log.lock()?);
    let mut content = Vec::new();
    for object in log.objects()? {
        let source = log.source(&object)?;
        let mut bytes = vec![0; source.len()? as usize];
        source.read_at(0, &mut bytes)?;
        content.extend(bytes);
    }
    assert!(log.objects()?.contains(&ObjectName::Active));
    Ok(content)
}

/// In memory where that is possible: real syncs have nothing to do here.
fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap()
}

/// Replays every prefix; how many states there were, or what was lost in one.
fn replay(calls: &[Call]) -> Result<usize, String> {
    let mut disk = Disk::default();
    let mut states = 0;
    for (at, call) in calls.iter().enumerate() {
        disk.apply(call);
        let safe: String = (0..disk.safe_lines)
            .map(|line| format!("{line}\n"))
            .collect();
        for names in disk.names_after_crash() {
            for unsynced in [Bytes::Dropped, Bytes::Kept, Bytes::Zeros] {
                states += 1;
                let root = scratch();
                disk.leave(&names, unsynced, root.path());
                let found = recover(root.path()).map_err(|error| error.to_string())?;
                if !found.starts_with(safe.as_bytes()) {
                    return Err(format!(
                        "after call {at}, {call:?}, with bytes {unsynced:?} and {:?}: {:?}",
                        names.keys(),
                        String::from_utf8_lossy(&found)
                    ));
                }
            }
        }
    }
    Ok(states)
}

fn trace(test: &str) -> Option<Vec<Call>> {
    if !can_trace(test) {
        return None;
    }
    let root = tempfile::tempdir().unwrap();
    let output = root.path().join("trace");
    let calls = "trace=openat,/mkdir.*,write,fdatasync,fsync,/rename.*,ftruncate";
    let log = root.path().join("made/below/a.log");
    child::report(child::traced(&["-e", calls], &output, "acknowledge", &log));
    let calls = parse(&fs::read_to_string(&output).unwrap(), root.path());
    let safe = calls.iter().filter(|call| matches!(call, Call::Safe(_)));
    assert_eq!(safe.count(), 14, "{calls:#?}");
    Some(calls)
}

#[test]
fn what_was_called_safe_survives_a_power_cut_after_any_call() {
    let Some(calls) = trace("what_was_called_safe_survives") else {
        return;
    };
    match replay(&calls) {
        Ok(states) => assert!(states > 200, "only {states} states"),
        Err(lost) => panic!("{lost}"),
    }
}

#[test]
fn a_missing_directory_sync_is_found() {
    let Some(calls) = trace("a_missing_directory_sync_is_found") else {
        return;
    };
    let is_sync = |call: &&Call| matches!(call, Call::SyncDirectory(_));
    let syncs = calls.iter().filter(is_sync).count();
    // Two directories made, two writers, four rolls.
    assert_eq!(syncs, 8);
    for missing in 0..syncs {
        let mut seen = 0;
        let mut calls = calls.clone();
        calls.retain(|call| {
            seen += usize::from(is_sync(&call));
            !is_sync(&call) || seen != missing + 1
        });
        // The second writer syncs what the first one did already.
        let needless = missing == 5;
        assert_eq!(replay(&calls).is_ok(), needless, "without sync {missing}");
    }
}

#[test]
fn a_sync_before_the_write_is_found() {
    let Some(mut calls) = trace("a_sync_before_the_write_is_found") else {
        return;
    };
    let sync = calls
        .iter()
        .position(|call| matches!(call, Call::SyncFile(_)))
        .unwrap();
    assert!(matches!(calls[sync - 1], Call::Write(..)));
    calls.swap(sync - 1, sync);
    replay(&calls).expect_err("the last line was not synced");
}
