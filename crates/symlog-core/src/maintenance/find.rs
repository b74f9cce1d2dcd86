//! Finding a line again that another process was asked to write.

use std::sync::Arc;

use serde::Deserialize;
use symlog_sink::Storage;

use crate::archive::LogFiles;
use crate::error::LoggingError;
use crate::format::{Body, ControlKind, parse_line};
use crate::read::Objects;

/// The sequence number of the newest line of this kind with this number in its body.
pub(super) fn numbered(
    storage: &Arc<dyn Storage>,
    kind: ControlKind,
    number: u64,
) -> Result<u64, LoggingError> {
    #[derive(Deserialize)]
    struct Numbered {
        number: u64,
    }
    let objects = Objects::take(&LogFiles::plain(storage))?;
    for at in (0..objects.len()).rev() {
        let mut lines = objects.lines(at, 0)?;
        let mut found = None;
        while let Some(read) = lines.next()? {
            if let Ok(line) = parse_line(read.bytes)
                && let Body::Control(control) = &line.body
                && control.kind() == Some(kind)
                && serde_json::from_str(&control.body)
                    .is_ok_and(|body: Numbered| body.number == number)
            {
                found = Some(line.sequence());
            }
        }
        if let Some(sequence) = found {
            return Ok(sequence);
        }
    }
    Err(LoggingError::Worker {
        thread: "writing",
        message: "the line that was asked for is not in the log; verify the log".to_owned(),
    })
}
