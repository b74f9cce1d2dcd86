//! What an archive of sealed objects is built on: lines taken apart and built again bit for bit,
//! pieces sealed under the keys of a segment and a unit, and the seam by which archived objects are
//! read.
//!
//! The crate `symlog-archive` holds the files themselves; this one knows nothing of their form.

mod apart;
mod codec;
mod error;
mod piece;
mod prefix;
mod row;
mod source;
mod take;

pub use codec::LineCodec;
pub use error::ArchiveError;
pub use piece::PiecePlace;
pub use prefix::IdPrefix;
pub use row::{Chain, ChunkInfo, EnvelopeShape, Payloads, Row, RowKind, UnitId};
pub use source::{ArchivedObject, ArchivedSummary, Archives, Buried, Form, Say};
pub use take::TakenLine;

pub(crate) use source::LogFiles;
