#![doc = include_str!("../README.md")]

mod attachment;
#[cfg(feature = "tokio")]
mod blocking;
#[cfg(feature = "conformance")]
pub mod conformance;
mod error;
mod file;
mod memory;
mod name;
mod parts;
mod poison;
mod remote;
mod ship;
mod snapshot;
mod storage;
mod tee;
mod warning;

pub use attachment::{AttachmentName, Attachments, NewAttachment};
#[cfg(feature = "tokio")]
pub use blocking::wait_for;
pub use error::{Operation, SinkError};
pub use file::FileStorage;
pub use memory::MemoryStorage;
pub use name::ObjectName;
pub use parts::{Created, MemoryParts, PartName, PartStorage, PartStore};
pub use poison::Poisonable;
pub use remote::{Remote, check_log_name};
pub use ship::{
    AtCeiling, Cursor, ShipMonitor, ShipOptions, ShipState, ShipStatus, ShippedStorage,
    shipped_through,
};
pub use snapshot::Snapshot;
pub use storage::{Sink, Source, Storage};
pub use tee::Tee;
pub use warning::Warning;
