//! Opens every envelope.

use std::collections::HashMap;

use symlog_keys::{Keyring, KeyringError};

use crate::format::{Body, ChunkPart, ControlKind, SegmentBody, UnitBody, base64};
use crate::interaction::EntryId;
use crate::read::{OpenError, Opener, SymlogReader};
use crate::seal::{SecretsError, open_unit_line};

/// The part of a verification that needs keys.
pub(super) struct Envelopes<'a> {
    opener: Opener<'a>,
    keyring: &'a Keyring,
    /// Chunks seen of chains that are not closed yet: how many, and the sequence number of the
    /// first.
    chains: HashMap<(EntryId, ChunkPart), (u32, u64)>,
}

impl<'a> Envelopes<'a> {
    pub(super) fn new(reader: &'a SymlogReader) -> Self {
        Self {
            opener: reader.opener(),
            keyring: reader.keyring(),
            chains: HashMap::new(),
        }
    }

    pub(super) fn segment(&mut self, segment: u64, body: SegmentBody) {
        self.opener.segments.insert(segment, body);
    }

    /// Opens what is sealed on a line; an error says what does not open.
    pub(super) fn check(&mut self, body: Body) -> Result<(), String> {
        match body {
            Body::Control(line) if line.kind() == Some(ControlKind::Unit) => {
                let body: UnitBody = serde_json::from_str(&line.body)
                    .map_err(|_| "the body of a unit's first line is malformed".to_owned())?;
                self.unit(line.segment, line.sequence, &body)
            }
            Body::Control(line) if line.kind() == Some(ControlKind::Segment) => self
                .opener
                .segments
                .secrets(line.segment)
                .map(drop)
                .map_err(|error| error.to_string()),
            Body::Control(_) | Body::Tombstone(_) => Ok(()),
            Body::Chunk(chunk) => {
                let chain = self
                    .chains
                    .entry((chunk.id, chunk.part))
                    .or_insert((0, chunk.sequence));
                if chunk.index != chain.0 {
                    return Err(format!(
                        "chunk {} of entry {} stands where chunk {} was expected",
                        chunk.index, chunk.id, chain.0
                    ));
                }
                chain.0 += 1;
                erased_is_fine(self.opener.check_chunk(*chunk))
            }
            Body::Entry {
                line,
                meta,
                metadata_digest,
            } => {
                for (part, sealed) in [
                    (ChunkPart::Request, &line.request),
                    (ChunkPart::Response, &line.response),
                ] {
                    let Some(chain) = sealed.as_ref().and_then(|sealed| sealed.chunks) else {
                        continue;
                    };
                    let seen = self.chains.remove(&(line.id, part));
                    if seen != Some((chain.count, chain.first)) {
                        return Err(format!(
                            "the chunks of the {} are not all there",
                            part.as_str()
                        ));
                    }
                }
                erased_is_fine(self.opener.check_entry(line, *meta, metadata_digest))
            }
        }
    }

    fn unit(&mut self, segment: u64, sequence: u64, body: &UnitBody) -> Result<(), String> {
        let log = self.keyring.log_id();
        let opened = self
            .opener
            .segments
            .secrets(segment)
            .and_then(|secrets| {
                open_unit_line(
                    &secrets,
                    self.opener.segments.provider(),
                    log,
                    sequence,
                    body,
                )
            })
            .map_err(|error| error.to_string())?;
        match self.keyring.unit_key(&opened.0.0) {
            Ok(key) if base64(&Keyring::unit_commitment(&key, &log)) == body.commitment => Ok(()),
            Ok(_) => Err("the unit's key is not the one that the log committed to".to_owned()),
            Err(KeyringError::Destroyed { .. }) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// What was erased or has expired cannot be opened, and that is as it should be.
fn erased_is_fine(outcome: Result<(), OpenError>) -> Result<(), String> {
    match outcome {
        Ok(()) | Err(OpenError::Secrets(SecretsError::Keyring(KeyringError::Destroyed { .. }))) => {
            Ok(())
        }
        Err(OpenError::Secrets(error)) => Err(error.to_string()),
        Err(OpenError::Damaged(what)) => Err(format!("it does not open: {what}")),
    }
}
