//! Runs the built `symlog` on real input.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a helper that fails is a failed test, and a skipped test says so"
)]

mod access;
mod archive;
mod bad_input;
mod common_options;
mod doctor;
mod init;
mod keys;
mod limits;
mod mask;
mod read;
mod record;
mod retention;
mod scan;
mod secrets;
mod ship;
mod stores;
mod symlog;
mod tail;
mod verify;
