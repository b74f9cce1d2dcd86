//! Reading a log.

mod chunks;
mod entry;
mod error;
mod filter;
mod find;
mod follow;
mod lines;
mod objects;
mod opener;
mod reader;
mod segments;

pub use entry::{Entry, Payload};
pub use error::ReadError;
pub use filter::Filter;
pub(crate) use find::find_request;
pub use follow::Follow;
pub(crate) use lines::{LineRead, Lines};
pub(crate) use objects::{Objects, object_label};
pub(crate) use opener::{OpenError, Opener};
pub use reader::{Entries, LogReader};
pub(crate) use segments::{SegmentTable, header_range, segment_body};
