//! The crate as its users see it.

mod observe;
mod read;
mod recorder;
mod seed;
mod support;
mod write;
