use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use symlog_crypto::{Aead, AeadError, CryptoProvider, Prk, default_provider};
use symlog_keys::Keyring;

use super::apart::{Husk, husk, row_of};
use super::error::ArchiveError;
use super::row::{Payloads, Row, RowKind, UnitId};
use crate::format::{
    Body, ChunkLine, ChunkPart, EntryLine, Line, LineError, Meta, MetaFragments, MetaMap,
    SealedField, SegmentBody, leaf_hash, parse_line, push_tail, zero_digest,
};
use crate::interaction::EntryId;
use crate::read::segment_body;
use crate::seal::{Field, FieldKey, Place, SegmentSecrets, open_field};

const UNFIT: ArchiveError = ArchiveError::Line {
    line: 0,
    why: "it lacks members that such a line has",
};

/// Takes the lines of a log apart and builds them again, bit for bit, and seals what archives hold.
///
/// Without keys it only takes metadata apart and builds outlines.
pub struct LineCodec {
    keyring: Option<Keyring>,
    pub(super) provider: CryptoProvider,
    bodies: HashMap<u64, SegmentBody>,
    secrets: HashMap<u64, Arc<SegmentSecrets>>,
    prks: HashMap<(u64, u16, UnitId), Arc<Prk>>,
    fragments: MetaFragments,
}

/// Units of which the derived key is kept.
const KEPT: usize = 1024;

impl LineCodec {
    /// With the keys of `keyring`.
    #[must_use]
    pub fn new(keyring: &Keyring) -> Self {
        Self::with(Some(keyring.clone()))
    }

    /// Without any key.
    #[must_use]
    pub fn keyless() -> Self {
        Self::with(None)
    }

    fn with(keyring: Option<Keyring>) -> Self {
        Self {
            keyring,
            provider: default_provider(),
            bodies: HashMap::new(),
            secrets: HashMap::new(),
            prks: HashMap::new(),
            fragments: MetaFragments::default(),
        }
    }

    /// Whether this one has keys.
    #[must_use]
    pub fn has_keys(&self) -> bool {
        self.keyring.is_some()
    }

    /// The log's identity, where it is known.
    #[must_use]
    pub fn log_id(&self) -> Option<[u8; 16]> {
        self.keyring.as_ref().map(Keyring::log_id)
    }

    /// Takes note of a segment's first line: all rows of a segment need it before.
    pub fn learn(&mut self, row: &Row) {
        if row.control.as_deref() == Some("segment")
            && let Some(body) = &row.body
            && let Ok(body) = serde_json::from_str(body)
        {
            self.bodies.insert(row.segment, body);
        }
    }

    /// The row of a line, which is given without its newline, and its unit; `None` where the keys
    /// that say the unit have been destroyed.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::Line`] where the line is damaged.
    pub fn read(&mut self, line: &[u8]) -> Result<(Row, Option<UnitId>), ArchiveError> {
        let line = parse(line)?;
        if let Some(body) = segment_body(&line.body) {
            self.bodies.insert(line.segment(), body);
        }
        if let Some(log) = self.log_id()
            && !line.has_its_leaf(&log)
        {
            return Err(ArchiveError::Line {
                line: 0,
                why: "its leaf does not fit it",
            });
        }
        let row = row_of(&line).map_err(|why| ArchiveError::Line { line: 0, why })?;
        let unit = match self.unit_of(&line) {
            Ok(unit) => Some(unit),
            Err(ArchiveError::Gone) => None,
            Err(error) => return Err(error),
        };
        Ok((row, unit))
    }

    /// The plaintexts of a line whose row and unit are known.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), and [`ArchiveError::Gone`] where its keys have been destroyed.
    pub fn open(&mut self, line: &[u8], unit: UnitId) -> Result<Payloads, ArchiveError> {
        let line = parse(line)?;
        match line.body {
            Body::Entry {
                line,
                meta,
                metadata_digest,
            } => {
                let prk = self.prk(line.segment, line.class, unit)?;
                let open = |field, sealed: Option<SealedField<'_>>, digest: &[u8; 32]| {
                    sealed
                        .map(|sealed| {
                            let place = self.place(&line, field, sealed.salt)?;
                            self.open_envelope(&prk, place, &line.id, digest, sealed)
                        })
                        .transpose()
                };
                let sealed = match meta.metadata {
                    MetaMap::Sealed(sealed) => Some(sealed),
                    MetaMap::Clear(_) => None,
                };
                Ok(Payloads {
                    request: open(Field::Request, line.request.clone(), &metadata_digest)?,
                    response: open(Field::Response, line.response.clone(), &metadata_digest)?,
                    metadata: open(Field::Metadata, sealed, &zero_digest())?,
                })
            }
            Body::Chunk(line) => {
                let prk = self.prk(line.segment, line.class, unit)?;
                let place = self.chunk_place(&line)?;
                let digest = line.place_digest();
                let data = self.open_envelope(&prk, place, &line.id, &digest, line.data)?;
                Ok(Payloads {
                    request: Some(data),
                    ..Payloads::default()
                })
            }
            Body::Control(_) | Body::Tombstone(_) => Ok(Payloads::default()),
        }
    }

    /// Appends the line that a row and its plaintexts were taken from, without its newline.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::Line`] where the row lacks what such a line has.
    pub fn build(
        &mut self,
        row: &Row,
        unit: UnitId,
        payloads: Payloads,
        out: &mut Vec<u8>,
    ) -> Result<(), ArchiveError> {
        self.write(row, Some(unit), Some(payloads), out)
    }

    /// Appends the line of a row with empty envelopes: valid but for its leaf, which stays that of
    /// the line itself. Where the unit is given the line says it, as that of the log does.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn outline(
        &mut self,
        row: &Row,
        unit: Option<UnitId>,
        out: &mut Vec<u8>,
    ) -> Result<(), ArchiveError> {
        self.write(row, unit, None, out)
    }

    fn write(
        &mut self,
        row: &Row,
        unit: Option<UnitId>,
        payloads: Option<Payloads>,
        out: &mut Vec<u8>,
    ) -> Result<(), ArchiveError> {
        let start = out.len();
        let is_whole = payloads.is_some();
        let digest = match husk(row).ok_or(UNFIT)? {
            Husk::Entry(mut line, mut meta) => {
                self.fill_entry(&mut line, &mut meta, unit, payloads)?;
                line.write(&self.fragments, out);
                let salt = line.salt().ok_or(UNFIT)?;
                let digest = self.fragments.digest(&salt);
                self.log_id().map(|log| line.body_digest(&log, &digest))
            }
            Husk::Chunk(mut line) => {
                self.fill_chunk(&mut line, unit, payloads)?;
                line.write(out);
                self.log_id().map(|log| line.body_digest(&log))
            }
            Husk::Control(line) => {
                line.write(out);
                self.log_id().map(|log| line.body_digest(&log))
            }
            Husk::Tombstone(line) => {
                line.write(&row.leaf, out);
                return Ok(());
            }
        };
        if is_whole && digest.is_some_and(|digest| leaf_hash(&digest, row.durable) != row.leaf) {
            out.truncate(start);
            return Err(ArchiveError::Sealed { what: "a line" });
        }
        push_tail(out, row.durable, &row.leaf);
        out.pop();
        Ok(())
    }

    fn fill_entry(
        &mut self,
        line: &mut EntryLine<'_>,
        meta: &mut Meta<'_>,
        unit: Option<UnitId>,
        payloads: Option<Payloads>,
    ) -> Result<(), ArchiveError> {
        let salt = line.salt().ok_or(UNFIT)?;
        let Some(unit) = unit.filter(|_| self.has_keys()) else {
            self.fragments.render(meta);
            return Ok(());
        };
        let prk = match payloads {
            Some(_) => Some(self.prk(line.segment, line.class, unit)?),
            None => None,
        };
        let payloads = payloads.unwrap_or_default();
        let id = line.id;
        let places = [Field::Metadata, Field::Request, Field::Response];
        let mut keys = Vec::new();
        if let Some(prk) = &prk {
            for field in places {
                keys.push((&**prk, self.place(line, field, salt)?));
            }
        }
        let mut keys = match <[_; 3]>::try_from(keys) {
            Ok(keys) => FieldKey::derive(keys).map(Some),
            Err(_) => [None, None, None],
        };
        let [metadata_key, request_key, response_key] = &mut keys;
        if let (Some(key), MetaMap::Sealed(field)) = (metadata_key, &mut meta.metadata) {
            let aead = self.provider.aead(field.algorithm);
            fill(key, aead, &id, &zero_digest(), field, payloads.metadata)?;
        }
        self.fragments.render(meta);
        let digest = self.fragments.digest(&salt);
        for (key, field, plaintext) in [
            (request_key, &mut line.request, payloads.request),
            (response_key, &mut line.response, payloads.response),
        ] {
            if let (Some(key), Some(field)) = (key, field) {
                let aead = self.provider.aead(field.algorithm);
                fill(key, aead, &id, &digest, field, plaintext)?;
            }
        }
        line.unit = self.sealed_unit(line, unit, salt, &digest)?;
        Ok(())
    }

    fn fill_chunk(
        &mut self,
        line: &mut ChunkLine<'_>,
        unit: Option<UnitId>,
        payloads: Option<Payloads>,
    ) -> Result<(), ArchiveError> {
        let Some(unit) = unit.filter(|_| self.has_keys()) else {
            return Ok(());
        };
        let digest = line.place_digest();
        if let Some(payloads) = payloads {
            let prk = self.prk(line.segment, line.class, unit)?;
            let [key] = FieldKey::derive([(&*prk, self.chunk_place(line)?)]);
            let aead = self.provider.aead(line.data.algorithm);
            fill(
                &key,
                aead,
                &line.id,
                &digest,
                &mut line.data,
                payloads.request,
            )?;
        }
        let salt = line.data.salt;
        let entry = as_entry(line);
        line.unit = self.sealed_unit(&entry, unit, salt, &digest)?;
        Ok(())
    }

    /// The reference to the unit, sealed as the writer did.
    fn sealed_unit(
        &mut self,
        line: &EntryLine<'_>,
        unit: UnitId,
        salt: [u8; 16],
        digest: &[u8; 32],
    ) -> Result<Cow<'static, [u8]>, ArchiveError> {
        let secrets = self.secrets(line.segment)?;
        let class = secrets
            .class(line.class)
            .map_err(|error| ArchiveError::keys(line.segment, error))?;
        let place = self.place(line, Field::Unit, salt)?;
        let [key] = FieldKey::derive([(class.without_unit(), place)]);
        let mut buffer = unit.0.to_vec();
        let aead = self.provider.aes_256_gcm;
        key.seal(aead, &line.id, digest, &mut buffer)
            .map_err(|_| ArchiveError::Seal(AeadError))?;
        Ok(Cow::Owned(buffer))
    }

    fn unit_of(&mut self, line: &Line) -> Result<UnitId, ArchiveError> {
        let (entry, digest) = match &line.body {
            Body::Entry {
                line,
                metadata_digest,
                ..
            } => ((**line).clone(), *metadata_digest),
            Body::Chunk(line) => (as_entry(line), line.place_digest()),
            Body::Control(_) | Body::Tombstone(_) => return Ok(UnitId::NONE),
        };
        if !self.has_keys() {
            return Ok(UnitId::NONE);
        }
        let secrets = self.secrets(entry.segment)?;
        let class = secrets
            .class(entry.class)
            .map_err(|error| ArchiveError::keys(entry.segment, error))?;
        let sealed = entry.request.as_ref().or(entry.response.as_ref());
        let sealed = sealed.ok_or(UNFIT)?;
        let place = self.place(&entry, Field::Unit, sealed.salt)?;
        let mut bytes = entry.unit.to_vec();
        let damaged = |_| ArchiveError::Sealed {
            what: "the unit of a line",
        };
        open_field(
            self.provider.aes_256_gcm,
            class.without_unit(),
            &place,
            &entry.id,
            &digest,
            None,
            &mut bytes,
        )
        .map_err(damaged)?;
        bytes.try_into().map(UnitId).map_err(|_| UNFIT)
    }

    fn open_envelope(
        &self,
        prk: &Prk,
        place: Place,
        id: &EntryId,
        digest: &[u8; 32],
        sealed: SealedField<'_>,
    ) -> Result<Vec<u8>, ArchiveError> {
        let mut buffer = sealed.ciphertext.into_owned();
        open_field(
            self.provider.aead(sealed.algorithm),
            prk,
            &place,
            id,
            digest,
            Some(&sealed.nonce),
            &mut buffer,
        )
        .map_err(|AeadError| ArchiveError::Sealed {
            what: "an envelope",
        })?;
        Ok(buffer)
    }

    fn place(
        &self,
        line: &EntryLine<'_>,
        field: Field,
        salt: [u8; 16],
    ) -> Result<Place, ArchiveError> {
        Ok(Place {
            log: self.log_id().ok_or(ArchiveError::Gone)?,
            segment: line.segment,
            sequence: line.sequence,
            field,
            chunk: 0,
            last: false,
            salt,
        })
    }

    fn chunk_place(&self, line: &ChunkLine<'_>) -> Result<Place, ArchiveError> {
        let field = match line.part {
            ChunkPart::Request => Field::Request,
            ChunkPart::Response => Field::Response,
        };
        Ok(Place {
            chunk: line.index,
            last: line.last,
            ..self.place(&as_entry(line), field, line.data.salt)?
        })
    }

    fn secrets(&mut self, segment: u64) -> Result<Arc<SegmentSecrets>, ArchiveError> {
        if let Some(secrets) = self.secrets.get(&segment) {
            return Ok(Arc::clone(secrets));
        }
        let keyring = self.keyring.as_ref().ok_or(ArchiveError::Gone)?;
        let body = self.bodies.get(&segment).ok_or(ArchiveError::Sealed {
            what: "a line before the first line of its segment",
        })?;
        let secrets = SegmentSecrets::open(keyring, &self.provider, segment, body)
            .map_err(|error| ArchiveError::keys(segment, error))?;
        let secrets = Arc::new(secrets);
        self.secrets.insert(segment, Arc::clone(&secrets));
        Ok(secrets)
    }

    pub(super) fn prk(
        &mut self,
        segment: u64,
        class: u16,
        unit: UnitId,
    ) -> Result<Arc<Prk>, ArchiveError> {
        if let Some(prk) = self.prks.get(&(segment, class, unit)) {
            return Ok(Arc::clone(prk));
        }
        let failed = |error| ArchiveError::keys(segment, error);
        let secrets = self.secrets(segment)?;
        let secrets = secrets.class(class).map_err(failed)?;
        let prk = if unit == UnitId::NONE {
            secrets.shared_without_unit()
        } else {
            let keyring = self.keyring.as_ref().ok_or(ArchiveError::Gone)?;
            let key = keyring
                .unit_key(&unit.0)
                .map_err(|error| failed(error.into()))?;
            Arc::new(secrets.with_unit(&key))
        };
        if self.prks.len() >= KEPT {
            self.prks.clear();
        }
        self.prks.insert((segment, class, unit), Arc::clone(&prk));
        Ok(prk)
    }

    /// What binds the metadata of an entry or the place of a chunk; the digest that every envelope
    /// of the line is bound to.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn metadata_digest(
        &mut self,
        row: &Row,
        sealed_metadata: Option<&[u8]>,
        unit: UnitId,
    ) -> Result<[u8; 32], ArchiveError> {
        match husk(row).ok_or(UNFIT)? {
            Husk::Entry(mut line, mut meta) => {
                let salt = line.salt().ok_or(UNFIT)?;
                if row.sealed.is_some() {
                    let payloads = Payloads {
                        metadata: sealed_metadata.map(<[u8]>::to_vec),
                        // Of the envelopes only that of the metadata goes into the digest.
                        request: Some(Vec::new()),
                        response: None,
                    };
                    line.response = None;
                    let shape = row.request.or(row.response).ok_or(UNFIT)?;
                    line.request = Some(SealedField {
                        ciphertext: Cow::Borrowed(&[]),
                        nonce: [0; 12],
                        salt,
                        algorithm: shape.algorithm,
                        chunks: None,
                    });
                    self.fill_entry(&mut line, &mut meta, Some(unit), Some(payloads))?;
                } else {
                    self.fragments.render(&meta);
                }
                Ok(self.fragments.digest(&salt))
            }
            Husk::Chunk(line) => Ok(line.place_digest()),
            Husk::Control(_) | Husk::Tombstone(_) => Ok(zero_digest()),
        }
    }
}

fn parse(line: &[u8]) -> Result<Line, ArchiveError> {
    parse_line(line).map_err(|error| ArchiveError::Line {
        line: 0,
        why: match error {
            LineError::Newer(_) | LineError::CriticalExtension(_) => {
                "it was written by a newer version"
            }
            _ => "it is damaged",
        },
    })
}

fn fill(
    key: &FieldKey,
    aead: &dyn Aead,
    id: &EntryId,
    digest: &[u8; 32],
    field: &mut SealedField<'_>,
    plaintext: Option<Vec<u8>>,
) -> Result<(), ArchiveError> {
    let mut buffer = plaintext.ok_or(UNFIT)?;
    field.nonce = key
        .seal(aead, id, digest, &mut buffer)
        .map_err(|_| ArchiveError::Seal(AeadError))?;
    field.ciphertext = Cow::Owned(buffer);
    Ok(())
}

/// A chunk is placed and bound as an entry with one envelope is.
fn as_entry<'a>(chunk: &ChunkLine<'a>) -> EntryLine<'a> {
    EntryLine {
        segment: chunk.segment,
        sequence: chunk.sequence,
        id: chunk.id,
        timestamp: chunk.timestamp,
        request: Some(SealedField {
            ciphertext: Cow::Borrowed(&[]),
            ..chunk.data.clone()
        }),
        response: None,
        class: chunk.class,
        unit: chunk.unit.clone(),
        extensions: Cow::Borrowed(""),
    }
}

impl Row {
    /// Whether its line has anything sealed.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        matches!(self.kind, RowKind::Entry | RowKind::Chunk)
    }
}

impl fmt::Debug for LineCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LineCodec")
            .field("segments", &self.bodies.len())
            .field("has_keys", &self.has_keys())
            .finish()
    }
}
