//! The crate as its users see it.
#![allow(
    clippy::unwrap_used,
    clippy::let_underscore_future,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a failed step is a failed test, a receipt may be dropped, and figures are printed"
)]

mod crash;
mod damage;
mod faults;
mod kill;
mod large;
mod maintenance;
mod masking;
mod media;
#[cfg(target_os = "linux")]
mod memory;
mod observe;
mod power;
mod read;
mod recorded;
mod recorder;
mod retention;
mod rotate;
mod seed;
mod support;
mod symbiont;
mod system;
mod vectors;
mod write;
mod write_only;
