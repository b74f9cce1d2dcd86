//! The crate as its users see it.

mod support;
mod write;
