#![doc = include_str!("../README.md")]

mod client;
mod config;
mod parts;
mod remote;

pub use config::NatsConfig;
pub use remote::NatsRemote;
