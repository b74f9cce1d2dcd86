//! The crate as its users see it.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod read;
mod support;
mod symbiont;
mod write;
