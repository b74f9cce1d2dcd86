//! The flight recorder for AI agents: masks, encrypts and durably appends every model interaction.

mod clock;
mod config;
mod error;
mod format;
mod integrity;
mod interaction;
mod mask;
mod pipeline;
mod read;
mod seal;

pub use clock::{Clock, SystemClock};
pub use config::{
    ArchiveConfig, ArchivePriority, Config, ConfigError, ConfigProblem, ConfigProblemKind,
    Durability, FailureMode, LogFormat, LoggingConfig, MaskingConfig, MetadataMode, Overflow,
    Oversize, RetentionClass, RetentionSelector, Settings, SinkConfig, SinkKind,
};
pub use error::LoggingError;
pub use interaction::{
    EntryId, Interaction, ModelInteractionType, RequestData, ResponseData, TokenUsage,
    UnknownInteractionType,
};
pub use pipeline::{Receipt, Stats};
