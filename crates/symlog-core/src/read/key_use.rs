use std::collections::BTreeMap;
use std::path::Path;

use symlog_keys::Id;
use symlog_sink::{FileStorage, Snapshot, Source, Storage};

use super::headers::Headers;
use crate::error::LoggingError;
use crate::format::{ClassSecretsBody, SegmentBody, fixed};

/// How many segments of the log at `path` need each period key, for as long as they are kept. Needs no key: the
/// segments' first lines say so, and little more than these is read.
///
/// # Errors
///
/// When the log's files cannot be read.
pub fn period_keys_in_use(path: &Path) -> Result<BTreeMap<Id, u64>, LoggingError> {
    let storage = FileStorage::new(path)?;
    let snapshot = Snapshot::take(&storage)?;
    let mut uses = BTreeMap::new();
    for name in snapshot.sealed {
        count(storage.source(&name)?, &mut uses)?;
    }
    if let Some(active) = snapshot.active {
        count(active, &mut uses)?;
    }
    Ok(uses)
}

fn count(source: Box<dyn Source>, uses: &mut BTreeMap<Id, u64>) -> Result<(), LoggingError> {
    let mut headers = Headers::of(source);
    while let Some((_, body)) = headers.next()? {
        for id in ids(&body) {
            *uses.entry(id).or_default() += 1;
        }
    }
    Ok(())
}

fn ids(body: &SegmentBody) -> Vec<Id> {
    let ids = body.classes.iter().flat_map(ClassSecretsBody::key_ids);
    let mut ids: Vec<Id> = ids.filter_map(fixed).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
