//! Logs in a directory, in a store that misbehaves, and in a real S3 server.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod conformance;
mod faults;
mod seaweed;

use std::sync::Arc;

use symlog_sink::{ObjectName, SinkError, Storage};

fn read_all(log: &Arc<dyn Storage>, object: &ObjectName) -> Result<Vec<u8>, SinkError> {
    let source = log.source(object)?;
    let mut content = vec![0; usize::try_from(source.len()?).unwrap()];
    let read = source.read_at(0, &mut content)?;
    assert_eq!(read, content.len());
    Ok(content)
}
