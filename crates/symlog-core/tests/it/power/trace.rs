//! What a process did to its files, as `strace` saw it.

use std::collections::HashMap;

/// One thing done, or promised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A file was opened that was not there, or emptied.
    Create {
        path: String,
        empties: bool,
    },
    Write {
        path: String,
        offset: u64,
        bytes: Vec<u8>,
    },
    Truncate {
        path: String,
        len: u64,
    },
    /// Covers what was done before the event of this number.
    Sync {
        path: String,
        before: usize,
    },
    /// Of a directory.
    SyncNames {
        path: String,
        before: usize,
    },
    Rename {
        from: String,
        to: String,
    },
    /// A second name for a file.
    Link {
        from: String,
        to: String,
    },
    Unlink {
        path: String,
    },
    /// An entry was acknowledged.
    Acknowledged(u64),
}

impl Event {
    /// Whether it is the same call on the same file.
    pub(super) fn does_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Sync { path: a, .. }, Self::Sync { path: b, .. })
            | (Self::SyncNames { path: a, .. }, Self::SyncNames { path: b, .. }) => a == b,
            (a, b) => a == b,
        }
    }
}

/// The calls that are traced.
pub(super) const CALLS: &str = "trace=openat,write,pwrite64,ftruncate,fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,unlinkat,close";

/// Where the next write without an offset goes.
#[derive(Clone, Copy)]
struct Cursor {
    offset: u64,
    appends: bool,
}

#[derive(Default)]
struct Reader {
    events: Vec<Event>,
    lengths: HashMap<String, u64>,
    cursors: HashMap<i64, Cursor>,
    /// Calls that have begun, by thread: their text, and how many events there were.
    begun: HashMap<String, (String, usize)>,
}

/// Reads the output of `strace -f -y -xx -s …`; what lies outside of `directory` is passed over.
pub(super) fn read(text: &str, directory: &str) -> Vec<Event> {
    let mut reader = Reader::default();
    for line in text.lines() {
        let Some((thread, call)) = line.split_once(' ') else {
            continue;
        };
        let call = call.trim_start();
        if let Some(begun) = call.strip_suffix(" <unfinished ...>") {
            let begun = (begun.to_owned(), reader.events.len());
            reader.begun.insert(thread.to_owned(), begun);
        } else if let Some((_, rest)) = call
            .strip_prefix("<... ")
            .and_then(|call| call.split_once(" resumed>"))
        {
            if let Some((begun, before)) = reader.begun.remove(thread) {
                reader.call(&format!("{begun}{rest}"), before, directory);
            }
        } else {
            let before = reader.events.len();
            reader.call(call, before, directory);
        }
    }
    reader.events
}

impl Reader {
    fn call(&mut self, text: &str, before: usize, directory: &str) {
        let Some((name, rest)) = text.split_once('(') else {
            return;
        };
        let Some((arguments, result)) = rest.rsplit_once(") = ").or_else(|| {
            // Padded to a column.
            let at = rest.rfind(" = ")?;
            Some((rest[..at].trim_end().strip_suffix(')')?, &rest[at + 3..]))
        }) else {
            return;
        };
        let Ok(value) = result
            .split(|c: char| c != '-' && !c.is_ascii_digit())
            .next()
            .unwrap_or_default()
            .parse::<i64>()
        else {
            return;
        };
        if value < 0 {
            return;
        }
        // A file without a name is not there after a power cut, whatever is done to it.
        let file = arguments.split([',', '"']).next().unwrap_or_default();
        if file.contains(">(deleted)") {
            return;
        }
        let inside = |path: &str| path.starts_with(directory);
        match name {
            "openat" => {
                let Some(path) = between(result, '<', '>').map(unescape) else {
                    return;
                };
                if !inside(&path) {
                    return;
                }
                let empties = arguments.contains("O_TRUNC");
                if arguments.contains("O_CREAT") && (!self.lengths.contains_key(&path) || empties) {
                    self.lengths.insert(path.clone(), 0);
                    self.events.push(Event::Create {
                        path: path.clone(),
                        empties,
                    });
                }
                let appends = arguments.contains("O_APPEND");
                self.cursors.insert(value, Cursor { offset: 0, appends });
            }
            "write" | "pwrite64" => {
                let mut quotes = arguments.splitn(3, '"');
                let (Some(file), Some(data), Some(rest)) =
                    (quotes.next(), quotes.next(), quotes.next())
                else {
                    return;
                };
                let bytes = unescape_bytes(data);
                assert_eq!(bytes.len(), value as usize, "strace cut a write: {name}");
                let number: i64 = leading(file);
                let path = between(file, '<', '>').map(unescape).unwrap_or_default();
                if !inside(&path) {
                    let said = String::from_utf8_lossy(&bytes).into_owned();
                    let told = said.lines().filter_map(|line| {
                        let (_, number) = line.split_once("acknowledged ")?;
                        number.parse().ok()
                    });
                    self.events.extend(told.map(Event::Acknowledged));
                    return;
                }
                let len = self.lengths.entry(path.clone()).or_default();
                let offset = if name == "pwrite64" {
                    rest.rsplit(", ").next().map(leading).unwrap_or_default() as u64
                } else {
                    let cursor = self.cursors.entry(number).or_insert(Cursor {
                        offset: 0,
                        appends: true,
                    });
                    if cursor.appends {
                        cursor.offset = *len;
                    }
                    let at = cursor.offset;
                    cursor.offset += value as u64;
                    at
                };
                *len = (*len).max(offset + value as u64);
                self.events.push(Event::Write {
                    path,
                    offset,
                    bytes,
                });
            }
            "ftruncate" => {
                let Some(path) = between(arguments, '<', '>').map(unescape) else {
                    return;
                };
                if inside(&path) {
                    let len = arguments
                        .rsplit(", ")
                        .next()
                        .map(leading)
                        .unwrap_or_default() as u64;
                    self.lengths.insert(path.clone(), len);
                    self.events.push(Event::Truncate { path, len });
                }
            }
            "fsync" | "fdatasync" => {
                let Some(path) = between(arguments, '<', '>').map(unescape) else {
                    return;
                };
                if !inside(&path) {
                    return;
                }
                self.events.push(if self.lengths.contains_key(&path) {
                    Event::Sync { path, before }
                } else {
                    Event::SyncNames { path, before }
                });
            }
            "rename" | "renameat" | "renameat2" => {
                if let [from, to] = paths(arguments).as_slice()
                    && inside(from)
                {
                    let len = self.lengths.remove(from).unwrap_or_default();
                    self.lengths.insert(to.clone(), len);
                    self.events.push(Event::Rename {
                        from: from.clone(),
                        to: to.clone(),
                    });
                }
            }
            "link" | "linkat" => {
                if let [from, to] = paths(arguments).as_slice()
                    && inside(from)
                {
                    let len = self.lengths.get(from).copied().unwrap_or_default();
                    self.lengths.insert(to.clone(), len);
                    self.events.push(Event::Link {
                        from: from.clone(),
                        to: to.clone(),
                    });
                }
            }
            "unlink" | "unlinkat" => {
                if let [path] = paths(arguments).as_slice()
                    && inside(path)
                {
                    self.lengths.remove(path);
                    self.events.push(Event::Unlink { path: path.clone() });
                }
            }
            _ => {}
        }
    }
}

/// The paths among the arguments of a call, those relative to a directory made whole.
fn paths(arguments: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut parts = arguments.split('"');
    while let (Some(before), Some(quoted)) = (parts.next(), parts.next()) {
        let path = unescape(quoted);
        found.push(match between(before, '<', '>') {
            Some(directory) if !path.starts_with('/') => {
                format!("{}/{path}", unescape(directory))
            }
            _ => path,
        });
    }
    found
}

fn between(text: &str, open: char, close: char) -> Option<&str> {
    let (_, rest) = text.split_once(open)?;
    rest.split_once(close).map(|(inside, _)| inside)
}

fn leading(text: &str) -> i64 {
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_default()
}

fn unescape(text: &str) -> String {
    String::from_utf8(unescape_bytes(text)).unwrap()
}

/// With `-xx` every byte of a string is `\xNN`; paths after `-y` may stand as they are.
fn unescape_bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4);
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        if first == b'\\' && after.first() == Some(&b'x') {
            let hex = std::str::from_utf8(&after[1..3]).unwrap();
            bytes.push(u8::from_str_radix(hex, 16).unwrap());
            rest = &after[3..];
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    bytes
}
