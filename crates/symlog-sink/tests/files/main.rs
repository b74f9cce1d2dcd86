//! What the file backend does with real files, processes and failing systems.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]
#![allow(
    clippy::print_stderr,
    reason = "skipped tests say so, and child processes report by it"
)]

mod attachments;
mod child;
mod limits;
mod links;
mod modes;
mod processes;
mod replay;
mod system;
