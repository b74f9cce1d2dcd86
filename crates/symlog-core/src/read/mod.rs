//! Reading a log.

mod chunks;
mod entry;
mod error;
mod filter;
mod find;
mod follow;
mod headers;
mod key_use;
mod lines;
mod log;
mod mend;
mod objects;
mod opener;
mod reader;
mod segments;
mod whole;

pub(crate) use chunks::Manifest;
pub use chunks::PayloadReader;
pub use entry::{Entry, Payload};
pub use error::ReadError;
pub use filter::Filter;
pub(crate) use find::{FoundRequest, find_request};
pub use key_use::period_keys_in_use;
pub(crate) use lines::{LineRead, Lines};
pub(crate) use log::LogKind;
pub use log::{Entries, Follow, LogReader};
pub(crate) use objects::{Objects, SharedSource, object_label};
pub use opener::KeysUsed;
pub(crate) use opener::{OpenError, Opener};
pub(crate) use reader::SymlogReader;
pub(crate) use segments::{SegmentTable, header_range, segment_body};
