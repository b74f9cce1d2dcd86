//! The crate as its users see it.

mod read;
mod support;
mod symbiont;
mod write;
