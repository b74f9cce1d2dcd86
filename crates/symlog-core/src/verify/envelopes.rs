//! Opens every envelope.

use std::collections::HashMap;

use symlog_crypto::Sha256;
use symlog_keys::{Keyring, KeyringError};

use crate::format::{Body, ChunkPart, ControlKind, MediaSpan, SegmentBody, UnitBody, base64};
use crate::interaction::EntryId;
use crate::read::{Manifest, OpenError, Opener, SymlogReader};
use crate::seal::{SecretsError, open_unit_line};

/// The part of a verification that needs keys.
pub(super) struct Envelopes<'a> {
    opener: Opener<'a>,
    keyring: &'a Keyring,
    /// Chains that are not closed yet.
    chains: HashMap<(EntryId, ChunkPart), Chain>,
    /// The bytes in each chain of the present segment, by its first line: others may name them.
    held: HashMap<u64, u64>,
}

/// What was seen of a chain.
struct Chain {
    first: u64,
    count: u32,
    bytes: u64,
    hash: Sha256,
    /// Whether all of it was opened: of what was erased, the digest is not known.
    is_open: bool,
}

impl Chain {
    fn new(first: u64) -> Self {
        Self {
            first,
            count: 0,
            bytes: 0,
            hash: Sha256::new(),
            is_open: true,
        }
    }

    fn fits(self, manifest: &Manifest) -> bool {
        let digest: String = self
            .hash
            .finish()
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        !self.is_open || (self.bytes == manifest.bytes && digest == manifest.sha256)
    }
}

impl<'a> Envelopes<'a> {
    pub(super) fn new(reader: &'a SymlogReader) -> Self {
        Self {
            opener: reader.opener(),
            keyring: reader.keyring(),
            chains: HashMap::new(),
            held: HashMap::new(),
        }
    }

    pub(super) fn segment(&mut self, segment: u64, body: SegmentBody) {
        if self.opener.segments.body(segment).is_none() {
            self.held.clear();
        }
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
                let key = (chunk.id, chunk.part);
                if chunk.index == 0 {
                    // One before that was never closed belongs to no entry.
                    self.chains.insert(key, Chain::new(chunk.sequence));
                }
                let seen = self.chains.get(&key).map_or(0, |chain| chain.count);
                let Some(chain) = self.chains.get_mut(&key).filter(|_| chunk.index == seen) else {
                    return Err(format!(
                        "chunk {} of entry {} stands where chunk {seen} was expected",
                        chunk.index, chunk.id
                    ));
                };
                chain.count += 1;
                match self.opener.chunk(*chunk) {
                    Ok(plaintext) => {
                        chain.bytes += plaintext.len() as u64;
                        chain.hash.update(&plaintext);
                        Ok(())
                    }
                    Err(error) => {
                        chain.is_open = false;
                        erased_is_fine(error)
                    }
                }
            }
            Body::Entry {
                line,
                meta,
                metadata_digest,
            } => {
                let mut chains = [None, None];
                for (part, sealed) in [
                    (ChunkPart::Request, &line.request),
                    (ChunkPart::Response, &line.response),
                ] {
                    let Some(named) = sealed.as_ref().and_then(|sealed| sealed.chunks) else {
                        continue;
                    };
                    let seen = self.chains.remove(&(line.id, part));
                    let seen = seen.filter(|it| (it.first, it.count) == (named.first, named.count));
                    chains[part as usize] = Some(seen.ok_or_else(|| {
                        format!("the chunks of the {} are not all there", part.as_str())
                    })?);
                }
                let manifests = match self.opener.check_entry(line, *meta, metadata_digest) {
                    Ok(manifests) => manifests,
                    Err(error) => return erased_is_fine(error),
                };
                let closed = chains.into_iter().zip(manifests);
                closed
                    .filter_map(|(chain, manifest)| Some((chain?, manifest?)))
                    .try_for_each(|(chain, manifest)| self.close(chain, &manifest))
            }
        }
    }

    /// A chain is what it was closed with, and what holds its media is there.
    fn close(&mut self, chain: Chain, manifest: &Manifest) -> Result<(), String> {
        if chain.is_open {
            self.held.insert(chain.first, chain.bytes);
        }
        let is_held = |span: &MediaSpan| {
            let end = span.offset.checked_add(span.bytes);
            let held = self.held.get(&span.first);
            held.is_some_and(|held| end.is_some_and(|end| end <= *held))
        };
        if chain.is_open && !manifest.media.iter().all(is_held) {
            return Err("the chain that holds its media is not there".to_owned());
        }
        match chain.fits(manifest) {
            true => Ok(()),
            false => Err("the chunks are not those that the entry was closed with".to_owned()),
        }
    }

    fn unit(&mut self, segment: u64, sequence: u64, body: &UnitBody) -> Result<(), String> {
        let log = self.keyring.log_id();
        let opened = self.opener.segments.secrets(segment).and_then(|secrets| {
            open_unit_line(
                &secrets,
                self.opener.segments.provider(),
                log,
                sequence,
                body,
            )
        });
        let opened = match opened {
            Err(SecretsError::Expired { .. }) => return Ok(()),
            opened => opened.map_err(|error| error.to_string())?,
        };
        match self.keyring.unit_key(&opened.0.0) {
            Ok(key) if base64(&Keyring::unit_commitment(&key, &log)) == body.commitment => Ok(()),
            Ok(_) => Err("the unit's key is not the one that the log committed to".to_owned()),
            Err(KeyringError::Destroyed { .. }) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// What was erased or has expired cannot be opened, and that is as it should be.
fn erased_is_fine(error: OpenError) -> Result<(), String> {
    match error {
        OpenError::Secrets(
            SecretsError::Expired { .. } | SecretsError::Keyring(KeyringError::Destroyed { .. }),
        ) => Ok(()),
        OpenError::Secrets(error) => Err(error.to_string()),
        OpenError::Damaged(what) => Err(format!("it does not open: {what}")),
    }
}
