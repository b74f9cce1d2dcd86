//! Masked in, sealed out. The only constructor of [`Sealed`], and so of what a sink may be given.

use std::borrow::Cow;

use symlog_crypto::{Aead, Key};

use super::error::SealError;
use super::field::{Field, FieldKey, Place, UnitRef};
use super::secrets::ClassSecrets;
use super::units::UnitPrks;
use crate::format::{
    ChunkChain, ChunkLine, ChunkPart, ControlKind, ControlLine, EntryLine, MetaFragments, MetaMap,
    SALT_LEN, SealedField, Timestamp, leaf_hash, mask_extension, push_tail, zero_digest,
};
use crate::interaction::EntryId;
use crate::mask::Masked;

/// Lines that are ready for a sink: plaintext cannot become one of these but through a sealer.
#[derive(Debug, Default)]
pub(crate) struct Sealed {
    /// The lines behind some room, into which the first one can grow.
    bytes: Vec<u8>,
    start: usize,
    lines: Vec<SealedLine>,
}

/// What `durable` may take more than `null`.
const HEADROOM: usize = 16;

/// Where one line lies in its [`Sealed`], and what its leaf is made of.
#[derive(Debug)]
pub(crate) struct SealedLine {
    end: usize,
    /// Where `,"durable"` begins.
    tail: usize,
    digest: [u8; 32],
    leaf: [u8; 32],
}

impl Sealed {
    pub(crate) fn line_count(&self) -> usize {
        self.lines.len()
    }

    pub(crate) fn byte_len(&self) -> usize {
        self.bytes.len() - self.start
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    pub(crate) fn leaves(&self) -> impl Iterator<Item = [u8; 32]> {
        self.lines.iter().map(|line| line.leaf)
    }

    /// Puts `durable` on the first line: known only now that the lines are written.
    pub(crate) fn set_durable(&mut self, durable: Option<u64>) {
        let Some(first) = self.lines.first_mut() else {
            return;
        };
        let leaf = leaf_hash(&first.digest, durable);
        let mut tail = Vec::with_capacity(96);
        push_tail(&mut tail, durable, &leaf);
        first.leaf = leaf;
        // The first line moves, so that the others, of which there are many, stay.
        let new_tail = first.end - tail.len();
        let new_start = self.start + new_tail - first.tail;
        self.bytes.copy_within(self.start..first.tail, new_start);
        self.bytes[new_tail..first.end].copy_from_slice(&tail);
        self.start = new_start;
        first.tail = new_tail;
    }

    /// Empty, with the room of an earlier one.
    pub(crate) fn recycled(mut self) -> Self {
        self.bytes.clear();
        self.lines.clear();
        self.start = 0;
        self
    }

    /// Where lines are appended.
    fn buffer(&mut self) -> &mut Vec<u8> {
        if self.bytes.is_empty() {
            self.bytes.resize(HEADROOM, 0);
            self.start = HEADROOM;
        }
        &mut self.bytes
    }

    /// A point that [`cut_back`](Self::cut_back) can return to.
    pub(crate) fn mark(&self) -> (usize, usize) {
        (self.bytes.len(), self.lines.len())
    }

    /// Takes back what was appended since `mark`.
    pub(crate) fn cut_back(&mut self, (bytes, lines): (usize, usize)) {
        self.bytes.truncate(bytes);
        self.start = self.start.min(bytes);
        self.lines.truncate(lines);
    }

    fn finish_line(&mut self, digest: [u8; 32]) {
        let leaf = leaf_hash(&digest, None);
        let tail = self.bytes.len();
        push_tail(&mut self.bytes, None, &leaf);
        self.lines.push(SealedLine {
            end: self.bytes.len(),
            tail,
            digest,
            leaf,
        });
    }
}

/// The place of an entry in the log and the keys that go with it.
#[derive(Debug)]
pub(crate) struct Seat<'a> {
    pub(crate) segment: u64,
    pub(crate) sequence: u64,
    pub(crate) class: &'a ClassSecrets,
    /// The unit's key id and key; `None` where the entry belongs to no unit.
    pub(crate) unit: Option<(UnitRef, &'a Key)>,
}

impl Seat<'_> {
    fn unit_ref(&self) -> UnitRef {
        self.unit.map_or(UnitRef::NONE, |(unit, _)| unit)
    }
}

/// Seals lines of one log, reusing its buffers.
#[derive(Debug)]
pub(crate) struct Sealer {
    log: [u8; 16],
    aead: &'static dyn Aead,
    sealed_metadata: bool,
    fragments: MetaFragments,
    units: UnitPrks,
}

impl Sealer {
    pub(crate) fn new(log: [u8; 16], aead: &'static dyn Aead, sealed_metadata: bool) -> Self {
        Self {
            log,
            aead,
            sealed_metadata,
            fragments: MetaFragments::default(),
            units: UnitPrks::default(),
        }
    }

    /// Appends an entry line. `chains` are those of payloads that were sealed as chunks before.
    pub(crate) fn entry(
        &mut self,
        out: &mut Sealed,
        masked: Masked,
        seat: &Seat<'_>,
        salt: [u8; SALT_LEN],
        chains: [Option<ChunkChain>; 2],
    ) -> Result<(), SealError> {
        let Masked {
            id,
            timestamp,
            meta,
            request,
            response,
            counts,
            ..
        } = masked;
        let prk = &*self.units.of(seat);
        self.fragments.render(&meta);
        if self.sealed_metadata {
            let mut buffer = self.fragments.object().to_vec();
            let [key] = FieldKey::derive([(prk, self.place(seat, Field::Metadata, salt))]);
            let nonce = key.seal(self.aead, &id, &zero_digest(), &mut buffer)?;
            let sealed = self.sealed_field(nonce, salt, buffer, None);
            self.fragments.render(&crate::format::Meta {
                metadata: MetaMap::Sealed(sealed),
                ..Default::default()
            });
        }
        let digest = self.fragments.digest(&salt);
        let places = [Field::Request, Field::Response, Field::Unit]
            .map(|field| self.place(seat, field, salt));
        let [request_place, response_place, unit_place] = places;
        let [request_key, response_key, unit_key] = FieldKey::derive([
            (prk, request_place),
            (prk, response_place),
            (seat.class.without_unit(), unit_place),
        ]);
        let payload = |key: FieldKey, plaintext: Option<Vec<u8>>, chunks| {
            let seal = |mut buffer| {
                let nonce = key.seal(self.aead, &id, &digest, &mut buffer)?;
                Ok::<_, SealError>(self.sealed_field(nonce, salt, buffer, chunks))
            };
            plaintext.map(seal).transpose()
        };
        let [request_chain, response_chain] = chains;
        let request = payload(request_key, request, request_chain)?;
        let response = payload(response_key, response, response_chain)?;
        let mut unit = unit_buffer(seat);
        unit_key.seal(self.aead, &id, &digest, &mut unit)?;
        let line = EntryLine {
            segment: seat.segment,
            sequence: seat.sequence,
            id,
            timestamp,
            request,
            response,
            class: seat.class.class,
            unit: Cow::Owned(unit),
            // Where the metadata is sealed nothing beside it says what was masked.
            extensions: match self.sealed_metadata {
                true => Cow::Borrowed(""),
                false => mask_extension(&counts),
            },
        };
        line.write(&self.fragments, out.buffer());
        out.finish_line(line.body_digest(&self.log, &digest));
        Ok(())
    }

    /// Appends one chunk line.
    pub(crate) fn chunk(
        &mut self,
        out: &mut Sealed,
        seat: &Seat<'_>,
        chunk: Chunk<'_>,
        salt: [u8; SALT_LEN],
    ) -> Result<(), SealError> {
        let mut line = ChunkLine {
            segment: seat.segment,
            sequence: seat.sequence,
            id: chunk.id,
            timestamp: chunk.timestamp,
            part: chunk.part,
            index: chunk.index,
            last: chunk.last,
            data: SealedField {
                ciphertext: Cow::Borrowed(&[]),
                nonce: [0; 12],
                salt,
                algorithm: self.aead.algorithm(),
                chunks: None,
            },
            class: seat.class.class,
            unit: Cow::Borrowed(&[]),
            extensions: Cow::Borrowed(""),
        };
        let digest = line.place_digest();
        let prk = &*self.units.of(seat);
        let place = Place {
            log: self.log,
            segment: seat.segment,
            sequence: seat.sequence,
            field: match chunk.part {
                ChunkPart::Request => Field::Request,
                ChunkPart::Response => Field::Response,
            },
            chunk: chunk.index,
            last: chunk.last,
            salt,
        };
        let mut buffer = Vec::with_capacity(chunk.plaintext.len() + 16);
        buffer.extend_from_slice(chunk.plaintext);
        let unit_place = self.place(seat, Field::Unit, salt);
        let [key, unit_key] =
            FieldKey::derive([(prk, place), (seat.class.without_unit(), unit_place)]);
        line.data.nonce = key.seal(self.aead, &chunk.id, &digest, &mut buffer)?;
        line.data.ciphertext = Cow::Owned(buffer);
        let mut unit = unit_buffer(seat);
        unit_key.seal(self.aead, &chunk.id, &digest, &mut unit)?;
        line.unit = Cow::Owned(unit);
        line.write(out.buffer());
        out.finish_line(line.body_digest(&self.log));
        Ok(())
    }

    /// Appends a control line; its body holds nothing that must be sealed, or has sealed it.
    pub(crate) fn control(
        &self,
        out: &mut Sealed,
        segment: u64,
        sequence: u64,
        timestamp: Timestamp,
        kind: ControlKind,
        body: String,
    ) {
        let line = ControlLine {
            segment,
            sequence,
            control: Cow::Borrowed(kind.as_str()),
            critical: kind.is_critical(),
            timestamp,
            body: Cow::Owned(body),
            extensions: Cow::Borrowed(""),
        };
        line.write(out.buffer());
        out.finish_line(line.body_digest(&self.log));
    }

    /// The sealed content of a `unit` line.
    pub(crate) fn unit_opened(
        &self,
        seat: &Seat<'_>,
        name_digest: &[u8; 32],
        salt: [u8; SALT_LEN],
    ) -> Result<Vec<u8>, SealError> {
        let mut buffer = seat.unit_ref().0.to_vec();
        buffer.extend_from_slice(name_digest);
        let place = self.place(seat, Field::UnitOpened, salt);
        let [key] = FieldKey::derive([(seat.class.without_unit(), place)]);
        key.seal(
            self.aead,
            &EntryId::from(uuid::Uuid::nil()),
            &zero_digest(),
            &mut buffer,
        )?;
        Ok(buffer)
    }

    fn place(&self, seat: &Seat<'_>, field: Field, salt: [u8; SALT_LEN]) -> Place {
        Place {
            log: self.log,
            segment: seat.segment,
            sequence: seat.sequence,
            field,
            chunk: 0,
            last: false,
            salt,
        }
    }

    fn sealed_field(
        &self,
        nonce: [u8; 12],
        salt: [u8; SALT_LEN],
        ciphertext: Vec<u8>,
        chunks: Option<ChunkChain>,
    ) -> SealedField<'static> {
        SealedField {
            ciphertext: Cow::Owned(ciphertext),
            nonce,
            salt,
            algorithm: self.aead.algorithm(),
            chunks,
        }
    }
}

/// The reference to the unit, with room for the tag.
fn unit_buffer(seat: &Seat<'_>) -> Vec<u8> {
    let mut buffer = Vec::with_capacity(32);
    buffer.extend_from_slice(&seat.unit_ref().0);
    buffer
}

/// One piece of a payload, with its place in the chain.
#[derive(Debug)]
pub(crate) struct Chunk<'a> {
    pub(crate) id: EntryId,
    pub(crate) timestamp: Timestamp,
    pub(crate) part: ChunkPart,
    pub(crate) index: u32,
    pub(crate) last: bool,
    pub(crate) plaintext: &'a [u8],
}
