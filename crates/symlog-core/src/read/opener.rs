//! From lines to entries in clear.

use std::collections::HashMap;
use std::sync::Arc;

use symlog_crypto::{AeadError, Key, Prk};

use super::SegmentTable;
use super::chunks::{ChunkPlace, ChunkPlaces, ChunkedPayload, Manifest};
use super::entry::{Entry, Payload};
use super::error::ReadError;
use crate::archive::LogFiles;
use crate::format::{
    ChunkLine, ChunkPart, EntryLine, Meta, MetaMap, SealedField, parse_meta, read_mask_extension,
    zero_digest,
};
use crate::seal::{Field, Place, SecretsError, UnitRef, open_field};

/// Why an entry line does not open.
#[derive(Debug)]
pub(crate) enum OpenError {
    Secrets(SecretsError),
    Damaged(&'static str),
}

impl<E: Into<SecretsError>> From<E> for OpenError {
    fn from(error: E) -> Self {
        Self::Secrets(error.into())
    }
}

impl OpenError {
    /// The error as readers report it, with its place.
    pub(crate) fn at(self, object: &str, line: u64, offset: u64) -> ReadError {
        match self {
            Self::Damaged(what) => ReadError::Damaged {
                object: object.to_owned(),
                line,
                offset,
                why: what.to_owned(),
            },
            Self::Secrets(source @ SecretsError::Expired { .. }) => ReadError::Expired {
                object: object.to_owned(),
                line,
                source: Arc::new(source),
            },
            Self::Secrets(source) => ReadError::Key {
                object: object.to_owned(),
                line,
                source: Arc::new(source),
            },
        }
    }
}

/// An entry line with what goes with it.
#[derive(Clone, Debug)]
pub(crate) struct OpenLine {
    pub(crate) line: Box<EntryLine<'static>>,
    pub(crate) meta: Meta<'static>,
    digest: [u8; 32],
}

/// Opens the envelopes of one log.
#[derive(Debug)]
pub(crate) struct Opener<'a> {
    pub(crate) segments: SegmentTable<'a>,
    files: LogFiles,
    log: [u8; 16],
    units: HashMap<UnitRef, Option<Arc<Key>>>,
    unit_keys: u64,
}

/// Keys that reading took out of the keyring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeysUsed {
    /// Segments whose secrets were opened.
    pub segments: u64,
    /// Unit keys that were fetched; one that was fetched again counts again.
    pub units: u64,
}

/// Unit keys kept in memory.
const CACHED_UNITS: usize = 4096;

impl<'a> Opener<'a> {
    pub(crate) fn new(segments: SegmentTable<'a>, files: LogFiles, log: [u8; 16]) -> Self {
        Self {
            segments,
            files,
            log,
            units: HashMap::new(),
            unit_keys: 0,
        }
    }

    pub(crate) fn keys_used(&self) -> KeysUsed {
        KeysUsed {
            segments: self.segments.opened(),
            units: self.unit_keys,
        }
    }

    /// The line with its metadata in clear.
    pub(crate) fn meta(
        &mut self,
        line: Box<EntryLine<'static>>,
        meta: Meta<'static>,
        digest: [u8; 32],
    ) -> Result<OpenLine, OpenError> {
        let meta = match &meta.metadata {
            MetaMap::Clear(_) => meta,
            MetaMap::Sealed(sealed) => {
                let prk = self.prk(&line, &digest)?;
                let bytes = self.open(&prk, &line, Field::Metadata, sealed, &zero_digest())?;
                parse_meta(&bytes).map_err(|_| OpenError::Damaged("sealed metadata"))?
            }
        };
        Ok(OpenLine { line, meta, digest })
    }

    fn prk(&mut self, line: &EntryLine<'_>, digest: &[u8; 32]) -> Result<Arc<Prk>, OpenError> {
        let unit = self.segments.unit_of(line, digest)?;
        let key = match self.units.get(&unit) {
            Some(key) => key.clone(),
            None => {
                let key = self.segments.unit_key(unit)?.map(Arc::new);
                if self.units.len() >= CACHED_UNITS {
                    self.units.clear();
                }
                self.unit_keys += u64::from(key.is_some());
                self.units.insert(unit, key.clone());
                key
            }
        };
        let secrets = self.segments.secrets(line.segment)?;
        let class = secrets.class(line.class)?;
        Ok(match key {
            Some(key) => Arc::new(class.with_unit(&key)),
            None => class.shared_without_unit(),
        })
    }

    fn open(
        &self,
        prk: &Prk,
        line: &EntryLine<'_>,
        field: Field,
        sealed: &SealedField<'_>,
        digest: &[u8; 32],
    ) -> Result<Vec<u8>, OpenError> {
        self.open_at(prk, line, field, sealed, digest, (0, false))
    }

    fn open_at(
        &self,
        prk: &Prk,
        line: &EntryLine<'_>,
        field: Field,
        sealed: &SealedField<'_>,
        digest: &[u8; 32],
        (chunk, last): (u32, bool),
    ) -> Result<Vec<u8>, OpenError> {
        let place = Place {
            log: self.log,
            segment: line.segment,
            sequence: line.sequence,
            field,
            chunk,
            last,
            salt: sealed.salt,
        };
        let mut buffer = sealed.ciphertext.to_vec();
        open_field(
            self.segments.provider().aead(sealed.algorithm),
            prk,
            &place,
            &line.id,
            digest,
            Some(&sealed.nonce),
            &mut buffer,
        )
        .map_err(|AeadError| OpenError::Damaged("an envelope does not open"))?;
        Ok(buffer)
    }

    fn payload(
        &mut self,
        open: &OpenLine,
        part: ChunkPart,
        places: &ChunkPlaces,
    ) -> Result<(Option<Payload>, Option<String>), OpenError> {
        let line = &open.line;
        let (sealed, field) = match part {
            ChunkPart::Request => (&line.request, Field::Request),
            ChunkPart::Response => (&line.response, Field::Response),
        };
        let Some(sealed) = sealed else {
            return Ok((None, None));
        };
        let prk = self.prk(line, &open.digest)?;
        let bytes = self.open(&prk, line, field, sealed, &open.digest)?;
        if let Some(chain) = sealed.chunks {
            let manifest: Manifest = serde_json::from_slice(&bytes)
                .map_err(|_| OpenError::Damaged("the closing line of a chain of chunks"))?;
            if !manifest.fits(chain) {
                return Err(OpenError::Damaged("the closing line of a chain of chunks"));
            }
            let place = places
                .get(&chain.first)
                .filter(|place| place.id == line.id && place.part == part)
                .ok_or(OpenError::Damaged("the first chunk is missing"))?;
            let error = manifest.error.clone();
            let payload = self.chunked(place, Some(manifest), places)?;
            return Ok((Some(payload), error));
        }
        let json = String::from_utf8(bytes).map_err(|_| OpenError::Damaged("a payload"))?;
        let (json, error) = if open.meta.error.is_some() && part == ChunkPart::Response {
            split_error(json)
        } else {
            (json, None)
        };
        let payload = Payload::inline(json).ok_or(OpenError::Damaged("a payload"))?;
        Ok((Some(payload), error))
    }

    /// The payload of a chain, which may have no end.
    pub(crate) fn chunked(
        &self,
        place: &ChunkPlace,
        manifest: Option<Manifest>,
        places: &ChunkPlaces,
    ) -> Result<Payload, OpenError> {
        let spans = manifest.iter().flat_map(|manifest| &manifest.media);
        let media = spans.map(|span| {
            let held = places.get(&span.first);
            held.filter(|held| held.segment == place.segment)
                .cloned()
                .ok_or(OpenError::Damaged("what holds its media is missing"))
        });
        let media = media.collect::<Result<_, _>>()?;
        let segment = self
            .segments
            .body(place.segment)
            .cloned()
            .ok_or(SecretsError::NoHeader {
                segment: place.segment,
            })?;
        Ok(Payload::chunked(ChunkedPayload {
            files: self.files.clone(),
            provider: self.segments.provider().clone(),
            keyring: self.segments.keyring().clone(),
            place: place.clone(),
            segment,
            manifest,
            media,
        }))
    }

    /// Opens all envelopes of an entry line; gives what closes chains in its request and response.
    pub(crate) fn check_entry(
        &mut self,
        line: Box<EntryLine<'static>>,
        meta: Meta<'static>,
        digest: [u8; 32],
    ) -> Result<[Option<Manifest>; 2], OpenError> {
        let open = self.meta(line, meta, digest)?;
        let prk = self.prk(&open.line, &open.digest)?;
        let check = |sealed: &Option<SealedField<'_>>, field| {
            let Some(sealed) = sealed else {
                return Ok(None);
            };
            let bytes = self.open(&prk, &open.line, field, sealed, &open.digest)?;
            match sealed.chunks {
                Some(_) => serde_json::from_slice(&bytes)
                    .map(Some)
                    .map_err(|_| OpenError::Damaged("the closing line of a chain of chunks")),
                None => Ok(None),
            }
        };
        Ok([
            check(&open.line.request, Field::Request)?,
            check(&open.line.response, Field::Response)?,
        ])
    }

    /// The plaintext of a chunk.
    pub(crate) fn chunk(&mut self, chunk: ChunkLine<'static>) -> Result<Vec<u8>, OpenError> {
        let digest = chunk.place_digest();
        let field = match chunk.part {
            ChunkPart::Request => Field::Request,
            ChunkPart::Response => Field::Response,
        };
        let (index, last) = (chunk.index, chunk.last);
        // A chunk is placed and bound as an entry with one envelope is.
        let line = EntryLine {
            segment: chunk.segment,
            sequence: chunk.sequence,
            id: chunk.id,
            timestamp: chunk.timestamp,
            request: Some(chunk.data),
            response: None,
            class: chunk.class,
            unit: chunk.unit,
            extensions: chunk.extensions,
        };
        let prk = self.prk(&line, &digest)?;
        let Some(sealed) = &line.request else {
            return Ok(Vec::new());
        };
        self.open_at(&prk, &line, field, sealed, &digest, (index, last))
    }

    /// The entry of a line, with the response of a later line where there is one.
    pub(crate) fn entry(
        &mut self,
        open: OpenLine,
        response: Option<OpenLine>,
        places: &ChunkPlaces,
    ) -> Result<Entry, OpenError> {
        let (request_data, _) = self.payload(&open, ChunkPart::Request, places)?;
        let answer = response.as_ref().unwrap_or(&open);
        let (response_data, error_text) = self.payload(answer, ChunkPart::Response, places)?;
        let OpenLine { line, meta, .. } = open;
        let mut entry = entry_of(&line, meta);
        if let Some(response) = response {
            let later = entry_of(&response.line, response.meta);
            entry.latency_ms = later.latency_ms.or(entry.latency_ms);
            entry.token_usage = later.token_usage.or(entry.token_usage);
            entry.error = later.error.or(entry.error);
            entry.metadata.extend(later.metadata);
            for (kind, count) in later.masked {
                *entry.masked.entry(kind).or_default() += count;
            }
            for (kind, rules) in later.masked_by_rule {
                let sums = entry.masked_by_rule.entry(kind).or_default();
                for (rule, count) in rules {
                    *sums.entry(rule).or_default() += count;
                }
            }
        }
        entry.error = error_text.or(entry.error);
        entry.request_data = request_data;
        entry.response_data = response_data;
        Ok(entry)
    }
}

pub(super) fn entry_of(line: &EntryLine<'_>, meta: Meta<'static>) -> Entry {
    let own = |text: Option<std::borrow::Cow<'static, str>>| text.map(Into::into);
    Entry {
        id: line.id.to_string(),
        agent_id: own(meta.agent_id),
        interaction_type: meta.kind,
        timestamp: line.timestamp.to_string(),
        latency_ms: meta.latency_ms,
        model_identifier: own(meta.model),
        request_data: None,
        response_data: None,
        metadata: match meta.metadata {
            MetaMap::Clear(pairs) => pairs
                .into_iter()
                .map(|(key, value)| (key.into_owned(), value.into_owned()))
                .collect(),
            MetaMap::Sealed(_) => Default::default(),
        },
        error: own(meta.error),
        token_usage: meta.tokens,
        conversation: own(meta.conversation),
        tenant: own(meta.tenant),
        trace: own(meta.trace),
        parent: own(meta.parent),
        masked: meta
            .masked
            .into_iter()
            .map(|(kind, count)| (kind.into_owned(), count))
            .collect(),
        masked_by_rule: read_mask_extension(&line.extensions),
        sequence: line.sequence,
    }
}

/// Takes the text of an error out of a response, whose last member it is.
fn split_error(json: String) -> (String, Option<String>) {
    let parsed = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&json);
    let Some(serde_json::Value::String(error)) = parsed
        .ok()
        .and_then(|mut members| members.shift_remove("error"))
    else {
        return (json, None);
    };
    let mut member = b",\"error\":".to_vec();
    crate::format::push_string(&mut member, &error);
    let cut = json.len().saturating_sub(member.len() + 1);
    let mut response = json;
    response.truncate(cut);
    response.push('}');
    (response, Some(error))
}
