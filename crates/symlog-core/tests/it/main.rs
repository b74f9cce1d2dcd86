//! The crate as its users see it.

mod crash;
mod damage;
mod faults;
mod kill;
mod read;
mod recorded;
mod support;
mod write;
