//! One envelope: its key, its nonce, and what it is bound to.

use symlog_crypto::{Aead, AeadError, Key, Nonce, Prk, expand_keys_and_nonces};

use super::error::SealError;
use crate::format::SALT_LEN;
use crate::interaction::EntryId;

/// What an envelope holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Request = 1,
    Response = 2,
    Metadata = 3,
    /// The reference to the erasure unit's key.
    Unit = 4,
    /// The reference and the name's digest, on a unit's first line.
    UnitOpened = 5,
}

/// Where in a log an envelope stands. No two envelopes share a place, so no two share a key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) log: [u8; 16],
    pub(crate) segment: u64,
    pub(crate) sequence: u64,
    pub(crate) field: Field,
    /// Index in a chain of chunks; 0 where there is no chain.
    pub(crate) chunk: u32,
    /// Whether the chain ends here; `false` where there is no chain.
    pub(crate) last: bool,
    pub(crate) salt: [u8; SALT_LEN],
}

const PLACE_LEN: usize = 16 + 8 + 8 + 1 + 4 + 1;
const INFO_LEN: usize = 13 + PLACE_LEN + SALT_LEN;

impl Place {
    fn bytes(&self) -> [u8; PLACE_LEN] {
        let mut bytes = [0; PLACE_LEN];
        bytes[..16].copy_from_slice(&self.log);
        bytes[16..24].copy_from_slice(&self.segment.to_be_bytes());
        bytes[24..32].copy_from_slice(&self.sequence.to_be_bytes());
        bytes[32] = self.field as u8;
        bytes[33..37].copy_from_slice(&self.chunk.to_be_bytes());
        bytes[37] = u8::from(self.last);
        bytes
    }

    fn derivation_info(&self) -> [u8; INFO_LEN] {
        let mut info = [0; INFO_LEN];
        info[..13].copy_from_slice(b"symlog/v1/key");
        info[13..13 + PLACE_LEN].copy_from_slice(&self.bytes());
        info[13 + PLACE_LEN..].copy_from_slice(&self.salt);
        info
    }

    fn associated_data(&self, id: &[u8; 16], digest: &[u8; 32]) -> [u8; 13 + PLACE_LEN + 48] {
        let mut aad = [0; 13 + PLACE_LEN + 48];
        aad[..13].copy_from_slice(b"symlog/v1/aad");
        aad[13..13 + PLACE_LEN].copy_from_slice(&self.bytes());
        aad[13 + PLACE_LEN..29 + PLACE_LEN].copy_from_slice(id);
        aad[29 + PLACE_LEN..].copy_from_slice(digest);
        aad
    }
}

/// What one envelope is sealed with.
#[derive(Debug)]
pub(crate) struct FieldKey {
    place: Place,
    key: Key,
    nonce: Nonce,
}

impl FieldKey {
    /// `key ‖ nonce = HKDF-Expand(PRK, "symlog/v1/key" ‖ place ‖ salt, 44)`, for all envelopes of a
    /// line at once.
    pub(crate) fn derive<const N: usize>(places: [(&Prk, Place); N]) -> [Self; N] {
        let infos = places.map(|(_, place)| place.derivation_info());
        let inputs = std::array::from_fn(|i| (places[i].0, &infos[i]));
        let mut i = 0;
        expand_keys_and_nonces(inputs).map(|(key, nonce)| {
            let (_, place) = places[i];
            i += 1;
            Self { place, key, nonce }
        })
    }

    /// Encrypts `buffer` in place and gives the nonce that goes on the line.
    pub(crate) fn seal(
        &self,
        aead: &dyn Aead,
        id: &EntryId,
        digest: &[u8; 32],
        buffer: &mut Vec<u8>,
    ) -> Result<[u8; 12], SealError> {
        let aad = self.place.associated_data(id.as_bytes(), digest);
        aead.seal(&self.key, &self.nonce, &aad, buffer)?;
        Ok(*self.nonce.as_bytes())
    }
}

/// Decrypts `buffer` in place. A nonce on the line that is not the derived one is refused, so
/// that there is one valid form of every envelope.
pub(crate) fn open_field(
    aead: &dyn Aead,
    prk: &Prk,
    place: &Place,
    id: &EntryId,
    digest: &[u8; 32],
    nonce_on_line: Option<&[u8; 12]>,
    buffer: &mut Vec<u8>,
) -> Result<(), AeadError> {
    let [FieldKey { key, nonce, .. }] = FieldKey::derive([(prk, *place)]);
    if nonce_on_line.is_some_and(|given| given != nonce.as_bytes()) {
        return Err(AeadError);
    }
    aead.open(
        &key,
        &nonce,
        &place.associated_data(id.as_bytes(), digest),
        buffer,
    )
}

/// The id of the unit key that an entry is sealed under; all zero where there is no unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct UnitRef(pub(crate) [u8; 16]);

impl UnitRef {
    pub(crate) const NONE: Self = Self([0; 16]);
}
