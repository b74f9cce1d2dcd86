//! Logs in parts, copies of a log, and what ships to them.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod flaky;
mod parts;
mod ship;
