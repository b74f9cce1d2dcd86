use memchr::memmem::Finder;
use symlog_crypto::CryptoProvider;
use symlog_keys::Keyring;

use super::{Objects, SegmentTable, segment_body};
use crate::archive::{IdPrefix, LogFiles};
use crate::error::LoggingError;
use crate::format::{Body, parse_line};
use crate::interaction::EntryId;
use crate::seal::{SecretsError, UnitRef};

/// Where a request that the log holds belongs.
#[derive(Debug)]
pub(crate) struct FoundRequest {
    pub(crate) class: u16,
    /// The unit that it is sealed under; `None` where only the owner of a private key can tell.
    pub(crate) unit: Option<UnitRef>,
}

/// Looks a request up in the log itself.
///
/// Reads all that is not archived in the worst case. The logger comes here only for a request that
/// was logged long ago or by an earlier process.
pub(crate) fn find_request(
    files: &LogFiles,
    keyring: &Keyring,
    provider: &CryptoProvider,
    id: EntryId,
) -> Result<Option<FoundRequest>, LoggingError> {
    let mut segments = SegmentTable::new(keyring, provider);
    let needle = format!(",\"id\":\"{id}\",");
    let wanted = Finder::new(&needle);
    let header = Finder::new(b"\"control\":\"segment\"");
    let objects = match IdPrefix::parse(&id.to_string()) {
        Some(id) => Objects::with_id(files, &id)?,
        None => Objects::take(files)?,
    };
    for at in 0..objects.len() {
        let mut lines = objects.outlines(at)?;
        while let Some(read) = lines.next()? {
            if !read.terminated {
                break;
            }
            let interesting =
                wanted.find(read.bytes).is_some() || header.find(read.bytes).is_some();
            let Some(line) = interesting.then(|| parse_line(read.bytes).ok()).flatten() else {
                continue;
            };
            if let Some(body) = segment_body(&line.body) {
                segments.insert(line.segment(), body);
            }
            if let Body::Entry {
                line,
                metadata_digest,
                ..
            } = line.body
                && line.id == id
                && line.request.is_some()
            {
                let unit = match segments.unit_of(&line, &metadata_digest) {
                    Err(SecretsError::NoIdentity { .. }) => None,
                    unit => Some(unit?),
                };
                let class = line.class;
                return Ok(Some(FoundRequest { class, unit }));
            }
        }
    }
    Ok(None)
}
