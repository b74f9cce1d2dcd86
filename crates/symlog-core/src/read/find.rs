use memchr::memmem::Finder;
use symlog_crypto::CryptoProvider;
use symlog_keys::Keyring;
use symlog_sink::Storage;

use super::{Lines, SegmentTable, segment_body};
use crate::error::LoggingError;
use crate::format::{Body, parse_line};
use crate::interaction::EntryId;
use crate::seal::UnitRef;

/// Looks a request up in the log itself: its class, and the unit that it is sealed under.
///
/// Reads the whole log in the worst case. The logger comes here only for a request that was
/// logged long ago or by an earlier process.
pub(crate) fn find_request(
    storage: &dyn Storage,
    keyring: &Keyring,
    provider: &CryptoProvider,
    id: EntryId,
) -> Result<Option<(u16, UnitRef)>, LoggingError> {
    let mut segments = SegmentTable::new(keyring, provider);
    let needle = format!(",\"id\":\"{id}\",");
    let wanted = Finder::new(&needle);
    let header = Finder::new(b"\"control\":\"segment\"");
    for object in storage.objects()? {
        let mut lines = Lines::new(storage.source(&object)?);
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
                let unit = segments.unit_of(&line, &metadata_digest)?;
                return Ok(Some((line.class, unit)));
            }
        }
    }
    Ok(None)
}
