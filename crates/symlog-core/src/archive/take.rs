//! Lines taken apart.

use symlog_crypto::{AeadError, Prk};

use super::apart::row_of;
use super::codec::{LineCodec, UNFIT, as_entry};
use super::error::ArchiveError;
use super::row::{Payloads, Row, UnitId};
use crate::format::{Body, Line, LineError, MetaMap, SealedField, parse_line, zero_digest};
use crate::interaction::EntryId;
use crate::read::segment_body;
use crate::seal::{Field, Place, open_field};

/// A line taken apart at once.
#[derive(Debug)]
pub struct TakenLine {
    /// All of it but what is sealed.
    pub row: Row,
    /// Its unit; `None` where the keys that say the unit have been destroyed.
    pub unit: Option<UnitId>,
    /// Its plaintexts and what binds its metadata, where they were asked for and can be had.
    pub payloads: Option<(Payloads, [u8; 32])>,
}

impl LineCodec {
    /// The row of a line, which is given without its newline, and its unit; `None` where the keys
    /// that say the unit have been destroyed.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::Line`] where the line is damaged.
    pub fn read(&mut self, line: &[u8]) -> Result<(Row, Option<UnitId>), ArchiveError> {
        let TakenLine { row, unit, .. } = self.take(line, false)?;
        Ok((row, unit))
    }

    /// As [`read`](Self::read), and the plaintexts with it where `opens` says so.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read) and [`open`](Self::open), but not that keys have been destroyed.
    pub fn take(&mut self, line: &[u8], opens: bool) -> Result<TakenLine, ArchiveError> {
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
        let digest = match &line.body {
            Body::Entry {
                metadata_digest, ..
            } => *metadata_digest,
            Body::Chunk(chunk) => chunk.place_digest(),
            Body::Control(_) | Body::Tombstone(_) => zero_digest(),
        };
        let payloads = match unit.filter(|_| opens && row.is_sealed()) {
            Some(unit) => match self.open_line(line, unit) {
                Ok(payloads) => Some((payloads, digest)),
                Err(ArchiveError::Gone) => None,
                Err(error) => return Err(error),
            },
            None => None,
        };
        Ok(TakenLine {
            row,
            unit,
            payloads,
        })
    }

    /// The plaintexts of a line whose row and unit are known.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), and [`ArchiveError::Gone`] where its keys have been destroyed.
    pub fn open(&mut self, line: &[u8], unit: UnitId) -> Result<Payloads, ArchiveError> {
        self.open_line(parse(line)?, unit)
    }

    fn open_line(&mut self, line: Line, unit: UnitId) -> Result<Payloads, ArchiveError> {
        match line.body {
            Body::Entry {
                line,
                meta,
                metadata_digest,
            } => {
                let prk = self.prk(line.segment, line.class, unit)?;
                let mut line = line;
                let (request, response) = (line.request.take(), line.response.take());
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
                    request: open(Field::Request, request, &metadata_digest)?,
                    response: open(Field::Response, response, &metadata_digest)?,
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
