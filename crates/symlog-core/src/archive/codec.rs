use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use symlog_crypto::{Aead, AeadError, CryptoProvider, Prk, default_provider};
use symlog_keys::Keyring;

use super::apart::{Husk, husk};
use super::error::ArchiveError;
use super::row::{Payloads, Row, RowKind, UnitId};
use crate::format::{
    ChunkLine, ChunkPart, EntryLine, Meta, MetaFragments, MetaMap, SealedField, SegmentBody,
    leaf_hash, push_tail, zero_digest,
};
use crate::interaction::EntryId;
use crate::seal::{Field, FieldKey, Place, SegmentSecrets};

pub(super) const UNFIT: ArchiveError = ArchiveError::Line {
    line: 0,
    why: "it lacks members that such a line has",
};

/// Takes the lines of a log apart and builds them again, bit for bit, and seals what archives hold.
///
/// Without keys it only takes metadata apart and builds outlines.
pub struct LineCodec {
    keyring: Option<Keyring>,
    pub(super) provider: CryptoProvider,
    pub(super) bodies: HashMap<u64, SegmentBody>,
    secrets: HashMap<u64, Arc<SegmentSecrets>>,
    prks: HashMap<(u64, u16, UnitId), Arc<Prk>>,
    fragments: MetaFragments,
    checks_leaves: bool,
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
            checks_leaves: true,
        }
    }

    /// Builds lines without hashing what is sealed to see whether their leaf is right, for one who
    /// compares them with lines of which that is known.
    #[must_use]
    pub fn for_comparing(self) -> Self {
        Self {
            checks_leaves: false,
            ..self
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
        let is_checked = payloads.is_some() && self.checks_leaves;
        let log = self.log_id().filter(|_| is_checked);
        let digest = match husk(row).ok_or(UNFIT)? {
            Husk::Entry(mut line, mut meta) => {
                self.fill_entry(&mut line, &mut meta, unit, payloads)?;
                line.write(&self.fragments, out);
                let salt = line.salt().ok_or(UNFIT)?;
                log.map(|log| line.body_digest(&log, &self.fragments.digest(&salt)))
            }
            Husk::Chunk(mut line) => {
                self.fill_chunk(&mut line, unit, payloads)?;
                line.write(out);
                log.map(|log| line.body_digest(&log))
            }
            Husk::Control(line) => {
                line.write(out);
                log.map(|log| line.body_digest(&log))
            }
            Husk::Tombstone(line) => {
                line.write(&row.leaf, out);
                return Ok(());
            }
        };
        if digest.is_some_and(|digest| leaf_hash(&digest, row.durable) != row.leaf) {
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

    pub(super) fn place(
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

    pub(super) fn chunk_place(&self, line: &ChunkLine<'_>) -> Result<Place, ArchiveError> {
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

    pub(super) fn secrets(&mut self, segment: u64) -> Result<Arc<SegmentSecrets>, ArchiveError> {
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
pub(super) fn as_entry<'a>(chunk: &ChunkLine<'a>) -> EntryLine<'a> {
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
