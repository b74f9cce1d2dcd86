//! From lines to entries in clear.

use super::cipher::Opener;
use super::error::LineError;
use super::line::{EntryLine, RawEnvelope, UpdateLine};
use crate::format::{Meta, MetaMap, Timestamp};
use crate::read::{Entry, Filter, Payload, ReadError, object_label};
use symlog_sink::ObjectName;

/// Decrypts a line; its answer, if it has a line of its own, is not looked for.
pub(super) fn open_entry(
    opener: &mut Opener,
    line: EntryLine<'_>,
    number: u64,
) -> Result<Entry, LineError> {
    let EntryLine {
        id,
        agent_id,
        interaction_type,
        timestamp,
        latency_ms,
        model_identifier,
        request_data,
        response_data,
        metadata,
        error,
        token_usage,
    } = line;
    let request_data = request_data.ok_or(LineError::NoRequest)?;
    let slot = |key: &str| metadata.get(key).cloned();
    Ok(Entry {
        id: id.to_string(),
        agent_id: Some(agent_id.into_owned()),
        interaction_type: Some(interaction_type),
        timestamp: timestamp.into_owned(),
        latency_ms: Some(latency_ms),
        model_identifier: Some(model_identifier.into_owned()),
        request_data: Some(open(opener, "request_data", &request_data)?),
        response_data: match response_data {
            Some(envelope) => Some(open(opener, "response_data", &envelope)?),
            None => None,
        },
        conversation: slot("conversation_id"),
        tenant: slot("tenant"),
        trace: slot("trace_id"),
        parent: slot("parent_id"),
        metadata,
        error,
        token_usage,
        masked: Default::default(),
        masked_by_rule: Default::default(),
        sequence: number - 1,
    })
}

/// Adds an answer to its request; without change to it when the answer does not open.
pub(super) fn join(
    opener: &mut Opener,
    entry: &mut Entry,
    update: UpdateLine<'_>,
) -> Result<(), LineError> {
    let UpdateLine {
        response_data,
        latency_ms,
        error,
        token_usage,
    } = update;
    if let Some(envelope) = &response_data {
        entry.response_data = Some(open(opener, "response_data", envelope)?);
    }
    entry.latency_ms = latency_ms.or(entry.latency_ms);
    entry.token_usage = token_usage.or(entry.token_usage);
    entry.error = error.or(entry.error.take());
    Ok(())
}

pub(super) fn open(
    opener: &mut Opener,
    name: &'static str,
    envelope: &RawEnvelope<'_>,
) -> Result<Payload, LineError> {
    opener.open(envelope).map_err(|source| LineError::Envelope {
        envelope: name,
        source,
    })
}

/// Whether a filter wants the entry, by what stands in clear.
pub(super) fn is_wanted(filter: &Filter, line: &EntryLine<'_>) -> Result<bool, LineError> {
    let at = Timestamp::parse_rfc3339(&line.timestamp).map_err(|_| LineError::Timestamp)?;
    let slot = |key: &str| line.metadata.get(key).map(|text| text.as_str().into());
    let meta = Meta {
        agent_id: Some((&*line.agent_id).into()),
        kind: Some(line.interaction_type),
        latency_ms: Some(line.latency_ms),
        model: Some((&*line.model_identifier).into()),
        metadata: MetaMap::default(),
        error: line.error.as_deref().map(Into::into),
        tokens: line.token_usage,
        conversation: slot("conversation_id"),
        tenant: slot("tenant"),
        trace: slot("trace_id"),
        parent: slot("parent_id"),
        masked: Vec::new(),
    };
    Ok(filter.wants(&line.id, at, &meta))
}

pub(super) fn damaged(line: u64, offset: u64, why: &LineError) -> ReadError {
    ReadError::Damaged {
        object: object_label(&ObjectName::Active),
        line,
        offset,
        why: why.to_string(),
    }
}
