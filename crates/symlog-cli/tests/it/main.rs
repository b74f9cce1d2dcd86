//! Runs the built `symlog` on real input.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a helper that fails is a failed test, and a skipped test says so"
)]

mod common_options;
mod mask;
mod scan;
mod symlog;
