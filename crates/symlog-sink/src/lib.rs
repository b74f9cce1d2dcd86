#![doc = include_str!("../README.md")]

mod attachment;
#[cfg(feature = "conformance")]
pub mod conformance;
mod error;
mod file;
mod memory;
mod name;
mod poison;
mod snapshot;
mod storage;
mod warning;

pub use attachment::{AttachmentName, Attachments, NewAttachment};
pub use error::{Operation, SinkError};
pub use file::FileStorage;
pub use memory::MemoryStorage;
pub use name::ObjectName;
pub use poison::Poisonable;
pub use snapshot::Snapshot;
pub use storage::{Sink, Source, Storage};
pub use warning::Warning;
