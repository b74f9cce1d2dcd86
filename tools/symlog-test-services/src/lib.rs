//! Starts the real servers that tests run against, on loopback and free ports,
//! and stops each by its own handle.
//!
//! `cargo xtask services` fetches them into the folder that `SYMLOG_SERVICES`
//! names. Where one is missing, its test says that it is skipped; in CI it fails.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]
#![allow(clippy::print_stderr, reason = "whoever runs the tests is told")]

mod backend;
mod proxy;
mod server;
pub mod shipping;

pub use backend::{RemoteLog, RemoteLogs};
pub use proxy::{Mode, Proxy};
pub use server::Server;
