//! What a file is, before anything is done with it.

use std::path::Path;
use std::sync::Arc;

use symlog_crypto::Key;
use symlog_sink::{ObjectName, Sink, SinkError, Source, Storage};

use super::cipher::Opener;
use super::error::EnvelopeProblem;
use super::line::{UPDATE_PREFIX, parse_entry, parse_update, update_id};
use crate::error::LoggingError;
use crate::format::MAX_LINE_BYTES;
use crate::read::Lines;

/// Bytes from the start of a file that are enough to recognise it, in all but odd cases.
const HEAD_BYTES: usize = 64 << 10;

/// Whether a file that begins with these bytes is of this format. Damaged lines at its start are
/// passed over. What is no log at all is not of this format either.
pub(super) fn is_symbiont(first_bytes: &[u8]) -> bool {
    first_bytes
        .split(|&byte| byte == b'\n')
        .find_map(|line| {
            if line.starts_with(b"{\"v\":") {
                return Some(false);
            }
            // A log's first field is its version, so that nothing of ours begins with an id.
            let ours = line.starts_with(b"{\"id\":\"") || line.starts_with(b"UPDATE: {");
            ours.then_some(true)
        })
        .unwrap_or(false)
}

/// Whether the active object of a log is of this format.
pub(crate) fn holds_symbiont(storage: &dyn Storage) -> Result<bool, SinkError> {
    let source = match storage.source(&ObjectName::Active) {
        Ok(source) => source,
        // A file of that kind is never sealed.
        Err(SinkError::Missing { .. }) => return Ok(false),
        Err(error) => return Err(error),
    };
    let mut head = vec![0; HEAD_BYTES];
    let read = source.read_at(0, &mut head)?;
    Ok(is_symbiont(&head[..read]))
}

/// Makes the file end with a whole line: completes one that only lacks its newline, and cuts off
/// one that is torn. Whatever was terminated stays, damaged or not.
pub(super) fn mend_tail(
    source: &dyn Source,
    sink: &mut dyn Sink,
    path: &Path,
) -> Result<(), LoggingError> {
    let end = sink.len();
    let start = tail_start(source, end)?;
    if start == end {
        return Ok(());
    }
    let length = end - start;
    if length <= MAX_LINE_BYTES as u64 {
        let mut tail = vec![0; usize::try_from(length).unwrap_or(MAX_LINE_BYTES)];
        let read = source.read_at(start, &mut tail)?;
        tail.truncate(read);
        if is_whole(&tail) {
            sink.append(b"\n")?;
            return Ok(());
        }
    }
    sink.truncate(start)?;
    tracing::warn!(
        path = %path.display(),
        bytes = length,
        "the last line was torn by a crash and is cut off"
    );
    Ok(())
}

fn is_whole(line: &[u8]) -> bool {
    match line.strip_prefix(UPDATE_PREFIX) {
        Some(json) => update_id(json).is_ok() && parse_update(json).is_ok(),
        None => parse_entry(line).is_ok(),
    }
}

/// Where the bytes behind the last newline begin.
fn tail_start(source: &dyn Source, end: u64) -> Result<u64, SinkError> {
    const BLOCK: u64 = 64 << 10;
    let mut block = vec![0; BLOCK as usize];
    let mut upper = end;
    while upper > 0 {
        let lower = upper.saturating_sub(BLOCK);
        let wanted = &mut block[..(upper - lower) as usize];
        let read = source.read_at(lower, wanted)?;
        if let Some(at) = memchr::memrchr(b'\n', &wanted[..read]) {
            return Ok(lower + at as u64 + 1);
        }
        upper = lower;
    }
    Ok(0)
}

/// Envelopes that are tried before the key is called wrong: one may be damaged, three are not.
const TRIES: usize = 3;
/// Lines that are looked at for them.
const LINES: usize = 1000;

/// Finds out whether the logging key fits the file: the key of the first envelope that opens, or
/// none where there is no envelope to tell by.
pub(super) fn fitting_key(
    source: Box<dyn Source>,
    opener: &mut Opener,
    path: &Path,
) -> Result<Option<Arc<Key>>, LoggingError> {
    let mut lines = Lines::new(source);
    let mut failed = None;
    let mut tries = 0;
    for _ in 0..LINES {
        let Some(read) = lines.next()? else { break };
        let terminated = read.terminated;
        if let Some(envelope) = parse_entry(read.bytes).ok().and_then(|e| e.request_data) {
            match opener.proven_key(&envelope) {
                Ok(key) => return Ok(Some(key)),
                Err(error @ EnvelopeProblem::Sealed(_)) => {
                    failed = Some(error);
                    tries += 1;
                }
                // Says nothing about the key.
                Err(_) => {}
            }
        }
        if tries == TRIES || !terminated {
            break;
        }
    }
    match failed {
        Some(error) => Err(LoggingError::key(
            format!(
                "the logging key does not open {}; bring back the key that it was written with, or choose another `log_file_path`",
                path.display()
            ),
            error,
        )),
        None => Ok(None),
    }
}
