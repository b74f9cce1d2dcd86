#![doc = include_str!("../README.md")]

mod attachments;
mod config;
mod parts;
mod remote;
mod store;

pub use config::{ConfigError, ObjectConfig};
pub use remote::ObjectRemote;
