use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use symlog_keys::Id;
use symlog_sink::{FileStorage, Storage};

use super::objects::Objects;
use crate::archive::{Archives, LogFiles};
use crate::error::LoggingError;
use crate::format::{ClassSecretsBody, SegmentBody, fixed};

/// How many segments of the log at `path` need each period key, for as long as they are kept. Needs no key: the
/// segments' first lines say so, and little more than these is read.
///
/// # Errors
///
/// When the log's files cannot be read.
pub fn period_keys_in_use(
    path: &Path,
    archives: Option<Arc<dyn Archives>>,
) -> Result<BTreeMap<Id, u64>, LoggingError> {
    let storage: Arc<dyn Storage> = Arc::new(FileStorage::new(path)?);
    let objects = Objects::take(&LogFiles::plain(&storage).with_archives(archives))?;
    let mut uses = BTreeMap::new();
    for at in 0..objects.len() {
        for (_, body) in objects.headers(at)? {
            for id in ids(&body) {
                *uses.entry(id).or_default() += 1;
            }
        }
    }
    Ok(uses)
}

fn ids(body: &SegmentBody) -> Vec<Id> {
    let ids = body.classes.iter().flat_map(ClassSecretsBody::key_ids);
    let mut ids: Vec<Id> = ids.filter_map(fixed).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
