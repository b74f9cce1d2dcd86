//! Archives of whole logs: what they give back, what a crash leaves, what hostile files do.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]
#![allow(clippy::print_stderr, reason = "what is skipped is told")]

mod crash;
mod engines;
mod hostile;
mod ids;
mod log;
mod published;
mod reading;
mod retention;
