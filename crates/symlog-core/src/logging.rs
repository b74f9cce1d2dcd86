//! The names under which runtimes of the seed's kind know the logger.

pub use crate::config::LoggingConfig;
pub use crate::error::LoggingError;
pub use crate::interaction::{ModelInteractionType, RequestData, ResponseData, TokenUsage};
pub use crate::logger::ModelLogger;
