use symlog_crypto::{AeadError, Key, Nonce};
use zeroize::Zeroizing;

use super::codec::LineCodec;
use super::error::ArchiveError;
use super::row::UnitId;

/// Where a sealed piece of an archive belongs. No two pieces of all archives share a place and a
/// salt, so no two share a key.
#[derive(Clone, Copy, Debug)]
pub struct PiecePlace {
    /// The segment under whose secret it is.
    pub segment: u64,
    /// The retention class.
    pub class: u16,
    /// The erasure unit.
    pub unit: UnitId,
    /// Random, made for each archive.
    pub salt: [u8; 16],
    /// Which frame.
    pub frame: u64,
    /// Its pieces are counted from 0.
    pub piece: u32,
    /// Whether it is the last piece of the frame.
    pub last: bool,
}

impl PiecePlace {
    const LABEL: &'static [u8] = b"symlog/v1/frame";

    fn bytes(&self, log: &[u8; 16]) -> Vec<u8> {
        let mut bytes = Self::LABEL.to_vec();
        bytes.extend_from_slice(log);
        bytes.extend_from_slice(&self.segment.to_be_bytes());
        bytes.extend_from_slice(&self.class.to_be_bytes());
        bytes.extend_from_slice(&self.frame.to_be_bytes());
        bytes.extend_from_slice(&self.piece.to_be_bytes());
        bytes.push(u8::from(self.last));
        bytes.extend_from_slice(&self.salt);
        bytes
    }
}

impl LineCodec {
    /// Seals a piece of a frame in place.
    ///
    /// # Errors
    ///
    /// Where the keys cannot be had.
    pub fn seal_piece(
        &mut self,
        place: &PiecePlace,
        buffer: &mut Vec<u8>,
    ) -> Result<(), ArchiveError> {
        let (key, nonce, aad) = self.piece_key(place)?;
        self.provider
            .aes_256_gcm
            .seal(&key, &nonce, &aad, buffer)
            .map_err(ArchiveError::from)
    }

    /// Opens a piece of a frame in place.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::Sealed`] where it is not what was sealed for this place,
    /// [`ArchiveError::Gone`] where its keys have been destroyed.
    pub fn open_piece(
        &mut self,
        place: &PiecePlace,
        buffer: &mut Vec<u8>,
    ) -> Result<(), ArchiveError> {
        let (key, nonce, aad) = self.piece_key(place)?;
        self.provider
            .aes_256_gcm
            .open(&key, &nonce, &aad, buffer)
            .map_err(|AeadError| ArchiveError::Sealed { what: "a frame" })
    }

    fn piece_key(&mut self, place: &PiecePlace) -> Result<(Key, Nonce, Vec<u8>), ArchiveError> {
        let log = self.log_id().ok_or(ArchiveError::Gone)?;
        let prk = self.prk(place.segment, place.class, place.unit)?;
        let info = place.bytes(&log);
        let mut bytes = Zeroizing::new([0u8; 44]);
        prk.expand(&[&info], &mut *bytes)?;
        let key = Key::try_from_slice(&bytes[..32])?;
        let nonce = Nonce::try_from_slice(&bytes[32..])?;
        Ok((key, nonce, info))
    }
}
