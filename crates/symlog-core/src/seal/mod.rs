//! From masked plaintext to sealed lines, and back.

mod error;
mod field;
mod sealer;
mod secrets;
mod units;

pub(crate) use error::SealError;
pub(crate) use field::{Field, FieldKey, Place, UnitRef, open_field};
pub(crate) use sealer::{Chunk, Sealed, Sealer, Seat};
pub(crate) use secrets::{SecretsError, SegmentSecrets, open_unit_line};
