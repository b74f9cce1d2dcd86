#![doc = include_str!("../README.md")]

mod config;
mod parts;
mod remote;
mod tls;
mod topic;

pub use config::{ConfigError, KafkaConfig, Mechanism};
pub use remote::KafkaRemote;
