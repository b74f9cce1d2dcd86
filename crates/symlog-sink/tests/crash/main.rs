//! The images of a power cut: what they must hold, byte by byte, and that a
//! harness built on them finds the mistakes that recovery is known for.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod harness;
mod images;
mod toy;
