//! The crate as its users see it.

mod observe;
mod read;
mod recorder;
mod support;
mod write;
