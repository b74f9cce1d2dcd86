//! The crate as its users see it.

mod crash;
mod read;
mod recorded;
mod support;
mod write;
