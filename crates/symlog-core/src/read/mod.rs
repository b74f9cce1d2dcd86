//! Reading a log.

mod find;
mod lines;
mod segments;

pub(crate) use find::find_request;
pub(crate) use lines::{LineRead, Lines};
pub(crate) use segments::{SegmentTable, header_range, segment_body};
