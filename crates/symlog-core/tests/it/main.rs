//! The crate as its users see it.
#![allow(
    clippy::unwrap_used,
    clippy::let_underscore_future,
    reason = "a failed step is a failed test, and a receipt may be dropped"
)]

mod crash;
mod damage;
mod faults;
mod kill;
mod observe;
mod read;
mod recorded;
mod recorder;
mod seed;
mod support;
mod symbiont;
mod vectors;
mod write;
