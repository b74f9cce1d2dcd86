//! What every backend must do, as functions to run against it; faults and
//! power cuts to run what is built on a backend against.
//!
//! - [`run`] checks a backend, through a [`Backend`] that makes logs. A check
//!   panics where the contract of [`Storage`](crate::Storage) is broken.
//! - [`FaultyStorage`] makes chosen calls fail.
//! - [`RecordingStorage`] records what a writer does; from its [`Trace`] every
//!   image that a power cut could have left is made.
//!
//! ```
//! use symlog_sink::MemoryStorage;
//! use symlog_sink::conformance::{Backend, Check, run};
//!
//! struct Memory;
//!
//! impl Backend for Memory {
//!     type Storage = MemoryStorage;
//!
//!     fn create(&self) -> MemoryStorage {
//!         MemoryStorage::new()
//!     }
//!
//!     fn reopen(&self, log: &MemoryStorage) -> MemoryStorage {
//!         log.clone()
//!     }
//!
//!     fn after_crash(&self, log: &MemoryStorage) -> Option<MemoryStorage> {
//!         Some(log.after_crash())
//!     }
//! }
//!
//! // Memory never fails by itself, so that one check cannot be run on it.
//! assert_eq!(run(&Memory), [Check::PoisonIsSticky]);
//! ```
#![allow(
    clippy::unwrap_used,
    reason = "a check reports a broken contract by panicking"
)]

mod attachments;
mod backend;
mod checks;
mod crash;
mod fault;
mod image;
mod record;

pub use backend::{Backend, Check, SecondWriter, run};
pub use crash::{CrashPoint, Survival};
pub use fault::{Fault, FaultPlan, FaultyStorage};
pub use record::{Event, RecordingStorage, Trace};
