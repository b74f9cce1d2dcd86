//! What a command reads: standard input, files, and the files of directories.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::diagnostics;

/// One thing to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    Stdin,
    File(PathBuf),
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => f.write_str("<stdin>"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

impl Input {
    pub(crate) fn open(&self) -> Result<Box<dyn BufRead>> {
        match self {
            Self::Stdin => Ok(Box::new(io::stdin().lock())),
            Self::File(path) => {
                let file = File::open(path).with_context(|| cannot_read(path))?;
                Ok(Box::new(BufReader::with_capacity(256 * 1024, file)))
            }
        }
    }

    /// How many bytes there are to read, where that is known.
    pub(crate) fn len(&self) -> Option<u64> {
        match self {
            Self::Stdin => None,
            Self::File(path) => fs::metadata(path)
                .ok()
                .filter(fs::Metadata::is_file)
                .map(|metadata| metadata.len()),
        }
    }
}

pub(crate) fn cannot_read(path: &Path) -> String {
    let what = "check the name and that you may read it";
    format!("cannot read {}; {what}", path.display())
}

/// The inputs that `arguments` name: `-` and nothing at all are standard input, a directory is
/// every text file below it.
pub(crate) fn named(arguments: &[PathBuf]) -> Result<Vec<Input>> {
    if arguments.is_empty() {
        return Ok(vec![stdin()]);
    }
    let mut inputs = Vec::new();
    for path in arguments {
        if path.as_os_str() == "-" {
            if inputs.contains(&Input::Stdin) {
                bail!("standard input can be read only once; give `-` once");
            }
            inputs.push(stdin());
        } else if fs::metadata(path)
            .with_context(|| cannot_read(path))?
            .is_dir()
        {
            walk(path, &mut inputs)?;
        } else {
            inputs.push(Input::File(path.clone()));
        }
    }
    Ok(inputs)
}

/// The inputs that `arguments` name, of which none may be a directory.
pub(crate) fn files(arguments: &[PathBuf]) -> Result<Vec<Input>> {
    for path in arguments {
        if path.is_dir() {
            bail!(
                "{} is a directory; name its files, as in {}/*",
                path.display(),
                path.display()
            );
        }
    }
    named(arguments)
}

fn stdin() -> Input {
    use std::io::IsTerminal;
    if io::stdin().is_terminal() {
        diagnostics::say("reading from the terminal; end with Ctrl-D");
    }
    Input::Stdin
}

/// Files in the order of their names. Symbolic links are not followed, so there are no loops.
fn walk(directory: &Path, inputs: &mut Vec<Input>) -> Result<()> {
    let mut entries = fs::read_dir(directory)
        .and_then(Iterator::collect::<io::Result<Vec<_>>>)
        .with_context(|| cannot_read(directory))?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let kind = entry.file_type().with_context(|| cannot_read(&path))?;
        if kind.is_dir() && entry.file_name() != ".git" {
            walk(&path, inputs)?;
        } else if kind.is_file() && is_text(&path)? {
            inputs.push(Input::File(path));
        }
    }
    Ok(())
}

/// As grep decides it: no NUL in the first block.
fn is_text(path: &Path) -> Result<bool> {
    let mut head = [0; 8192];
    let read = File::open(path)
        .and_then(|mut file| file.read(&mut head))
        .with_context(|| cannot_read(path))?;
    Ok(!head[..read].contains(&0))
}

/// Reads the next line, without its end, into `line`; `false` at the end of the input.
pub(crate) fn next_line(input: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    if input.read_until(b'\n', line)? == 0 {
        return Ok(false);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    Ok(true)
}
